//! The time of day. In tests it is the test's own clock.

use std::time::Duration;

use crate::host;

/// Milliseconds since 1970-01-01T00:00:00Z.
///
/// ```
/// use tiphys_plugin::{clock, test::Host};
/// Host::new().now(1_000).run(|| assert_eq!(clock::now(), 1_000));
/// ```
pub fn now() -> u64 {
    host::now()
}

/// How long it is until then; nothing where it is past.
///
/// ```
/// use std::time::Duration;
/// use tiphys_plugin::{clock, test::Host};
/// Host::new().now(1_000).run(|| assert_eq!(clock::until(1_500), Duration::from_millis(500)));
/// ```
pub fn until(then: u64) -> Duration {
    Duration::from_millis(then.saturating_sub(now()))
}
