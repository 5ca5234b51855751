//! What the operator allows. Nothing is allowed by default.

use crate::size::{parse_size, parse_time};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// Hosts and methods that may be asked by HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct HttpGrant {
    /// `api.example.test`, `api.example.test:8443`, `*.example.test`, `*`; an address (`10.0.0.1`, `[::1]`) likewise. Only a grant
    /// that names the host itself opens private, loopback, link-local and metadata addresses. Without a port: 80 and 443.
    pub host: String,
    /// None: all methods.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
}

/// What may be done with artifacts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ArtifactAccess {
    Read,
    List,
    Write,
}

/// Artifacts below a prefix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ArtifactGrant {
    pub access: ArtifactAccess,
    /// Of the key; empty: all.
    #[serde(default)]
    pub prefix: String,
}

/// A folder of this machine, read only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Folder {
    /// What plug-ins call it: the first part of a path.
    pub name: String,
    pub path: PathBuf,
}

/// What plug-ins are allowed: `spec` of a `PluginGrant`, or a file of such.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Grant {
    /// The plug-ins it is for, by name; none: all.
    pub plugins: Vec<String>,
    /// The digests it is for (`sha256:…`); none: all.
    pub digests: Vec<String>,
    pub http: Vec<HttpGrant>,
    pub secrets: Vec<String>,
    pub config_maps: Vec<String>,
    pub artifacts: Vec<ArtifactGrant>,
    pub folders: Vec<Folder>,
    /// Most memory of a call: `64Mi`.
    pub memory: Option<String>,
    /// Longest time of a call: `30s`.
    pub time: Option<String>,
    /// Most log of a call: `1Mi`.
    pub log: Option<String>,
    /// Most output of a call: `1Mi`.
    pub output: Option<String>,
    /// Most bytes read by HTTP in a call: `64Mi`.
    pub download: Option<String>,
    /// Most HTTP requests of a call.
    pub requests: Option<u32>,
    /// Most rounds of `pending` of a node.
    pub rounds: Option<u32>,
    /// Fuel of a call (about one per WASM instruction); none: not counted.
    pub fuel: Option<u64>,
}

/// A grant that says what cannot be.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{field}: {reason}")]
pub struct GrantFault {
    pub field: String,
    pub reason: String,
}

/// All that one plug-in is allowed, all grants for it taken together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grants {
    pub http: Vec<HttpGrant>,
    pub secrets: Vec<String>,
    pub config_maps: Vec<String>,
    pub artifacts: Vec<ArtifactGrant>,
    pub folders: Vec<Folder>,
    pub memory: u64,
    pub time: Duration,
    pub log: u64,
    pub output: u64,
    pub download: u64,
    pub requests: u32,
    pub rounds: u32,
    pub fuel: Option<u64>,
}

impl Default for Grants {
    /// Nothing of the world; limits that fit most.
    fn default() -> Grants {
        Grants {
            http: Vec::new(),
            secrets: Vec::new(),
            config_maps: Vec::new(),
            artifacts: Vec::new(),
            folders: Vec::new(),
            memory: 64 << 20,
            time: Duration::from_secs(60),
            log: 1 << 20,
            output: 1 << 20,
            download: 1 << 30,
            requests: 100,
            rounds: 10_000,
            fuel: None,
        }
    }
}

impl Grants {
    /// What the grants that are for this plug-in allow together. A later limit replaces an earlier one.
    ///
    /// # Errors
    /// A limit is no size or no time.
    pub fn of(all: &[Grant], plugin: &str, digest: &str) -> Result<Grants, GrantFault> {
        let mut sum = Grants::default();
        for grant in all.iter().filter(|grant| grant.is_for(plugin, digest)) {
            sum.http.extend_from_slice(&grant.http);
            sum.secrets.extend_from_slice(&grant.secrets);
            sum.config_maps.extend_from_slice(&grant.config_maps);
            sum.artifacts.extend_from_slice(&grant.artifacts);
            sum.folders.extend_from_slice(&grant.folders);
            let limits = [
                ("memory", &grant.memory, &mut sum.memory),
                ("log", &grant.log, &mut sum.log),
                ("output", &grant.output, &mut sum.output),
                ("download", &grant.download, &mut sum.download),
            ];
            for (field, text, limit) in limits {
                if let Some(text) = text {
                    *limit =
                        parse_size(text).ok_or_else(|| fault(field, text, "size, like 64Mi"))?;
                }
            }
            if let Some(text) = &grant.time {
                sum.time = parse_time(text).ok_or_else(|| fault("time", text, "time, like 30s"))?;
            }
            sum.requests = grant.requests.unwrap_or(sum.requests);
            sum.rounds = grant.rounds.unwrap_or(sum.rounds);
            sum.fuel = grant.fuel.or(sum.fuel);
        }
        Ok(sum)
    }

