//! Go's regular expressions (RE2) in terms of the `regex` crate: the same language but for a few classes.

use regex::{Regex, RegexBuilder};

/// Compiles a pattern as Go reads it: `\d \w \s \b` are ASCII, `\Q…\E` quotes.
///
/// # Errors
/// The compiler's reason in one line; also a pattern whose program would be too large.
pub(crate) fn compile(pattern: &str) -> Result<Regex, String> {
    if pattern.len() > 16 << 10 {
        return Err("the pattern is longer than 16 KiB".to_owned());
    }
    RegexBuilder::new(&translate(pattern))
        .size_limit(2 << 20)
        .dfa_size_limit(4 << 20)
        .nest_limit(100)
        .build()
        .map_err(|error| {
            let reason = match &error {
                regex::Error::CompiledTooBig(limit) => format!("it needs more than {limit} bytes"),
                other => other
                    .to_string()
                    .lines()
                    .last()
                    .unwrap_or_default()
                    .trim_start_matches("error: ")
                    .to_owned(),
            };
            format!("{pattern:?} is not a regular expression: {reason}")
        })
}

fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut chars = pattern.chars().peekable();
    // `Some(true)` right after a class has opened, where `]` stands for itself.
    let mut class: Option<bool> = None;
    while let Some(next) = chars.next() {
        match (next, class) {
            ('\\', _) => match chars.next() {
                Some('Q') => quoted(&mut chars, &mut out),
                Some(kind) => escape(kind, class.is_some(), &mut out),
                None => out.push('\\'),
            },
            ('[', None) => {
                out.push('[');
                if chars.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
                class = Some(true);
                continue;
            }
            ('[', Some(_)) if chars.peek() == Some(&':') => out.push('['),
            (']', Some(_)) if out.ends_with(':') => out.push(']'),
            (']', Some(false)) => {
                out.push(']');
                class = None;
            }
            (']', Some(true)) => out.push_str("\\]"),
            ('[' | '&' | '~', Some(_)) => {
                out.push('\\');
                out.push(next);
            }
            _ => out.push(next),
        }
        if class == Some(true) {
            class = Some(false);
        }
    }
    out
}

fn quoted(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, out: &mut String) {
    let mut text = String::new();
    while let Some(next) = chars.next() {
        if next == '\\' && chars.next_if_eq(&'E').is_some() {
            break;
        }
        text.push(next);
    }
    out.push_str(&regex::escape(&text));
}

fn escape(kind: char, in_class: bool, out: &mut String) {
    let set = match kind.to_ascii_lowercase() {
        'd' => "0-9",
        'w' => "0-9A-Za-z_",
        's' => "\\t\\n\\f\\r ",
        'b' if !in_class => {
            out.push_str(if kind == 'b' {
                "(?-u:\\b)"
            } else {
                "(?-u:\\B)"
            });
            return;
        }
        _ => {
            out.push('\\');
            out.push(kind);
            return;
        }
    };
    match (kind.is_ascii_uppercase(), in_class) {
        (true, _) => out.push_str(&format!("[^{set}]")),
        (false, true) => out.push_str(set),
        (false, false) => out.push_str(&format!("[{set}]")),
    }
}

#[cfg(test)]
mod tests {
    use super::compile;

    #[test]
    fn classes_are_ascii_and_quotes_quote() {
        assert!(!compile(r"^\d$").unwrap().is_match("٣"));
        assert!(compile(r"^[\w-]+$").unwrap().is_match("a-b_1"));
        assert!(compile(r"^\Qa.b\E$").unwrap().is_match("a.b"));
        assert!(compile(r"^[[:alpha:]]+$").unwrap().is_match("abc"));
        assert!(compile(r"^[a[]$").unwrap().is_match("["));
        assert!(
            compile("(")
                .unwrap_err()
                .starts_with("\"(\" is not a regular expression")
        );
        assert!(compile("(((a{100}){100}){100}){100}").is_err());
    }
}
