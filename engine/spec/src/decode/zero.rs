//! The empty value of whatever type asks: what `null` leaves in place, as in Go.

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{self, Deserializer, Visitor};

use super::fault::Error;

#[derive(Clone, Copy)]
pub(super) struct Zero;

type NoItems = std::iter::Empty<Zero>;
type NoEntries = std::iter::Empty<(&'static str, Zero)>;

impl<'de> de::IntoDeserializer<'de, Error> for Zero {
    type Deserializer = Zero;

    fn into_deserializer(self) -> Zero {
        self
    }
}

fn map<'de, V: Visitor<'de>>(visitor: V) -> Result<V::Value, Error> {
    visitor.visit_map(MapDeserializer::<'de, NoEntries, Error>::new(
        std::iter::empty(),
    ))
}

fn seq<'de, V: Visitor<'de>>(visitor: V) -> Result<V::Value, Error> {
    visitor.visit_seq(SeqDeserializer::<NoItems, Error>::new(std::iter::empty()))
}

macro_rules! zeros {
    ($($method:ident => $visit:ident($zero:expr),)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            visitor.$visit($zero)
        }
    )*};
}

impl<'de> Deserializer<'de> for Zero {
    type Error = Error;

    zeros! {
        deserialize_bool => visit_bool(false),
        deserialize_i8 => visit_i64(0),
        deserialize_i16 => visit_i64(0),
        deserialize_i32 => visit_i64(0),
        deserialize_i64 => visit_i64(0),
        deserialize_u8 => visit_u64(0),
        deserialize_u16 => visit_u64(0),
        deserialize_u32 => visit_u64(0),
        deserialize_u64 => visit_u64(0),
        deserialize_f32 => visit_f64(0.0),
        deserialize_f64 => visit_f64(0.0),
        deserialize_str => visit_str(""),
        deserialize_string => visit_str(""),
        deserialize_bytes => visit_bytes(&[]),
        deserialize_byte_buf => visit_bytes(&[]),
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_none()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        map(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        Err(Error::unknown_variant("", variants))
    }

    serde::forward_to_deserialize_any! {
        i128 u128 char unit unit_struct tuple tuple_struct identifier ignored_any
    }
}
