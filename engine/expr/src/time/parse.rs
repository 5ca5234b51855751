//! Text in a Go layout → time.

use jiff::Zoned;
use jiff::civil::{Date, Time};
use jiff::tz::{Offset, TimeZone};

use super::layout::{Field, Pad, month_names, next, weekday_names};

#[derive(Default)]
struct Parts {
    year: Option<i16>,
    month: Option<i8>,
    day: Option<i8>,
    year_day: Option<i16>,
    hour: i8,
    minute: i8,
    second: i8,
    nanos: i32,
    pm: Option<bool>,
    offset: Option<i32>,
    utc: bool,
}

/// Reads `text` as `layout` has it; without an offset of its own it is a time of `zone`.
///
/// # Errors
/// One line that says what does not fit.
pub(crate) fn parse(layout: &str, text: &str, zone: &TimeZone) -> Result<Zoned, String> {
    let fault = || format!("{text:?} is not a time in the layout {layout:?}");
    let mut parts = Parts::default();
    let mut layout_rest = layout;
    let mut rest = text;
    while let Some((before, field, after)) = next(layout_rest) {
        rest = skip(rest, before).ok_or_else(fault)?;
        rest = read(&mut parts, field, rest, after).ok_or_else(fault)?;
        layout_rest = after;
    }
    rest = skip(rest, layout_rest).ok_or_else(fault)?;
    if !rest.is_empty() {
        return Err(fault());
    }
    assemble(&parts, zone).ok_or_else(|| format!("{text:?} is not a day and time that there is"))
}

/// Skips literal text; a run of spaces matches any run of spaces.
fn skip<'t>(text: &'t str, literal: &str) -> Option<&'t str> {
    let mut text = text;
    for next in literal.chars() {
        text = if next == ' ' {
            text.strip_prefix(' ').unwrap_or(text)
        } else {
            text.strip_prefix(next)?
        };
    }
    Some(text)
}

fn number(text: &str, least: usize, most: usize) -> Option<(i32, &str)> {
    let length = text
        .bytes()
        .take(most)
        .take_while(u8::is_ascii_digit)
        .count();
    if length < least {
        return None;
    }
    Some((text[..length].parse().ok()?, &text[length..]))
}

fn named<'t>(text: &'t str, names: &[&str], length: Option<usize>) -> Option<(usize, &'t str)> {
    names.iter().enumerate().find_map(|(index, name)| {
        let name = &name[..length.unwrap_or(name.len())];
        let head = text.get(..name.len())?;
        head.eq_ignore_ascii_case(name)
            .then(|| (index, &text[name.len()..]))
    })
}

fn read<'t>(parts: &mut Parts, field: Field, text: &'t str, after: &str) -> Option<&'t str> {
    let width = |zero: bool| if zero { (2, 2) } else { (1, 2) };
    let (value, rest) = match field {
        Field::LongMonth | Field::Month => {
            let (index, rest) = named(text, month_names(), (field == Field::Month).then_some(3))?;
            parts.month = Some(index as i8 + 1);
            return Some(rest);
        }
        Field::LongWeekday | Field::Weekday => {
            return named(
                text,
                weekday_names(),
                (field == Field::Weekday).then_some(3),
            )
            .map(|(_, rest)| rest);
        }
        Field::UpperPm | Field::LowerPm => {
            let head = text.get(..2)?;
            parts.pm = Some(if head.eq_ignore_ascii_case("pm") {
                true
            } else if head.eq_ignore_ascii_case("am") {
                false
            } else {
                return None;
            });
            return Some(&text[2..]);
        }
        Field::ZoneName => return zone_name(parts, text),
        Field::Offset {
            zulu,
            colon,
            minutes,
            seconds,
        } => return offset(parts, text, zulu, colon, minutes, seconds),
        Field::Fraction { digits, keep, .. } => {
            return fraction(parts, text, keep.then_some(digits));
        }
        Field::LongYear => number(text, 4, 4)?,
        Field::Year => number(text, 2, 2)?,
        Field::Day { pad: Pad::Zero } => number(text, 2, 2)?,
        Field::Day { .. } => number(text.strip_prefix(' ').unwrap_or(text), 1, 2)?,
        Field::YearDay { .. } => number(text.trim_start(), 1, 3)?,
        Field::NumMonth { zero }
        | Field::Hour12 { zero }
        | Field::Minute { zero }
        | Field::Second { zero } => number(text, width(zero).0, 2)?,
        Field::Hour24 => number(text, 2, 2)?,
    };
    match field {
        Field::LongYear => parts.year = Some(value as i16),
        Field::Year => parts.year = Some(value as i16 + if value >= 69 { 1900 } else { 2000 }),
        Field::Day { .. } => parts.day = Some(value as i8),
        Field::YearDay { .. } => parts.year_day = Some(value as i16),
        Field::NumMonth { .. } => parts.month = Some(value as i8),
        Field::Hour12 { .. } if value > 12 => return None,
        Field::Hour12 { .. } | Field::Hour24 => parts.hour = value as i8,
        Field::Minute { .. } => parts.minute = value as i8,
        _ => {
            parts.second = value as i8;
            // A fraction may follow the seconds though the layout does not name it.
            let names_it = matches!(next(after), Some(("", Field::Fraction { .. }, _)));
            let follows = rest.starts_with(['.', ','])
                && rest[1..].starts_with(|next: char| next.is_ascii_digit());
            if follows && !names_it {
                return fraction(parts, rest, None);
            }
        }
    }
    Some(rest)
}

