//! Sizes and times as operators write them.

use std::time::Duration;

/// Bytes: a number, or one with `k`, `M`, `G` (1000) or `Ki`, `Mi`, `Gi` (1024), as Kubernetes writes quantities of memory.
#[must_use]
pub fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let factor: u64 = match &text[digits..] {
        "" => 1,
        "k" => 1000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        "Ki" => 1 << 10,
        "Mi" => 1 << 20,
        "Gi" => 1 << 30,
        _ => return None,
    };
    text[..digits].parse::<u64>().ok()?.checked_mul(factor)
}

/// A time: `500ms`, `10s`, `2m`, `1h`, or seconds.
pub(crate) fn parse_time(text: &str) -> Option<Duration> {
    let text = text.trim();
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let millis: u64 = match &text[digits..] {
        "ms" => 1,
        "" | "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    let number = text[..digits].parse::<u64>().ok()?;
    Some(Duration::from_millis(number.checked_mul(millis)?))
}

/// Bytes for people: two digits that count, rounded down.
#[must_use]
pub fn show(bytes: u64) -> String {
    let (shift, unit) = match bytes {
        0..1024 => return format!("{bytes} bytes"),
        1024..1_048_576 => (10, "KiB"),
        1_048_576..1_073_741_824 => (20, "MiB"),
        _ => (30, "GiB"),
    };
    let whole = bytes >> shift;
    let tenths = ((bytes - (whole << shift)) * 10) >> shift;
    if whole < 10 && tenths > 0 {
        format!("{whole}.{tenths} {unit}")
    } else {
        format!("{whole} {unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times() {
        assert_eq!(parse_size("64Mi"), Some(64 << 20));
        assert_eq!(parse_size("10k"), Some(10_000));
        assert_eq!(parse_size("12"), Some(12));
        for bad in ["", "Mi", "-1", "1.5Mi", "99999999999Gi", "1 Mi"] {
            assert_eq!(parse_size(bad), None, "{bad}");
        }
        assert_eq!(parse_time("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(parse_time("2m"), Some(Duration::from_secs(120)));
        assert_eq!(parse_time("s"), None);
        assert_eq!(show(64 << 20), "64 MiB");
        assert_eq!(show(1_784_342), "1.7 MiB");
        assert_eq!(show(110_407), "107 KiB");
        assert_eq!(show(1023), "1023 bytes");
    }
}
