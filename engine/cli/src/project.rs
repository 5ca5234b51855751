//! A plug-in's project: which language it is in, what it is called, and where its component goes.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::args::Language;
use crate::failure::Failure;
use crate::files;
use crate::printer::Printer;

/// The file that tells the language.
const SIGNS: [(&str, Language); 4] = [
    ("Cargo.toml", Language::Rust),
    ("package.json", Language::Js),
    ("pyproject.toml", Language::Python),
    ("go.mod", Language::Go),
];

/// A folder with the sources of a plug-in.
pub struct Project {
    pub folder: PathBuf,
    pub language: Language,
    pub name: String,
}

impl Project {
    pub fn find(folder: &Path) -> Result<Project, Failure> {
        if !folder.is_dir() {
            let why = fs::read_dir(folder).err().map_or_else(
                || "it is no folder".to_owned(),
                |error| files::reason(&error),
            );
            return Err(Failure::new(format!("read {}: {why}", folder.display())));
        }
        Project::at(folder).ok_or_else(|| {
            let files = SIGNS.map(|(file, _)| file).join(", ");
            let failure = Failure::new(format!(
                "find a plug-in's project in {}: it has none of {files}",
                folder.display()
            ));
            failure.hint("`tiphys plugin new NAME --lang LANGUAGE` makes one")
        })
    }

    /// The project in a folder, if there is one.
    pub fn at(folder: &Path) -> Option<Project> {
        let (sign, language) = SIGNS
            .into_iter()
            .find(|(file, _)| folder.join(file).is_file())?;
        let text = fs::read_to_string(folder.join(sign)).unwrap_or_default();
        let own = || {
            Some(
                folder
                    .canonicalize()
                    .ok()?
                    .file_name()?
                    .to_string_lossy()
                    .into_owned(),
            )
        };
        let name = name(&text, language)
            .or_else(own)
            .unwrap_or_else(|| "plugin".to_owned());
        Some(Project {
            folder: folder.to_owned(),
            language,
            name,
        })
    }

    /// Where `build` puts the component.
    pub fn component(&self) -> PathBuf {
        let file = Path::new("dist").join(format!("{}.wasm", self.name));
        if self.folder == Path::new(".") {
            file
        } else {
            self.folder.join(file)
        }
    }

    /// A source that was changed after the component was built.
    fn changed(&self) -> Option<PathBuf> {
        let built = fs::metadata(self.component()).ok()?.modified().ok()?;
        let path = newer(&self.folder, built)?;
        Some(path.strip_prefix(".").map_or(path.clone(), Path::to_owned))
    }

    /// Warns of a component that is older than its sources.
    pub fn warn(&self, printer: &Printer) {
        if let Some(path) = self.changed() {
            let component = self.component();
            printer.warning(format_args!(
                "{} is older than {}: `tiphys plugin build` makes it anew",
                component.display(),
                path.display()
            ));
        }
    }
}

/// The first source below a folder that was changed after `built`; what tools put there is none.
fn newer(folder: &Path, built: SystemTime) -> Option<PathBuf> {
    let foreign = ["dist", "tests", "target", "node_modules", "__pycache__"];
    let mut entries: Vec<_> = fs::read_dir(folder).ok()?.flatten().collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    entries.into_iter().find_map(|entry| {
        let (name, path) = (entry.file_name(), entry.path());
        let name = name.to_string_lossy();
        if name.starts_with('.') || foreign.contains(&&*name) || name.ends_with(".md") {
            return None;
        }
        let about = entry.metadata().ok()?;
        if about.is_dir() {
            return newer(&path, built);
        }
        (about.modified().ok()? > built).then_some(path)
    })
}

/// What the file that tells the language calls the project: the last part of a name in several.
fn name(text: &str, language: Language) -> Option<String> {
    let whole = match language {
        Language::Js => serde_json::from_str::<serde_json::Value>(text).ok()?["name"]
            .as_str()?
            .to_owned(),
        Language::Go => text
            .lines()
            .find_map(|line| line.strip_prefix("module "))?
            .trim()
            .to_owned(),
        Language::Rust => entry(text, "[package]")?,
        Language::Python => entry(text, "[project]")?,
    };
    let last = whole.rsplit('/').next()?;
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (!last.is_empty() && !last.starts_with('.') && last.chars().all(fits)).then(|| last.to_owned())
}

/// `name = "…"` in a table of a TOML file.
fn entry(text: &str, table: &str) -> Option<String> {
    let lines = text
        .lines()
        .map(str::trim)
        .skip_while(|line| *line != table)
        .skip(1);
    let mut inside = lines.take_while(|line| !line.starts_with('['));
    let value =
        inside.find_map(|line| line.strip_prefix("name")?.trim_start().strip_prefix('='))?;
    Some(
        value
            .split('#')
            .next()?
            .trim()
            .trim_matches(['"', '\''])
            .to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let check = |text, language, expected| {
            assert_eq!(name(text, language).as_deref(), expected, "{text}")
        };
        check("{\"name\": \"@me/greet\"}", Language::Js, Some("greet"));
        check("{\"name\": \"..\"}", Language::Js, None);
        check(
            "module example.org/greet\n\ngo 1.24\n",
            Language::Go,
            Some("greet"),
        );
        check(
            "[lib]\nname = 'x'\n[package]\nname = \"greet\" # it\n",
            Language::Rust,
            Some("greet"),
        );
        check("[workspace]\nmembers = []\n", Language::Rust, None);
        check(
            "[project]\nversion = '1'\n[tool]\nname = 'x'\n",
            Language::Python,
            None,
        );
    }
}
