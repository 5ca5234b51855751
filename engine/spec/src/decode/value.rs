//! One value of the tree, as serde asks for it.

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Visitor};

use super::State;
use super::access::{Entries, Items, Variant};
use super::fault::{Error, brief, describe};
use super::zero::Zero;
use crate::diagnostic::Diagnostic;
use crate::path::{Path, Segment};
use crate::source::{Entry, Meaning, Node, NodeKind, Scalar, plain};

/// The way from the root to a value, kept on the stack.
pub(super) enum Trail<'a, 'n> {
    Root,
    Below(&'a Trail<'a, 'n>, Step<'n>),
}

pub(super) enum Step<'n> {
    Key(&'n Entry),
    Index(usize),
}

impl Trail<'_, '_> {
    fn path(&self) -> Path {
        let mut path = match self {
            Trail::Root => return Path::root(),
            Trail::Below(parent, _) => parent.path(),
        };
        if let Trail::Below(_, step) = self {
            path.push(match step {
                Step::Key(entry) => Segment::Key(std::sync::Arc::clone(&entry.key)),
                Step::Index(index) => Segment::Index(*index),
            });
        }
        path
    }
}

#[derive(Clone, Copy)]
pub(super) struct Value<'a, 'n> {
    pub state: &'a State<'n>,
    pub node: &'n Node,
    pub trail: &'a Trail<'a, 'n>,
}

impl<'n> Value<'_, 'n> {
    pub fn path(&self) -> Path {
        self.trail.path()
    }

    /// True where nothing stands: `null`, or a value pruned before.
    fn is_absent(&self) -> bool {
        self.state.seen.set(self.state.seen.get() + 1);
        self.node.is_null() || self.state.is_pruned(self.node)
    }

    fn located<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        result.map_err(|error| error.at(|| self.path()))
    }

    /// Reports that something else was wanted here.
    fn wrong(&self, wanted: &str, help: Option<String>) {
        self.state.report(self.node, || {
            let message = format!("expected {wanted}, found {}", describe(self.node));
            let fault = Diagnostic::error("wrong-type", &self.state.source.name, message)
                .at(self.node.span)
                .path(self.path());
            match help {
                Some(help) => fault.help(help),
                None => fault,
            }
        });
    }

    /// Reports, prunes, and leaves the empty value behind: this pass goes on, the next one does without.
    fn prune(&self, wanted: &str, help: Option<String>) -> Zero {
        self.wrong(wanted, help);
        self.state.prune(self.node);
        Zero
    }

    fn scalar(&self) -> Option<&'n Scalar> {
        self.node.scalar()
    }

    /// The text here. Numbers and booleans are reported and taken as written.
    fn text(&self) -> Result<&'n str, Zero> {
        let Some(scalar) = self.scalar() else {
            return Err(self.prune("text", None));
        };
        match scalar.meaning() {
            Meaning::Text(text) => return Ok(text),
            Meaning::Bool(_) if scalar.is_old_boolean() => self.old_boolean(scalar),
            _ => self.wrong(
                "text",
                Some(format!("quote it: {:?}", brief(&scalar.value))),
            ),
        }
        Ok(&scalar.value)
    }

    fn old_boolean(&self, scalar: &Scalar) {
        self.state.report(self.node, || {
            let message = format!(
                "`{}` without quotes is a boolean to Argo and Kubernetes",
                scalar.value
            );
            Diagnostic::warning("yaml-boolean", &self.state.source.name, message)
                .at(self.node.span)
                .path(self.path())
                .help(format!("quote it: {:?}", scalar.value))
        });
    }

    /// The whole number here, if it lies between `low` and `high`.
    fn whole(&self, low: i128, high: i128) -> Result<i128, Zero> {
        let wanted = "a whole number";
        let Some(scalar) = self.scalar() else {
            return Err(self.prune(wanted, None));
        };
        let number = match scalar.meaning() {
            Meaning::Int(number) => i128::from(number),
            Meaning::Uint(number) => i128::from(number),
            // Exact: a float without a fraction, and far from the ends of i128.
            Meaning::Float(number) if number.fract() == 0.0 && number.abs() < 1e19 => {
                number as i128
            }
            Meaning::Text(text) => {
                let number = matches!(plain(text), Meaning::Int(_) | Meaning::Uint(_));
                return Err(self.prune(
                    wanted,
                    number.then(|| format!("remove the quotes: {}", brief(text))),
                ));
            }
            _ => return Err(self.prune(wanted, None)),
        };
        if (low..=high).contains(&number) {
            return Ok(number);
        }
        Err(self.prune(&format!("a whole number from {low} to {high}"), None))
    }

    fn float(&self) -> Result<f64, Zero> {
        let wanted = "a number";
        let Some(scalar) = self.scalar() else {
            return Err(self.prune(wanted, None));
        };
        match scalar.meaning() {
            Meaning::Int(number) => Ok(number as f64),
            Meaning::Uint(number) => Ok(number as f64),
            Meaning::Float(number) => Ok(number),
            Meaning::Text(text) => {
                let number = matches!(
                    plain(text),
                    Meaning::Int(_) | Meaning::Uint(_) | Meaning::Float(_)
                );
                Err(self.prune(
                    wanted,
                    number.then(|| format!("remove the quotes: {}", brief(text))),
                ))
            }
            _ => Err(self.prune(wanted, None)),
        }
    }

    fn boolean(&self) -> Result<bool, Zero> {
        let wanted = "a boolean";
        match self.scalar().map(Scalar::meaning) {
            Some(Meaning::Bool(value)) => Ok(value),
            Some(Meaning::Text(text)) => {
                let boolean = matches!(plain(text), Meaning::Bool(_));
                Err(self.prune(
                    wanted,
                    boolean.then(|| format!("remove the quotes: {}", brief(text))),
                ))
            }
            _ => Err(self.prune(wanted, None)),
        }
    }
}

