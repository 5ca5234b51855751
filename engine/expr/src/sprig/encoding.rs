//! base64, base32 and JSON.

use crate::builtins::{Args, Entry, Fault};
use crate::json;
use crate::value::Value;

pub(super) const TABLE: &[Entry] = &[
    ("b32dec", |args| {
        Ok(Value::from(decoded(from_bits(args.str(0)?, BASE32, 5))))
    }),
    ("b32enc", |args| {
        Ok(Value::from(to_bits(args.str(0)?.as_bytes(), BASE32, 5, 8)))
    }),
    ("b64dec", |args| {
        Ok(Value::from(decoded(from_base64(args.str(0)?))))
    }),
    ("b64enc", |args| {
        Ok(Value::from(base64(args.str(0)?.as_bytes())))
    }),
    ("fromJson", |args| {
        Ok(json::parse(args.str(0)?).unwrap_or_default())
    }),
    ("mustFromJson", must_from_json),
    ("mustToJson", |args| {
        Ok(Value::from(json::compact(args.value(0)?, true)?))
    }),
    ("mustToPrettyJson", |args| {
        Ok(Value::from(json::pretty(args.value(0)?, true)?))
    }),
    ("mustToRawJson", |args| {
        Ok(Value::from(json::compact(args.value(0)?, false)?))
    }),
    ("toJson", |args| {
        Ok(Value::from(
            json::compact(args.value(0)?, true).unwrap_or_default(),
        ))
    }),
    ("toPrettyJson", |args| {
        Ok(Value::from(
            json::pretty(args.value(0)?, true).unwrap_or_default(),
        ))
    }),
    ("toRawJson", |args| {
        Ok(Value::from(json::compact(args.value(0)?, false)?))
    }),
];

const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn must_from_json(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    args.count(1, 1)?;
    json::parse(args.str(0)?).map_err(|reason| Fault(format!("the text is not JSON: {reason}")))
}

/// sprig gives the reason as the text.
fn decoded(bytes: Option<Vec<u8>>) -> String {
    bytes.map_or_else(
        || "illegal data in the encoded text".to_owned(),
        |bytes| String::from_utf8_lossy(&bytes).into_owned(),
    )
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    to_bits(bytes, BASE64, 6, 4)
}

/// Standard alphabet, padded; line breaks are skipped as Go does.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    from_bits(text, BASE64, 6)
}

/// Bytes in letters of so many bits each, filled up with `=` to a whole group.
fn to_bits(bytes: &[u8], alphabet: &[u8], bits: u32, group: usize) -> String {
    let mut out = String::with_capacity(bytes.len() * 2 + group);
    let (mut held, mut count) = (0u32, 0u32);
    let mask = (1u32 << bits) - 1;
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        count += 8;
        while count >= bits {
            count -= bits;
            out.push(alphabet[(held >> count & mask) as usize] as char);
        }
        held &= (1 << count) - 1;
    }
    if count > 0 {
        out.push(alphabet[(held << (bits - count) & mask) as usize] as char);
    }
    while !out.len().is_multiple_of(group) {
        out.push('=');
    }
    out
}

fn from_bits(text: &str, alphabet: &[u8], bits: u32) -> Option<Vec<u8>> {
    let letters: Vec<u8> = text
        .bytes()
        .filter(|byte| !matches!(byte, b'\n' | b'\r'))
        .collect();
    let group = if bits == 6 { 4 } else { 8 };
    if !letters.len().is_multiple_of(group) {
        return None;
    }
    let end = letters
        .iter()
        .rposition(|byte| *byte != b'=')
        .map_or(0, |last| last + 1);
    if letters.len() - end >= group - 1 {
        return None;
    }
    let mut out = Vec::with_capacity(end);
    let (mut held, mut count) = (0u32, 0u32);
    for letter in &letters[..end] {
        held = (held << bits) | alphabet.iter().position(|known| known == letter)? as u32;
        count += bits;
        if count >= 8 {
            count -= 8;
            out.push((held >> count) as u8);
            held &= (1 << count) - 1;
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for text in ["", "h", "hi", "hi!", "hi!?"] {
            assert_eq!(
                from_base64(&base64(text.as_bytes())).unwrap(),
                text.as_bytes()
            );
            let encoded = to_bits(text.as_bytes(), BASE32, 5, 8);
            assert_eq!(
                from_bits(&encoded, BASE32, 5).unwrap(),
                text.as_bytes(),
                "{encoded}"
            );
        }
        assert_eq!(base64(b"hi"), "aGk=");
        for bad in ["a", "aGk", "====", "aG k="] {
            assert_eq!(from_base64(bad), None, "{bad}");
        }
    }
}
