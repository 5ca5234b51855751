//! Secrets, each granted by its name.

use std::fmt;

use crate::host;
use crate::refusal::Refusal;

/// The value of that key of that Secret of the workflow's namespace.
///
/// ```
/// use tiphys_plugin::{secrets, test::Host};
///
/// Host::new().secret("api", "token", "s3cr3t").run(|| {
///     let token = secrets::get("api", "token").unwrap();
///     assert_eq!(token.text(), Some("s3cr3t"));
///     assert_eq!(format!("{token:?}"), "Secret(…)");
/// });
/// ```
///
/// # Errors
/// It is not granted, or there is no such Secret or key.
pub fn get(name: &str, key: &str) -> Result<Secret, Refusal> {
    host::secret(name, key).map(Secret)
}

/// What a Secret holds. It has no place in a log, a state or an output; so it is not shown by accident.
///
/// ```
/// # use tiphys_plugin::{secrets, test::Host};
/// Host::new().secret("api", "key", "k").run(|| {
///     assert_eq!(secrets::get("api", "key").unwrap().bytes(), b"k");
/// });
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Its text, if it is UTF-8.
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(…)")
    }
}
