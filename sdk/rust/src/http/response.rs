//! A response whose body is read as it is asked for.

use std::io;

use serde::de::DeserializeOwned;

use super::{Error, ErrorKind};
use crate::host;

const PIECE: u32 = 64 << 10;

/// A response. Its body is read as it is asked for, decoded as its Content-Encoding says; it is a [`std::io::Read`] too.
///
/// ```
/// use tiphys_plugin::http;
/// use tiphys_plugin::test::{Exchange, Host};
///
/// let page = Exchange::get("https://example.test/").header("content-type", "text/plain").answer(200, "hello");
/// Host::new().http(page).run(|| {
///     let mut response = http::get("https://example.test/").send().unwrap();
///     assert_eq!(response.header("Content-Type"), Some("text/plain"));
///     assert_eq!(response.read(2).unwrap(), b"he");
///     assert_eq!(response.text().unwrap(), "llo");
/// });
/// ```
#[derive(Debug)]
pub struct Response(pub(crate) host::Response);

impl Response {
    /// 200 and the like.
    pub fn status(&self) -> u16 {
        self.0.status()
    }

    /// It is 2xx.
    pub fn ok(&self) -> bool {
        (200..300).contains(&self.status())
    }

    /// Names (in lower case) and values, in order.
    pub fn headers(&self) -> &[(String, String)] {
        self.0.headers()
    }

    /// The first value of a header, in whatever case the name is asked for.
    pub fn header(&self, name: &str) -> Option<&str> {
        let named = |(its, _): &&(String, String)| its.eq_ignore_ascii_case(name);
        let (_, value) = self.headers().iter().find(named)?;
        Some(value)
    }

    /// Where it came from, after redirects.
    pub fn url(&self) -> String {
        self.0.url()
    }

    /// The next bytes of the body, at most `limit`; empty at its end.
    ///
    /// # Errors
    /// The connection broke, the time was up, or more than is granted.
    pub fn read(&mut self, limit: u32) -> Result<Vec<u8>, Error> {
        self.0.read(limit)
    }

    /// All that is left of the body.
    ///
    /// # Errors
    /// As [`Response::read`], and a body larger than `limit`.
    pub fn bytes(&mut self, limit: usize) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        loop {
            let piece = self.read(PIECE)?;
            if piece.is_empty() {
                return Ok(bytes);
            }
            if piece.len() > limit - bytes.len() {
                let message = format!("the response's body is larger than {limit} bytes");
                return Err(Error::new(ErrorKind::Limit, message));
            }
            bytes.extend_from_slice(&piece);
        }
    }

    /// All that is left of the body as text; what is no UTF-8 becomes U+FFFD.
    ///
    /// # Errors
    /// As [`Response::read`].
    pub fn text(mut self) -> Result<String, Error> {
        let bytes = self.bytes(usize::MAX)?;
        Ok(String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    /// All that is left of the body as JSON.
    ///
    /// # Errors
    /// As [`Response::read`], and a body that is no JSON or of another shape.
    pub fn json<T: DeserializeOwned>(mut self) -> Result<T, Error> {
        let bytes = self.bytes(usize::MAX)?;
        serde_json::from_slice(&bytes).map_err(|error| {
            let message = format!("the response's body cannot be read: {error}");
            Error::new(ErrorKind::Invalid, message)
        })
    }
}

impl io::Read for Response {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let limit = u32::try_from(into.len()).unwrap_or(u32::MAX);
        let piece = self.0.read(limit).map_err(io::Error::other)?;
        into[..piece.len()].copy_from_slice(&piece);
        Ok(piece.len())
    }
}
