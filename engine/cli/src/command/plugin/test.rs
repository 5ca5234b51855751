//! `tiphys plugin test`: golden cases, in a world that is written down.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tiphys_host::kit::{self, Case};
use tiphys_host::{Host, Plugin};
use tiphys_spec::diagnostic::nearest;

use crate::args::PluginTest;
use crate::command::counted;
use crate::failure::{Exit, Failure, Outcome};
use crate::files;
use crate::plugins;
use crate::printer::Printer;
use crate::project::Project;
use crate::sheet::Sheet;
use crate::style;

/// A case, and where it is written.
struct Placed {
    case: Case,
    place: String,
}

pub fn run(args: &PluginTest, printer: &Printer) -> Outcome {
    let folder = folder(args)?;
    if let Some(project) = Project::at(&args.path) {
        project.warn(printer);
    }
    let host = plugins::host();
    let plugin = plugins::load(&host, &args.path)?;
    // Faults of every file are told before the first case runs.
    let mut all = Vec::new();
    for path in cases(&folder)? {
        all.extend(read(&path, printer)?);
    }
    if all.is_empty() {
        let failure = Failure::new(format!(
            "find cases in {}: there are none",
            folder.display()
        ));
        return Err(failure.hint(
            "a case is an entry of a list in a .yaml file: see `tiphys plugin test --help`",
        ));
    }
    let runtime = crate::session::runtime()?;
    let mut failed = 0;
    for placed in &all {
        let differences = runtime.block_on(differences(&host, &plugin, &placed.case));
        let name = &placed.case.name;
        if differences.is_empty() {
            printer.line(format_args!(
                "{} {name}",
                style::paint(style::ADDED, "ok  ")
            ));
            continue;
        }
        failed += 1;
        let place = style::paint(style::DIM, format_args!("({})", placed.place));
        printer.line(format_args!(
            "{} {name}  {place}",
            style::paint(style::ERROR, "FAIL")
        ));
        differences
            .iter()
            .for_each(|line| printer.line(format_args!("       {line}")));
    }
    runtime.shutdown_background();
    printer.line(format_args!(
        "{}: {} passed, {failed} failed",
        counted(all.len(), "case"),
        all.len() - failed
    ));
    Ok(if failed > 0 { Exit::Failed } else { Exit::Done })
}

/// What is not as a case has it.
async fn differences(host: &Arc<Host>, plugin: &Arc<Plugin>, case: &Case) -> Vec<String> {
    let mut case = case.clone();
    let known = || plugin.manifest.kinds.iter().map(|kind| kind.name.as_str());
    if case.kind.is_empty() {
        case.kind = known().next().unwrap_or_default().to_owned();
    }
    if plugin.manifest.kind(&case.kind).is_none() {
        let meant = match nearest(&case.kind, known()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it gives {}", known().collect::<Vec<_>>().join(", ")),
        };
        return vec![format!("the plug-in has no kind `{}`; {meant}", case.kind)];
    }
    kit::run(host, plugin, &case)
        .await
        .unwrap_or_else(|fault| vec![fault])
}

/// Where the cases are.
fn folder(args: &PluginTest) -> Result<PathBuf, Failure> {
    if let Some(path) = &args.cases {
        return Ok(path.clone());
    }
    if args.path.is_file() {
        return Err(
            Failure::new(format!("find the cases of {}", args.path.display()))
                .hint("say where they are with `--cases`"),
        );
    }
    let project = Project::find(&args.path)?;
    Ok(if args.path == Path::new(".") {
        "tests".into()
    } else {
        project.folder.join("tests")
    })
}

/// The file itself, or the YAML files of a folder.
fn cases(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    if folder.is_file() {
        return Ok(vec![folder.to_owned()]);
    }
    let failed = |error: std::io::Error| {
        Failure::new(format!(
            "read the cases in {}: {}",
            folder.display(),
            files::reason(&error)
        ))
    };
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

fn read(path: &Path, printer: &Printer) -> Result<Vec<Placed>, Failure> {
    let name = path.display().to_string();
    let mut sheet = Sheet::parse(&name, &plugins::read(path)?);
    let mut all = Vec::new();
    for document in sheet.documents() {
        let cases: Vec<Case> = sheet.decode(&document).unwrap_or_default();
        for (mut case, node) in cases.into_iter().zip(document.items()) {
            if case.expect.all().len() != 1 {
                let message =
                    "a case expects one of done, failed, pending, pod, graph, broken, faults";
                sheet.fault(node, "/expect", "case", message);
            }
            if case.name.is_empty() {
                case.name = format!("case {}", all.len() + 1);
            }
            all.push(Placed {
                case,
                place: format!("{name}:{}", node.span.start.line),
            });
        }
    }
    sheet.settle("the cases", printer)?;
    Ok(all)
}
