//! Go's layouts: the reference time `Mon Jan 2 15:04:05 MST 2006` written as the user wants to see it.

use std::fmt::Write;

use jiff::Zoned;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;

/// One field of a layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    LongMonth,
    Month,
    NumMonth {
        zero: bool,
    },
    LongWeekday,
    Weekday,
    Day {
        pad: Pad,
    },
    YearDay {
        pad: Pad,
    },
    Hour24,
    Hour12 {
        zero: bool,
    },
    Minute {
        zero: bool,
    },
    Second {
        zero: bool,
    },
    LongYear,
    Year,
    UpperPm,
    LowerPm,
    ZoneName,
    /// `Z07:00` writes UTC as `Z`.
    Offset {
        zulu: bool,
        colon: bool,
        minutes: bool,
        seconds: bool,
    },
    /// `.000` keeps trailing zeros, `.999` drops them.
    Fraction {
        digits: usize,
        keep: bool,
        comma: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pad {
    No,
    Space,
    Zero,
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

pub(crate) fn month_name(month: i8) -> &'static str {
    MONTHS
        .get((month - 1).max(0) as usize)
        .copied()
        .unwrap_or(MONTHS[0])
}

pub(crate) fn weekday_name(weekday: Weekday) -> &'static str {
    WEEKDAYS[(weekday.to_sunday_zero_offset().max(0) as usize).min(6)]
}

pub(super) fn month_names() -> &'static [&'static str] {
    &MONTHS
}

pub(super) fn weekday_names() -> &'static [&'static str] {
    &WEEKDAYS
}

/// The first field of a layout: the literal text before it, the field, what follows.
pub(super) fn next(layout: &str) -> Option<(&str, Field, &str)> {
    layout.char_indices().find_map(|(at, _)| {
        let (field, length) = field(&layout[at..], layout[..at].chars().next_back())?;
        Some((&layout[..at], field, &layout[at + length..]))
    })
}

/// The field that starts here, with its length.
fn field(rest: &str, before: Option<char>) -> Option<(Field, usize)> {
    let lower_follows =
        |length: usize| rest[length..].starts_with(|next: char| next.is_ascii_lowercase());
    let fixed: &[(&str, Field)] = match rest.as_bytes().first()? {
        b'J' => &[("January", Field::LongMonth), ("Jan", Field::Month)],
        b'M' => &[
            ("Monday", Field::LongWeekday),
            ("Mon", Field::Weekday),
            ("MST", Field::ZoneName),
        ],
        b'0' => &[
            ("002", Field::YearDay { pad: Pad::Zero }),
            ("01", Field::NumMonth { zero: true }),
            ("02", Field::Day { pad: Pad::Zero }),
            ("03", Field::Hour12 { zero: true }),
            ("04", Field::Minute { zero: true }),
            ("05", Field::Second { zero: true }),
            ("06", Field::Year),
        ],
        b'1' => &[
            ("15", Field::Hour24),
            ("1", Field::NumMonth { zero: false }),
        ],
        b'2' => &[
            ("2006", Field::LongYear),
            ("2", Field::Day { pad: Pad::No }),
        ],
        b'_' if rest.starts_with("_2006") => return None,
        b'_' => &[
            ("__2", Field::YearDay { pad: Pad::Space }),
            ("_2", Field::Day { pad: Pad::Space }),
        ],
        b'3' => &[("3", Field::Hour12 { zero: false })],
        b'4' => &[("4", Field::Minute { zero: false })],
        b'5' => &[("5", Field::Second { zero: false })],
        b'P' => &[("PM", Field::UpperPm)],
        b'p' => &[("pm", Field::LowerPm)],
        b'-' | b'Z' => return offset(rest),
        b'.' | b',' => return fraction(rest, before),
        _ => return None,
    };
    let (text, field) = fixed.iter().find(|(text, _)| rest.starts_with(text))?;
    let is_word = matches!(field, Field::Month | Field::Weekday);
    if is_word && lower_follows(text.len()) {
        None
    } else {
        Some((*field, text.len()))
    }
}

fn offset(rest: &str) -> Option<(Field, usize)> {
    let zulu = rest.starts_with('Z');
    [
        ("070000", false, true, true),
        ("07:00:00", true, true, true),
        ("0700", false, true, false),
        ("07:00", true, true, false),
        ("07", false, false, false),
    ]
    .into_iter()
    .find(|(text, ..)| rest[1..].starts_with(text))
    .map(|(text, colon, minutes, seconds)| {
        (
            Field::Offset {
                zulu,
                colon,
                minutes,
                seconds,
            },
            1 + text.len(),
        )
    })
}

