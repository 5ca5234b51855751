//! Text: trimming, splitting, replacing, quoting.

use std::collections::BTreeSet;

use super::coerce;
use crate::builtins::strings::{repeated, replaced, split_text};
use crate::builtins::{Args, Entry, Fault};
use crate::limits;
use crate::value::Value;

pub(super) const TABLE: &[Entry] = &[
    ("cat", cat),
    ("contains", |args| {
        swapped(args, |part, text| text.contains(part))
    }),
    ("hasPrefix", |args| {
        swapped(args, |part, text| text.starts_with(part))
    }),
    ("hasSuffix", |args| {
        swapped(args, |part, text| text.ends_with(part))
    }),
    ("hello", |_| Ok(Value::str("Hello!"))),
    ("indent", |args| indent(args, "")),
    ("join", join),
    ("lower", |args| one(args, str::to_lowercase)),
    ("nindent", |args| indent(args, "\n")),
    ("nospace", |args| {
        one(args, |text| text.split_whitespace().collect())
    }),
    ("quote", quote),
    ("repeat", |args| {
        args.count(2, 2)?;
        repeated(
            args.str(1)?,
            usize::try_from(args.int(0)?)
                .map_err(|_| args.wrong(0, "a count that is not negative"))?,
        )
    }),
    ("replace", |args| {
        args.count(3, 3)?;
        replaced(args.str(2)?, args.str(0)?, args.str(1)?, -1)
    }),
    ("sortAlpha", sort_alpha),
    ("split", split),
    ("splitList", |args| {
        args.count(2, 2)?;
        split_text(args.str(1)?, args.str(0)?, -1, false)
    }),
    ("splitn", split_n),
    ("squote", squote),
    ("substr", substr),
    ("title", |args| one(args, title)),
    ("toString", |args| {
        Ok(Value::from(coerce::text(args.value(0)?)?))
    }),
    ("toStrings", |args| {
        Ok(Value::list(
            coerce::texts(args.value(0)?)?
                .into_iter()
                .map(Value::from)
                .collect(),
        ))
    }),
    ("trim", |args| one(args, |text| text.trim().to_owned())),
    ("trimAll", trim_all),
    ("trimPrefix", |args| {
        affix(args, |part, text| {
            text.strip_prefix(part).unwrap_or(text).to_owned()
        })
    }),
    ("trimSuffix", |args| {
        affix(args, |part, text| {
            text.strip_suffix(part).unwrap_or(text).to_owned()
        })
    }),
    ("trimall", trim_all),
    ("trunc", trunc),
    ("untitle", |args| one(args, untitle)),
    ("upper", |args| one(args, str::to_uppercase)),
];

pub(super) fn one(args: &mut Args<'_, '_>, work: fn(&str) -> String) -> Result<Value, Fault> {
    args.count(1, 1)?;
    Ok(Value::from(work(args.str(0)?)))
}

/// sprig has the part first and the text last.
fn swapped(args: &mut Args<'_, '_>, test: fn(&str, &str) -> bool) -> Result<Value, Fault> {
    args.count(2, 2)?;
    Ok(Value::Bool(test(args.str(0)?, args.str(1)?)))
}

fn affix(args: &mut Args<'_, '_>, work: fn(&str, &str) -> String) -> Result<Value, Fault> {
    args.count(2, 2)?;
    Ok(Value::from(work(args.str(0)?, args.str(1)?)))
}

fn trim_all(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(2, 2)?;
    let set: BTreeSet<char> = args.str(0)?.chars().collect();
    Ok(Value::str(
        args.str(1)?.trim_matches(|next| set.contains(&next)),
    ))
}

fn cat(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    let texts = args
        .values
        .iter()
        .filter(|value| !value.is_nil())
        .map(coerce::text)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Value::from(texts.join(" ")))
}

fn join(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(2, 2)?;
    let (separator, parts) = (args.str(0)?, coerce::texts(args.value(1)?)?);
    limits::text(parts.iter().map(|part| part.len() + separator.len()).sum())?;
    Ok(Value::from(parts.join(separator)))
}

