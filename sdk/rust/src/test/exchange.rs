//! One HTTP request that is expected, and its answer.

use serde_json::Value;

use crate::http::{Error, ErrorKind, Sent};

/// One HTTP request that is expected, and its answer.
///
/// ```
/// use tiphys_plugin::http::ErrorKind;
/// use tiphys_plugin::test::Exchange;
///
/// let created = Exchange::new("POST", "https://api.example.test/jobs")
///     .wants("content-type", "application/json")
///     .wants_body(r#"{"name":"a"}"#)
///     .header("location", "/jobs/1")
///     .answer(201, "");
/// let down = Exchange::get("https://api.example.test/jobs/1").error(ErrorKind::Connect, "connection refused");
/// ```
#[derive(Clone, Debug)]
pub struct Exchange {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: Option<Body>,
    pub(super) answer: Answer,
}

#[derive(Clone, Debug)]
enum Body {
    Bytes(Vec<u8>),
    Json(Value),
}

#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub error: Option<Error>,
}

impl Exchange {
    /// A request with that method to that URL.
    pub fn new(method: &str, url: &str) -> Exchange {
        Exchange {
            method: method.to_owned(),
            url: url.to_owned(),
            headers: Vec::new(),
            body: None,
            answer: Answer {
                status: 200,
                headers: Vec::new(),
                body: Vec::new(),
                error: None,
            },
        }
    }

    /// A GET request to that URL.
    pub fn get(url: &str) -> Exchange {
        Exchange::new("GET", url)
    }

    /// The request must have this header; others it may have too.
    #[must_use]
    pub fn wants(mut self, name: &str, value: &str) -> Exchange {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The request must have this body.
    #[must_use]
    pub fn wants_body(mut self, body: impl Into<Vec<u8>>) -> Exchange {
        self.body = Some(Body::Bytes(body.into()));
        self
    }

    /// The request must have a body that means this JSON, however it is written.
    #[must_use]
    pub fn wants_json(mut self, body: Value) -> Exchange {
        self.body = Some(Body::Json(body));
        self
    }

    /// The answer has this header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Exchange {
        let name = name.to_ascii_lowercase();
        self.answer.headers.push((name, value.to_owned()));
        self
    }

    /// The answer's status and body.
    #[must_use]
    pub fn answer(mut self, status: u16, body: impl Into<Vec<u8>>) -> Exchange {
        self.answer.status = status;
        self.answer.body = body.into();
        self
    }

    /// There is no answer.
    #[must_use]
    pub fn error(mut self, kind: ErrorKind, message: &str) -> Exchange {
        self.answer.error = Some(Error::new(kind, message));
        self
    }

    /// What is different from what was expected.
    pub(super) fn difference(&self, sent: &Sent) -> Option<String> {
        if (&self.method, &self.url) != (&sent.method, &sent.url) {
            return Some(format!(
                "expected {} {}, got {} {}",
                self.method, self.url, sent.method, sent.url
            ));
        }
        for (name, value) in &self.headers {
            let its: Vec<&str> = sent
                .headers
                .iter()
                .filter(|(its, _)| its.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.as_str())
                .collect();
            if !its.contains(&value.as_str()) {
                return Some(format!(
                    "{} {}: expected the header {name}: {value}, got {its:?}",
                    self.method, self.url
                ));
            }
        }
        let its = sent.body.as_deref().unwrap_or_default();
        let wanted = match self.body.as_ref()? {
            Body::Bytes(wanted) if wanted == its => return None,
            Body::Json(wanted)
                if serde_json::from_slice(its).is_ok_and(|its: Value| its == *wanted) =>
            {
                return None;
            }
            Body::Bytes(wanted) => String::from_utf8_lossy(wanted).into_owned(),
            Body::Json(wanted) => wanted.to_string(),
        };
        Some(format!(
            "{self}: expected the body {wanted:?}, got {:?}",
            String::from_utf8_lossy(its)
        ))
    }
}

impl std::fmt::Display for Exchange {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} {}", self.method, self.url)
    }
}
