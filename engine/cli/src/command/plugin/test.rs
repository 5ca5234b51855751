//! `tiphys plugin test`: golden cases, in a world that is written down.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use tiphys_host::kit::{self, Case};
use tiphys_spec as spec;

use super::project::Project;
use crate::args::PluginTest;
use crate::command::counted;
use crate::failure::{Exit, Failure, Outcome};
use crate::plugins;
use crate::printer::Printer;
use crate::style;

pub fn run(args: &PluginTest, printer: &Printer) -> Outcome {
    let (component, folder) = places(args)?;
    let bytes = plugins::read(&component)
        .map_err(|failure| failure.hint("build it with `tiphys plugin build`"))?;
    let host = plugins::host();
    let plugin = host
        .load(&bytes, false)
        .map_err(|error| Failure::of(&error))?;
    let runtime = crate::session::runtime()?;
    let (mut passed, mut failed) = (0, 0);
    for path in cases(&folder)? {
        for mut case in read(&path)? {
            if case.kind.is_empty() {
                case.kind.clone_from(&plugin.manifest.kinds[0].name);
            }
            let differences = runtime.block_on(kit::run(&host, &plugin, &case));
            let differences = differences.unwrap_or_else(|fault| vec![fault]);
            if differences.is_empty() {
                passed += 1;
                printer.line(format_args!(
                    "{} {}",
                    style::paint(style::ADDED, "ok  "),
                    case.name
                ));
                continue;
            }
            failed += 1;
            printer.line(format_args!(
                "{} {}  ({})",
                style::paint(style::ERROR, "FAIL"),
                case.name,
                path.display()
            ));
            differences
                .iter()
                .for_each(|line| printer.line(format_args!("       {line}")));
        }
    }
    runtime.shutdown_background();
    printer.line(format_args!(
        "{} passed, {failed} failed",
        counted(passed, "case")
    ));
    if passed + failed == 0 {
        return Err(Failure::new(format!(
            "find cases in {}: there are none",
            folder.display()
        ))
        .hint("a case is an entry of a list in a .yaml file"));
    }
    Ok(if failed > 0 { Exit::Failed } else { Exit::Done })
}

/// The component, and where its cases are.
fn places(args: &PluginTest) -> Result<(PathBuf, PathBuf), Failure> {
    if args.path.is_file() {
        let folder = args.cases.clone().ok_or_else(|| {
            Failure::new("find the cases of a component").hint("say where they are with `--cases`")
        })?;
        return Ok((args.path.clone(), folder));
    }
    let project = Project::find(&args.path)?;
    Ok((
        project.component(),
        args.cases
            .clone()
            .unwrap_or_else(|| project.folder.join("tests")),
    ))
}

fn cases(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    if folder.is_file() {
        return Ok(vec![folder.to_owned()]);
    }
    let failed =
        |error: std::io::Error| Failure::new(format!("read {}: {error}", folder.display()));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path
            .extension()
            .is_some_and(|ending| ending == "yaml" || ending == "yml")
        {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn read(path: &Path) -> Result<Vec<Case>, Failure> {
    let name = path.display().to_string();
    let mut diagnostics = Vec::new();
    let source = spec::Source::parse(&name, &plugins::read(path)?, &mut diagnostics);
    let mut all = Vec::new();
    for node in &source.documents {
        let value =
            spec::decode::<serde_json::Value>(node, &source, &mut diagnostics).unwrap_or_default();
        all.extend(
            Vec::<Case>::deserialize(value)
                .map_err(|error| Failure::new(format!("read cases from {name}: {error}")))?,
        );
    }
    match diagnostics.iter().find(|fault| fault.is_error()) {
        Some(fault) => Err(Failure::new(format!("read cases from {fault}"))),
        None => Ok(all),
    }
}
