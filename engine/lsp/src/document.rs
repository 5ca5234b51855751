//! One file: its text, and what follows from it, worked out once and when it is asked for.

use std::sync::{Arc, OnceLock};

use tiphys_dsl::index::{Index, Outline};
use tiphys_spec::Read;

use crate::text::Text;
use crate::yaml;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notation {
    Flow,
    Yaml,
}

impl Notation {
    /// Of a file's name; anything but YAML, JSON and `.flow` is none of ours.
    #[must_use]
    pub fn of(uri: &str) -> Option<Notation> {
        let (_, ending) = uri.rsplit_once('.')?;
        match ending {
            "flow" => Some(Notation::Flow),
            "yaml" | "yml" | "json" => Some(Notation::Yaml),
            _ => None,
        }
    }
}

#[derive(Debug)]
pub struct Document {
    pub uri: String,
    pub version: Option<i32>,
    /// An editor has it open: its text is the editor's, not the file's.
    pub open: bool,
    pub notation: Notation,
    pub text: Text,
    ours: bool,
    index: OnceLock<Arc<Index>>,
    read: OnceLock<Arc<Read>>,
}

impl Document {
    #[must_use]
    pub fn new(
        uri: &str,
        notation: Notation,
        text: Text,
        version: Option<i32>,
        open: bool,
    ) -> Document {
        let ours = notation == Notation::Flow
            || text.text.contains("argoproj.io")
            || text.text.contains("ConfigMap");
        Document {
            uri: uri.to_owned(),
            version,
            open,
            notation,
            text,
            ours,
            index: OnceLock::new(),
            read: OnceLock::new(),
        }
    }

    /// The file's name without its folders.
    #[must_use]
    pub fn name(&self) -> &str {
        self.uri.rsplit('/').next().unwrap_or(&self.uri)
    }

    /// Its objects and what is wrong with them. Its cost is that of compiling.
    pub fn read(&self) -> &Arc<Read> {
        self.read.get_or_init(|| {
            let bytes = self.text.text.as_bytes();
            // The URI tells the texts of a workspace apart.
            Arc::new(match self.notation {
                Notation::Flow => tiphys_dsl::compile(&self.uri, bytes).into(),
                Notation::Yaml => tiphys_spec::read(&self.uri, bytes),
            })
        })
    }

    /// The names in it.
    pub fn index(&self) -> &Arc<Index> {
        self.index.get_or_init(|| {
            Arc::new(match self.notation {
                Notation::Flow => Index::of(&self.text.text),
                Notation::Yaml => yaml::index(self.read()),
            })
        })
    }

    #[must_use]
    pub fn outline(&self) -> Outline {
        Outline::new(&self.text.text)
    }

    /// It may hold something of ours.
    #[must_use]
    pub fn concerns_us(&self) -> bool {
        self.ours
    }
}