    /// Whether that host may be asked with that method, and whether it is named so that any address of it will do.
    pub(crate) fn http(&self, method: &str, host: &str, port: u16) -> Option<Named> {
        let allows = |grant: &&HttpGrant| {
            let methods = &grant.methods;
            methods.is_empty()
                || methods
                    .iter()
                    .any(|m| m == "*" || m.eq_ignore_ascii_case(method))
        };
        self.http
            .iter()
            .filter(allows)
            .filter_map(|grant| pattern(&grant.host, host, port))
            .max()
    }
}

impl Grant {
    /// What its form does not show: a limit that is none.
    ///
    /// # Errors
    /// Which, and why.
    pub fn check(&self) -> Result<(), GrantFault> {
        let of_all = Grant {
            plugins: Vec::new(),
            digests: Vec::new(),
            ..self.clone()
        };
        Grants::of(&[of_all], "", "").map(drop)
    }

    fn is_for(&self, plugin: &str, digest: &str) -> bool {
        let any =
            |list: &[String], item: &str| list.is_empty() || list.iter().any(|one| one == item);
        any(&self.plugins, plugin) && any(&self.digests, digest)
    }
}

/// How a grant names a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Named {
    /// By a pattern: public addresses only.
    Pattern,
    /// As itself.
    Itself,
}

fn fault(field: &str, text: &str, wanted: &str) -> GrantFault {
    GrantFault {
        field: field.to_owned(),
        reason: format!("`{text}` is no {wanted}"),
    }
}

/// Whether a grant's `host` covers host and port.
fn pattern(grant: &str, host: &str, port: u16) -> Option<Named> {
    let (name, only) = split(grant);
    let fits = match only {
        Some(only) => only == "*" || only.parse() == Ok(port),
        None => matches!(port, 80 | 443),
    };
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    if !fits {
        None
    } else if name == host {
        Some(Named::Itself)
    } else if name == "*" {
        Some(Named::Pattern)
    } else {
        let below = name
            .strip_prefix('*')
            .filter(|tail| tail.starts_with('.'))?;
        (host.len() > below.len() && host.ends_with(below)).then_some(Named::Pattern)
    }
}

/// Name and port of `host[:port]`; an IPv6 address stands in brackets, which are not part of its name.
fn split(grant: &str) -> (&str, Option<&str>) {
    if let Some(rest) = grant.strip_prefix('[')
        && let Some((address, tail)) = rest.split_once(']')
    {
        return (address, tail.strip_prefix(':'));
    }
    match grant.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') => (name, Some(port)),
        _ => (grant, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_granted_by_name_port_and_pattern() {
        use Named::{Itself, Pattern};
        let table = [
            ("api.example.test", "api.example.test", 443, Some(Itself)),
            ("api.example.test", "API.example.test.", 80, Some(Itself)),
            ("api.example.test", "api.example.test", 8080, None),
            (
                "api.example.test:8080",
                "api.example.test",
                8080,
                Some(Itself),
            ),
            ("api.example.test:*", "api.example.test", 8081, Some(Itself)),
            ("*.example.test", "api.example.test", 443, Some(Pattern)),
            ("*.example.test", "example.test", 443, None),
            ("*.example.test", "badexample.test", 443, None),
            ("*", "anything", 443, Some(Pattern)),
            ("*", "anything", 22, None),
            ("127.0.0.1:9000", "127.0.0.1", 9000, Some(Itself)),
            ("[::1]:9000", "::1", 9000, Some(Itself)),
            ("::1", "::1", 80, Some(Itself)),
        ];
        for (grant, host, port, wanted) in table {
            assert_eq!(pattern(grant, host, port), wanted, "{grant} {host}:{port}");
        }
    }

    #[test]
    fn methods_narrow_and_the_nearer_name_counts() {
        let grant = |host: &str, methods: &[&str]| HttpGrant {
            host: host.to_owned(),
            methods: methods.iter().map(|m| (*m).to_owned()).collect(),
        };
        let grants = Grants {
            http: vec![grant("*", &[]), grant("a.test", &["GET"])],
            ..Grants::default()
        };
        assert_eq!(grants.http("get", "a.test", 443), Some(Named::Itself));
        assert_eq!(grants.http("POST", "a.test", 443), Some(Named::Pattern));
    }

    #[test]
    fn grants_add_up_for_the_plugin_they_name() {
        let all = [
            Grant {
                secrets: vec!["a".into()],
                memory: Some("1Mi".into()),
                ..Grant::default()
            },
            Grant {
                plugins: vec!["other".into()],
                secrets: vec!["b".into()],
                ..Grant::default()
            },
            Grant {
                plugins: vec!["mine".into()],
                secrets: vec!["c".into()],
                memory: Some("2Mi".into()),
                ..Grant::default()
            },
        ];
        let sum = Grants::of(&all, "mine", "sha256:0").expect("valid");
        assert_eq!(sum.secrets, ["a", "c"]);
        assert_eq!(sum.memory, 2 << 20);
        let bad = [Grant {
            time: Some("soon".into()),
            ..Grant::default()
        }];
        let fault = Grants::of(&bad, "mine", "").expect_err("no time");
        assert_eq!(fault.to_string(), "time: `soon` is no time, like 30s");
    }
}
