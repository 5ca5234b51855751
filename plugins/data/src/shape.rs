//! What an expression does with `data`: whether page after page may go through it.

use tiphys_expr::Program;

/// How an expression may be evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// For all of `data` at once.
    Whole,
    /// For pieces of `data`; the lists that come out follow one another.
    Pieces,
    /// For pieces of `data`; the numbers that come out are added.
    Counts,
}

/// Functions that look at one item at a time.
const PIECEWISE: [&str; 2] = ["filter", "map"];
const COUNTING: [&str; 2] = ["len", "count"];

/// Words that make an item's value depend on its place or on more than the item.
const WHOLE: [&str; 5] = ["#index", "#acc", "rand", "uuid", "shuffle"];

/// The shape of an expression. When in doubt it is [`Shape::Whole`].
pub(crate) fn of(program: &Program) -> Shape {
    let source = program.source();
    let data: Vec<_> = program
        .refs()
        .iter()
        .filter(|its| its.path[0] == "data")
        .collect();
    let once = matches!(data.as_slice(), [one] if one.path.len() == 1 && !one.dynamic);
    if !once || WHOLE.iter().any(|word| source.contains(word)) {
        return Shape::Whole;
    }
    if is_pieces(source) {
        return Shape::Pieces;
    }
    match last_call(source) {
        Some((name, list)) if COUNTING.contains(&name) && is_pieces(list) => Shape::Counts,
        _ => Shape::Whole,
    }
}

/// `data`, or a filter or map of such.
fn is_pieces(source: &str) -> bool {
    let source = source.trim();
    if source == "data" {
        return true;
    }
    match last_call(source) {
        Some((name, list)) => PIECEWISE.contains(&name) && is_pieces(list),
        None => false,
    }
}

/// The outermost call and its list: `f(list, …)` or `list | f(…)`.
fn last_call(source: &str) -> Option<(&str, &str)> {
    let source = source.trim();
    let parts = Parts::of(source)?;
    let (list, call) = match parts.pipe {
        Some(at) => (Some(&source[..at]), source[at + 1..].trim()),
        None => (None, source),
    };
    let open = call.find('(')?;
    let name = call[..open].trim();
    let inside = call[open + 1..].strip_suffix(')')?;
    let inner = Parts::of(inside)?;
    match list {
        Some(list) => Some((name, list)),
        None => Some((name, &inside[..inner.comma.unwrap_or(inside.len())])),
    }
}

/// Where a text has its first comma and its last pipe that stand in no brackets and no quotes.
struct Parts {
    comma: Option<usize>,
    pipe: Option<usize>,
}

impl Parts {
    /// None where brackets or quotes do not match.
    fn of(source: &str) -> Option<Parts> {
        let mut parts = Parts {
            comma: None,
            pipe: None,
        };
        let mut open = Vec::new();
        let mut quote = None;
        let bytes = source.as_bytes();
        let mut at = 0;
        while let Some(&next) = bytes.get(at) {
            match (quote, next) {
                (Some(b'`'), b'`') => quote = None,
                (Some(b'`'), _) => {}
                (Some(_), b'\\') => at += 1,
                (Some(its), next) if its == next => quote = None,
                (Some(_), _) => {}
                (None, b'"' | b'\'' | b'`') => quote = Some(next),
                (None, b'(' | b'[' | b'{') => open.push(next),
                (None, b')') => (open.pop()? == b'(').then_some(())?,
                (None, b']') => (open.pop()? == b'[').then_some(())?,
                (None, b'}') => (open.pop()? == b'{').then_some(())?,
                (None, b',') if open.is_empty() => parts.comma = parts.comma.or(Some(at)),
                (None, b'|') if open.is_empty() && bytes.get(at + 1) == Some(&b'|') => at += 1,
                (None, b'|') if open.is_empty() => parts.pipe = Some(at),
                // A comment or a division: no such expression is taken to pieces.
                (None, b'/') if matches!(bytes.get(at + 1), Some(b'/' | b'*')) => return None,
                _ => {}
            }
            at += 1;
        }
        (open.is_empty() && quote.is_none()).then_some(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(source: &str) -> Shape {
        of(&Program::parse(source).unwrap())
    }

    #[test]
    fn filters_and_maps_of_data_go_by_pieces() {
        for source in [
            "data",
            "filter(data, {# endsWith '.pdf'})",
            "filter(data, # endsWith '.pdf')",
            "map(filter(data, {# startsWith 'a,b|c('}), {trimPrefix(#, \"x)\")})",
            "data | filter(# contains 'x') | map(upper(#))",
            " map( data , {# + '|' + #}) ",
            "filter(data, {# == 'a' || # == 'b'})",
        ] {
            assert_eq!(shape(source), Shape::Pieces, "{source}");
        }
    }

    #[test]
    fn counts_of_such_are_added() {
        for source in [
            "len(data)",
            "count(data, {# endsWith '.pdf'})",
            "len(filter(data, {# endsWith '.pdf'}))",
            "data | filter(# contains 'x') | len()",
        ] {
            assert_eq!(shape(source), Shape::Counts, "{source}");
        }
    }

    #[test]
    fn all_else_needs_all_of_it() {
        for source in [
            "sort(data)",
            "data[0]",
            "filter(data, {# != data[0]})",
            "filter(data, {#index < 3})",
            "map(data, {sprig.randAlpha(3)})",
            "filter(sort(data), {# != ''})",
            "filter(data, {# != ''})[0]",
            "filter(data, {# != ''}) | first()",
            "len(sort(data))",
            "len(data) + 1",
            "map(data, {#}) == map([], {#})",
            "true ? data : []",
            "filter(data, {# != ''}) /* all of them */",
        ] {
            assert_eq!(shape(source), Shape::Whole, "{source}");
        }
    }
}
