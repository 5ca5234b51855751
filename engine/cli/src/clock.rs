//! Times and durations as people read and write them.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

/// Units of a short duration, in seconds.
const UNITS: [(&str, &str, i64); 4] = [
    ("d", "day", 86_400),
    ("h", "hour", 3_600),
    ("m", "minute", 60),
    ("s", "second", 1),
];

/// `10s`, `5m`, `1h30m`, `1d`, `1.5h`.
pub fn parse(text: &str) -> Option<SignedDuration> {
    let mut total = 0.0;
    let mut rest = text.trim();
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let end = rest
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(rest.len());
        total += number
            * match &rest[..end] {
                "w" => 604_800.0,
                "d" => 86_400.0,
                "h" => 3_600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 0.001,
                _ => return None,
            };
        rest = &rest[end..];
    }
    let known = !text.trim().is_empty() && total.is_finite() && total < 1e12;
    known
        .then(|| SignedDuration::try_from_secs_f64(total).ok())
        .flatten()
}

/// The two largest units: `850ms`, `12s`, `1m20s`, `3h5m`, `2d`.
pub fn short(duration: SignedDuration) -> String {
    let millis = duration.as_millis().max(0);
    if millis > 0 && millis < 1_000 {
        return format!("{millis}ms");
    }
    if millis < 10_000 && millis % 1_000 != 0 {
        return format!("{}.{}s", millis / 1_000, millis % 1_000 / 100);
    }
    two_units(duration)
        .iter()
        .map(|(count, unit)| format!("{count}{}", unit.0))
        .collect()
}

/// In words: `1 minute 20 seconds`.
pub fn long(duration: SignedDuration) -> String {
    if duration.as_secs() < 10 && duration.subsec_millis() > 0 {
        return format!("{:.1} seconds", duration.as_secs_f64());
    }
    let words: Vec<String> = two_units(duration)
        .iter()
        .map(|(count, unit)| format!("{count} {}{}", unit.1, if *count == 1 { "" } else { "s" }))
        .collect();
    words.join(" ")
}

fn two_units(duration: SignedDuration) -> Vec<(i64, (&'static str, &'static str))> {
    let mut seconds = duration.as_secs().max(0);
    let Some(first) = UNITS.iter().position(|unit| seconds >= unit.2) else {
        return vec![(0, ("s", "second"))];
    };
    let mut found = Vec::new();
    for (letter, word, size) in UNITS.iter().skip(first).take(2) {
        if seconds / size > 0 {
            found.push((seconds / size, (*letter, *word)));
        }
        seconds %= size;
    }
    found
}

/// From `start` to `end`, or to now.
pub fn between(start: Option<&Time>, end: Option<&Time>, now: Timestamp) -> Option<SignedDuration> {
    let start = start?.0;
    Some(end.map_or(now, |end| end.0).duration_since(start))
}

/// `Tue Nov 24 17:56:13 +0000 (3 seconds ago)`.
pub fn stamp(time: &Time, now: Timestamp) -> String {
    let zoned = time.0.to_zoned(TimeZone::UTC);
    let age = now.duration_since(time.0);
    let ago = if age.is_negative() {
        format!("{} from now", long(-age))
    } else {
        format!("{} ago", long(whole(age)))
    };
    format!("{} ({ago})", zoned.strftime("%a %b %d %H:%M:%S %z"))
}

/// Without its part of a second.
pub fn whole(duration: SignedDuration) -> SignedDuration {
    SignedDuration::from_secs(duration.as_secs())
}

/// Without what is less than a tenth of a second: for what is drawn anew all the time.
pub fn tenths(duration: SignedDuration) -> SignedDuration {
    let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    SignedDuration::from_millis(millis / 100 * 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_durations() {
        for (text, want) in [
            ("10s", "10s"),
            ("90s", "1m30s"),
            ("1h30m", "1h30m"),
            ("1.5d", "1d12h"),
            ("250ms", "250ms"),
            ("1500ms", "1.5s"),
        ] {
            assert_eq!(short(parse(text).unwrap()), want, "{text}");
        }
        for text in ["", "10", "m", "1y", "-1s", "1e3s", "99999999999999999999d"] {
            assert!(parse(text).is_none(), "{text}");
        }
        assert_eq!(long(SignedDuration::from_secs(3661)), "1 hour 1 minute");
        assert_eq!(long(SignedDuration::from_secs(0)), "0 seconds");
        assert_eq!(short(SignedDuration::from_secs(-5)), "0s");
    }
}
