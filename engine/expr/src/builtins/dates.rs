//! `now`, `date`, `duration`, `timezone`.

use jiff::Zoned;
use jiff::tz::TimeZone;

use crate::builtins::{Args, Entry, Fault};
use crate::time;
use crate::value::Value;

pub(super) const TABLE: &[Entry] = &[
    ("date", date),
    ("duration", duration),
    ("now", now),
    ("timezone", timezone),
];

/// The moment of the evaluation, in UTC.
fn now(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(0, 1)?;
    let zone = if args.values.is_empty() {
        TimeZone::UTC
    } else {
        zone(args, 0)?
    };
    Ok(Value::from(args.run.env.now.to_zoned(zone)))
}

fn zone(args: &Args<'_, '_>, index: usize) -> Result<TimeZone, Fault> {
    match args.value(index)? {
        Value::Zone(zone) => Ok(zone.clone()),
        _ => named_zone(args.str(index)?),
    }
}

pub(crate) fn named_zone(name: &str) -> Result<TimeZone, Fault> {
    time::zone(name).ok_or_else(|| Fault(format!("the time zone {name:?} is unknown")))
}

fn timezone(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(1, 1)?;
    named_zone(args.str(0)?).map(Value::Zone)
}

fn duration(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(1, 1)?;
    crate::duration::parse(args.str(0)?)
        .map(Value::Duration)
        .map_err(|error| Fault(error.to_string()))
}

/// Layouts that `date` tries when it is given none.
const LAYOUTS: [&str; 8] = [
    "2006-01-02",
    "15:04:05",
    "2006-01-02 15:04:05",
    time::RFC3339,
    "02 Jan 06 15:04 MST",
    "Monday, 02-Jan-06 15:04:05 MST",
    "Mon, 02 Jan 2006 15:04:05 MST",
    "Mon, 02 Jan 2006 15:04:05 -0700",
];

/// `date(text)`, `date(text, layout)`, `date(text, layout, zone)`, each with a zone before it if one likes.
fn date(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    let shift = usize::from(matches!(args.values.first(), Some(Value::Zone(_))));
    args.count(1 + shift, 3 + shift)?;
    let text = args.str(shift)?;
    let given = args.values.len() - shift;
    let zone = match (given, shift) {
        (3, _) => zone(args, 2 + shift)?,
        (_, 1) => zone(args, 0)?,
        _ => TimeZone::UTC,
    };
    if given >= 2 {
        return time::parse(args.str(1 + shift)?, text, &zone)
            .map(Value::from)
            .map_err(Fault);
    }
    let found: Option<Zoned> = LAYOUTS
        .iter()
        .find_map(|layout| time::parse(layout, text, &zone).ok());
    found
        .map(Value::from)
        .ok_or_else(|| Fault(format!("{text:?} is not a date")))
}
