//! A plug-in's project: which language it is in, and where its component goes.

use std::path::{Path, PathBuf};

use crate::args::Language;
use crate::failure::Failure;

/// A folder with the sources of a plug-in.
pub struct Project {
    pub folder: PathBuf,
    pub language: Language,
    pub name: String,
}

impl Project {
    pub fn find(folder: &Path) -> Result<Project, Failure> {
        let signs = [
            ("Cargo.toml", Language::Rust),
            ("package.json", Language::Js),
            ("pyproject.toml", Language::Python),
            ("go.mod", Language::Go),
        ];
        let Some((_, language)) = signs
            .into_iter()
            .find(|(file, _)| folder.join(file).is_file())
        else {
            let files = signs.map(|(file, _)| file).join(", ");
            let failure = Failure::new(format!(
                "find a plug-in's project in {}: it has none of {files}",
                folder.display()
            ));
            return Err(failure.hint("`tiphys plugin new NAME --lang rust` makes one"));
        };
        let whole = folder
            .canonicalize()
            .map_err(|error| Failure::new(format!("read {}: {error}", folder.display())))?;
        let name = whole.file_name().map_or_else(
            || "plugin".to_owned(),
            |name| name.to_string_lossy().into_owned(),
        );
        Ok(Project {
            folder: whole,
            language,
            name,
        })
    }

    /// Where `build` puts the component.
    pub fn component(&self) -> PathBuf {
        self.folder.join("dist").join(format!("{}.wasm", self.name))
    }
}