fn quote(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    let mut quoted = Vec::new();
    for value in args.values.iter().filter(|value| !value.is_nil()) {
        quoted.push(go_quoted(&coerce::text(value)?));
    }
    Ok(Value::from(quoted.join(" ")))
}

/// Go's `%q`.
pub(super) fn go_quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for next in text.chars() {
        match next {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x07' => out.push_str("\\a"),
            '\x08' => out.push_str("\\b"),
            '\x0b' => out.push_str("\\v"),
            '\x0c' => out.push_str("\\f"),
            next if (next as u32) < 0x20 || next == '\x7f' => {
                out.push_str(&format!("\\x{:02x}", next as u32))
            }
            next => out.push(next),
        }
    }
    out.push('"');
    out
}

fn squote(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    let mut quoted = Vec::new();
    for value in args.values.iter().filter(|value| !value.is_nil()) {
        quoted.push(format!("'{}'", coerce::text(value)?));
    }
    Ok(Value::from(quoted.join(" ")))
}

fn indent(args: &mut Args<'_, '_>, before: &str) -> Result<Value, Fault> {
    args.count(2, 2)?;
    let (width, text) = (args.size(0)?, args.str(1)?);
    limits::text(
        text.len()
            .saturating_add((text.matches('\n').count() + 1).saturating_mul(width)),
    )?;
    let pad = " ".repeat(width);
    Ok(Value::from(format!(
        "{before}{pad}{}",
        text.replace('\n', &format!("\n{pad}"))
    )))
}

fn sort_alpha(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(1, 1)?;
    let mut texts = coerce::texts(args.value(0)?)?;
    texts.sort_unstable();
    Ok(Value::list(texts.into_iter().map(Value::from).collect()))
}

/// A map of `_0`, `_1` …
fn split(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(2, 2)?;
    numbered(split_text(args.str(1)?, args.str(0)?, -1, false)?)
}

fn split_n(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(3, 3)?;
    numbered(split_text(args.str(2)?, args.str(0)?, args.int(1)?, false)?)
}

fn numbered(parts: Value) -> Result<Value, Fault> {
    let Value::List(parts) = parts else {
        return Ok(parts);
    };
    Ok(Value::map(
        parts
            .iter()
            .enumerate()
            .map(|(index, part)| (format!("_{index}"), part.clone())),
    ))
}

/// Go's bounds: a negative start means from the beginning, a negative end to the end.
fn substr(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(3, 3)?;
    let (from, to, text) = (args.int(0)?, args.int(1)?, args.str(2)?);
    let length = text.len() as i64;
    let to = if to < 0 || to > length { length } else { to };
    let from = from.max(0);
    if from > to {
        return Err(Fault(format!(
            "`substr` from {from} to {to} runs backwards"
        )));
    }
    Ok(Value::str(bytes(text, from as usize, to as usize)))
}

/// Part of a text by bytes as Go cuts it, moved to the borders of characters.
fn bytes(text: &str, from: usize, to: usize) -> &str {
    let border = |at: usize| {
        (0..=at.min(text.len()))
            .rev()
            .find(|at| text.is_char_boundary(*at))
            .unwrap_or(0)
    };
    &text[border(from)..border(to)]
}

fn trunc(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(2, 2)?;
    let (count, text) = (args.int(0)?, args.str(1)?);
    let length = text.len();
    let size = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    Ok(Value::str(match count {
        ..0 if size < length => bytes(text, length - size, length),
        0.. if size < length => bytes(text, 0, size),
        _ => text,
    }))
}

fn title(text: &str) -> String {
    each_word(text, |first| first.to_uppercase().collect())
}

fn untitle(text: &str) -> String {
    each_word(text, |first| first.to_lowercase().collect())
}

/// Changes the first letter of each word.
fn each_word(text: &str, change: fn(char) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for next in text.chars() {
        let belongs = next.is_alphanumeric() || matches!(next, '_' | '\'');
        if belongs && !inside {
            out.push_str(&change(next))
        } else {
            out.push(next)
        }
        inside = belongs;
    }
    out
}
