//! `tiphys graph`: the plan as a picture.

use tiphys_graph::Purpose;

use crate::args::{Graph, GraphOutput, Plugins};
use crate::failure::{Exit, Outcome};
use crate::picture::{self, Picture};
use crate::plugins::Given;
use crate::printer::Printer;
use crate::submit;

pub fn run(args: &Graph, printer: &Printer) -> Outcome {
    let mut batch = submit::Batch::read(std::slice::from_ref(&args.file), &args.with, printer)?;
    let given = Plugins {
        plugin: args.plugin.clone(),
        ..Plugins::default()
    };
    batch.shelf.library.kinds = Given::read(&given)?.registry()?;
    for job in &batch.jobs {
        let mut workflow = job.workflow.clone();
        if let Some(entrypoint) = &args.entrypoint {
            workflow.spec.entrypoint = Some(entrypoint.clone());
        }
        let plan = batch.plan(&workflow, &job.origin, Purpose::Lint, printer)?;
        let picture = Picture::of(&plan, args.depth);
        match args.output {
            GraphOutput::Text => picture::tree(&picture, printer.utf8())
                .iter()
                .for_each(|line| printer.line(line)),
            GraphOutput::Dot => printer.raw(&picture::dot(&picture)),
            GraphOutput::Mermaid => printer.raw(&picture::mermaid(&picture)),
            GraphOutput::Svg => printer.raw(&picture::svg(&picture)),
        }
        // Only a tree can follow a tree.
        if args.output != GraphOutput::Text {
            break;
        }
    }
    Ok(Exit::Done)
}
