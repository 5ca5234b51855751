//! Methods of times, durations, zones and versions: `.Year()`, `.Hours()`, `.Major()`, named as in Go.

use jiff::{SignedDuration, Span, Timestamp, Zoned};

use crate::ast::Binary;
use crate::builtins::{Args, Fault};
use crate::eval::shown;
use crate::time;
use crate::value::{Named, Value};

/// Calls a method.
pub(crate) fn call(base: &Value, args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    let found = match base {
        Value::Time(at) => of_time(at, args)?,
        Value::Duration(nanos) => of_duration(*nanos, args)?,
        Value::Version(version) => of_version(version, args)?,
        Value::Zone(zone) if args.name == "String" => Some(Value::from(time::zone_name(zone))),
        Value::Named(named) if args.name == "String" => Some(Value::str(named.name)),
        _ => None,
    };
    found.ok_or_else(|| Fault(format!("{} has no method `{}`", shown(base), args.name)))
}

fn of_time(at: &Zoned, args: &mut Args<'_, '_>) -> Result<Option<Value>, Fault> {
    let stamp = at.timestamp();
    let int = |number: i64| Ok(Some(Value::Int(number)));
    let flag = |flag: bool| Ok(Some(Value::Bool(flag)));
    let moved = |moved: Result<Zoned, jiff::Error>| {
        moved
            .map(|at| Some(Value::from(at)))
            .map_err(|error| Fault(error.to_string()))
    };
    match args.name {
        "Year" => int(at.year().into()),
        "Month" => Ok(Some(Value::Named(Named {
            number: at.month().into(),
            name: month(at),
        }))),
        "Day" => int(at.day().into()),
        "YearDay" => int(at.day_of_year().into()),
        "Weekday" => Ok(Some(Value::Named(Named {
            number: at.weekday().to_sunday_zero_offset().into(),
            name: weekday(at),
        }))),
        "Hour" => int(at.hour().into()),
        "Minute" => int(at.minute().into()),
        "Second" => int(at.second().into()),
        "Nanosecond" => int(at.subsec_nanosecond().into()),
        "Unix" => int(stamp.as_second() - i64::from(stamp.subsec_nanosecond() < 0)),
        "UnixMilli" => int(stamp.as_millisecond()),
        "UnixMicro" => int(stamp.as_microsecond()),
        "UnixNano" => int(stamp.as_nanosecond() as i64),
        "String" => Ok(Some(Value::from(time::go_string(at)))),
        "Format" => Ok(Some(Value::from(time::format(at, args.str(0)?)))),
        "IsZero" => flag(*at == time::zero()),
        "Before" => flag(stamp < args.time(0)?.timestamp()),
        "After" => flag(stamp > args.time(0)?.timestamp()),
        "Equal" => flag(stamp == args.time(0)?.timestamp()),
        "Compare" => int(stamp.cmp(&args.time(0)?.timestamp()) as i64),
        "Add" => moved(at.checked_add(SignedDuration::from_nanos(nanos(args, 0)?))),
        "AddDate" => {
            let (years, months, days) = (args.int(0)?, args.int(1)?, args.int(2)?);
            add_date(at, years, months, days).map(|at| Some(Value::from(at)))
        }
        "Sub" => Ok(Some(Value::Duration(between(at, args.time(0)?)))),
        "Truncate" => Ok(Some(rounded(at, nanos(args, 0)?, false))),
        "Round" => Ok(Some(rounded(at, nanos(args, 0)?, true))),
        "UTC" | "Local" => Ok(Some(Value::from(
            at.with_time_zone(jiff::tz::TimeZone::UTC),
        ))),
        "In" => match args.value(0)? {
            Value::Zone(zone) => Ok(Some(Value::from(at.with_time_zone(zone.clone())))),
            _ => Err(args.wrong(0, "a time zone")),
        },
        "Location" => Ok(Some(Value::Zone(at.time_zone().clone()))),
        _ => Ok(None),
    }
}

fn month(at: &Zoned) -> &'static str {
    time::month_name(at.month())
}

fn weekday(at: &Zoned) -> &'static str {
    time::weekday_name(at.weekday())
}

/// A duration argument: a duration, or nanoseconds.
fn nanos(args: &Args<'_, '_>, index: usize) -> Result<i64, Fault> {
    match args.value(index)? {
        Value::Duration(nanos) | Value::Int(nanos) => Ok(*nanos),
        _ => Err(args.wrong(index, "a duration")),
    }
}

/// `AddDate`: the 31st of a month of 30 days is the first of the next one, as in Go.
fn add_date(at: &Zoned, years: i64, months: i64, days: i64) -> Result<Zoned, Fault> {
    let too_far = || Fault::from("the day is beyond the calendar");
    let month = i64::from(at.year()).checked_add(years).and_then(|year| {
        year.checked_mul(12)?
            .checked_add(months)?
            .checked_add(i64::from(at.month()) - 1)
    });
    let month = month.ok_or_else(too_far)?;
    let year = i16::try_from(month.div_euclid(12)).map_err(|_| too_far())?;
    let first =
        jiff::civil::Date::new(year, (month.rem_euclid(12) + 1) as i8, 1).map_err(|_| too_far())?;
    let days = days
        .checked_add(i64::from(at.day()) - 1)
        .filter(|days| days.abs() < 8_000_000)
        .ok_or_else(too_far)?;
    let date = Span::new()
        .try_days(days)
        .and_then(|span| first.checked_add(span))
        .map_err(|_| too_far())?;
    date.to_datetime(at.time())
        .to_zoned(at.time_zone().clone())
        .map_err(|_| too_far())
}

