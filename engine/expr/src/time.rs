//! Times as Go writes and reads them, and the strftime characters of `workflow.creationTimestamp`.

mod layout;
mod parse;

pub(crate) use layout::{format, month_name, weekday_name};
pub(crate) use parse::parse;

use jiff::tz::{TimeZone, TimeZoneDatabase};
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

pub(crate) const RFC3339: &str = "2006-01-02T15:04:05Z07:00";
const RFC3339_NANO: &str = "2006-01-02T15:04:05.999999999Z07:00";
const GO_STRING: &str = "2006-01-02 15:04:05.999999999 -0700 MST";

/// As JSON has it.
pub(crate) fn rfc3339_nano(time: &Zoned) -> String {
    format(time, RFC3339_NANO)
}

/// As `%v` has it.
pub(crate) fn go_string(time: &Zoned) -> String {
    format(time, GO_STRING)
}

/// A zone by its name in the database that is compiled in; "" and "UTC" are UTC.
pub(crate) fn zone(name: &str) -> Option<TimeZone> {
    match name {
        "" | "UTC" | "Local" => Some(TimeZone::UTC),
        _ => TimeZoneDatabase::bundled().get(name).ok(),
    }
}

pub(crate) fn zone_name(zone: &TimeZone) -> String {
    match zone.iana_name() {
        Some(name) => name.to_owned(),
        None if *zone == TimeZone::UTC => "UTC".to_owned(),
        None => String::new(),
    }
}

/// Go's zero time, the first of January of the year 1.
pub(crate) fn zero() -> Zoned {
    let date = jiff::civil::date(1, 1, 1);
    date.to_zoned(TimeZone::UTC)
        .unwrap_or_else(|_| Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strftime_characters() {
        let at: Timestamp = "2024-02-29T15:04:05.678Z".parse().unwrap();
        let all: Vec<String> = STRFTIME.chars().filter_map(|c| strftime(at, c)).collect();
        assert_eq!(
            all.join(" "),
            "February Feb 02 Thursday Thu 29 15 03 04 05 2024 24 PM UTC +0000 678"
        );
        assert_eq!(strftime(at, '%'), None);
        assert_eq!(rfc3339(at), "2024-02-29T15:04:05Z");
    }

    #[test]
    fn go_layouts_both_ways() {
        for (layout, text, expected) in [
            (
                RFC3339,
                "2024-02-29T12:34:56Z",
                "2024-02-29 12:34:56 +0000 UTC",
            ),
            (
                RFC3339,
                "2024-02-29T12:34:56.5+02:00",
                "2024-02-29 12:34:56.5 +0200 +0200",
            ),
            (
                "Jan _2, 2006 at 3:04pm (MST)",
                "Feb  3, 2013 at 7:54pm (UTC)",
                "2013-02-03 19:54:00 +0000 UTC",
            ),
            (
                "Monday, 02-Jan-06 15:04:05 MST",
                "Thursday, 29-Feb-24 01:02:03 UTC",
                "2024-02-29 01:02:03 +0000 UTC",
            ),
            ("15:04", "07:30", "0000-01-01 07:30:00 +0000 UTC"),
            ("2006-002", "2024-060", "2024-02-29 00:00:00 +0000 UTC"),
        ] {
            let time = parse(layout, text, &TimeZone::UTC)
                .unwrap_or_else(|error| panic!("{layout}: {error}"));
            assert_eq!(go_string(&time), expected, "{layout}");
            if layout != RFC3339 {
                assert_eq!(format(&time, layout), text);
            }
        }
        assert!(parse(RFC3339, "2024-02-30T00:00:00Z", &TimeZone::UTC).is_err());
        assert!(parse("2006", "20x4", &TimeZone::UTC).is_err());
    }
}
