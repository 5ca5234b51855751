//! Moments and durations of golden cases.

/// `2026-01-31T12:00:00Z`, with a fraction and an offset too; milliseconds since 1970.
pub(super) fn read(text: &str) -> Result<u64, String> {
    parse(text).ok_or_else(|| format!("{text:?} is no moment such as 2026-01-31T12:00:00Z"))
}

fn parse(text: &str) -> Option<u64> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let mut parts = date.split('-').map(str::parse::<i64>);
    let (year, month, day) = (
        parts.next()?.ok()?,
        parts.next()?.ok()?,
        parts.next()?.ok()?,
    );
    let zone = time.rfind(['Z', 'z', '+', '-'])?;
    let (time, zone) = time.split_at(zone);
    let offset = match zone.split_at(1) {
        ("Z" | "z", "") => 0,
        (sign, zone) => {
            let (hours, minutes) = zone.split_once(':')?;
            let minutes = hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?;
            if sign == "-" { -minutes } else { minutes }
        }
    };
    let mut parts = time.split(':');
    let (hour, minute): (i64, i64) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let second: f64 = parts.next()?.parse().ok()?;
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || parts.next().is_some() {
        return None;
    }
    let minutes = days(year, month, day) * 1440 + hour * 60 + minute - offset;
    u64::try_from(minutes * 60_000 + (second * 1000.0).round() as i64).ok()
}

/// Days since 1970 of a date of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // The year begins in March: the leap day is its last.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// `1m30s`, `250ms`; milliseconds.
pub(super) fn duration(text: &str) -> Result<u64, String> {
    let wrong = || format!("{text:?} is no duration such as 1m30s");
    let mut rest = text.trim();
    let mut total = 0.0;
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let end = rest
            .find(|next: char| next.is_alphabetic())
            .ok_or_else(wrong)?;
        let (number, after) = rest.split_at(end);
        let end = after
            .find(|next: char| !next.is_alphabetic())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let unit = match unit {
            "ms" => 1.0,
            "s" => 1000.0,
            "m" => 60_000.0,
            "h" => 3_600_000.0,
            _ => return Err(wrong()),
        };
        total += number.parse::<f64>().map_err(|_| wrong())? * unit;
        rest = after;
    }
    Ok(total.round() as u64)
}

/// Milliseconds as a duration.
pub(super) fn shown(millis: u64) -> String {
    format!("{millis}ms")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_rfc_3339() {
        assert_eq!(read("1970-01-01T00:00:00Z"), Ok(0));
        assert_eq!(read("2000-02-29T12:34:56.789Z"), Ok(951_827_696_789));
        assert_eq!(
            read("2026-01-31T13:00:00+01:00"),
            read("2026-01-31T12:00:00Z")
        );
        assert!(read("2026-13-01T00:00:00Z").is_err());
        assert!(read("soon").is_err());
    }

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("1m30s"), Ok(90_000));
        assert_eq!(duration("250ms"), Ok(250));
        assert_eq!(duration("1.5h"), Ok(5_400_000));
        assert!(duration("5").is_err());
        assert!(duration("").is_err());
    }
}
