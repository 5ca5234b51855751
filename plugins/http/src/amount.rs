//! Counts, times and sizes as users write them: as numbers, or as text where a tag stood.

use serde::{Deserialize, Deserializer, de};
use serde_json::Value;
use tiphys_expr::duration;

/// A whole number, 0 or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Count(pub u64);

/// A time in milliseconds: `1m30s`, or seconds as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Millis(pub u64);

/// A number of bytes: `10Mi`, `500K`, `1024`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size(pub u64);

/// A factor: `2`, `1.5`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Factor(pub f64);

/// True or false.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flag(pub bool);

impl Count {
    pub(crate) fn read(value: &Value) -> Result<Count, String> {
        let number = match value {
            Value::String(text) => text.trim().parse().ok(),
            other => other.as_u64(),
        };
        number
            .map(Count)
            .ok_or_else(|| format!("{value} is no whole number of 0 or more"))
    }
}

impl Millis {
    pub(crate) fn read(value: &Value) -> Result<Millis, String> {
        let wrong = || format!("{value} is no duration such as 30s or 1m30s");
        let nanos = match value {
            Value::String(text) => duration::parse_or_seconds(text).map_err(|_| wrong())?,
            Value::Number(number) => {
                let seconds = number.as_f64().unwrap_or(f64::NAN);
                (seconds * 1e9) as i64
            }
            _ => return Err(wrong()),
        };
        match u64::try_from(nanos) {
            Ok(nanos) => Ok(Millis(nanos / 1_000_000)),
            Err(_) => Err(wrong()),
        }
    }

    /// `1m30s`.
    pub(crate) fn text(self) -> String {
        let nanos = i64::try_from(self.0).unwrap_or(i64::MAX / 1_000_000);
        duration::format(nanos.saturating_mul(1_000_000))
    }
}

const UNITS: [(&str, u64); 9] = [
    ("Ki", 1 << 10),
    ("Mi", 1 << 20),
    ("Gi", 1 << 30),
    ("Ti", 1 << 40),
    ("k", 1000),
    ("K", 1000),
    ("M", 1_000_000),
    ("G", 1_000_000_000),
    ("", 1),
];

impl Size {
    pub(crate) fn read(value: &Value) -> Result<Size, String> {
        let wrong = || format!("{value} is no size such as 10Mi or 65536");
        if let Some(bytes) = value.as_u64() {
            return Ok(Size(bytes));
        }
        let text = value.as_str().ok_or_else(wrong)?.trim();
        let (number, unit) = UNITS
            .iter()
            .find_map(|(name, unit)| Some((text.strip_suffix(name)?, unit)))
            .ok_or_else(wrong)?;
        let number: u64 = number.parse().map_err(|_| wrong())?;
        number.checked_mul(*unit).map(Size).ok_or_else(wrong)
    }
}

impl Factor {
    pub(crate) fn read(value: &Value) -> Result<Factor, String> {
        let number = match value {
            Value::String(text) => text.trim().parse().ok(),
            other => other.as_f64(),
        };
        match number {
            Some(factor) if (1.0..=1000.0).contains(&factor) => Ok(Factor(factor)),
            _ => Err(format!("{value} is no factor of 1 to 1000")),
        }
    }
}

impl Flag {
    pub(crate) fn read(value: &Value) -> Result<Flag, String> {
        match value {
            Value::Bool(flag) => Ok(Flag(*flag)),
            Value::String(text) if text == "true" => Ok(Flag(true)),
            Value::String(text) if text == "false" => Ok(Flag(false)),
            other => Err(format!("{other} is neither true nor false")),
        }
    }
}

macro_rules! deserialized_by_read {
    ($($type:ty),*) => {$(
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                <$type>::read(&Value::deserialize(from)?).map_err(de::Error::custom)
            }
        }
    )*};
}

deserialized_by_read!(Count, Millis, Size, Factor, Flag);

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_and_texts_mean_the_same() {
        assert_eq!(Count::read(&json!(3)), Count::read(&json!("3")));
        assert_eq!(Millis::read(&json!(90)), Ok(Millis(90_000)));
        assert_eq!(Millis::read(&json!("1m30s")), Ok(Millis(90_000)));
        assert_eq!(Millis::read(&json!("90")), Ok(Millis(90_000)));
        assert_eq!(Millis::read(&json!(0.25)), Ok(Millis(250)));
        assert_eq!(Size::read(&json!("10Mi")), Ok(Size(10 << 20)));
        assert_eq!(Size::read(&json!("5k")), Ok(Size(5000)));
        assert_eq!(Size::read(&json!(12)), Ok(Size(12)));
        assert_eq!(Factor::read(&json!("1.5")), Ok(Factor(1.5)));
        assert_eq!(Flag::read(&json!("true")), Ok(Flag(true)));
        assert_eq!(Millis(90_000).text(), "1m30s");
    }

    #[test]
    fn what_is_none_is_refused() {
        assert!(Count::read(&json!(-1)).is_err());
        assert!(Millis::read(&json!("-5s")).is_err());
        assert!(Millis::read(&json!("soon")).is_err());
        assert!(Size::read(&json!("1.5Mi")).is_err());
        assert!(Size::read(&json!("99999999999Gi")).is_err());
        assert!(Factor::read(&json!(0)).is_err());
        assert!(Flag::read(&json!("yes")).is_err());
    }
}
