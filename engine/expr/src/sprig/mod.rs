//! `sprig.<name>`: sprig's generic functions, by family, but for those that read the environment.

mod coerce;
mod crypto;
mod dates;
mod dicts;
pub(crate) mod encoding;
mod lists;
mod maths;
mod paths;
pub(crate) mod random;
mod reflect;
mod regex;
mod semver;
mod strings;
mod urls;
mod words;

use crate::builtins::{Entry, Func};

const FAMILIES: [&[Entry]; 14] = [
    crypto::TABLE,
    dates::TABLE,
    dicts::TABLE,
    encoding::TABLE,
    lists::TABLE,
    maths::TABLE,
    paths::TABLE,
    random::TABLE,
    reflect::TABLE,
    regex::TABLE,
    semver::TABLE,
    strings::TABLE,
    urls::TABLE,
    words::TABLE,
];

/// The function of this name, without the `sprig.`.
pub(crate) fn find(name: &str) -> Option<Func> {
    FAMILIES
        .iter()
        .copied()
        .flatten()
        .find(|(known, _)| *known == name)
        .map(|(_, func)| *func)
}

/// All names.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    FAMILIES.iter().copied().flatten().map(|(name, _)| *name)
}
