//! Who one is to which registry, as Docker's configuration says it and secrets for pulling images hold it.

use crate::image::Image;
use crate::registry::Credentials;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Logins by registry, or by a part of one. Source: `auths` of Docker's `config.json`, and how Kubernetes matches images to it.
#[derive(Clone, Default)]
pub struct Logins(Vec<(String, Credentials)>);

#[derive(Deserialize)]
struct Whole {
    #[serde(default)]
    auths: BTreeMap<String, Login>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Login {
    username: String,
    password: String,
    /// Base64 of `username:password`.
    auth: String,
}

impl Logins {
    /// Takes in a `.dockerconfigjson`.
    ///
    /// # Errors
    /// It is none. The fault quotes nothing of it.
    pub fn add(&mut self, text: &[u8]) -> Result<(), String> {
        let whole: Whole = serde_json::from_slice(text).map_err(place)?;
        self.take(whole.auths);
        Ok(())
    }

    /// Takes in a `.dockercfg`, the older form: what `auths` holds, and nothing around it.
    ///
    /// # Errors
    /// It is none. The fault quotes nothing of it.
    pub fn add_legacy(&mut self, text: &[u8]) -> Result<(), String> {
        self.take(serde_json::from_slice(text).map_err(place)?);
        Ok(())
    }

    fn take(&mut self, auths: BTreeMap<String, Login>) {
        let logins = auths.into_iter().filter_map(|(place, login)| {
            let credentials = login.credentials()?;
            Some((plain(&place), credentials))
        });
        self.0.extend(logins);
    }

    /// Those that may be of use for an image, the most particular first.
    pub fn of(&self, image: &Image) -> Vec<Credentials> {
        let mut found: Vec<_> = self
            .0
            .iter()
            .filter(|(place, _)| matches(place, image))
            .collect();
        found.sort_by_key(|(place, _)| std::cmp::Reverse(place.len()));
        found.into_iter().map(|(_, of)| of.clone()).collect()
    }
}

impl Login {
    fn credentials(self) -> Option<Credentials> {
        let (user, password) = if self.username.is_empty() {
            let text = STANDARD.decode(self.auth.trim()).ok()?;
            let text = String::from_utf8(text).ok()?;
            let (user, password) = text.split_once(':')?;
            (user.to_owned(), password.to_owned())
        } else {
            (self.username, self.password)
        };
        Some(Credentials::Basic { user, password })
    }
}

/// Where the fault is, without what is there.
fn place(error: serde_json::Error) -> String {
    format!("line {}, column {}", error.line(), error.column())
}

/// A place without scheme and version of the API; Docker's own registry by one name.
fn plain(place: &str) -> String {
    let place = place.split_once("://").map_or(place, |(_, rest)| rest);
    let place = place.trim_end_matches('/');
    let place = place
        .strip_suffix("/v1")
        .or_else(|| place.strip_suffix("/v2"))
        .unwrap_or(place);
    let (host, path) = place.split_once('/').unwrap_or((place, ""));
    let host = match host {
        "index.docker.io" | "registry-1.docker.io" => "docker.io",
        host => host,
    };
    if path.is_empty() {
        host.to_owned()
    } else {
        format!("{host}/{path}")
    }
}

/// Whether a login is meant for an image: labels of the host may have a `*`, and the path is the beginning of the image's.
fn matches(place: &str, image: &Image) -> bool {
    let (host, path) = place.split_once('/').unwrap_or((place, ""));
    let (wanted, given): (Vec<_>, Vec<_>) = (
        host.split('.').collect(),
        image.registry().split('.').collect(),
    );
    let label = |wanted: &str, given: &str| match wanted.split_once('*') {
        None => wanted == given,
        Some((first, last)) => {
            given.len() >= first.len() + last.len()
                && given.starts_with(first)
                && given.ends_with(last)
        }
    };
    let rest = image.repository().strip_prefix(path);
    wanted.len() == given.len()
        && wanted
            .iter()
            .zip(given)
            .all(|(wanted, given)| label(wanted, given))
        && rest.is_some_and(|rest| path.is_empty() || rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn users(logins: &Logins, image: &str) -> Vec<String> {
        let of = logins.of(&image.parse().unwrap());
        of.into_iter()
            .map(|of| match of {
                Credentials::Anonymous => "nobody".to_owned(),
                Credentials::Basic { user, password } => format!("{user}:{password}"),
            })
            .collect()
    }

    #[test]
    fn an_image_has_the_logins_of_its_registry() {
        let mut logins = Logins::default();
        let text = r#"{"auths": {
            "https://index.docker.io/v1/": {"auth": "ZDpwOnE="},
            "ghcr.io": {"username": "g", "password": "p"},
            "ghcr.io/me": {"username": "m", "password": "p"},
            "*.example.com": {"username": "e", "password": "p", "email": "e@example.com"},
            "quay.io": {"identitytoken": "t"}}}"#;
        logins.add(text.as_bytes()).unwrap();
        assert_eq!(users(&logins, "busybox"), ["d:p:q"]);
        assert_eq!(users(&logins, "ghcr.io/me/tool"), ["m:p", "g:p"]);
        assert_eq!(users(&logins, "ghcr.io/mean/tool"), ["g:p"]);
        assert_eq!(users(&logins, "a.example.com/tool"), ["e:p"]);
        assert_eq!(users(&logins, "a.b.example.com/tool"), [""; 0]);
        assert_eq!(users(&logins, "quay.io/me/tool"), [""; 0]);
    }

    #[test]
    fn faults_quote_no_secret() {
        let fault = Logins::default().add(br#"{"auths": {"a": {"auth": 7777}}}"#);
        assert_eq!(fault.unwrap_err(), "line 1, column 29");
        let mut old = Logins::default();
        old.add_legacy(br#"{"a.io": {"username": "u", "password": "p"}}"#)
            .unwrap();
        assert_eq!(users(&old, "a.io/x"), ["u:p"]);
    }
}
