//! Functions that draw lots, from the seed of the evaluation.

use crate::builtins::{Args, Entry, Fault};
use crate::limits;
use crate::value::Value;

pub(super) const TABLE: &[Entry] = &[
    ("randAlpha", |args| {
        letters(args, |at| ALPHANUMERIC[10 + at % 52], 52)
    }),
    ("randAlphaNum", |args| {
        letters(args, |at| ALPHANUMERIC[at % 62], 62)
    }),
    ("randAscii", |args| {
        letters(args, |at| 32 + at as u8 % 95, 95)
    }),
    ("randBytes", |args| {
        let count = args.size(0)?;
        limits::text(count.saturating_mul(2))?;
        let bytes: Vec<u8> = (0..count).map(|_| args.run.random.next() as u8).collect();
        Ok(Value::from(super::encoding::base64(&bytes)))
    }),
    ("randInt", rand_int),
    ("randNumeric", |args| {
        letters(args, |at| ALPHANUMERIC[at % 10], 10)
    }),
    ("shuffle", shuffle),
    ("uuidv4", uuid),
];

const ALPHANUMERIC: &[u8; 62] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Numbers from a seed (SplitMix64); the same seed gives the same numbers.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below a bound; 0 where there is none.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }
}

fn letters(args: &mut Args<'_, '_>, letter: fn(usize) -> u8, kinds: u64) -> Result<Value, Fault> {
    args.count(1, 1)?;
    let count = args.size(0)?;
    limits::text(count.saturating_mul(8))?;
    let text: String = (0..count)
        .map(|_| letter(args.run.random.below(kinds) as usize) as char)
        .collect();
    Ok(Value::from(text))
}

fn rand_int(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(2, 2)?;
    let (from, to) = (args.int(0)?, args.int(1)?);
    match u64::try_from(i128::from(to) - i128::from(from)) {
        Ok(span) if span > 0 => Ok(Value::Int(
            from.wrapping_add(args.run.random.below(span) as i64),
        )),
        _ => Err(Fault(format!(
            "`randInt` wants a smaller and a larger number, got {from} and {to}"
        ))),
    }
}

fn shuffle(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(1, 1)?;
    let mut chars: Vec<char> = args.str(0)?.chars().collect();
    for last in (1..chars.len()).rev() {
        let other = args.run.random.below(last as u64 + 1) as usize;
        chars.swap(last, other);
    }
    Ok(Value::from(chars.into_iter().collect::<String>()))
}

fn uuid(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(0, 0)?;
    let high = args.run.random.next() & 0xffff_ffff_ffff_0fff | 0x4000;
    let low = args.run.random.next() & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000;
    let (first, second, third) = (high >> 32, high >> 16 & 0xffff, high & 0xffff);
    Ok(Value::from(format!(
        "{first:08x}-{second:04x}-{third:04x}-{:04x}-{:012x}",
        low >> 48,
        low & 0xffff_ffff_ffff
    )))
}
