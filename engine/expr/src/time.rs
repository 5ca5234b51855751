//! Times as Go writes and reads them, and the strftime characters of `workflow.creationTimestamp`.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// `2024-02-29T12:34:56Z` (Kubernetes' form: whole seconds, UTC).
pub fn rfc3339(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC)
        .strftime("%Y-%m-%dT%H:%M:%SZ")
        .to_string()
}

/// The characters that `workflow.creationTimestamp.<char>` knows.
pub const STRFTIME: &str = "BbmAadHIMSYypZzL";

/// One of [`STRFTIME`]'s characters for a moment, in UTC; `None` for any other.
pub fn strftime(at: Timestamp, character: char) -> Option<String> {
    let time = at.to_zoned(TimeZone::UTC);
    Some(match character {
        'L' => format!("{:03}", time.millisecond()),
        'Z' => "UTC".to_owned(),
        'B' | 'b' | 'm' | 'A' | 'a' | 'd' | 'H' | 'I' | 'M' | 'S' | 'Y' | 'y' | 'p' | 'z' => {
            time.strftime(&format!("%{character}")).to_string()
        }
        _ => return None,
    })
}

pub(crate) fn rfc3339_nano(_time: &Zoned) -> String {
    String::new()
}
pub(crate) fn go_string(_time: &Zoned) -> String {
    String::new()
}
pub(crate) fn zone_name(_zone: &TimeZone) -> String {
    String::new()
}
