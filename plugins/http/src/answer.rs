//! A response that has been read, and what expressions see of it.

use std::cell::OnceCell;

use serde_json::Value;
use tiphys_expr::Value as Seen;
use tiphys_plugin_query::expression::Names;

use crate::origin;

/// A response whose body is in memory (or was not wanted).
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub url: String,
    pub body: String,
    /// The body's bytes, where they are no text.
    raw: Option<Vec<u8>>,
    json: OnceCell<Option<Value>>,
}

/// What expressions see of the request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub method: String,
    pub url: String,
    pub body: String,
    pub bytes: Vec<u8>,
    /// Names and values as the template has them, but for those from secrets.
    pub headers: Vec<(String, String)>,
}

impl Answer {
    pub(crate) fn new(status: u16, headers: &[(String, String)], url: String) -> Answer {
        Answer {
            status,
            headers: headers.to_vec(),
            url,
            ..Answer::default()
        }
    }

    #[must_use]
    pub(crate) fn with_body(mut self, body: String) -> Answer {
        self.body = body;
        self.raw = None;
        self.json = OnceCell::new();
        self
    }

    #[must_use]
    pub(crate) fn with_bytes(self, bytes: Vec<u8>) -> Answer {
        match String::from_utf8(bytes) {
            Ok(text) => self.with_body(text),
            Err(error) => {
                // Each byte that is no UTF-8 becomes U+FFFD, as where Go writes JSON.
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                let mut answer = self.with_body(text);
                answer.raw = Some(error.into_bytes());
                answer
            }
        }
    }

    /// The body as it came.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.raw.as_deref().unwrap_or(self.body.as_bytes())
    }

    /// The body as JSON, if it is any.
    pub(crate) fn json(&self) -> Option<&Value> {
        self.json
            .get_or_init(|| serde_json::from_str(&self.body).ok())
            .as_ref()
    }

    pub(crate) fn ok(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The values of a header.
    pub(crate) fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |(its, _)| its.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Where a header such as Location leads, made absolute.
    pub(crate) fn place(&self, name: &str) -> Option<Result<String, String>> {
        let value = self.header(name).next()?;
        Some(origin::resolve(&self.url, value))
    }

    /// `response.*` and `request.*`, as Argo has them.
    pub(crate) fn names(&self, asked: &Asked) -> Names {
        let response = [
            ("statusCode".to_owned(), Seen::Int(i64::from(self.status))),
            ("body".to_owned(), Seen::str(&self.body)),
            ("headers".to_owned(), lists(&self.headers, canonical)),
            ("url".to_owned(), Seen::str(&self.url)),
        ];
        let bytes = asked.bytes.iter().map(|byte| Seen::Int(i64::from(*byte)));
        let request = [
            ("method".to_owned(), Seen::str(&asked.method)),
            ("url".to_owned(), Seen::str(&asked.url)),
            ("body".to_owned(), Seen::str(&asked.body)),
            ("bodyBytes".to_owned(), Seen::list(bytes.collect())),
            ("headers".to_owned(), lists(&asked.headers, str::to_owned)),
        ];
        Names::default()
            .with("response", Seen::map(response))
            .with("request", Seen::map(request))
    }
}

/// Go's `http.Header`: a name to its values.
fn lists(headers: &[(String, String)], name_of: fn(&str) -> String) -> Seen {
    let mut lists: Vec<(String, Vec<Seen>)> = Vec::new();
    for (name, value) in headers {
        let name = name_of(name);
        match lists.iter_mut().find(|(its, _)| *its == name) {
            Some((_, values)) => values.push(Seen::str(value)),
            None => lists.push((name, vec![Seen::str(value)])),
        }
    }
    Seen::map(
        lists
            .into_iter()
            .map(|(name, values)| (name, Seen::list(values))),
    )
}

/// Go's canonical form: `content-type` is `Content-Type`.
fn canonical(name: &str) -> String {
    let mut start = true;
    name.chars()
        .map(|next| {
            let shown = match start {
                true => next.to_ascii_uppercase(),
                false => next.to_ascii_lowercase(),
            };
            start = next == '-';
            shown
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tiphys_expr::Program;
    use tiphys_plugin_query::expression::holds;

    #[test]
    fn expressions_see_what_argo_shows() {
        let headers = [
            ("content-type".to_owned(), "text/plain".to_owned()),
            ("set-cookie".to_owned(), "a".to_owned()),
            ("set-cookie".to_owned(), "b".to_owned()),
        ];
        let answer = Answer::new(201, &headers, "https://a.test/".to_owned())
            .with_body(r#"{"n": 3}"#.to_owned());
        let asked = Asked {
            method: "POST".to_owned(),
            body: "x".to_owned(),
            bytes: vec![120],
            headers: vec![("x-a".to_owned(), "1".to_owned())],
            ..Asked::default()
        };
        for condition in [
            "response.statusCode == 201",
            "response.headers['Content-Type'][0] == 'text/plain'",
            "len(response.headers['Set-Cookie']) == 2",
            "fromJSON(response.body).n == 3",
            "request.method == 'POST' && request.body == 'x' && request.bodyBytes == [120]",
            "request.headers['x-a'] == ['1']",
            "response.headers['nope'] == nil",
        ] {
            let program = Program::parse(condition).unwrap();
            assert_eq!(
                holds(&program, &answer.names(&asked)),
                Ok(true),
                "{condition}"
            );
        }
    }
}
