//! Why there is no response.

use std::fmt;

use crate::outcome::Failure;

/// Why there is no response, or no more of it. As a [`Failure`] it is retryable where another time may go well.
///
/// ```
/// use tiphys_plugin::Failure;
/// use tiphys_plugin::http::{Error, ErrorKind};
///
/// let error = Error::new(ErrorKind::Timeout, "no answer within 5s");
/// assert!(Failure::from(error).retryable);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What kind of trouble it is.
    pub kind: ErrorKind,
    /// The host's words.
    pub message: String,
}

/// Kinds of trouble with a request.
///
/// ```
/// use tiphys_plugin::http::ErrorKind;
/// assert_eq!(ErrorKind::NotGranted.name(), "not-granted");
/// assert_eq!(ErrorKind::of("dns"), Some(ErrorKind::Dns));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The operator did not grant it.
    NotGranted,
    /// The request is none: a bad URL, a bad header, a bad PEM; or the response is not what was asked for.
    Invalid,
    /// The name has no address.
    Dns,
    /// No connection.
    Connect,
    /// The TLS handshake failed.
    Tls,
    /// The time was up.
    Timeout,
    /// The connection broke, or what came is not HTTP.
    Broken,
    /// More redirects than allowed, or one without a place to go.
    Redirect,
    /// More requests or bytes than the limit allows.
    Limit,
}

const NAMES: [(ErrorKind, &str); 9] = [
    (ErrorKind::NotGranted, "not-granted"),
    (ErrorKind::Invalid, "invalid"),
    (ErrorKind::Dns, "dns"),
    (ErrorKind::Connect, "connect"),
    (ErrorKind::Tls, "tls"),
    (ErrorKind::Timeout, "timeout"),
    (ErrorKind::Broken, "broken"),
    (ErrorKind::Redirect, "redirect"),
    (ErrorKind::Limit, "limit"),
];

impl ErrorKind {
    /// Its name, as the WIT has it.
    pub fn name(self) -> &'static str {
        NAMES[self as usize].1
    }

    /// The kind of that name.
    pub fn of(name: &str) -> Option<ErrorKind> {
        let named = NAMES.iter().find(|(_, its)| *its == name)?;
        Some(named.0)
    }
}

impl Error {
    /// An error in these words.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Error {
        Error {
            kind,
            message: message.into(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        let lasting = matches!(
            error.kind,
            ErrorKind::NotGranted | ErrorKind::Invalid | ErrorKind::Redirect | ErrorKind::Limit
        );
        Failure {
            message: error.message,
            retryable: !lasting,
            outputs: None,
        }
    }
}
