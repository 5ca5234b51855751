//! `tiphys plugin new`: a project that builds, tests and runs as it stands.

use std::fs;
use std::path::{Path, PathBuf};

use include_dir::{Dir, DirEntry, include_dir};
use serde::Deserialize;

use crate::args::{Language, PluginNew};
use crate::failure::{Exit, Failure, Outcome};
use crate::files;
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

/// Names that a crate of Rust cannot have.
const RUST: [&str; 45] = [
    "abstract", "alloc", "as", "async", "await", "become", "box", "break", "const", "continue",
    "core", "crate", "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen",
    "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut", "pub", "ref",
    "return", "self", "static", "std", "struct", "super", "test", "trait", "true", "try", "type",
];

pub fn run(args: &PluginNew, printer: &Printer) -> Outcome {
    let name = args.name.as_str();
    check(name, args.lang)?;
    let folder = args.dir.clone().unwrap_or_else(|| name.into());
    if !is_free(&folder) {
        return Err(Failure::new(format!(
            "make a project in {}: there is something already",
            folder.display()
        ))
        .hint("give another place with `--dir`"));
    }
    let recipe = recipe(args.lang)?;
    let base = Path::new(args.lang.folder());
    for copied in &recipe.copies {
        copy(&join(base, &copied.from), &folder.join(&copied.to), None)?;
    }
    let names = Names {
        word: &recipe.word,
        name,
    };
    copy(&base.join(&recipe.template), &folder, Some(&names))?;
    printer.line(format_args!(
        "{}: a plug-in in {} that gives the kind `{name}`",
        folder.display(),
        args.lang.title()
    ));
    printer.line(format_args!("It needs {}.", recipe.needs));
    printer.line("\nNext:");
    if folder != Path::new(".") {
        printer.line(format_args!("  cd {}", folder.display()));
    }
    printer.line("  tiphys plugin build\n  tiphys plugin test");
    Ok(Exit::Done)
}

/// A name is a DNS label, as Kubernetes wants of names, and fits the language.
fn check(name: &str, language: Language) -> Result<(), Failure> {
    const RULE: &str =
        "a name is of lower-case letters, digits and hyphens, and begins with a letter";
    if !is_name(name) {
        let near = near(name);
        let failure = Failure::new(format!("call a plug-in `{name}`: {RULE}"));
        return Err(if is_name(&near) {
            failure.hint(format!("`{near}` would do"))
        } else {
            failure
        });
    }
    if language == Language::Rust && RUST.contains(&name) {
        return Err(Failure::new(format!(
            "call a plug-in in Rust `{name}`: no crate can have that name"
        ))
        .hint(format!("`my-{name}` would do")));
    }
    Ok(())
}

fn is_name(text: &str) -> bool {
    let fits = text
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    fits && text.starts_with(|c: char| c.is_ascii_lowercase())
        && !text.ends_with('-')
        && text.len() <= 63
}

/// The name that was most likely meant.
fn near(text: &str) -> String {
    let mut name = String::new();
    let mut last = ' ';
    for c in text.chars() {
        // greetAll: a word begins.
        let begins = c.is_ascii_uppercase() && last.is_ascii_lowercase();
        if begins || !c.is_ascii_alphanumeric() && !name.ends_with('-') {
            name.push('-');
        }
        if c.is_ascii_alphanumeric() {
            name.push(c.to_ascii_lowercase());
        }
        last = c;
    }
    name.trim_matches('-').to_owned()
}

