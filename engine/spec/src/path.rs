//! Where a value sits inside an object: `spec.templates[2].container.image`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segment {
    Key(Arc<str>),
    Index(usize),
}

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path(Vec<Segment>);

impl Path {
    #[must_use]
    pub fn root() -> Path {
        Path::default()
    }

    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// This path and one key more.
    #[must_use]
    pub fn key(&self, key: &str) -> Path {
        let mut path = self.clone();
        path.push(Segment::Key(key.into()));
        path
    }

    /// This path and one index more.
    #[must_use]
    pub fn index(&self, index: usize) -> Path {
        let mut path = self.clone();
        path.push(Segment::Index(index));
        path
    }

    /// This path and all of `tail`.
    #[must_use]
    pub fn join(&self, tail: &Path) -> Path {
        self.0.iter().chain(&tail.0).cloned().collect()
    }

    #[must_use]
    pub fn parent(&self) -> Option<Path> {
        let (_, head) = self.0.split_last()?;
        Some(Path(head.to_vec()))
    }

    #[must_use]
    pub fn last(&self) -> Option<&Segment> {
        self.0.last()
    }

    pub fn push(&mut self, segment: Segment) {
        self.0.push(segment);
    }

    pub fn pop(&mut self) -> Option<Segment> {
        self.0.pop()
    }
}

impl FromIterator<Segment> for Path {
    fn from_iter<I: IntoIterator<Item = Segment>>(segments: I) -> Path {
        Path(segments.into_iter().collect())
    }
}

/// A key that needs no brackets.
fn is_bare(key: &str) -> bool {
    !key.is_empty()
        && key
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'$'))
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Key(key) if is_bare(key) => {
                    write!(f, "{}{key}", if position > 0 { "." } else { "" })?
                }
                Segment::Key(key) => write!(f, "[{key:?}]")?,
            }
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read the path `{0}`")]
pub struct PathError(String);

impl FromStr for Path {
    type Err = PathError;

    /// Reads what `Display` writes; keys in brackets may hold anything but a double quote or a backslash.
    fn from_str(text: &str) -> Result<Path, PathError> {
        let fault = || PathError(text.to_owned());
        let mut path = Path::root();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(quoted) = rest.strip_prefix("[\"") {
                let (key, tail) = quoted.split_once("\"]").ok_or_else(fault)?;
                path.push(Segment::Key(key.into()));
                rest = tail;
            } else if let Some(number) = rest.strip_prefix('[') {
                let (index, tail) = number.split_once(']').ok_or_else(fault)?;
                path.push(Segment::Index(index.parse().map_err(|_| fault())?));
                rest = tail;
            } else {
                let bare = if path.is_root() {
                    rest
                } else {
                    rest.strip_prefix('.').ok_or_else(fault)?
                };
                let end = bare.find(['.', '[']).unwrap_or(bare.len());
                if end == 0 {
                    return Err(fault());
                }
                path.push(Segment::Key(bare[..end].into()));
                rest = &bare[end..];
            }
        }
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_and_reads() {
        for text in [
            "",
            "spec.templates[2].container.image",
            "metadata.labels[\"a.b/c\"]",
            "steps[0][1].name",
            "a-b.c_d",
        ] {
            let path: Path = text.parse().unwrap();
            assert_eq!(path.to_string(), text);
        }
        for text in ["a..b", "a[x]", "[\"a", "a[0]b"] {
            assert!(text.parse::<Path>().is_err(), "{text}");
        }
    }
}
