//! Go's durations, in nanoseconds.

const SECOND: i128 = 1_000_000_000;

/// Why a text is no duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a duration such as 1h30m, 45s or 250ms")]
pub struct DurationError(pub String);

/// Reads `1h30m`, `-1.5s`, `0` (Go's `time.ParseDuration`); nanoseconds.
///
/// # Errors
/// Anything else: a number without a unit, an unknown unit, more than 292 years.
pub fn parse(text: &str) -> Result<i64, DurationError> {
    units(text).ok_or_else(|| DurationError(text.to_owned()))
}

/// As [`parse`], with a bare number as seconds (Argo's `suspend.duration`, `backoff`, `timeout`); nanoseconds.
///
/// # Errors
/// As [`parse`].
pub fn parse_or_seconds(text: &str) -> Result<i64, DurationError> {
    match text.trim().parse::<i64>() {
        Ok(seconds) => seconds
            .checked_mul(SECOND as i64)
            .ok_or_else(|| DurationError(text.to_owned())),
        Err(_) => parse(text),
    }
}

fn units(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let end = rest
            .find(|next: char| !(next.is_ascii_digit() || next == '.'))
            .unwrap_or(rest.len());
        let (number, after) = rest.split_at(end);
        let end = after
            .find(|next: char| next.is_ascii_digit() || next == '.')
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        total += amount(number, unit)?;
        if total > i128::from(i64::MAX) + 1 {
            return None;
        }
        rest = after;
    }
    i64::try_from(if negative { -total } else { total }).ok()
}

fn amount(number: &str, unit: &str) -> Option<i128> {
    let unit: i128 = match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => SECOND,
        "m" => 60 * SECOND,
        "h" => 3600 * SECOND,
        _ => return None,
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && part.is_empty()) || part.contains('.') || whole.len() > 19 {
        return None;
    }
    let whole: i128 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    let digits = &part[..part.len().min(18)];
    let part: i128 = if digits.is_empty() {
        0
    } else {
        digits.parse::<i128>().ok()? * unit / 10_i128.pow(digits.len() as u32)
    };
    Some(whole * unit + part)
}

/// `1h30m0s`, `1.5s`, `250ms`, `0s` (Go's `Duration.String`).
pub fn format(nanos: i64) -> String {
    let size = i128::from(nanos).unsigned_abs();
    let sign = if nanos < 0 { "-" } else { "" };
    let scaled = |unit: u128| decimal(size / unit, size % unit, unit);
    if nanos == 0 {
        return "0s".to_owned();
    }
    if size < SECOND as u128 {
        return match size {
            0..1_000 => format!("{sign}{size}ns"),
            1_000..1_000_000 => format!("{sign}{}µs", scaled(1_000)),
            _ => format!("{sign}{}ms", scaled(1_000_000)),
        };
    }
    let second = SECOND as u128;
    let (minutes, rest) = (size / (60 * second), size % (60 * second));
    let seconds = decimal(rest / second, rest % second, second);
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{sign}{seconds}s"),
        (0, minutes) => format!("{sign}{minutes}m{seconds}s"),
        (hours, minutes) => format!("{sign}{hours}h{minutes}m{seconds}s"),
    }
}

/// `whole.part` without trailing zeros, the part being so many of `unit`.
fn decimal(whole: u128, part: u128, unit: u128) -> String {
    if part == 0 {
        return whole.to_string();
    }
    let width = unit.ilog10() as usize;
    let digits = format!("{part:0>width$}");
    format!("{whole}.{}", digits.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_as_go() {
        for (text, nanos, shown) in [
            ("1h30m", 5_400_000_000_000, "1h30m0s"),
            ("90m", 5_400_000_000_000, "1h30m0s"),
            ("1.5s", 1_500_000_000, "1.5s"),
            ("-250ms", -250_000_000, "-250ms"),
            ("0", 0, "0s"),
            ("1us", 1_000, "1µs"),
            (".5m", 30_000_000_000, "30s"),
            ("2h0m0.001s", 7_200_001_000_000, "2h0m0.001s"),
        ] {
            assert_eq!(parse(text), Ok(nanos), "{text}");
            assert_eq!(format(nanos), shown);
        }
        for bad in ["", "1", "h", "1d", "1h-2m", "1..5s", "99999999999999h"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert_eq!(parse_or_seconds("30"), Ok(30_000_000_000));
        assert_eq!(format(i64::MIN), "-2562047h47m16.854775808s");
    }
}
