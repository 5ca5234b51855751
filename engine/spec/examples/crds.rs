//! Writes the CustomResourceDefinitions: `cargo run -p tiphys-spec --features schema --example crds -- [--schema] FOLDER`. Those in
//! `deploy/crds` are made by it, without `--schema`; with it, `deploy/install --schema` makes and installs them.

#![allow(clippy::print_stderr)]

use std::fs;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let (schema, folder) = match words[..] {
        ["--schema", folder] => (true, folder),
        [folder] if !folder.starts_with('-') => (false, folder),
        _ => {
            eprintln!("usage: crds [--schema] FOLDER");
            return ExitCode::from(2);
        }
    };
    match write(schema, Path::new(folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("crds: failed to write to {folder}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write(schema: bool, folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    for (file, of) in tiphys_spec::crd::all(schema) {
        fs::write(folder.join(file), tiphys_spec::crd::text(&of, schema))?;
    }
    Ok(())
}
