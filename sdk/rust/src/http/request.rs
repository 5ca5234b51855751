//! A request that is being built.

use std::time::Duration;

use serde::Serialize;

use super::{Error, ErrorKind, Response};
use crate::host;

/// A request that is being built: see [`super::request`].
///
/// ```
/// use std::time::Duration;
/// use tiphys_plugin::http;
///
/// let request = http::get("https://api.example.test/")
///     .header("authorization", "Bearer …")
///     .timeout(Duration::from_secs(5))
///     .redirects(3);
/// ```
#[derive(Clone, Debug)]
pub struct Request {
    pub(crate) sent: Sent,
    fault: Option<Error>,
}

/// A request as the host gets it.
///
/// ```
/// use tiphys_plugin::http;
/// let sent = http::post("https://api.example.test/").body("x").sent().unwrap();
/// assert_eq!((sent.method.as_str(), sent.body.as_deref()), ("POST", Some(&b"x"[..])));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// `GET` and the like.
    pub method: String,
    /// The whole URL.
    pub url: String,
    /// Names and values, in order.
    pub headers: Vec<(String, String)>,
    /// The body, if there is one.
    pub body: Option<Vec<u8>>,
    /// Milliseconds up to the response's headers, and for each read after that; none: the call's own limit.
    pub timeout: Option<u64>,
    /// How many redirects are followed.
    pub redirects: u32,
    /// Any certificate of the server will do.
    pub insecure: bool,
    /// PEM: certificates that are trusted instead of the machine's.
    pub roots: Option<String>,
    /// The client's own certificate.
    pub identity: Option<Identity>,
}

/// A client certificate with its chain, and its private key, each as PEM.
///
/// ```
/// use tiphys_plugin::http::{self, Identity};
/// # let (certificate, key) = (String::new(), String::new());
/// let request = http::get("https://api.example.test/").identity(Identity { certificate, key });
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// The certificate, and those that lead from it to a root.
    pub certificate: String,
    /// Its private key.
    pub key: String,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Identity(…)")
    }
}

impl Request {
    pub(super) fn new(method: String, url: String) -> Request {
        Request {
            sent: Sent {
                method,
                url,
                headers: Vec::new(),
                body: None,
                timeout: None,
                redirects: 10,
                insecure: false,
                roots: None,
                identity: None,
            },
            fault: None,
        }
    }

    /// Adds a header. `host` sets what the server is told it is called.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Request {
        self.sent.headers.push((name.into(), value.into()));
        self
    }

    /// The body.
    #[must_use]
    pub fn body(mut self, bytes: impl Into<Vec<u8>>) -> Request {
        self.sent.body = Some(bytes.into());
        self
    }

    /// The body as JSON, with its content type.
    #[must_use]
    pub fn json<T: Serialize + ?Sized>(mut self, value: &T) -> Request {
        match serde_json::to_vec(value) {
            Ok(bytes) => self.header("content-type", "application/json").body(bytes),
            Err(error) => {
                let message = format!("the request's body has no JSON form: {error}");
                self.fault = Some(Error::new(ErrorKind::Invalid, message));
                self
            }
        }
    }

    /// The time up to the response's headers, and for each read after that. The call's own deadline holds anyway.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Request {
        self.sent.timeout = Some(u64::try_from(limit.as_millis()).unwrap_or(u64::MAX));
        self
    }

    /// How many redirects are followed (10 where nothing is said); 0: none, the 3xx is the response.
    #[must_use]
    pub fn redirects(mut self, most: u32) -> Request {
        self.sent.redirects = most;
        self
    }

    /// Any certificate of the server will do.
    #[must_use]
    pub fn insecure(mut self, any: bool) -> Request {
        self.sent.insecure = any;
        self
    }

    /// PEM: certificates that are trusted instead of the machine's.
    #[must_use]
    pub fn roots(mut self, pem: impl Into<String>) -> Request {
        self.sent.roots = Some(pem.into());
        self
    }

    /// The client's own certificate.
    #[must_use]
    pub fn identity(mut self, identity: Identity) -> Request {
        self.sent.identity = Some(identity);
        self
    }

    /// The request as the host gets it.
    ///
    /// # Errors
    /// A body that had no JSON form.
    pub fn sent(self) -> Result<Sent, Error> {
        match self.fault {
            Some(fault) => Err(fault),
            None => Ok(self.sent),
        }
    }

    /// Sends it and waits for the response's headers.
    ///
    /// # Errors
    /// There is no response: [`Error::kind`] says why.
    pub fn send(self) -> Result<Response, Error> {
        host::send(self.sent()?).map(Response)
    }
}
