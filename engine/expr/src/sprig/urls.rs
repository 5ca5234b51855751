//! URLs and host names.

use url::Url;

use crate::builtins::{Args, Entry, Fault};
use crate::value::Value;

pub(super) const TABLE: &[Entry] = &[
    ("getHostByName", host),
    ("urlJoin", join),
    ("urlParse", parse),
];

/// Only the names of RFC 6761 that mean this machine: looking up others is not for an expression.
fn host(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(1, 1)?;
    let name = args.str(0)?;
    let bare = name.trim_end_matches('.').to_ascii_lowercase();
    if bare == "localhost" || bare.ends_with(".localhost") {
        return Ok(Value::str("127.0.0.1"));
    }
    match bare.parse::<std::net::IpAddr>() {
        Ok(address) => Ok(Value::from(address.to_string())),
        Err(_) => Err(Fault(format!(
            "`getHostByName` knows localhost only, not {name:?}: an expression must not ask the network"
        ))),
    }
}

fn parse(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(1, 1)?;
    let text = args.str(0)?;
    let parts = Parts::read(text).ok_or_else(|| Fault(format!("{text:?} is not a URL")))?;
    let entry = |name: &str, value: &str| (name.to_owned(), Value::str(value));
    Ok(Value::map([
        entry("fragment", &parts.fragment),
        entry("host", &parts.host),
        entry("hostname", parts.hostname()),
        entry("opaque", &parts.opaque),
        entry("path", &parts.path),
        entry("query", &parts.query),
        entry("scheme", &parts.scheme),
        entry("userinfo", &parts.userinfo),
    ]))
}

/// A URL taken apart as Go does it, leaving every part as written.
struct Parts {
    scheme: String,
    userinfo: String,
    host: String,
    opaque: String,
    path: String,
    query: String,
    fragment: String,
}

impl Parts {
    fn read(text: &str) -> Option<Parts> {
        if text.chars().any(|next| next.is_control()) {
            return None;
        }
        let (rest, fragment) = text.split_once('#').unwrap_or((text, ""));
        let (scheme, rest) = scheme(rest)?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut parts = Parts {
            scheme: scheme.to_ascii_lowercase(),
            userinfo: String::new(),
            host: String::new(),
            opaque: String::new(),
            path: String::new(),
            query: query.to_owned(),
            fragment: unescaped(fragment)?,
        };
        if let Some(authority) = rest.strip_prefix("//") {
            let end = authority.find('/').unwrap_or(authority.len());
            let (userinfo, host) = authority[..end]
                .rsplit_once('@')
                .unwrap_or(("", &authority[..end]));
            if host.contains(' ') || !port_is_good(host) {
                return None;
            }
            parts.userinfo = userinfo.to_owned();
            parts.host = host.to_owned();
            parts.path = unescaped(&authority[end..])?;
        } else if !scheme.is_empty() && !rest.starts_with('/') {
            parts.opaque = rest.to_owned();
        } else {
            parts.path = unescaped(rest)?;
        }
        Some(parts)
    }

    fn hostname(&self) -> &str {
        let host = self
            .host
            .strip_prefix('[')
            .and_then(|inner| inner.split_once(']'))
            .map(|(inner, _)| inner);
        host.unwrap_or_else(|| self.host.split(':').next().unwrap_or_default())
    }
}

/// The scheme, and what follows its colon; a colon before any scheme is an error in Go.
fn scheme(text: &str) -> Option<(&str, &str)> {
    for (at, next) in text.char_indices() {
        match next {
            'a'..='z' | 'A'..='Z' => {}
            '0'..='9' | '+' | '-' | '.' if at > 0 => {}
            ':' if at == 0 => return None,
            ':' => return Some((&text[..at], &text[at + 1..])),
            _ => break,
        }
    }
    let first = text.split('/').next().unwrap_or_default();
    if !text.starts_with('/') && first.contains(':') {
        None
    } else {
        Some(("", text))
    }
}

fn port_is_good(host: &str) -> bool {
    let after = if host.starts_with('[') {
        host.rsplit_once(']').map(|(_, after)| after)
    } else {
        host.find(':').map(|at| &host[at..])
    };
    after.is_none_or(|after| {
        after
            .strip_prefix(':')
            .unwrap_or(after)
            .bytes()
            .all(|byte| byte.is_ascii_digit())
    })
}

fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(next) = rest.next() {
        if next != b'%' {
            bytes.push(next);
            continue;
        }
        let digits = [rest.next()?, rest.next()?];
        bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn join(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(1, 1)?;
    let Value::Map(parts) = args.value(0)? else {
        return Err(args.wrong(0, "a map as `urlParse` gives it"));
    };
    let part = |name: &str| parts.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut out = String::new();
    if !part("scheme").is_empty() {
        out.push_str(part("scheme"));
        out.push(':');
    }
    if part("opaque").is_empty() {
        if !part("host").is_empty() || !part("userinfo").is_empty() {
            out.push_str("//");
            if !part("userinfo").is_empty() {
                out.push_str(part("userinfo"));
                out.push('@');
            }
            out.push_str(part("host"));
            if !part("path").is_empty() && !part("path").starts_with('/') {
                out.push('/');
            }
        }
        out.push_str(&escaped(part("path")));
    } else {
        out.push_str(part("opaque"));
    }
    for (name, mark) in [("query", '?'), ("fragment", '#')] {
        if !part(name).is_empty() {
            out.push(mark);
            out.push_str(part(name));
        }
    }
    Ok(Value::from(out))
}

/// A path with what a URL cannot hold escaped.
fn escaped(path: &str) -> String {
    let Ok(mut url) = Url::parse("http://x/") else {
        return path.to_owned();
    };
    url.set_path(path);
    if path.starts_with('/') && path.split('/').all(|part| part != "." && part != "..") {
        url.path().to_owned()
    } else {
        path.to_owned()
    }
}
