//! Keys as `cosign generate-key-pair` writes them: ECDSA on P-256; the private one encrypted with a password (scrypt, secretbox).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crypto_secretbox::aead::{Aead, KeyInit};
use crypto_secretbox::{Key, Nonce, XSalsa20Poly1305};
use p256::ecdsa::signature::{Signer, Verifier};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use p256::elliptic_curve::rand_core::{OsRng, RngCore};
use p256::pkcs8::{
    DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, LineEnding,
};
use serde::{Deserialize, Serialize};

/// Signs.
pub struct PrivateKey(SigningKey);

/// Tells whether a signature is the private key's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// Why a text is no key. A fragment that fits after "failed to ".
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum KeyError {
    #[error("read a public key: it is no PEM of an ECDSA key on P-256")]
    Public,
    #[error(
        "read a private key: it is no PEM of cosign's, and no PKCS #8 of an ECDSA key on P-256"
    )]
    Private,
    #[error("open the private key: the password is wrong, or the key is damaged")]
    Password,
}

const LABELS: [&str; 2] = [
    "ENCRYPTED SIGSTORE PRIVATE KEY",
    "ENCRYPTED COSIGN PRIVATE KEY",
];

#[derive(Serialize, Deserialize)]
struct Sealed {
    kdf: Kdf,
    cipher: Cipher,
    ciphertext: String,
}

#[derive(Serialize, Deserialize)]
struct Kdf {
    name: String,
    params: Params,
    salt: String,
}

#[derive(Serialize, Deserialize)]
struct Params {
    #[serde(rename = "N")]
    n: u64,
    r: u32,
    p: u32,
}

#[derive(Serialize, Deserialize)]
struct Cipher {
    name: String,
    nonce: String,
}

impl PublicKey {
    /// Reads `cosign.pub`.
    ///
    /// # Errors
    /// It is none.
    pub fn read(pem: &str) -> Result<PublicKey, KeyError> {
        VerifyingKey::from_public_key_pem(pem.trim())
            .map(PublicKey)
            .map_err(|_| KeyError::Public)
    }

    pub(crate) fn verifies(&self, text: &[u8], signature: &[u8]) -> bool {
        Signature::from_der(signature)
            .is_ok_and(|signature| self.0.verify(text, &signature).is_ok())
    }
}

impl PrivateKey {
    /// Reads `cosign.key`, or a PKCS #8 key that is not encrypted.
    ///
    /// # Errors
    /// It is none, or the password is not its own.
    pub fn read(pem: &str, password: &str) -> Result<PrivateKey, KeyError> {
        let Some(sealed) = body(pem) else {
            return SigningKey::from_pkcs8_pem(pem.trim())
                .map(PrivateKey)
                .map_err(|_| KeyError::Private);
        };
        let sealed: Sealed = serde_json::from_slice(&sealed?).map_err(|_| KeyError::Private)?;
        if sealed.kdf.name != "scrypt" || sealed.cipher.name != "nacl/secretbox" {
            return Err(KeyError::Private);
        }
        let decode = |text: &str| STANDARD.decode(text).map_err(|_| KeyError::Private);
        let key = derive(password, &decode(&sealed.kdf.salt)?, &sealed.kdf.params)?;
        let nonce = decode(&sealed.cipher.nonce)?;
        if nonce.len() != 24 {
            return Err(KeyError::Private);
        }
        let open = XSalsa20Poly1305::new(&key).decrypt(
            Nonce::from_slice(&nonce),
            decode(&sealed.ciphertext)?.as_slice(),
        );
        let der = open.map_err(|_| KeyError::Password)?;
        SigningKey::from_pkcs8_der(&der)
            .map(PrivateKey)
            .map_err(|_| KeyError::Private)
    }

    pub(crate) fn sign(&self, text: &[u8]) -> Vec<u8> {
        let signature: Signature = self.0.sign(text);
        signature.to_der().as_bytes().to_vec()
    }
}

