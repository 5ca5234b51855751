//! Functions on text.

use std::collections::BTreeSet;

use crate::builtins::{Args, Entry, Fault};
use crate::eval::shown;
use crate::limits;
use crate::value::Value;

pub(super) const TABLE: &[Entry] = &[
    ("hasPrefix", |args| {
        two(args, |text, part| Value::Bool(text.starts_with(part)))
    }),
    ("hasSuffix", |args| {
        two(args, |text, part| Value::Bool(text.ends_with(part)))
    }),
    ("indexOf", |args| {
        two(args, |text, part| place(text.find(part)))
    }),
    ("join", join),
    ("lastIndexOf", |args| {
        two(args, |text, part| place(text.rfind(part)))
    }),
    ("lower", |args| {
        one(args, |text| Value::from(text.to_lowercase()))
    }),
    ("repeat", repeat),
    ("replace", replace),
    ("split", |args| split(args, false)),
    ("splitAfter", |args| split(args, true)),
    ("trim", trim),
    ("trimPrefix", |args| {
        affix(args, |text, part| text.strip_prefix(part).unwrap_or(text))
    }),
    ("trimSuffix", |args| {
        affix(args, |text, part| text.strip_suffix(part).unwrap_or(text))
    }),
    ("upper", |args| {
        one(args, |text| Value::from(text.to_uppercase()))
    }),
];

fn one(args: &mut Args<'_, '_>, work: fn(&str) -> Value) -> Result<Value, Fault> {
    args.count(1, 1)?;
    Ok(work(args.str(0)?))
}

fn two(args: &mut Args<'_, '_>, work: fn(&str, &str) -> Value) -> Result<Value, Fault> {
    args.count(2, 2)?;
    Ok(work(args.str(0)?, args.str(1)?))
}

/// A byte offset as Go's `strings.Index` gives it.
fn place(found: Option<usize>) -> Value {
    Value::Int(found.map_or(-1, |at| at as i64))
}

fn trim(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(1, 2)?;
    let text = args.str(0)?;
    if args.values.len() == 1 {
        return Ok(Value::str(text.trim()));
    }
    let set: BTreeSet<char> = args.str(1)?.chars().collect();
    Ok(Value::str(text.trim_matches(|next| set.contains(&next))))
}

fn affix(
    args: &mut Args<'_, '_>,
    work: for<'t> fn(&'t str, &str) -> &'t str,
) -> Result<Value, Fault> {
    args.count(1, 2)?;
    let part = if args.values.len() == 1 {
        " "
    } else {
        args.str(1)?
    };
    Ok(Value::str(work(args.str(0)?, part)))
}

fn split(args: &mut Args<'_, '_>, keep: bool) -> Result<Value, Fault> {
    args.count(2, 3)?;
    let (text, separator) = (args.str(0)?, args.str(1)?);
    let limit = if args.values.len() == 3 {
        args.int(2)?
    } else {
        -1
    };
    split_text(text, separator, limit, keep)
}

/// Go's `SplitN` and `SplitAfterN`: no parts at a limit of 0, all at a negative one, characters at an empty separator.
pub(crate) fn split_text(
    text: &str,
    separator: &str,
    limit: i64,
    keep: bool,
) -> Result<Value, Fault> {
    let most = match limit {
        0 => return Ok(Value::list(Vec::new())),
        ..0 => usize::MAX,
        limit => limit as usize,
    };
    let count = if separator.is_empty() {
        text.chars().count()
    } else {
        text.matches(separator).count() + 1
    };
    limits::items(count.min(most))?;
    let parts: Vec<&str> = match separator.is_empty() {
        true => {
            let cut = text
                .char_indices()
                .nth(most - 1)
                .map_or(text.len(), |(at, _)| at);
            let single = text[..cut]
                .char_indices()
                .map(|(at, next)| &text[at..at + next.len_utf8()]);
            single
                .chain((cut < text.len()).then(|| &text[cut..]))
                .collect()
        }
        false if keep => {
            let mut parts: Vec<&str> = Vec::new();
            let mut rest = text;
            while parts.len() + 1 < most
                && let Some(at) = rest.find(separator)
            {
                let (head, tail) = rest.split_at(at + separator.len());
                parts.push(head);
                rest = tail;
            }
            parts.push(rest);
            parts
        }
        false => text.splitn(most, separator).collect(),
    };
    Ok(Value::list(parts.into_iter().map(Value::str).collect()))
}

fn join(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(1, 2)?;
    let separator = if args.values.len() == 2 {
        args.str(1)?
    } else {
        ""
    };
    let mut out = String::new();
    for (index, item) in args.list(0)?.iter().enumerate() {
        let text = item
            .as_str()
            .ok_or_else(|| Fault(format!("`join` wants strings, got {}", shown(item))))?;
        if index > 0 {
            out.push_str(separator);
        }
        limits::text(out.len() + text.len())?;
        out.push_str(text);
    }
    Ok(Value::from(out))
}

fn repeat(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(2, 2)?;
    repeated(args.str(0)?, args.size(1)?)
}

/// A text so many times over, within the limits.
pub(crate) fn repeated(text: &str, times: usize) -> Result<Value, Fault> {
    limits::text(text.len().saturating_mul(times))?;
    Ok(Value::from(text.repeat(times)))
}

fn replace(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(3, 4)?;
    let limit = if args.values.len() == 4 {
        args.int(3)?
    } else {
        -1
    };
    replaced(args.str(0)?, args.str(1)?, args.str(2)?, limit)
}

/// Go's `strings.Replace`; all of them at a negative limit.
pub(crate) fn replaced(text: &str, from: &str, to: &str, limit: i64) -> Result<Value, Fault> {
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let count = text.matches(from).count().min(most);
    limits::text(text.len().saturating_add(count.saturating_mul(to.len())))?;
    Ok(Value::from(if limit < 0 {
        text.replace(from, to)
    } else {
        text.replacen(from, to, most)
    }))
}
