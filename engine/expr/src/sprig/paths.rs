//! Slash-separated paths.

use crate::builtins::{Args, Entry, Fault};
use crate::value::Value;

pub(super) const TABLE: &[Entry] = &[
    ("base", base),
    ("clean", |args| one(args, clean)),
    ("dir", |args| one(args, dir)),
    ("ext", |args| one(args, ext)),
    ("isAbs", is_abs),
    ("osBase", base),
    ("osClean", |args| one(args, clean)),
    ("osDir", |args| one(args, dir)),
    ("osExt", |args| one(args, ext)),
    ("osIsAbs", is_abs),
];

fn one(args: &mut Args<'_, '_>, work: fn(&str) -> String) -> Result<Value, Fault> {
    args.count(1, 1)?;
    Ok(Value::from(work(args.str(0)?)))
}

fn is_abs(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(1, 1)?;
    Ok(Value::Bool(args.str(0)?.starts_with('/')))
}

fn base(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(1, 1)?;
    let path = args.str(0)?;
    let trimmed = path.trim_end_matches('/');
    Ok(Value::str(match (path, trimmed) {
        ("", _) => ".",
        (_, "") => "/",
        (_, rest) => rest.rsplit('/').next().unwrap_or(rest),
    }))
}

fn dir(path: &str) -> String {
    clean(&path[..path.rfind('/').map_or(0, |at| at + 1)])
}

fn ext(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.rfind('.')
        .map_or(String::new(), |at| name[at..].to_owned())
}

/// Without `.`, without doubled slashes, with `..` applied.
fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    match (rooted, parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => parts.join("/"),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn cleans_as_go() {
        for (path, cleaned) in [
            ("", "."),
            ("/", "/"),
            ("a//b/../c/.", "a/c"),
            ("../a", "../a"),
            ("/../a", "/a"),
            ("a/..", "."),
        ] {
            assert_eq!(super::clean(path), cleaned, "{path}");
        }
    }
}