fn derive(password: &str, salt: &[u8], params: &Params) -> Result<Key, KeyError> {
    let log = params
        .n
        .is_power_of_two()
        .then(|| params.n.trailing_zeros())
        .filter(|log| *log <= 20);
    let log = log
        .and_then(|log| u8::try_from(log).ok())
        .ok_or(KeyError::Private)?;
    let params = scrypt::Params::new(log, params.r.min(32), params.p.min(16), 32)
        .map_err(|_| KeyError::Private)?;
    let mut key = Key::default();
    scrypt::scrypt(password.as_bytes(), salt, &params, &mut key).map_err(|_| KeyError::Private)?;
    Ok(key)
}

/// What is between the lines of an encrypted key; none for any other PEM.
fn body(pem: &str) -> Option<Result<Vec<u8>, KeyError>> {
    let label = LABELS
        .iter()
        .find(|label| pem.contains(&format!("-----BEGIN {label}-----")))?;
    let inner = pem.split_once(&format!("-----BEGIN {label}-----"))?.1;
    let inner = inner
        .split_once(&format!("-----END {label}-----"))
        .map(|(inner, _)| inner);
    let text: String = inner?.chars().filter(|c| !c.is_whitespace()).collect();
    Some(STANDARD.decode(text).map_err(|_| KeyError::Private))
}

/// A new pair: `cosign.key`, encrypted with the password, and `cosign.pub`.
///
/// # Errors
/// The machine has no random numbers, or the key cannot be written down; neither is to be expected.
pub fn generate(password: &str) -> Result<(String, String), KeyError> {
    let key = SigningKey::random(&mut OsRng);
    let der = key.to_pkcs8_der().map_err(|_| KeyError::Private)?;
    let public = key
        .verifying_key()
        .to_public_key_pem(LineEnding::LF)
        .map_err(|_| KeyError::Public)?;
    let (mut salt, mut nonce) = ([0; 32], [0; 24]);
    OsRng.fill_bytes(&mut salt);
    OsRng.fill_bytes(&mut nonce);
    // What cosign takes.
    let params = Params {
        n: 1 << 16,
        r: 8,
        p: 1,
    };
    let cipher = XSalsa20Poly1305::new(&derive(password, &salt, &params)?);
    let ciphertext = cipher
        .encrypt(Nonce::from_slice(&nonce), der.as_bytes())
        .map_err(|_| KeyError::Private)?;
    let sealed = Sealed {
        kdf: Kdf {
            name: "scrypt".to_owned(),
            params,
            salt: STANDARD.encode(salt),
        },
        cipher: Cipher {
            name: "nacl/secretbox".to_owned(),
            nonce: STANDARD.encode(nonce),
        },
        ciphertext: STANDARD.encode(ciphertext),
    };
    let json = serde_json::to_vec(&sealed).map_err(|_| KeyError::Private)?;
    let text = STANDARD.encode(json);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .filter_map(|line| std::str::from_utf8(line).ok())
        .collect();
    let label = LABELS[0];
    Ok((
        format!(
            "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
            lines.join("\n")
        ),
        public,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_signs_and_verifies() {
        let (private, public) = generate("secret").expect("a pair");
        let key = PrivateKey::read(&private, "secret").expect("the key");
        let public = PublicKey::read(&public).expect("the key");
        let signature = key.sign(b"text");
        assert!(public.verifies(b"text", &signature));
        assert!(!public.verifies(b"texts", &signature));
        assert_eq!(
            PrivateKey::read(&private, "wrong").err(),
            Some(KeyError::Password)
        );
        assert_eq!(
            PrivateKey::read("garbage", "").err(),
            Some(KeyError::Private)
        );
        let (_, other) = generate("").expect("a pair");
        assert!(
            !PublicKey::read(&other)
                .expect("the key")
                .verifies(b"text", &signature)
        );
    }
}
