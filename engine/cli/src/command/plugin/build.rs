//! `tiphys plugin build`: from sources to a component, and a look at it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use super::project::Project;
use crate::args::{Language, PluginBuild};
use crate::failure::{Exit, Failure, Outcome};
use crate::plugins;
use crate::printer::Printer;

/// The builders of languages whose toolchain makes a component itself: `sh build.sh PROJECT OUTPUT`.
const JS: &str = include_str!("../../../../../sdk/js/build.sh");
const PYTHON: &str = include_str!("../../../../../sdk/python/build.sh");
const GO: &str = include_str!("../../../../../sdk/go/build.sh");

pub fn run(args: &PluginBuild, printer: &Printer) -> Outcome {
    let began = Instant::now();
    let project = Project::find(&args.dir)?;
    let output = args.out.clone().unwrap_or_else(|| project.component());
    match project.language {
        Language::Rust => rust(&project, &output)?,
        Language::Js => script(JS, &project, &output)?,
        Language::Python => script(PYTHON, &project, &output)?,
        Language::Go => script(GO, &project, &output)?,
    }
    let bytes = plugins::read(&output)?;
    // What does not load is told now, and what is compiled now need not be compiled when it is used.
    let plugin = plugins::host()
        .load(&bytes, false)
        .map_err(|error| Failure::of(&error))?;
    let kinds: Vec<&str> = plugin
        .manifest
        .kinds
        .iter()
        .map(|kind| kind.name.as_str())
        .collect();
    printer.line(format_args!(
        "{}: {} {} ({}), kinds: {}, {:.1} s",
        output.display(),
        plugin.manifest.name,
        plugin.manifest.version,
        tiphys_host::show_size(bytes.len() as u64),
        kinds.join(", "),
        began.elapsed().as_secs_f64()
    ));
    Ok(Exit::Done)
}

/// cargo makes a core module; the component is made of it here, so that no other tool is needed.
fn rust(project: &Project, output: &Path) -> Result<(), Failure> {
    const TARGET: &str = "wasm32-unknown-unknown";
    let mut cargo = Command::new("cargo");
    cargo
        .args([
            "build",
            "--release",
            "--target",
            TARGET,
            "--message-format=json-render-diagnostics",
        ])
        .current_dir(&project.folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    let run = cargo
        .spawn()
        .and_then(std::process::Child::wait_with_output);
    let run = run.map_err(|error| {
        Failure::new(format!("run cargo: {error}"))
            .hint("install Rust from https://rustup.rs, or run `sdk/setup rust`")
    })?;
    if !run.status.success() {
        return Err(Failure::new("build the plug-in").hint(format!(
            "where the target is missing: `rustup target add {TARGET}`"
        )));
    }
    let module = module_of(&run.stdout).ok_or_else(|| {
        Failure::new("find what cargo built: there is no .wasm file")
            .hint("Cargo.toml needs `[lib] crate-type = [\"cdylib\"]`")
    })?;
    let bytes = plugins::read(&module)?;
    let component = wit_component::ComponentEncoder::default()
        .validate(true)
        .module(&bytes)
        .and_then(|encoder| encoder.encode())
        .map_err(|error| {
            Failure::new(format!(
                "make a component of {}: {error:#}",
                module.display()
            ))
        })?;
    let made = output.parent().map_or(Ok(()), fs::create_dir_all);
    made.and_then(|()| fs::write(output, component))
        .map_err(|error| Failure::new(format!("write {}: {error}", output.display())))
}

/// The last module that cargo tells of.
fn module_of(messages: &[u8]) -> Option<PathBuf> {
    let text = String::from_utf8_lossy(messages);
    let artifacts = text
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let files = artifacts
        .filter(|message| message["reason"] == "compiler-artifact")
        .flat_map(|message| {
            let names = message["filenames"].as_array().cloned().unwrap_or_default();
            names
                .into_iter()
                .filter_map(|name| name.as_str().map(PathBuf::from))
        });
    files
        .rev()
        .find(|path| path.extension().is_some_and(|ending| ending == "wasm"))
}

fn script(text: &str, project: &Project, output: &Path) -> Result<(), Failure> {
    let mut shell = Command::new("sh");
    let output = std::path::absolute(output)
        .map_err(|error| Failure::new(format!("write {}: {error}", output.display())))?;
    shell
        .arg("-c")
        .arg(text)
        .arg("build.sh")
        .arg(&project.folder)
        .arg(&output)
        .stdin(Stdio::null());
    let status = shell
        .status()
        .map_err(|error| Failure::new(format!("run sh: {error}")))?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::new("build the plug-in: see above"))
    }
}
