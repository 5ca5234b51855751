//! `tiphys convert`: the same objects in another notation.

use std::path::{Path, PathBuf};

use tiphys_spec::{Kind, Read};

use super::counted;
use crate::args::Convert;
use crate::failure::{Exit, Failure, Outcome};
use crate::files::{self, Faults};
use crate::notation::{self, Notation};
use crate::printer::Printer;
use crate::report;
use crate::size::{Row, Size};

/// One file to convert.
struct Job {
    from: PathBuf,
    /// Standard output for none.
    to: Option<PathBuf>,
    /// It was found in a folder: one that holds nothing of ours is passed over.
    found: bool,
}

pub fn run(args: &Convert, printer: &Printer) -> Outcome {
    let jobs = jobs(args)?;
    let (mut rows, mut written, mut faulty, mut passed) = (Vec::new(), 0, 0, 0);
    for job in &jobs {
        let bytes = files::bytes(&job.from)?;
        let read = read(job, args, &bytes);
        if job.found && !holds_ours(&read) {
            passed += 1;
            continue;
        }
        let faults = Faults {
            diagnostics: read
                .diagnostics
                .iter()
                .filter(|fault| fault.is_error())
                .cloned()
                .collect(),
            sources: vec![read.source.clone()],
        };
        if faults.has_errors() {
            report::tell(&faults, printer);
            faulty += 1;
            continue;
        }
        let notation = notation_of(job, args, &bytes);
        let text = notation::write(&read, notation).map_err(|error| Failure::of(&error))?;
        let size = Row {
            name: read.source.name.to_string(),
            from: Size::of(&read.source.text),
            to: Size::of(&text),
        };
        rows.push(size);
        match &job.to {
            Some(to) => {
                files::write(to, &text)?;
                written += 1;
            }
            None if args.stats => {}
            None => printer.raw(&text),
        }
    }
    if args.stats {
        Row::table(&rows).iter().for_each(|line| printer.line(line));
    }
    if faulty > 0 {
        return Err(Failure::new(format!("convert {}", counted(faulty, "file")))
            .hint("put right what is told above, then try again"));
    }
    if rows.is_empty() {
        return Err(Failure::new("find anything to convert")
            .hint("workflows have `apiVersion: argoproj.io/v1alpha1`, or stand in `.flow` files"));
    }
    if written > 0 {
        let passed = if passed > 0 {
            format!(
                ", {} without workflows passed over",
                counted(passed, "file")
            )
        } else {
            String::new()
        };
        printer.note(format_args!("{} written{passed}", counted(written, "file")));
    }
    Ok(Exit::Done)
}

fn read(job: &Job, args: &Convert, bytes: &[u8]) -> Read {
    let name = job.from.display().to_string();
    match (&args.stdin_name, files::is_stdin(&job.from)) {
        (Some(name), true) => notation::read(name, bytes),
        (None, true) => notation::read_unnamed(files::STDIN, bytes),
        _ => notation::read(&name, bytes),
    }
}

fn holds_ours(read: &Read) -> bool {
    read.objects
        .iter()
        .any(|object| !matches!(object.kind, Kind::Other(_) | Kind::ConfigMap))
        || read.source.name.ends_with(".flow")
}

/// What a file becomes: as it was asked, as its new name says, or else the other one.
fn notation_of(job: &Job, args: &Convert, bytes: &[u8]) -> Notation {
    let named = job.to.as_deref().and_then(Notation::of_name);
    named
        .or(args.to)
        .unwrap_or_else(|| other(&job.from, args, bytes))
}

fn other(from: &Path, args: &Convert, bytes: &[u8]) -> Notation {
    let name = args
        .stdin_name
        .as_ref()
        .filter(|_| files::is_stdin(from))
        .map(Path::new)
        .unwrap_or(from);
    match Notation::of_name(name).unwrap_or_else(|| Notation::of_text(bytes)) {
        Notation::Flow => Notation::Yaml,
        Notation::Yaml | Notation::Json => Notation::Flow,
    }
}

/// Every file that is meant, and where it goes.
fn jobs(args: &Convert) -> Result<Vec<Job>, Failure> {
    let out = args.out.as_deref().filter(|out| !files::is_stdin(out));
    let single = args.paths.len() == 1 && !args.paths[0].is_dir();
    let as_file =
        single && out.is_some_and(|out| !out.is_dir() && Notation::of_name(out).is_some());
    let mut jobs = Vec::new();
    for path in &args.paths {
        if as_file {
            jobs.push(Job {
                from: path.clone(),
                to: out.map(Path::to_owned),
                found: false,
            });
        } else if path.is_dir() {
            for from in files::of_folder(path)? {
                let inside = from.strip_prefix(path).map_or(from.clone(), Path::to_owned);
                let to = out.map(|out| placed(out, &inside, args));
                jobs.push(Job {
                    from,
                    to,
                    found: true,
                });
            }
        } else {
            if files::is_stdin(path) && out.is_some() {
                return Err(
                    Failure::new("name the file to write: standard input has no name")
                        .hint("give `--out FILE.flow`"),
                );
            }
            let name = path.file_name().map(PathBuf::from).unwrap_or_default();
            jobs.push(Job {
                from: path.clone(),
                to: out.map(|out| placed(out, &name, args)),
                found: false,
            });
        }
    }
    distinct(&jobs)?;
    Ok(jobs)
}

/// Where a file goes inside of a folder.
fn placed(out: &Path, inside: &Path, args: &Convert) -> PathBuf {
    let notation = args.to.unwrap_or_else(|| other(inside, args, b""));
    out.join(inside).with_extension(notation.ending())
}

fn distinct(jobs: &[Job]) -> Result<(), Failure> {
    let mut seen = std::collections::HashMap::new();
    for job in jobs {
        let Some(to) = &job.to else { continue };
        if let Some(first) = seen.insert(to, &job.from) {
            let what = format!(
                "convert {} and {}: both would be written to {}",
                first.display(),
                job.from.display(),
                to.display()
            );
            return Err(Failure::new(what).hint("convert them one by one, with `--out FILE`"));
        }
    }
    Ok(())
}
