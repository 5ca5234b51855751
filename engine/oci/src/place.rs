//! Where a plug-in is: `oci://registry/name@sha256:…`.

use oci_client::Reference;
use std::fmt;
use std::str::FromStr;

/// A place in a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place(pub(crate) Reference);

/// Why a text names no place in a registry.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{text}` is no place in a registry like oci://ghcr.io/me/greet@sha256:…: {reason}")]
pub struct PlaceError {
    text: String,
    reason: String,
}

impl FromStr for Place {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Place, PlaceError> {
        let fault = |reason: String| PlaceError {
            text: text.to_owned(),
            reason,
        };
        let name = text
            .strip_prefix("oci://")
            .ok_or_else(|| fault("it does not begin with oci://".to_owned()))?;
        if !name.contains('/') {
            return Err(fault("it names no registry".to_owned()));
        }
        name.parse()
            .map(Place)
            .map_err(|error: oci_client::ParseError| fault(error.to_string()))
    }
}

impl Place {
    /// The digest it names; none for a tag.
    #[must_use]
    pub fn digest(&self) -> Option<&str> {
        self.0.digest()
    }

    /// The same artifact, by digest.
    #[must_use]
    pub fn at(&self, digest: &str) -> Place {
        Place(self.0.clone_with_digest(digest.to_owned()))
    }

    /// Host and port of the registry.
    #[must_use]
    pub fn registry(&self) -> &str {
        self.0.registry()
    }

    /// Where cosign puts the signatures of an artifact.
    pub(crate) fn signatures(&self, digest: &str) -> Place {
        let tag = format!("{}.sig", digest.replace(':', "-"));
        Place(Reference::with_tag(
            self.0.registry().to_owned(),
            self.0.repository().to_owned(),
            tag,
        ))
    }

    /// Registry and name, without tag or digest: what a signature is made out to.
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.0.registry(), self.0.repository())
    }

    /// Plain HTTP, as a registry on this machine speaks it.
    pub(crate) fn local(&self) -> bool {
        let host = self.0.registry().split(':').next().unwrap_or_default();
        host == "localhost"
            || host
                .parse()
                .is_ok_and(|address: std::net::IpAddr| address.is_loopback())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "oci://{}", self.0.whole())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let place: Place = format!("oci://localhost:5000/me/greet@{digest}")
            .parse()
            .expect("a place");
        assert_eq!(place.digest(), Some(digest.as_str()));
        assert!(place.local());
        assert_eq!(
            place.signatures(&digest).to_string(),
            format!(
                "oci://localhost:5000/me/greet:sha256-{}.sig",
                "a".repeat(64)
            )
        );
        let tagged: Place = "oci://ghcr.io/me/greet:1.0".parse().expect("a place");
        assert_eq!((tagged.digest(), tagged.local()), (None, false));
        for bad in [
            "ghcr.io/me/greet",
            "oci://greet",
            "oci://",
            "oci://ghcr.io/Me/greet",
        ] {
            assert!(bad.parse::<Place>().is_err(), "{bad}");
        }
    }
}
