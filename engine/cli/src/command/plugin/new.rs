//! `tiphys plugin new`: a project that builds, tests and runs as it stands.

use std::fs;
use std::path::Path;

use include_dir::{Dir, DirEntry, include_dir};
use serde::Deserialize;

use crate::args::{Language, PluginNew};
use crate::failure::{Exit, Failure, Outcome};
use crate::printer::Printer;

static SDK: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../sdk");

/// How a language's project is made of its SDK: `sdk/<language>/template.json`.
#[derive(Deserialize)]
struct Recipe {
    needs: String,
    /// The folder of the project.
    template: String,
    /// The name that stands for the plug-in's own in its files and their names.
    word: String,
    copies: Vec<Copied>,
}

#[derive(Deserialize)]
struct Copied {
    /// From the language's folder.
    from: String,
    to: String,
}

pub fn run(args: &PluginNew, printer: &Printer) -> Outcome {
    let name = args.name.as_str();
    let fits = name
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !fits
        || !name.starts_with(|c: char| c.is_ascii_lowercase())
        || name.ends_with('-')
        || name.len() > 63
    {
        let mut failure = Failure::new(format!("call a plug-in `{name}`"))
            .hint("a name is of lower-case letters, digits and hyphens, and begins with a letter");
        failure.exit = Exit::Usage;
        return Err(failure);
    }
    let folder = args.dir.clone().unwrap_or_else(|| name.into());
    if fs::read_dir(&folder).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Failure::new(format!(
            "make a project in {}: it is not empty",
            folder.display()
        ))
        .hint("give another place with `--dir`"));
    }
    let language = args.lang.folder();
    let recipe = recipe(args.lang)?;
    let base = Path::new(language);
    for copied in &recipe.copies {
        copy(&join(base, &copied.from), &folder.join(&copied.to), None)?;
    }
    copy(
        &base.join(&recipe.template),
        &folder,
        Some((&recipe.word, name)),
    )?;
    printer.line(format_args!(
        "{}: a plug-in in {} that gives the kind `{name}`",
        folder.display(),
        args.lang.title()
    ));
    printer.line(format_args!("needs {}", recipe.needs));
    printer.line(format_args!(
        "\nnext:\n  cd {}\n  tiphys plugin build\n  tiphys plugin test",
        folder.display()
    ));
    Ok(Exit::Done)
}

fn recipe(language: Language) -> Result<Recipe, Failure> {
    let path = format!("{}/template.json", language.folder());
    let file = SDK.get_file(&path);
    let text = file.and_then(|file| file.contents_utf8());
    let text = text.ok_or_else(|| {
        Failure::new(format!(
            "make a project in {}: this build has no template for it",
            language.title()
        ))
    })?;
    serde_json::from_str(text).map_err(|error| Failure::new(format!("read {path}: {error}")))
}

/// A path from a folder, `..` taken at its word.
fn join(base: &Path, path: &str) -> std::path::PathBuf {
    let mut whole = base.to_owned();
    for part in path.split('/') {
        match part {
            ".." => _ = whole.pop(),
            part => whole.push(part),
        }
    }
    whole
}

/// Writes a file or folder of the SDK; with `name`, one word replaced by another.
fn copy(from: &Path, to: &Path, name: Option<(&str, &str)>) -> Result<(), Failure> {
    if let Some(file) = SDK.get_file(from) {
        return write(to, file.contents(), name);
    }
    let dir = SDK
        .get_dir(from)
        .ok_or_else(|| Failure::new(format!("copy {}: it is not in this build", from.display())))?;
    copy_entries(dir, from, to, name)
}

fn copy_entries(
    dir: &Dir<'_>,
    base: &Path,
    to: &Path,
    name: Option<(&str, &str)>,
) -> Result<(), Failure> {
    for entry in dir.entries() {
        match entry {
            DirEntry::Dir(dir) => copy_entries(dir, base, to, name)?,
            DirEntry::File(file) => {
                let below = file
                    .path()
                    .strip_prefix(base)
                    .unwrap_or(file.path())
                    .to_string_lossy()
                    .into_owned();
                write(&to.join(renamed(&below, name)), file.contents(), name)?;
            }
        }
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8], name: Option<(&str, &str)>) -> Result<(), Failure> {
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    let bytes = match (std::str::from_utf8(bytes), name) {
        (Ok(text), Some(_)) => renamed(text, name).into_bytes(),
        _ => bytes.to_owned(),
    };
    made.and_then(|()| fs::write(path, bytes))
        .map_err(|error| Failure::new(format!("write {}: {error}", path.display())))
}

/// The word replaced, with its first letter as it was; in identifiers, hyphens become underscores.
fn renamed(text: &str, name: Option<(&str, &str)>) -> String {
    let Some((word, name)) = name else {
        return text.to_owned();
    };
    let capital = |text: &str| {
        let mut all = String::new();
        for part in text.split('-') {
            let mut letters = part.chars();
            all.extend(letters.next().map(|c| c.to_ascii_uppercase()));
            all.extend(letters);
        }
        all
    };
    text.replace(word, name)
        .replace(&capital(word), &capital(name))
}