macro_rules! wholes {
    ($($method:ident: $type:ty => $visit:ident as $wide:ty,)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            if self.is_absent() {
                return self.located(Zero.$method(visitor));
            }
            self.located(match self.whole(<$type>::MIN.into(), <$type>::MAX.into()) {
                Ok(number) => visitor.$visit(number as $wide),
                Err(zero) => zero.$method(visitor),
            })
        }
    )*};
}

macro_rules! scalars {
    ($($method:ident: $read:ident => $visit:ident,)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            if self.is_absent() {
                return self.located(Zero.$method(visitor));
            }
            self.located(match self.$read() {
                Ok(value) => visitor.$visit(value),
                Err(zero) => zero.$method(visitor),
            })
        }
    )*};
}

impl<'de> Deserializer<'de> for Value<'_, '_> {
    type Error = Error;

    wholes! {
        deserialize_i8: i8 => visit_i64 as i64,
        deserialize_i16: i16 => visit_i64 as i64,
        deserialize_i32: i32 => visit_i64 as i64,
        deserialize_i64: i64 => visit_i64 as i64,
        deserialize_u8: u8 => visit_u64 as u64,
        deserialize_u16: u16 => visit_u64 as u64,
        deserialize_u32: u32 => visit_u64 as u64,
        deserialize_u64: u64 => visit_u64 as u64,
    }

    scalars! {
        deserialize_bool: boolean => visit_bool,
        deserialize_f32: float => visit_f64,
        deserialize_f64: float => visit_f64,
        deserialize_str: text => visit_str,
        deserialize_string: text => visit_str,
        deserialize_bytes: text => visit_str,
        deserialize_byte_buf: text => visit_str,
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.is_absent() {
            return self.located(visitor.visit_unit());
        }
        let scalar = match &self.node.kind {
            NodeKind::Seq(items) => {
                return self.located(visitor.visit_seq(Items::new(self, items)));
            }
            NodeKind::Map(entries) => {
                return self.located(visitor.visit_map(Entries::new(self, entries, None)));
            }
            NodeKind::Scalar(scalar) => scalar,
        };
        self.located(match scalar.meaning() {
            Meaning::Null => visitor.visit_unit(),
            Meaning::Bool(value) => visitor.visit_bool(value),
            Meaning::Int(number) => visitor.visit_i64(number),
            Meaning::Uint(number) => visitor.visit_u64(number),
            Meaning::Float(number) if number.is_finite() => visitor.visit_f64(number),
            Meaning::Float(_) => self
                .prune("a number that JSON has", None)
                .deserialize_any(visitor),
            Meaning::Text(text) => visitor.visit_str(text),
        })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.is_absent() {
            return self.located(visitor.visit_none());
        }
        self.located(visitor.visit_some(self))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.located(visitor.visit_newtype_struct(self))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.is_absent() {
            return self.located(Zero.deserialize_seq(visitor));
        }
        self.located(match &self.node.kind {
            NodeKind::Seq(items) => visitor.visit_seq(Items::new(self, items)),
            _ => self.prune("a list", None).deserialize_seq(visitor),
        })
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.is_absent() {
            return self.located(Zero.deserialize_map(visitor));
        }
        self.located(match &self.node.kind {
            NodeKind::Map(entries) => visitor.visit_map(Entries::new(self, entries, None)),
            _ => self.prune("a map", None).deserialize_map(visitor),
        })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if self.is_absent() {
            return self.located(Zero.deserialize_struct(name, fields, visitor));
        }
        self.located(match &self.node.kind {
            NodeKind::Map(entries) => visitor.visit_map(Entries::new(self, entries, Some(fields))),
            _ => self
                .prune("a map", None)
                .deserialize_struct(name, fields, visitor),
        })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if self.is_absent() {
            return self.located(Zero.deserialize_enum(name, variants, visitor));
        }
        self.located(match &self.node.kind {
            NodeKind::Scalar(scalar) if variants.contains(&&*scalar.value) => {
                visitor.visit_enum(Variant(&scalar.value))
            }
            NodeKind::Scalar(scalar) => Err(Error::unknown_variant(&scalar.value, variants)),
            NodeKind::Map(entries) => visitor.visit_enum(MapAccessDeserializer::new(Entries::new(
                self, entries, None,
            ))),
            NodeKind::Seq(_) => self
                .prune("text", None)
                .deserialize_enum(name, variants, visitor),
        })
    }

    /// Types ask for this only to pass over a field they do not know.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if let Trail::Below(_, Step::Key(entry)) = self.trail {
            self.state.unknown_field(entry, || self.path(), &[]);
        }
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! { i128 u128 char unit unit_struct identifier }
}
