//! The notations of a workflow: which one a file is in, and its objects whatever it is in.

use std::path::Path;

use tiphys_spec::Read;
use tiphys_spec::write::WriteError;

/// How a file writes its objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Notation {
    /// The .flow language
    Flow,
    Yaml,
    Json,
}

impl Notation {
    /// Of a file's name.
    pub fn of_name(path: &Path) -> Option<Notation> {
        match path.extension()?.to_str()? {
            "flow" => Some(Notation::Flow),
            "yaml" | "yml" => Some(Notation::Yaml),
            "json" => Some(Notation::Json),
            _ => None,
        }
    }

    /// Of a text without a name: YAML's and JSON's first letters never begin a block of .flow.
    pub fn of_text(bytes: &[u8]) -> Notation {
        let text = String::from_utf8_lossy(bytes);
        let mut lines = text
            .trim_start_matches('\u{feff}')
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty());
        let Some(first) = lines.clone().find(|line| !line.starts_with("//")) else {
            return if lines.next().is_some() {
                Notation::Flow
            } else {
                Notation::Yaml
            };
        };
        let word = first
            .split(|c: char| !c.is_ascii_alphanumeric())
            .next()
            .unwrap_or_default();
        let rest = &first[word.len()..];
        let begins_block = matches!(word, "workflow" | "library" | "cluster" | "cron" | "object")
            && !rest.starts_with(':');
        match first.chars().next() {
            Some('{' | '[') => Notation::Json,
            _ if begins_block => Notation::Flow,
            _ => Notation::Yaml,
        }
    }

    /// What ends a file's name.
    pub fn ending(self) -> &'static str {
        match self {
            Notation::Flow => "flow",
            Notation::Yaml => "yaml",
            Notation::Json => "json",
        }
    }
}

/// The objects of a file. Any name but that of a `.flow` file is YAML's, which holds JSON too.
pub fn read(name: &str, bytes: &[u8]) -> Read {
    match Notation::of_name(Path::new(name)) {
        Some(Notation::Flow) => tiphys_dsl::compile(name, bytes).into(),
        _ => tiphys_spec::read(name, bytes),
    }
}

/// The objects of a text whose name says nothing.
pub fn read_unnamed(name: &str, bytes: &[u8]) -> Read {
    match Notation::of_text(bytes) {
        Notation::Flow => tiphys_dsl::compile(name, bytes).into(),
        _ => tiphys_spec::read(name, bytes),
    }
}

/// Objects in a notation, with the comments where it has any.
pub fn write(read: &Read, notation: Notation) -> Result<String, WriteError> {
    match notation {
        Notation::Flow => Ok(tiphys_dsl::raise(&read.objects, &read.source).text),
        Notation::Yaml => tiphys_dsl::yaml(&read.objects, &read.source),
        Notation::Json => match read.objects.as_slice() {
            [one] => Ok(tiphys_spec::write::to_json(&one.value)? + "\n"),
            many => {
                let items: Vec<_> = many.iter().map(|object| &object.value).collect();
                let list =
                    serde_json::json!({ "apiVersion": "v1", "kind": "List", "items": items });
                Ok(tiphys_spec::write::to_json(&list)? + "\n")
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_tell_what_they_are() {
        for (text, notation) in [
            ("workflow x {", Notation::Flow),
            ("\u{feff}// says hello\n\nworkflow {\n}", Notation::Flow),
            ("cluster library a {}", Notation::Flow),
            ("// nothing else", Notation::Flow),
            ("apiVersion: v1", Notation::Yaml),
            ("# workflow\nworkflow: x", Notation::Yaml),
            ("cron: x", Notation::Yaml),
            ("", Notation::Yaml),
            ("  {\"a\": 1}", Notation::Json),
        ] {
            assert_eq!(Notation::of_text(text.as_bytes()), notation, "{text}");
        }
    }
}
