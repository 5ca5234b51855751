//! What container images start when nobody says it: their registry is asked for their configuration, and for no layer.

use crate::place::Place;
use crate::registry::{OciError, Registry};
use oci_client::Reference;
use oci_client::manifest::ImageIndexEntry;
use serde::Deserialize;
use std::fmt;
use std::str::FromStr;

/// The name of an image as containers give it: `busybox`, `ghcr.io/me/tool:1.0`, `quay.io/me/tool@sha256:…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image(pub(crate) Place);

/// Why a text names no image.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{text}` is no name of an image: {reason}")]
pub struct ImageError {
    text: String,
    reason: String,
}

impl FromStr for Image {
    type Err = ImageError;

    fn from_str(text: &str) -> Result<Image, ImageError> {
        let parsed = text.parse::<Reference>();
        let parsed = parsed.map_err(|error| ImageError {
            text: text.to_owned(),
            reason: error.to_string(),
        })?;
        Ok(Image(Place(parsed)))
    }
}

impl Image {
    /// Host and port of its registry; `docker.io` where the name gives none.
    #[must_use]
    pub fn registry(&self) -> &str {
        self.0.registry()
    }

    /// Its name within the registry, without tag and digest.
    #[must_use]
    pub fn repository(&self) -> &str {
        self.0.0.repository()
    }
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.0.whole())
    }
}

/// What an image starts. Source: `config` of the OCI image configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Starts {
    pub entrypoint: Option<Vec<String>>,
    pub cmd: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Configuration {
    #[serde(default)]
    config: Option<Starts>,
}

impl Registry {
    /// What an image starts.
    ///
    /// # Errors
    /// The registry does not say it.
    pub async fn starts(&self, image: &Image) -> Result<Starts, OciError> {
        let text = self.configuration(&image.0).await?;
        let read: Configuration =
            serde_json::from_str(&text).map_err(|error| OciError::NotAnImage {
                place: image.to_string(),
                reason: error.to_string(),
            })?;
        Ok(read.config.unwrap_or_default())
    }
}

/// Which of an image's variants is asked: that of this machine, or else any for Linux. What they start is the same.
pub(crate) fn variant(all: &[ImageIndexEntry]) -> Option<String> {
    let linux = |entry: &&ImageIndexEntry| {
        entry
            .platform
            .as_ref()
            .is_some_and(|platform| platform.os.to_string() == "linux")
    };
    oci_client::client::current_platform_resolver(all)
        .or_else(|| all.iter().find(linux).map(|entry| entry.digest.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_container_engines_read_them() {
        for (text, registry, repository) in [
            ("busybox", "docker.io", "library/busybox"),
            ("argoproj/argosay:v2", "docker.io", "argoproj/argosay"),
            ("ghcr.io/me/tool:1.0", "ghcr.io", "me/tool"),
            ("localhost:5000/tool", "localhost:5000", "tool"),
        ] {
            let image: Image = text.parse().expect("an image");
            assert_eq!(
                (image.registry(), image.repository()),
                (registry, repository)
            );
        }
        for bad in ["", "Big", "a b", "x@sha256:12"] {
            assert!(bad.parse::<Image>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_configuration_may_leave_all_of_it_out() {
        let read = |text| serde_json::from_str::<Configuration>(text).map(|read| read.config);
        assert_eq!(read("{}").unwrap(), None);
        let both = read(r#"{"config": {"Entrypoint": ["/a", "b"], "Cmd": null, "Env": []}}"#);
        let starts = both.unwrap().unwrap();
        assert_eq!(starts.entrypoint.unwrap(), ["/a", "b"]);
        assert_eq!(starts.cmd, None);
    }
}
