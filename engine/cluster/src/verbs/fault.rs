//! Why something could not be done on a cluster, in the words of those who know kubectl.

use super::{Cluster, Kind};
use crate::client::told;
use crate::stored::StoredError;
use kube::Error;
use kube::config::KubeconfigError;

/// A fragment that fits after "failed to ".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("read the kubeconfig {kubeconfig}: {reason}")]
    Kubeconfig { kubeconfig: String, reason: String },
    #[error("choose a cluster: {kubeconfig} has no current context")]
    NoContext {
        kubeconfig: String,
        known: Vec<String>,
    },
    #[error("choose a cluster: {kubeconfig} has no context `{context}`")]
    UnknownContext {
        context: String,
        kubeconfig: String,
        known: Vec<String>,
    },
    #[error("use the context `{context}`: {reason}")]
    Config { context: String, reason: String },
    #[error("reach {server} of the context `{context}`: {reason}")]
    Unreachable {
        server: String,
        context: String,
        reason: String,
    },
    #[error("find {} `{name}`{}", .kind.singular(), of(.namespace.as_deref()))]
    Missing {
        kind: Kind,
        name: String,
        namespace: Option<String>,
    },
    #[error("{what}: {message}")]
    Forbidden { what: String, message: String },
    #[error("{what}: {server} does not know {}", .kind.plural())]
    Unknown {
        what: String,
        server: String,
        kind: Kind,
    },
    #[error("{what}: {message}")]
    Refused {
        what: String,
        message: String,
        code: u16,
    },
    #[error("read `{name}`: {reason}")]
    Unreadable { name: String, reason: String },
    #[error("{0}")]
    Order(String),
    #[error("read the logs of {pod}/{container}: {message}")]
    Log {
        pod: String,
        container: String,
        message: String,
    },
}

fn of(namespace: Option<&str>) -> String {
    namespace.map_or_else(String::new, |name| format!(" in the namespace `{name}`"))
}

impl Fault {
    pub(super) fn kubeconfig(place: &str, error: &KubeconfigError) -> Fault {
        let reason = match error {
            KubeconfigError::ReadConfig(error, _)
                if error.kind() == std::io::ErrorKind::NotFound =>
            {
                "there is no such file".to_owned()
            }
            KubeconfigError::ReadConfig(error, _) => error.to_string(),
            other => other.to_string(),
        };
        Fault::Kubeconfig {
            kubeconfig: place.to_owned(),
            // A parser's report has the lines around it; the first says what is wrong.
            reason: reason.lines().next().unwrap_or_default().to_owned(),
        }
    }

    pub(super) fn config(context: &str, error: &dyn std::error::Error) -> Fault {
        Fault::Config {
            context: context.to_owned(),
            reason: last(error),
        }
    }

    pub(crate) fn stored(error: StoredError) -> Fault {
        Fault::Order(error.to_string())
    }

    /// Whether what was asked for is not there.
    #[must_use]
    pub fn missing(&self) -> bool {
        matches!(self, Fault::Missing { .. })
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Fault::Kubeconfig { .. } => {
                "give a file with `--kubeconfig`, or name it in KUBECONFIG".to_owned()
            }
            Fault::NoContext { known, .. } | Fault::UnknownContext { known, .. } => {
                if known.is_empty() {
                    "it has no contexts at all: give another file with `--kubeconfig`".to_owned()
                } else {
                    format!("give one with `--context`: {}", known.join(", "))
                }
            }
            Fault::Unreachable { .. } => {
                "is this the right cluster? `kubectl config get-contexts` shows all".to_owned()
            }
            Fault::Unknown { .. } => {
                "install Tiphys there (`deploy/install`), or choose another cluster with `--context`"
                    .to_owned()
            }
            Fault::Forbidden { message, .. } => right(message)?,
            Fault::Refused { code: 409, what, .. } if what.starts_with("create") => {
                "name it anew, or let the server choose with `--generate-name`".to_owned()
            }
            _ => return None,
        })
    }
}

/// The right that is missing, from the words of the API server.
fn right(message: &str) -> Option<String> {
    let quoted = |after: &str| message.split_once(after)?.1.split('"').next();
    let verb = message.split_once("cannot ")?.1.split(' ').next()?;
    let resource = quoted("resource \"")?;
    let group = quoted("API group \"").unwrap_or_default();
    let dot = if group.is_empty() { "" } else { "." };
    let scope = quoted("in the namespace \"").map_or_else(
        || " at the cluster scope".to_owned(),
        |namespace| format!(" in the namespace `{namespace}`"),
    );
    Some(format!(
        "what is missing is the right to {verb} {resource}{dot}{group}{scope}"
    ))
}

/// The innermost cause: what is outside says only that something failed.
fn last(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut chars = text.chars();
    let first = chars.next().map(|first| first.to_lowercase().to_string());
    first.unwrap_or_default() + chars.as_str()
}

impl Cluster {
    /// What an error means for who asked to do `what` with an object.
    pub(super) fn fault(&self, what: &str, kind: Kind, name: &str, error: &Error) -> Fault {
        let Error::Api(status) = error else {
            return match error {
                Error::HyperError(_) | Error::Service(_) | Error::ReadEvents(_) => {
                    Fault::Unreachable {
                        server: self.server.clone(),
                        context: self.context.clone(),
                        reason: last(error),
                    }
                }
                Error::Auth(_) => Fault::config(&self.context, error),
                other => Fault::Refused {
                    what: what.to_owned(),
                    message: last(other),
                    code: 0,
                },
            };
        };
        let what = what.to_owned();
        let message = told(error);
        let of_object = status
            .details
            .as_ref()
            .is_some_and(|details| !details.name.is_empty());
        match status.code {
            // The server names the object that is not there; without a name, it does not know the kind.
            404 if of_object && !name.is_empty() => Fault::Missing {
                kind,
                name: name.to_owned(),
                namespace: kind.namespaced().then(|| self.namespace.clone()),
            },
            404 if !message.contains("namespaces") => Fault::Unknown {
                what,
                server: self.server.clone(),
                kind,
            },
            401 => Fault::Forbidden {
                what,
                message: format!(
                    "{} does not know who asks: the credentials of the context `{}` are not valid (any more)",
                    self.server, self.context
                ),
            },
            403 => Fault::Forbidden { what, message },
            code => Fault::Refused {
                what,
                message,
                code,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_missing_right_is_named() {
        let message = r#"workflows.argoproj.io is forbidden: User "jo" cannot list resource "workflows" in API group "argoproj.io" in the namespace "ci""#;
        assert_eq!(
            right(message).unwrap(),
            "what is missing is the right to list workflows.argoproj.io in the namespace `ci`"
        );
        let message = r#"leases is forbidden: User "jo" cannot list resource "leases" in API group "" at the cluster scope"#;
        assert_eq!(
            right(message).unwrap(),
            "what is missing is the right to list leases at the cluster scope"
        );
        assert_eq!(right("no"), None);
    }
}
