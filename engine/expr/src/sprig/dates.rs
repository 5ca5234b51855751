//! Dates by Go's layouts, and durations for people.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};

use crate::builtins::dates::named_zone;
use crate::builtins::{Args, Entry, Fault};
use crate::value::Value;
use crate::{duration, methods, time};

pub(super) const TABLE: &[Entry] = &[
    ("ago", ago),
    ("date", |args| {
        formatted(args, 2, |args| {
            Ok((args.str(0)?.to_owned(), 1, TimeZone::UTC))
        })
    }),
    ("dateInZone", date_in_zone),
    ("dateModify", modify),
    ("date_in_zone", date_in_zone),
    ("date_modify", modify),
    ("duration", |args| {
        Ok(Value::from(duration::format(
            super::coerce::int(args.value(0)?).saturating_mul(1_000_000_000),
        )))
    }),
    ("durationRound", duration_round),
    ("htmlDate", |args| {
        formatted(args, 1, |_| Ok(("2006-01-02".to_owned(), 0, TimeZone::UTC)))
    }),
    ("htmlDateInZone", |args| {
        formatted(args, 2, |args| {
            Ok(("2006-01-02".to_owned(), 0, zone(args.str(1)?)))
        })
    }),
    ("mustDateModify", must_modify),
    ("mustToDate", must_to_date),
    ("must_date_modify", must_modify),
    ("now", |args| {
        Ok(Value::from(args.run.env.now.to_zoned(TimeZone::UTC)))
    }),
    ("toDate", |args| {
        Ok(must_to_date(args).unwrap_or_else(|_| Value::from(time::zero())))
    }),
    ("unixEpoch", |args| {
        Ok(Value::from(
            args.time(0)?.timestamp().as_second().to_string(),
        ))
    }),
];

fn zone(name: &str) -> TimeZone {
    named_zone(name).unwrap_or(TimeZone::UTC)
}

/// A time, or a number of seconds since 1970; anything else is now.
fn moment(args: &Args<'_, '_>, index: usize) -> Result<Zoned, Fault> {
    Ok(match args.value(index)? {
        Value::Time(at) => at.as_ref().clone(),
        Value::Int(seconds) => {
            let at = Timestamp::from_second(*seconds).map_err(|error| Fault(error.to_string()))?;
            at.to_zoned(TimeZone::UTC)
        }
        _ => args.run.env.now.to_zoned(TimeZone::UTC),
    })
}

type Layout = (String, usize, TimeZone);

fn formatted(
    args: &mut Args<'_, '_>,
    count: usize,
    layout: fn(&Args<'_, '_>) -> Result<Layout, Fault>,
) -> Result<Value, Fault> {
    args.count(count, count)?;
    let (layout, index, zone) = layout(args)?;
    Ok(Value::from(time::format(
        &moment(args, index)?.with_time_zone(zone),
        &layout,
    )))
}

fn date_in_zone(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    formatted(args, 3, |args| {
        Ok((args.str(0)?.to_owned(), 1, zone(args.str(2)?)))
    })
}

/// A bad duration leaves the time as it is; `must…` refuses it.
fn modify(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    match must_modify(args) {
        Err(_) if duration::parse(args.str(0)?).is_err() => Ok(args.value(1)?.clone()),
        other => other,
    }
}

fn must_modify(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(2, 2)?;
    let nanos = duration::parse(args.str(0)?).map_err(|error| Fault(error.to_string()))?;
    let moved = args.time(1)?.checked_add(SignedDuration::from_nanos(nanos));
    moved
        .map(Value::from)
        .map_err(|error| Fault(error.to_string()))
}

fn must_to_date(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(2, 2)?;
    time::parse(args.str(0)?, args.str(1)?, &TimeZone::UTC)
        .map(Value::from)
        .map_err(Fault)
}

/// The time since then in whole seconds.
fn ago(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(1, 1)?;
    let now = args.run.env.now.to_zoned(TimeZone::UTC);
    let nanos = methods::between(&now, &moment(args, 0)?);
    Ok(Value::from(duration::format(rounded(nanos, 1_000_000_000))))
}

fn rounded(nanos: i64, unit: i64) -> i64 {
    let over = nanos % unit;
    let cut = nanos - over;
    if over.abs() * 2 >= unit {
        cut.saturating_add(unit * nanos.signum())
    } else {
        cut
    }
}

/// The largest unit only: `2h10m5s` is `2h`.
fn duration_round(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(1, 1)?;
    let nanos = match args.value(0)? {
        Value::Str(text) => duration::parse(text).unwrap_or(0),
        Value::Int(nanos) | Value::Duration(nanos) => *nanos,
        Value::Time(at) => methods::between(&args.run.env.now.to_zoned(TimeZone::UTC), at),
        _ => 0,
    };
    let seconds = nanos.unsigned_abs() / 1_000_000_000;
    let units = [
        (31_536_000, "y"),
        (2_592_000, "mo"),
        (86_400, "d"),
        (3_600, "h"),
        (60, "m"),
        (1, "s"),
    ];
    let largest = units.iter().find(|(size, _)| seconds >= *size);
    Ok(Value::from(largest.map_or_else(
        || "0s".to_owned(),
        |(size, name)| format!("{}{name}", seconds / size),
    )))
}