fn fraction<'t>(parts: &mut Parts, text: &'t str, exactly: Option<usize>) -> Option<&'t str> {
    let Some(digits) = text.strip_prefix(['.', ',']) else {
        return if exactly.is_some() { None } else { Some(text) };
    };
    let length = digits.bytes().take_while(u8::is_ascii_digit).count();
    if exactly.is_some_and(|wanted| wanted != length) || length == 0 {
        return None;
    }
    let nine: String = digits[..length]
        .chars()
        .chain("000000000".chars())
        .take(9)
        .collect();
    parts.nanos = nine.parse().ok()?;
    Some(&digits[length..])
}

fn zone_name<'t>(parts: &mut Parts, text: &'t str) -> Option<&'t str> {
    if let Some(rest) = text.strip_prefix("UTC") {
        parts.utc = true;
        return Some(rest);
    }
    let length = text.bytes().take_while(u8::is_ascii_uppercase).count();
    if !(3..=5).contains(&length) {
        return None;
    }
    // Go knows no offsets of abbreviations either: it takes them for UTC.
    parts.utc = true;
    Some(&text[length..])
}

fn offset<'t>(
    parts: &mut Parts,
    text: &'t str,
    zulu: bool,
    colon: bool,
    minutes: bool,
    seconds: bool,
) -> Option<&'t str> {
    if zulu && let Some(rest) = text.strip_prefix('Z') {
        parts.utc = true;
        return Some(rest);
    }
    let negative = text.starts_with('-');
    let (hours, mut rest) = number(text.strip_prefix(['+', '-'])?, 2, 2)?;
    let mut total = hours * 3600;
    for (wanted, scale) in [(minutes, 60), (seconds, 1)] {
        if wanted {
            let after = if colon { rest.strip_prefix(':')? } else { rest };
            let (value, after) = number(after, 2, 2)?;
            total += value * scale;
            rest = after;
        }
    }
    parts.offset = Some(if negative { -total } else { total });
    Some(rest)
}

fn assemble(parts: &Parts, zone: &TimeZone) -> Option<Zoned> {
    let hour = match parts.pm {
        Some(true) if parts.hour < 12 => parts.hour + 12,
        Some(false) if parts.hour == 12 => 0,
        _ => parts.hour,
    };
    let year = parts.year.unwrap_or(0);
    let mut date = Date::new(year, parts.month.unwrap_or(1), parts.day.unwrap_or(1)).ok()?;
    if let Some(day) = parts.year_day {
        date = Date::new(year, 1, 1)
            .ok()?
            .checked_add(jiff::Span::new().days(i64::from(day) - 1))
            .ok()?;
    }
    let time = Time::new(hour, parts.minute, parts.second, parts.nanos).ok()?;
    let zone = match parts.offset {
        Some(0) => TimeZone::UTC,
        Some(offset) => TimeZone::fixed(Offset::from_seconds(offset).ok()?),
        None if parts.utc => TimeZone::UTC,
        None => zone.clone(),
    };
    date.to_datetime(time).to_zoned(zone).ok()
}
