//! `tiphys fmt`: `.flow` files in their one form.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tiphys_spec::{Diagnostic, Source};

use super::counted;
use crate::args::Fmt;
use crate::failure::{Exit, Failure, Outcome};
use crate::files::{self, Faults};
use crate::notation::Notation;
use crate::printer::Printer;
use crate::{diff, report};

/// What came of one file.
enum Laid {
    AsItWas,
    Anew,
    Faulty(Faults),
}

pub fn run(args: &Fmt, printer: &Printer) -> Outcome {
    let (mut changed, mut faulty) = (0, 0);
    let paths = paths(&args.paths)?;
    for path in &paths {
        match file(path, args, printer)? {
            Laid::AsItWas => {}
            Laid::Anew => changed += 1,
            Laid::Faulty(faults) => {
                report::tell(&faults, printer);
                faulty += 1;
            }
        }
    }
    if faulty > 0 {
        return Err(Failure::new(format!("format {}", counted(faulty, "file")))
            .hint("`tiphys lint` tells all that is wrong"));
    }
    let stdin = paths.iter().any(|path| files::is_stdin(path));
    if args.check {
        let files = counted(paths.len(), "file");
        match changed {
            0 => printer.note(format_args!("{files}: all in form")),
            _ => printer.note(format_args!("{changed} of {files} would be changed")),
        }
    } else if !stdin && !args.diff {
        printer.note(format_args!(
            "{} changed, {} as they were",
            counted(changed, "file"),
            paths.len() - changed
        ));
    }
    Ok(if args.check && changed > 0 {
        Exit::Failed
    } else {
        Exit::Done
    })
}

/// The `.flow` files that are meant.
fn paths(named: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut paths = Vec::new();
    for path in named {
        if files::is_stdin(path) || !path.is_dir() {
            paths.push(path.clone());
        } else {
            let found = files::of_folder(path)?;
            paths.extend(
                found
                    .into_iter()
                    .filter(|path| Notation::of_name(path) == Some(Notation::Flow)),
            );
        }
    }
    if paths.is_empty() {
        return Err(Failure::new("find a .flow file to format")
            .hint("`tiphys convert` makes them of YAML files"));
    }
    Ok(paths)
}

fn file(path: &Path, args: &Fmt, printer: &Printer) -> Result<Laid, Failure> {
    let stdin = files::is_stdin(path);
    let name = match &args.stdin_name {
        Some(name) if stdin => name.clone(),
        _ if stdin => files::STDIN.to_owned(),
        _ => path.display().to_string(),
    };
    if !stdin && Notation::of_name(path) != Some(Notation::Flow) {
        return Err(Failure::new(format!("format {name}: it is no .flow file"))
            .hint("`tiphys convert` makes one of it"));
    }
    let bytes = files::bytes(path)?;
    let Ok(text) = String::from_utf8(bytes.clone()) else {
        let compiled = tiphys_dsl::compile(&name, &bytes);
        return Ok(Laid::Faulty(Faults {
            diagnostics: compiled.diagnostics,
            sources: vec![compiled.source],
        }));
    };
    let laid = match tiphys_dsl::format(&name, &text) {
        Ok(laid) => laid,
        Err(diagnostics) => return Ok(Laid::Faulty(unlaid(&name, &text, diagnostics))),
    };
    if args.diff {
        printer.text(diff::unified(&name, &text, &laid));
    } else if stdin && !args.check {
        printer.raw(&laid);
    } else if laid != text && !args.check {
        files::write(path, &laid)?;
    }
    if args.check && !args.diff && laid != text {
        printer.line(&name);
    }
    Ok(if laid == text {
        Laid::AsItWas
    } else {
        Laid::Anew
    })
}

fn unlaid(name: &str, text: &str, diagnostics: Vec<Diagnostic>) -> Faults {
    let source = Source {
        name: name.into(),
        text: text.into(),
        documents: Vec::new(),
        comments: Vec::new(),
    };
    Faults {
        diagnostics,
        sources: vec![Arc::new(source)],
    }
}