fn fraction(rest: &str, _before: Option<char>) -> Option<(Field, usize)> {
    let digit = rest[1..]
        .chars()
        .next()
        .filter(|next| matches!(next, '0' | '9'))?;
    let digits = rest[1..].chars().take_while(|next| *next == digit).count();
    if rest[1 + digits..].starts_with(|next: char| next.is_ascii_digit()) {
        return None;
    }
    Some((
        Field::Fraction {
            digits,
            keep: digit == '0',
            comma: rest.starts_with(','),
        },
        1 + digits,
    ))
}

/// A time in a layout.
pub(crate) fn format(time: &Zoned, layout: &str) -> String {
    let mut out = String::with_capacity(layout.len() + 8);
    let mut rest = layout;
    while let Some((before, field, after)) = next(rest) {
        out.push_str(before);
        write(&mut out, time, field);
        rest = after;
    }
    out.push_str(rest);
    out
}

fn padded(out: &mut String, number: i64, pad: Pad, width: usize) {
    let _ = match pad {
        Pad::No => write!(out, "{number}"),
        Pad::Space => write!(out, "{number:>width$}"),
        Pad::Zero => write!(out, "{number:0>width$}"),
    };
}

fn write(out: &mut String, time: &Zoned, field: Field) {
    let zero = |zero: bool| if zero { Pad::Zero } else { Pad::No };
    let twelve = match time.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    match field {
        Field::LongMonth => out.push_str(month_name(time.month())),
        Field::Month => out.push_str(&month_name(time.month())[..3]),
        Field::NumMonth { zero: z } => padded(out, time.month().into(), zero(z), 2),
        Field::LongWeekday => out.push_str(weekday_name(time.weekday())),
        Field::Weekday => out.push_str(&weekday_name(time.weekday())[..3]),
        Field::Day { pad } => padded(out, time.day().into(), pad, 2),
        Field::YearDay { pad } => padded(out, time.day_of_year().into(), pad, 3),
        Field::Hour24 => padded(out, time.hour().into(), Pad::Zero, 2),
        Field::Hour12 { zero: z } => padded(out, twelve.into(), zero(z), 2),
        Field::Minute { zero: z } => padded(out, time.minute().into(), zero(z), 2),
        Field::Second { zero: z } => padded(out, time.second().into(), zero(z), 2),
        Field::LongYear => padded(out, time.year().into(), Pad::Zero, 4),
        Field::Year => padded(out, i64::from(time.year()).rem_euclid(100), Pad::Zero, 2),
        Field::UpperPm => out.push_str(if time.hour() >= 12 { "PM" } else { "AM" }),
        Field::LowerPm => out.push_str(if time.hour() >= 12 { "pm" } else { "am" }),
        Field::ZoneName => write_zone(out, time),
        Field::Offset {
            zulu,
            colon,
            minutes,
            seconds,
        } => write_offset(out, time.offset().seconds(), zulu, colon, minutes, seconds),
        Field::Fraction {
            digits,
            keep,
            comma,
        } => {
            let nanos = format!("{:09}", time.subsec_nanosecond());
            let shown = &nanos[..digits.min(9)];
            let shown = if keep {
                shown
            } else {
                shown.trim_end_matches('0')
            };
            if !shown.is_empty() {
                out.push(if comma { ',' } else { '.' });
                out.push_str(shown);
            }
        }
    }
}

fn write_zone(out: &mut String, time: &Zoned) {
    let zone = time.time_zone();
    if *zone == TimeZone::UTC {
        out.push_str("UTC");
    } else if zone.iana_name().is_some() {
        out.push_str(zone.to_offset_info(time.timestamp()).abbreviation());
    } else {
        write_offset(out, time.offset().seconds(), false, false, true, false);
    }
}

fn write_offset(
    out: &mut String,
    offset: i32,
    zulu: bool,
    colon: bool,
    minutes: bool,
    seconds: bool,
) {
    if zulu && offset == 0 {
        out.push('Z');
        return;
    }
    let size = offset.unsigned_abs();
    let separator = if colon { ":" } else { "" };
    let _ = write!(
        out,
        "{}{:02}",
        if offset < 0 { '-' } else { '+' },
        size / 3600
    );
    if minutes {
        let _ = write!(out, "{separator}{:02}", size / 60 % 60);
    }
    if seconds {
        let _ = write!(out, "{separator}{:02}", size % 60);
    }
}
