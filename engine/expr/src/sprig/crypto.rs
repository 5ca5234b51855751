//! Checksums; and the functions that would make keys, which an expression must not.

use sha1::Digest;

use crate::builtins::{Args, Entry, Fault};
use crate::value::Value;

pub(super) const TABLE: &[Entry] = &[
    ("adler32sum", |args| {
        Ok(Value::from(adler32(args.str(0)?.as_bytes()).to_string()))
    }),
    ("sha1sum", |args| {
        Ok(Value::from(hex(&sha1::Sha1::digest(
            args.str(0)?.as_bytes(),
        ))))
    }),
    ("sha256sum", |args| {
        Ok(Value::from(hex(&sha2::Sha256::digest(
            args.str(0)?.as_bytes(),
        ))))
    }),
    ("sha512sum", |args| {
        Ok(Value::from(hex(&sha2::Sha512::digest(
            args.str(0)?.as_bytes(),
        ))))
    }),
    ("bcrypt", refuse),
    ("buildCustomCert", refuse),
    ("decryptAES", refuse),
    ("derivePassword", refuse),
    ("encryptAES", refuse),
    ("genCA", refuse),
    ("genCAWithKey", refuse),
    ("genPrivateKey", refuse),
    ("genSelfSignedCert", refuse),
    ("genSelfSignedCertWithKey", refuse),
    ("genSignedCert", refuse),
    ("genSignedCertWithKey", refuse),
    ("htpasswd", refuse),
];

/// What an expression gives is stored in the workflow for all to read: no place for keys and passwords.
fn refuse(args: &mut Args<'_, '_>) -> Result<Value, Fault> {
    Err(Fault(format!(
        "`{}` is refused: an expression's result is stored with the workflow, so it must not make keys or passwords; use a Secret",
        args.name
    )))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn adler32(bytes: &[u8]) -> u32 {
    let (mut a, mut b) = (1u32, 0u32);
    for byte in bytes {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    b << 16 | a
}
