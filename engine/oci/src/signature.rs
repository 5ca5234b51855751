//! What is signed: the "simple signing" payload that cosign uses (containers/image, "atomic signature").

use serde_json::{Value, json};

/// The text that says which digest is meant.
#[must_use]
pub fn payload(name: &str, digest: &str) -> String {
    json!({
        "critical": {
            "identity": {"docker-reference": name},
            "image": {"docker-manifest-digest": digest},
            "type": "cosign container image signature",
        },
        "optional": null,
    })
    .to_string()
}

/// Whether a payload speaks of that digest.
pub(crate) fn is_of(payload: &[u8], digest: &str) -> bool {
    let value: Value = serde_json::from_slice(payload).unwrap_or_default();
    let critical = &value["critical"];
    critical["image"]["docker-manifest-digest"] == digest
        && critical["type"] == "cosign container image signature"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_of_one_digest() {
        let text = payload("ghcr.io/me/greet", "sha256:aa");
        assert!(is_of(text.as_bytes(), "sha256:aa"));
        assert!(!is_of(text.as_bytes(), "sha256:bb"));
        assert!(!is_of(b"garbage", "sha256:aa"));
    }
}
