//! JSON, deflated, in base64: what a report is on its way.

use base64::{Engine, engine::general_purpose::STANDARD};
use miniz_oxide::{deflate::compress_to_vec, inflate::decompress_to_vec_with_limit};

use crate::OUTPUTS_LIMIT;

/// A character of outputs is up to six in JSON; names and faults need room, too.
const JSON_LIMIT: usize = 8 * OUTPUTS_LIMIT;

const LEVEL: u8 = 6;

pub fn pack(json: &str) -> String {
    STANDARD.encode(compress_to_vec(json.as_bytes(), LEVEL))
}

pub fn unpack(blob: &str) -> Result<Vec<u8>, String> {
    let deflated = STANDARD.decode(blob).map_err(|error| error.to_string())?;
    decompress_to_vec_with_limit(&deflated, JSON_LIMIT).map_err(|error| error.to_string())
}

pub fn digest(blob: &str) -> String {
    format!("{:08x}", crc32fast::hash(blob.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_out() {
        let text = "é\"\u{0}".repeat(10_000);
        assert!(pack(&text).len() < 1000);
        assert_eq!(unpack(&pack(&text)).unwrap(), text.as_bytes());
        assert_eq!(unpack(&pack("")).unwrap(), b"");
    }

    #[test]
    fn what_is_damaged_or_a_bomb_is_an_error() {
        assert!(unpack("?").is_err());
        assert!(unpack("AAAA").is_err());
        assert!(unpack(&pack(&"x".repeat(JSON_LIMIT + 1))).is_err());
    }

    #[test]
    fn a_digest_is_the_crc_of_zip_files() {
        assert_eq!(digest("123456789"), "cbf43926");
    }
}
