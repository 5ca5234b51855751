//! URLs: relative ones, origins, the Link header.

use url::Url;

/// Reads a URL that HTTP can be spoken to.
pub(crate) fn parse(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("{text:?} is no URL: {error}"))?;
    match url.scheme() {
        "http" | "https" if url.has_host() => Ok(url),
        scheme => Err(format!(
            "{text:?} is no URL of http or https but of {scheme}"
        )),
    }
}

/// A reference as a URL, relative to where it was found.
pub(crate) fn resolve(base: &str, reference: &str) -> Result<String, String> {
    let url = parse(base)?
        .join(reference.trim())
        .map_err(|error| format!("{reference:?} is no URL: {error}"))?;
    parse(url.as_str()).map(String::from)
}

/// Whether both have the same scheme, host and port: only then may one get what is secret of the other.
pub(crate) fn same(one: &str, other: &str) -> bool {
    match (Url::parse(one), Url::parse(other)) {
        (Ok(one), Ok(other)) => one.origin() == other.origin(),
        _ => false,
    }
}

/// The URL as it may be shown: no user, no query, no fragment.
pub(crate) fn shown(text: &str) -> String {
    let Ok(mut url) = Url::parse(text) else {
        return text.split(['?', '#']).next().unwrap_or_default().to_owned();
    };
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

/// The URL with a query parameter set.
pub(crate) fn with_parameter(text: &str, name: &str, value: &str) -> Result<String, String> {
    let mut url = parse(text)?;
    let others: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(its, _)| its != name)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    url.query_pairs_mut()
        .clear()
        .extend_pairs(others)
        .append_pair(name, value);
    Ok(url.into())
}

/// The target of the first link of that relation, in values of the Link header (RFC 8288).
pub(crate) fn link<'a>(
    values: impl IntoIterator<Item = &'a str>,
    relation: &str,
) -> Option<String> {
    values.into_iter().find_map(|value| links(value, relation))
}

fn links(mut rest: &str, relation: &str) -> Option<String> {
    while let Some(open) = rest.find('<') {
        let after = &rest[open + 1..];
        let close = after.find('>')?;
        let target = &after[..close];
        let parameters = &after[close + 1..];
        let end = end_of_link(parameters);
        if relations(&parameters[..end]).any(|its| its.eq_ignore_ascii_case(relation)) {
            return Some(target.to_owned());
        }
        rest = &parameters[end..];
    }
    None
}

/// Where the comma is that ends a link; one in quotes does not.
fn end_of_link(parameters: &str) -> usize {
    let mut quoted = false;
    for (at, next) in parameters.char_indices() {
        match next {
            '"' => quoted = !quoted,
            ',' if !quoted => return at,
            _ => {}
        }
    }
    parameters.len()
}

fn relations(parameters: &str) -> impl Iterator<Item = &str> {
    parameters
        .split(';')
        .filter_map(|parameter| parameter.split_once('='))
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("rel"))
        .flat_map(|(_, value)| value.trim().trim_matches('"').split_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_resolved_and_judged() {
        let base = "https://a.test/jobs?x=1";
        assert_eq!(
            resolve(base, "/jobs/1").as_deref(),
            Ok("https://a.test/jobs/1")
        );
        assert_eq!(resolve(base, "1").as_deref(), Ok("https://a.test/1"));
        assert!(resolve(base, "file:///etc/passwd").is_err());
        assert!(same(base, "https://a.test:443/y"));
        assert!(!same(base, "http://a.test/y"));
        assert!(!same(base, "https://b.test/jobs"));
    }

    #[test]
    fn what_may_be_secret_is_not_shown() {
        assert_eq!(shown("https://u:p@a.test/x?token=1#f"), "https://a.test/x");
        assert_eq!(shown("nonsense?x"), "nonsense");
    }

    #[test]
    fn parameters_are_set_once() {
        assert_eq!(
            with_parameter("https://a.test/?page=1&n=2", "page", "a b").as_deref(),
            Ok("https://a.test/?n=2&page=a+b")
        );
    }

    #[test]
    fn links_are_found_by_relation() {
        let header = r#"<https://a.test/?p=1>; rel="prev", <https://a.test/?a,b>; title="x, y"; rel="last next""#;
        assert_eq!(
            link([header], "next").as_deref(),
            Some("https://a.test/?a,b")
        );
        assert_eq!(link([header], "first"), None);
        assert_eq!(link(["</p/2>; rel=next"], "next").as_deref(), Some("/p/2"));
        assert_eq!(link(["<broken", ""], "next"), None);
    }
}
