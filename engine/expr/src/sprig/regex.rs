//! Regular expressions. Constant patterns were compiled with the expression.

use ::regex::Regex;

use crate::builtins::{Args, Entry, Fault};
use crate::limits;
use crate::value::Value;

pub(super) const TABLE: &[Entry] = &[
    ("mustRegexFind", find),
    ("mustRegexFindAll", find_all),
    ("mustRegexMatch", matches),
    ("mustRegexReplaceAll", replace_all),
    ("mustRegexReplaceAllLiteral", replace_all_literal),
    ("mustRegexSplit", split),
    ("regexFind", find),
    ("regexFindAll", find_all),
    ("regexMatch", matches),
    ("regexQuoteMeta", |args| {
        Ok(Value::from(quoted(args.str(0)?)))
    }),
    ("regexReplaceAll", replace_all),
    ("regexReplaceAllLiteral", replace_all_literal),
    ("regexSplit", split),
];

fn pattern<'a>(args: &mut Args<'a, '_>, count: usize) -> Result<(Regex, &'a str), Fault> {
    args.count(count, count)?;
    let text = args.str(1)?;
    args.run.fuel.burn(text.len() / 16)?;
    Ok((args.run.regex(args.str(0)?)?, text))
}

fn matches(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    let (regex, text) = pattern(args, 2)?;
    Ok(Value::Bool(regex.is_match(text)))
}

fn find(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    let (regex, text) = pattern(args, 2)?;
    Ok(Value::str(
        regex.find(text).map_or("", |found| found.as_str()),
    ))
}

/// At most so many; all of them at a negative number.
fn find_all(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    let (regex, text) = pattern(args, 3)?;
    let most = usize::try_from(args.int(2)?).unwrap_or(limits::ITEMS);
    Ok(Value::list(
        regex
            .find_iter(text)
            .take(most.min(limits::ITEMS))
            .map(|found| Value::str(found.as_str()))
            .collect(),
    ))
}

fn replace_all(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    let (regex, text) = pattern(args, 3)?;
    let by = args.str(2)?;
    let mut out = String::new();
    let mut at = 0;
    for groups in regex.captures_iter(text) {
        let Some(whole) = groups.get(0) else { continue };
        out.push_str(&text[at..whole.start()]);
        groups.expand(by, &mut out);
        limits::text(out.len())?;
        at = whole.end();
    }
    out.push_str(&text[at..]);
    Ok(Value::from(out))
}

fn replace_all_literal(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    let (regex, text) = pattern(args, 3)?;
    let by = args.str(2)?;
    limits::text(
        text.len()
            .saturating_add(by.len().saturating_mul(regex.find_iter(text).count())),
    )?;
    Ok(Value::from(
        regex.replace_all(text, ::regex::NoExpand(by)).into_owned(),
    ))
}

fn split(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    let (regex, text) = pattern(args, 3)?;
    let parts: Vec<Value> = match args.int(2)? {
        0 => Vec::new(),
        ..0 => regex
            .split(text)
            .take(limits::ITEMS)
            .map(Value::str)
            .collect(),
        most => regex
            .splitn(text, most as usize)
            .take(limits::ITEMS)
            .map(Value::str)
            .collect(),
    };
    Ok(Value::list(parts))
}

/// Go quotes fewer characters than the regex crate: `\.+*?()|[]{}^$`.
fn quoted(text: &str) -> String {
    text.chars()
        .flat_map(|next| {
            r"\.+*?()|[]{}^$"
                .contains(next)
                .then_some('\\')
                .into_iter()
                .chain([next])
        })
        .collect()
}
