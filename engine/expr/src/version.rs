//! Semantic versions as Masterminds' library reads and compares them.

use std::cmp::Ordering;

/// A version as written: `v1.2` is 1.2.0.
#[derive(Debug, Clone)]
pub struct Version {
    original: String,
    parsed: semver::Version,
}

impl Version {
    /// Reads `1.2.3-rc.1+build`, with or without a `v`, with one to three numbers.
    pub fn parse(text: &str) -> Option<Version> {
        let bare = text.strip_prefix('v').unwrap_or(text);
        let end = bare.find(['-', '+']).unwrap_or(bare.len());
        let (core, rest) = bare.split_at(end);
        let mut numbers = [0u64; 3];
        let parts: Vec<&str> = core.split('.').collect();
        if parts.len() > 3 {
            return None;
        }
        for (number, part) in numbers.iter_mut().zip(&parts) {
            *number = if part.bytes().all(|byte| byte.is_ascii_digit()) {
                part.parse().ok()?
            } else {
                return None;
            };
        }
        let [major, minor, patch] = numbers;
        let parsed = semver::Version::parse(&format!("{major}.{minor}.{patch}{rest}")).ok()?;
        Some(Version {
            original: text.to_owned(),
            parsed,
        })
    }

    /// The text it was read from.
    pub fn original(&self) -> &str {
        &self.original
    }

    pub fn parsed(&self) -> &semver::Version {
        &self.parsed
    }
}

/// By precedence: what is built (`+…`) does not count.
impl Ord for Version {
    fn cmp(&self, other: &Version) -> Ordering {
        self.parsed.cmp_precedence(&other.parsed)
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Version) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Version) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Version {}
