//! The way to an API server, as kubectl finds it.

use super::Fault;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Longer than any network takes that people would wait for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Which cluster and which namespace; what is not said, the kubeconfig says.
#[derive(Clone, Debug, Default)]
pub struct Way {
    /// In the place of KUBECONFIG and ~/.kube/config.
    pub kubeconfig: Option<PathBuf>,
    /// In the place of the current context.
    pub context: Option<String>,
    pub namespace: Option<String>,
}

/// An API server, and the namespace that is meant where none is named.
pub struct Cluster {
    pub(super) client: Client,
    pub(super) namespace: String,
    pub(super) server: String,
    pub(super) context: String,
}

impl Cluster {
    /// Reads the configuration. Nothing is asked of the server yet.
    ///
    /// # Errors
    /// There is no configuration, or it cannot be used.
    pub async fn connect(way: &Way) -> Result<Cluster, Fault> {
        let (mut config, context) = config(way).await?;
        config.connect_timeout = Some(PATIENCE);
        let server = config.cluster_url.to_string();
        let server = server.trim_end_matches('/').to_owned();
        let namespace = way.namespace.clone();
        let namespace = namespace.unwrap_or_else(|| config.default_namespace.clone());
        let client = Client::try_from(config).map_err(|error| Fault::config(&context, &error))?;
        Ok(Cluster {
            client,
            namespace,
            server,
            context,
        })
    }

    /// The namespace that is meant.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The same server, and another namespace.
    #[must_use]
    pub fn at(&self, namespace: &str) -> Cluster {
        Cluster {
            client: self.client.clone(),
            namespace: namespace.to_owned(),
            server: self.server.clone(),
            context: self.context.clone(),
        }
    }
}

async fn config(way: &Way) -> Result<(Config, String), Fault> {
    let read = match &way.kubeconfig {
        Some(path) => Kubeconfig::read_from(path),
        None => Kubeconfig::read(),
    };
    let file = match read {
        Ok(file) => file,
        // In a pod there is no file, and none is needed.
        Err(_) if way.kubeconfig.is_none() && way.context.is_none() && in_cluster() => {
            let config = Config::incluster();
            let config = config.map_err(|error| Fault::config("in-cluster", &error))?;
            return Ok((config, "in-cluster".to_owned()));
        }
        Err(error) => return Err(Fault::kubeconfig(&place(way), &error)),
    };
    let context = way.context.clone().or(file.current_context.clone());
    let context = context.filter(|name| !name.is_empty());
    let known: Vec<String> = file
        .contexts
        .iter()
        .map(|named| named.name.clone())
        .collect();
    let Some(context) = context else {
        return Err(Fault::NoContext {
            kubeconfig: place(way),
            known,
        });
    };
    if !known.contains(&context) {
        return Err(Fault::UnknownContext {
            context,
            kubeconfig: place(way),
            known,
        });
    }
    let options = KubeConfigOptions {
        context: Some(context.clone()),
        ..KubeConfigOptions::default()
    };
    let config = Config::from_custom_kubeconfig(file, &options).await;
    let config = config.map_err(|error| Fault::config(&context, &error))?;
    Ok((config, context))
}

fn in_cluster() -> bool {
    std::env::var_os("KUBERNETES_SERVICE_HOST").is_some()
}

/// What people call the file.
fn place(way: &Way) -> String {
    let shown = |path: &Path| path.display().to_string();
    let given = way.kubeconfig.as_deref().map(shown);
    let set = std::env::var("KUBECONFIG").ok();
    given
        .or(set.filter(|path| !path.is_empty()))
        .unwrap_or_else(|| "~/.kube/config".to_owned())
}
