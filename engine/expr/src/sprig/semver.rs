//! Semantic versions and constraints on them, as Masterminds' library reads both.

use crate::builtins::{Args, Entry, Fault};
use crate::value::Value;
use crate::version::Version;

pub(super) const TABLE: &[Entry] = &[("semver", semver), ("semverCompare", compare)];

fn version(text: &str) -> Result<Version, Fault> {
    Version::parse(text).ok_or_else(|| Fault(format!("{text:?} is not a semantic version")))
}

fn semver(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(1, 1)?;
    Ok(Value::Version(version(args.str(0)?)?.into()))
}

fn compare(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(2, 2)?;
    let constraint = args.str(0)?;
    let version = version(args.str(1)?)?;
    let bad = || Fault(format!("{constraint:?} is not a version constraint"));
    let mut any = false;
    for alternative in constraint.split("||") {
        let bounds = bounds(alternative).ok_or_else(bad)?;
        any = any || bounds.iter().all(|bound| bound.admits(&version));
    }
    Ok(Value::Bool(any))
}

/// One operator with a version whose lower numbers may be left open.
struct Bound {
    operator: String,
    numbers: [Option<u64>; 3],
    pre: ::semver::Prerelease,
}

/// `>=1.2, <2`, `1.2 - 1.4`, `^1.x`.
fn bounds(text: &str) -> Option<Vec<Bound>> {
    let words: Vec<&str> = text
        .split([' ', ','])
        .filter(|word| !word.is_empty())
        .collect();
    if let [from, "-", to] = words.as_slice() {
        return Some(vec![
            bound(&format!(">={from}"))?,
            bound(&format!("<={to}"))?,
        ]);
    }
    let mut found = Vec::new();
    let mut operator = String::new();
    for word in words {
        if word.bytes().all(|byte| b"=<>!~^".contains(&byte)) {
            operator.push_str(word);
            continue;
        }
        found.push(bound(&format!("{operator}{word}"))?);
        operator.clear();
    }
    if found.is_empty() || !operator.is_empty() {
        None
    } else {
        Some(found)
    }
}

fn bound(text: &str) -> Option<Bound> {
    let end = text
        .bytes()
        .take_while(|byte| b"=<>!~^".contains(byte))
        .count();
    let operator = match &text[..end] {
        "" => "=",
        "~>" => "~",
        "=>" => ">=",
        "=<" => "<=",
        known @ ("=" | "!=" | ">" | "<" | ">=" | "<=" | "~" | "^") => known,
        _ => return None,
    };
    let rest = text[end..].split('+').next().unwrap_or_default();
    let rest = rest.strip_prefix('v').unwrap_or(rest);
    let (core, pre) = rest.split_once('-').unwrap_or((rest, ""));
    let mut numbers = [None; 3];
    let parts: Vec<&str> = core.split('.').collect();
    if parts.len() > 3 {
        return None;
    }
    for (number, part) in numbers.iter_mut().zip(parts) {
        match part {
            "x" | "X" | "*" => break,
            part if part.bytes().all(|byte| byte.is_ascii_digit()) => {
                *number = Some(part.parse().ok()?)
            }
            _ => return None,
        }
    }
    Some(Bound {
        operator: operator.to_owned(),
        numbers,
        pre: ::semver::Prerelease::new(pre).ok()?,
    })
}

impl Bound {
    fn admits(&self, version: &Version) -> bool {
        let parsed = version.parsed();
        if !parsed.pre.is_empty() && self.pre.is_empty() {
            return false;
        }
        let Some(major) = self.numbers[0] else {
            return !matches!(self.operator.as_str(), "!=" | "<" | ">");
        };
        let (minor, patch) = (self.numbers[1].unwrap_or(0), self.numbers[2].unwrap_or(0));
        let open_minor = self.numbers[1].is_none();
        let open_patch = self.numbers[2].is_none();
        let base = ::semver::Version {
            major,
            minor,
            patch,
            pre: self.pre.clone(),
            build: ::semver::BuildMetadata::EMPTY,
        };
        let order = parsed.cmp_precedence(&base);
        let within_major = parsed.major == major;
        let within_minor = within_major && parsed.minor == minor;
        // Everything that the open numbers leave free: 1 is 1.x.x, 1.2 is 1.2.x.
        let within = if open_minor {
            within_major
        } else if open_patch {
            within_minor
        } else {
            order.is_eq()
        };
        match self.operator.as_str() {
            "=" => within,
            "!=" => !within,
            ">" if open_patch => order.is_gt() && !within,
            ">" => order.is_gt(),
            "<" => order.is_lt(),
            ">=" => order.is_ge(),
            "<=" if open_patch => order.is_lt() || within,
            "<=" => order.is_le(),
            "~" => {
                order.is_ge()
                    && if open_minor {
                        within_major
                    } else {
                        within_minor
                    }
            }
            _ => order.is_ge() && self.within_caret(parsed, major, minor, open_minor, open_patch),
        }
    }

    /// `^`: the first number that is not zero stays.
    fn within_caret(
        &self,
        parsed: &::semver::Version,
        major: u64,
        minor: u64,
        open_minor: bool,
        open_patch: bool,
    ) -> bool {
        let same_minor = parsed.major == major && parsed.minor == minor;
        match (major, minor) {
            (1.., _) => parsed.major == major,
            (0, _) if open_minor => parsed.major == 0,
            (0, 1..) => same_minor,
            _ if open_patch => same_minor,
            _ => same_minor && Some(parsed.patch) == self.numbers[2],
        }
    }
}
