//! Walking the entries and items of a node.

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::fault::Error;
use super::value::{Step, Trail, Value};
use crate::source::{Entry, Node};

/// The entries of a map. With the fields of a struct at hand, unknown ones are reported and nulls are passed over.
pub(super) struct Entries<'a, 'n> {
    of: Value<'a, 'n>,
    rest: std::slice::Iter<'n, Entry>,
    fields: Option<&'static [&'static str]>,
    current: Option<&'n Entry>,
}

impl<'a, 'n> Entries<'a, 'n> {
    pub fn new(
        of: Value<'a, 'n>,
        entries: &'n [Entry],
        fields: Option<&'static [&'static str]>,
    ) -> Self {
        Entries {
            of,
            rest: entries.iter(),
            fields,
            current: None,
        }
    }

    fn wants(&self, entry: &Entry) -> bool {
        let state = self.of.state;
        match self.fields {
            Some(fields) if !fields.contains(&&*entry.key) => {
                state.unknown_field(entry, || self.of.path().key(&entry.key), fields);
                false
            }
            Some(_) => !entry.value.is_null() && !state.is_pruned(&entry.value),
            None => !state.is_pruned(&entry.value),
        }
    }
}

impl<'de> MapAccess<'de> for Entries<'_, '_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        self.current = loop {
            match self.rest.next() {
                Some(entry) if self.wants(entry) => break Some(entry),
                Some(_) => {}
                None => break None,
            }
        };
        let Some(entry) = self.current else {
            return Ok(None);
        };
        let key: StrDeserializer<'_, Error> = (&*entry.key).into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        // serde asks for a value only after its key.
        let Some(entry) = self.current.take() else {
            return Err(serde::de::Error::custom("a value without its key"));
        };
        let trail = Trail::Below(self.of.trail, Step::Key(entry));
        seed.deserialize(Value {
            state: self.of.state,
            node: &entry.value,
            trail: &trail,
        })
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// The items of a list. One that is pruned leaves its place empty, so that the others keep theirs.
pub(super) struct Items<'a, 'n> {
    of: Value<'a, 'n>,
    rest: std::iter::Enumerate<std::slice::Iter<'n, Node>>,
}

impl<'a, 'n> Items<'a, 'n> {
    pub fn new(of: Value<'a, 'n>, items: &'n [Node]) -> Self {
        Items {
            of,
            rest: items.iter().enumerate(),
        }
    }
}

impl<'de> SeqAccess<'de> for Items<'_, '_> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        let Some((index, node)) = self.rest.next() else {
            return Ok(None);
        };
        let trail = Trail::Below(self.of.trail, Step::Index(index));
        seed.deserialize(Value {
            state: self.of.state,
            node,
            trail: &trail,
        })
        .map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// An enum written as the name of one of its variants.
pub(super) struct Variant<'n>(pub &'n str);

impl<'de> EnumAccess<'de> for Variant<'_> {
    type Error = Error;
    type Variant = Unit;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Unit), Error> {
        let name: StrDeserializer<'_, Error> = self.0.into_deserializer();
        Ok((seed.deserialize(name)?, Unit))
    }
}

pub(super) struct Unit;

impl Unit {
    fn bare<T>() -> Result<T, Error> {
        Err(serde::de::Error::custom(
            "this choice needs a value of its own",
        ))
    }
}

impl<'de> VariantAccess<'de> for Unit {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, _: S) -> Result<S::Value, Error> {
        Unit::bare()
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Error> {
        Unit::bare()
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        Unit::bare()
    }
}