/// Nothing is in the way: a version control's own folder is not.
fn is_free(folder: &Path) -> bool {
    match fs::read_dir(folder) {
        Ok(entries) => entries.flatten().all(|entry| entry.file_name() == ".git"),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
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
fn join(base: &Path, path: &str) -> PathBuf {
    let mut whole = base.to_owned();
    for part in path.split('/') {
        match part {
            ".." => _ = whole.pop(),
            part => whole.push(part),
        }
    }
    whole
}

/// Writes a file or folder of the SDK; with `names`, one word replaced by another.
fn copy(from: &Path, to: &Path, names: Option<&Names<'_>>) -> Result<(), Failure> {
    if let Some(file) = SDK.get_file(from) {
        return write(to, file.contents(), names);
    }
    let dir = SDK
        .get_dir(from)
        .ok_or_else(|| Failure::new(format!("copy {}: it is not in this build", from.display())))?;
    copy_entries(dir, from, to, names)
}

fn copy_entries(
    dir: &Dir<'_>,
    base: &Path,
    to: &Path,
    names: Option<&Names<'_>>,
) -> Result<(), Failure> {
    for entry in dir.entries() {
        match entry {
            DirEntry::Dir(dir) => copy_entries(dir, base, to, names)?,
            DirEntry::File(file) => {
                let below = file.path().strip_prefix(base).unwrap_or(file.path());
                let below = names.map_or_else(|| below.to_owned(), |names| names.path(below));
                write(&to.join(below), file.contents(), names)?;
            }
        }
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8], names: Option<&Names<'_>>) -> Result<(), Failure> {
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    let bytes = match (std::str::from_utf8(bytes), names) {
        (Ok(text), Some(names)) => names.text(path, text).into_bytes(),
        _ => bytes.to_owned(),
    };
    let written = made.and_then(|()| fs::write(path, bytes));
    written.map_err(|error| {
        Failure::new(format!(
            "write {}: {}",
            path.display(),
            files::reason(&error)
        ))
    })
}

/// The word of a template, and the name that takes its place.
struct Names<'a> {
    word: &'a str,
    name: &'a str,
}

impl Names<'_> {
    /// Files of sources are called as modules are.
    fn path(&self, path: &Path) -> PathBuf {
        let name = if is_code(path) {
            self.identifier()
        } else {
            self.name.to_owned()
        };
        path.to_string_lossy().replace(self.word, &name).into()
    }

    /// In sources the name itself stands in strings and comments only; elsewhere it is an identifier, without hyphens.
    fn text(&self, path: &Path, text: &str) -> String {
        let text = text.replace(&camel(self.word), &camel(self.name));
        if !is_code(path) || !self.name.contains('-') {
            return text.replace(self.word, self.name);
        }
        let comment = if path.extension().is_some_and(|ending| ending == "py") {
            "#"
        } else {
            "//"
        };
        text.split_inclusive('\n')
            .map(|line| self.line(line, comment))
            .collect()
    }

    fn line(&self, line: &str, comment: &str) -> String {
        let mut new = String::new();
        let mut parts = line.split(self.word);
        new.push_str(parts.next().unwrap_or_default());
        for part in parts {
            let quotes = new.chars().filter(|c| matches!(c, '"' | '`')).count();
            let said = quotes % 2 == 1 || new.contains(comment);
            new.push_str(&if said {
                self.name.to_owned()
            } else {
                self.identifier()
            });
            new.push_str(part);
        }
        new
    }

    fn identifier(&self) -> String {
        self.name.replace('-', "_")
    }
}

fn is_code(path: &Path) -> bool {
    path.extension().is_some_and(|ending| {
        ["rs", "js", "ts", "py", "go"]
            .iter()
            .any(|code| ending == *code)
    })
}

/// `my-name` as `MyName`.
fn camel(text: &str) -> String {
    let mut all = String::new();
    for part in text.split('-') {
        let mut letters = part.chars();
        all.extend(letters.next().map(|c| c.to_ascii_uppercase()));
        all.extend(letters);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_in_every_form() {
        let check = |path: &str, text: &str, expected: &str| {
            let names = Names {
                word: "greet",
                name: "my-own-2",
            };
            assert_eq!(names.text(Path::new(path), text), expected);
        };
        check(
            "lib.rs",
            "mod greet; fn greet_it() -> Greet { \"greet\" } // a greet",
            "mod my_own_2; fn my_own_2_it() -> MyOwn2 { \"my-own-2\" } // a my-own-2",
        );
        check(
            "a.py",
            "from greet import greet  # greet\nname = \"greet\"\n",
            "from my_own_2 import my_own_2  # my-own-2\nname = \"my-own-2\"\n",
        );
        check(
            "main.go",
            "import \"greet/tiphys\"",
            "import \"my-own-2/tiphys\"",
        );
        check("README.md", "# greet (Greet)", "# my-own-2 (MyOwn2)");
        let names = Names {
            word: "greet",
            name: "my-own-2",
        };
        assert_eq!(
            names.path(Path::new("src/greet.rs")),
            Path::new("src/my_own_2.rs")
        );
        assert_eq!(
            names.path(Path::new("tests/greet.yaml")),
            Path::new("tests/my-own-2.yaml")
        );
    }

    #[test]
    fn names_that_were_meant() {
        for (typed, meant) in [
            ("Greet", "greet"),
            ("my_greet", "my-greet"),
            ("greetAll", "greet-all"),
            ("GREET", "greet"),
            ("greet-", "greet"),
            ("été", "t"),
        ] {
            assert!(!is_name(typed), "{typed}");
            assert_eq!(near(typed), meant);
        }
    }
}