/// Nanoseconds between two moments, clamped as Go does.
pub(crate) fn between(later: &Zoned, earlier: &Zoned) -> i64 {
    let difference = later.timestamp().as_nanosecond() - earlier.timestamp().as_nanosecond();
    difference.clamp(i64::MIN.into(), i64::MAX.into()) as i64
}

/// A moment as a multiple of a step since Go's zero time.
fn rounded(at: &Zoned, step: i64, half_up: bool) -> Value {
    if step <= 0 {
        return Value::from(at.clone());
    }
    let since = at.timestamp().as_nanosecond() - time::zero().timestamp().as_nanosecond();
    let over = since.rem_euclid(step.into());
    let up = half_up && over * 2 >= i128::from(step);
    let moment = at.timestamp().as_nanosecond() - over + if up { i128::from(step) } else { 0 };
    let stamp = Timestamp::from_nanosecond(moment).unwrap_or(at.timestamp());
    Value::from(stamp.to_zoned(at.time_zone().clone()))
}

fn of_duration(nanos: i64, args: &mut Args<'_, '_>) -> Result<Option<Value>, Fault> {
    let float = |unit: f64| Ok(Some(Value::Float(nanos as f64 / unit)));
    match args.name {
        "Hours" => float(3600e9),
        "Minutes" => float(60e9),
        "Seconds" => float(1e9),
        "Milliseconds" => Ok(Some(Value::Int(nanos / 1_000_000))),
        "Microseconds" => Ok(Some(Value::Int(nanos / 1_000))),
        "Nanoseconds" => Ok(Some(Value::Int(nanos))),
        "String" => Ok(Some(Value::from(crate::duration::format(nanos)))),
        "Abs" => Ok(Some(Value::Duration(nanos.saturating_abs()))),
        "Truncate" | "Round" => {
            let step = self::nanos(args, 0)?;
            if step <= 0 {
                return Ok(Some(Value::Duration(nanos)));
            }
            let over = nanos % step;
            let cut = nanos - over;
            let up = args.name == "Round" && i128::from(over.abs()) * 2 >= i128::from(step);
            Ok(Some(Value::Duration(if up {
                cut.saturating_add(step * nanos.signum())
            } else {
                cut
            })))
        }
        _ => Ok(None),
    }
}

fn of_version(
    version: &crate::version::Version,
    args: &mut Args<'_, '_>,
) -> Result<Option<Value>, Fault> {
    let parsed = version.parsed();
    let other = |args: &Args<'_, '_>| match args.value(0)? {
        Value::Version(other) => Ok(other.clone()),
        _ => Err(args.wrong(0, "a version")),
    };
    Ok(Some(match args.name {
        "Major" => Value::Int(parsed.major as i64),
        "Minor" => Value::Int(parsed.minor as i64),
        "Patch" => Value::Int(parsed.patch as i64),
        "Prerelease" => Value::str(parsed.pre.as_str()),
        "Metadata" => Value::str(parsed.build.as_str()),
        "Original" => Value::str(version.original()),
        "String" => Value::from(parsed.to_string()),
        "Compare" => Value::Int(version.cmp(&*other(args)?) as i64),
        "Equal" => Value::Bool(*version == *other(args)?),
        "LessThan" => Value::Bool(*version < *other(args)?),
        "GreaterThan" => Value::Bool(*version > *other(args)?),
        _ => return Ok(None),
    }))
}

/// `+`, `-` and `*` with a time or a duration among the operands.
pub(crate) fn time_arithmetic(binary: Binary, left: &Value, right: &Value) -> Option<Value> {
    let moved = |at: &Zoned, nanos: i64| {
        at.checked_add(SignedDuration::from_nanos(nanos))
            .ok()
            .map(Value::from)
    };
    match (binary, left, right) {
        (Binary::Add, Value::Time(at), Value::Duration(nanos))
        | (Binary::Add, Value::Duration(nanos), Value::Time(at)) => moved(at, *nanos),
        (Binary::Sub, Value::Time(at), Value::Duration(nanos)) => moved(at, nanos.saturating_neg()),
        (Binary::Sub, Value::Time(later), Value::Time(earlier)) => {
            Some(Value::Duration(between(later, earlier)))
        }
        (Binary::Add, Value::Duration(a), Value::Duration(b)) => {
            Some(Value::Duration(a.wrapping_add(*b)))
        }
        (Binary::Sub, Value::Duration(a), Value::Duration(b)) => {
            Some(Value::Duration(a.wrapping_sub(*b)))
        }
        (Binary::Mul, Value::Duration(a), Value::Int(b))
        | (Binary::Mul, Value::Int(b), Value::Duration(a)) => {
            Some(Value::Duration(a.wrapping_mul(*b)))
        }
        (Binary::Mul, Value::Duration(a), Value::Float(b))
        | (Binary::Mul, Value::Float(b), Value::Duration(a)) => {
            Some(Value::Duration((*a as f64 * b) as i64))
        }
        (Binary::Div, Value::Duration(a), Value::Duration(b)) => {
            Some(Value::Float(*a as f64 / *b as f64))
        }
        _ => None,
    }
}
