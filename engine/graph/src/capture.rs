//! Which results a template asks for: the names in `steps.<name>.outputs.result` and `tasks.<name>.outputs.result`.
//!
//! The text is scanned once, wherever such a mention stands in it: in a tag, an expression, a script. Capturing more than is
//! needed costs little; capturing less would lose a result.

use rustc_hash::FxHashSet;

/// The names whose result the JSON text of a template mentions.
pub(crate) fn mentions(json: &str) -> FxHashSet<&str> {
    let mut names = FxHashSet::default();
    let bytes = json.as_bytes();
    let mut from = 0;
    while let Some(found) = json[from..].find("s") {
        // Every mention starts with `steps` or `tasks`; both end with the letter looked for here.
        let end = from + found + 1;
        from = end;
        if end >= 5
            && matches!(&bytes[end - 5..end], b"steps" | b"tasks")
            && let Some((name, rest)) = member(&json[end..])
            && let Some(("outputs", rest)) = member(rest)
            && let Some((last, _)) = member(rest)
            && last.starts_with("result")
        {
            names.insert(name);
        }
    }
    names
}

/// The next `.name`, `?.name` or `['name']` of a text, and what follows it.
fn member(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let text = text.strip_prefix('?').unwrap_or(text);
    if let Some(dotted) = text.strip_prefix('.') {
        let dotted = dotted.trim_start();
        if let Some(bracket) = dotted.strip_prefix('[') {
            return bracketed(bracket);
        }
        let end = dotted
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_')))
            .unwrap_or(dotted.len());
        return (end > 0).then(|| dotted.split_at(end));
    }
    bracketed(text.strip_prefix('[')?)
}

fn bracketed(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let quote = ["\\\"", "\"", "'", "`"]
        .into_iter()
        .find(|quote| text.starts_with(quote))?;
    // Names are short: a far closing quote is none of ours, and looking for it would not be linear.
    let inner = &text[quote.len()..];
    let window = inner
        .char_indices()
        .nth(256)
        .map_or(inner, |(end, _)| &inner[..end]);
    let (name, _) = window.split_once(quote)?;
    let rest = inner[name.len() + quote.len()..].trim_start();
    Some((name, rest.strip_prefix(']')?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, want: &[&str]) {
        let mut got: Vec<&str> = mentions(text).into_iter().collect();
        got.sort_unstable();
        assert_eq!(got, want, "{text}");
    }

    #[test]
    fn finds_mentions() {
        check(
            "{{steps.a.outputs.result}} {{tasks.b-c.outputs.result}}",
            &["a", "b-c"],
        );
        check(
            r#"{{=steps['a b'].outputs.result + tasks[\"c\"]['outputs'][\"result\"]}}"#,
            &["a b", "c"],
        );
        check("xtasks.A.outputs.resultant", &["A"]);
        check(
            "steps.a?.outputs?.result ?? tasks?.['q'].outputs.result",
            &["a", "q"],
        );
        check(
            "steps.a.outputs.parameters.result steps[x].outputs.result steps. tasks['",
            &[],
        );
        check("steps.steps.outputs.result", &["steps"]);
    }
}
