//! `tiphys plugin build`: from sources to a component, and a look at it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::args::{Language, PluginBuild};
use crate::failure::{Exit, Failure, Outcome};
use crate::files;
use crate::plugins;
use crate::printer::Printer;
use crate::project::Project;

/// The builders of languages whose toolchain makes a component itself: `sh build.sh PROJECT OUTPUT`.
const JS: &str = include_str!("../../../../../sdk/js/build.sh");
const PYTHON: &str = include_str!("../../../../../sdk/python/build.sh");
const GO: &str = include_str!("../../../../../sdk/go/build.sh");

/// What Rust builds core modules for.
const TARGET: &str = "wasm32-unknown-unknown";

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
    // What does not load is told now, and what is compiled now need not be compiled when it is used.
    let plugin = plugins::load(&plugins::host(), &output)?;
    let kinds: Vec<&str> = plugin
        .manifest
        .kinds
        .iter()
        .map(|kind| kind.name.as_str())
        .collect();
    printer.line(format_args!(
        "{}: {} {}, {}, gives {} (in {:.1} s)",
        output.display(),
        plugin.manifest.name,
        plugin.manifest.version,
        tiphys_host::show_size(plugin.size as u64),
        kinds.join(", "),
        began.elapsed().as_secs_f64()
    ));
    Ok(Exit::Done)
}

/// cargo makes a core module; the component is made of it here, so that no other tool is needed.
fn rust(project: &Project, output: &Path) -> Result<(), Failure> {
    let mut cargo = cargo()?;
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
    let run = run.map_err(|error| Failure::new(format!("run cargo: {}", files::reason(&error))))?;
    if !run.status.success() {
        return Err(Failure::new("build the plug-in: see above"));
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
    let written = made.and_then(|()| fs::write(output, component));
    written.map_err(|error| {
        Failure::new(format!(
            "write {}: {}",
            output.display(),
            files::reason(&error)
        ))
    })
}

/// cargo with a compiler that knows the target: this machine's, or what `sdk/setup rust` has set up beside it.
fn cargo() -> Result<Command, Failure> {
    let asked = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", TARGET])
        .stderr(Stdio::null())
        .output();
    let missing =
        "install Rust from https://rustup.rs, then `rustup target add wasm32-unknown-unknown`";
    let asked = asked.map_err(|error| {
        Failure::new(format!("run rustc: {}", files::reason(&error))).hint(missing)
    })?;
    let library = PathBuf::from(String::from_utf8_lossy(&asked.stdout).trim());
    if std::env::var_os("CARGO_UNSTABLE_BUILD_STD").is_some() || has_library(&library) {
        return Ok(Command::new("cargo"));
    }
    let settings = plugins::cache_folder()
        .map(|folder| folder.join("rust.env"))
        .filter(|path| path.is_file());
    let Some(settings) = settings else {
        let failure = Failure::new(format!(
            "build for {TARGET}: this Rust has no library for it"
        ));
        return Err(failure.hint(format!(
            "`rustup target add {TARGET}`, or the source's sdk/setup rust, brings it"
        )));
    };
    let mut shell = Command::new("sh");
    shell
        .args(["-c", ". \"$0\" && exec cargo \"$@\""])
        .arg(settings);
    Ok(shell)
}

fn has_library(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .any(|name| name.starts_with("libstd-"))
}

/// The last module that cargo tells of.
fn module_of(messages: &[u8]) -> Option<PathBuf> {
    let text = String::from_utf8_lossy(messages);
    let artifacts = text
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let mut files = artifacts
        .filter(|message| message["reason"] == "compiler-artifact")
        .flat_map(|message| {
            let names = message["filenames"].as_array().cloned().unwrap_or_default();
            names
                .into_iter()
                .filter_map(|name| name.as_str().map(PathBuf::from))
        });
    files.rfind(|path| path.extension().is_some_and(|ending| ending == "wasm"))
}

fn script(text: &str, project: &Project, output: &Path) -> Result<(), Failure> {
    let mut shell = Command::new("sh");
    let whole = |path: &Path| {
        std::path::absolute(path).map_err(|error| {
            Failure::new(format!(
                "find {}: {}",
                path.display(),
                files::reason(&error)
            ))
        })
    };
    shell
        .arg("-c")
        .arg(text)
        .arg("build.sh")
        .arg(whole(&project.folder)?)
        .arg(whole(output)?)
        .stdin(Stdio::null());
    let status = shell
        .status()
        .map_err(|error| Failure::new(format!("run sh: {}", files::reason(&error))))?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::new("build the plug-in: see above"))
    }
}
