//! Steps as containers of an engine that speaks the Docker API.
//!
//! A container carries two labels: its key, and its owner, which is this process. The engine outlives us, so what a killed
//! process has left there is removed when the next one opens a sandbox.

mod collect;
mod create;
mod owner;
mod running;

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use bollard::query_parameters::{
    CreateContainerOptions, ListContainersOptions, RemoveContainerOptions,
};
use bollard::{API_DEFAULT_VERSION, Docker as Client};

pub(super) use running::Step;

use super::container::unfit;
use super::{Container, OpenError, StartError};

const KEY: &str = "tiphys.key";
const OWNER: &str = "tiphys.owner";

/// How long an engine may take to say that it is there.
const ANSWER: Duration = Duration::from_secs(5);
/// A bound for one answer; waiting for a container is asked again and again.
const PATIENCE: u64 = 600;

#[derive(Clone)]
pub(super) struct Docker {
    client: Client,
    version: String,
    owner: String,
}

impl Docker {
    pub(super) async fn open() -> Result<Docker, OpenError> {
        let mut last = "none is set up".to_owned();
        for host in hosts() {
            match answering(&host).await {
                Ok((client, version)) => {
                    let docker = Docker {
                        client,
                        version: format!("{version} at {host}"),
                        owner: owner::ours(),
                    };
                    docker.sweep().await;
                    return Ok(docker);
                }
                Err(error) => last = format!("{host}: {error}"),
            }
        }
        Err(OpenError::Engine(last))
    }

    pub(super) fn describe(&self) -> String {
        format!("docker: {}", self.version)
    }

    /// Removes the containers whose owner is gone.
    async fn sweep(&self) {
        let filters = HashMap::from([("label".to_owned(), vec![OWNER.to_owned()])]);
        let options = ListContainersOptions {
            all: true,
            filters: Some(filters),
            ..Default::default()
        };
        for container in self
            .client
            .list_containers(Some(options))
            .await
            .unwrap_or_default()
        {
            let owner = container
                .labels
                .as_ref()
                .and_then(|labels| labels.get(OWNER));
            if let (Some(id), true) = (
                &container.id,
                owner.is_some_and(|owner| owner::is_gone(owner)),
            ) {
                remove(&self.client, id).await;
            }
        }
    }

    pub(super) async fn start(&self, container: Container) -> Result<Step, StartError> {
        check(&container)?;
        self.ready_image(&container.image).await?;
        let files = running::Files::open(&container)?;
        let name = create::name(&container.key);
        let options = CreateContainerOptions {
            name: Some(name),
            ..Default::default()
        };
        let body = create::body(&container, &self.owner);
        let created = self
            .client
            .create_container(Some(options), body)
            .await
            .map_err(|error| create::refused(&container, &error))?;
        match running::start(self.client.clone(), created.id.clone(), &container, files).await {
            Ok(step) => Ok(step),
            Err(error) => {
                remove(&self.client, &created.id).await;
                Err(create::refused(&container, &error))
            }
        }
    }
}

/// Where an engine may be: what the user says, else the usual sockets that exist.
fn hosts() -> Vec<String> {
    if let Some(host) = std::env::var("DOCKER_HOST")
        .ok()
        .filter(|host| !host.is_empty())
    {
        return vec![host];
    }
    let runtime = std::env::var("XDG_RUNTIME_DIR").unwrap_or_default();
    let of_user = [
        format!("{runtime}/docker.sock"),
        format!("{runtime}/podman/podman.sock"),
    ];
    let paths = ["/var/run/docker.sock".to_owned()]
        .into_iter()
        .chain(of_user)
        .chain(["/run/podman/podman.sock".to_owned()]);
    paths
        .filter(|path| Path::new(path).exists())
        .map(|path| format!("unix://{path}"))
        .collect()
}

async fn answering(host: &str) -> Result<(Client, String), String> {
    let client = match host.strip_prefix("unix://") {
        Some(path) => Client::connect_with_unix(path, PATIENCE, API_DEFAULT_VERSION),
        None => Client::connect_with_host(host),
    };
    let client = client.map_err(|error| error.to_string())?;
    let version = async {
        client
            .clone()
            .negotiate_version()
            .await?
            .version()
            .await
            .map(|version| (client, version))
    };
    let answered = tokio::time::timeout(ANSWER, version).await;
    let (client, version) = answered
        .map_err(|_| "no answer".to_owned())?
        .map_err(|error| error.to_string())?;
    let client = client
        .negotiate_version()
        .await
        .map_err(|error| error.to_string())?;
    let platform = version
        .platform
        .map(|platform| platform.name)
        .filter(|name| !name.is_empty());
    let number = version.version.unwrap_or_default();
    Ok((
        client,
        format!("{} {number}", platform.as_deref().unwrap_or("engine")),
    ))
}

async fn remove(client: &Client, id: &str) {
    let options = RemoveContainerOptions {
        force: true,
        v: true,
        ..Default::default()
    };
    if let Err(error) = client.remove_container(id, Some(options)).await {
        tracing::debug!(container = id, %error, "not removed");
    }
}

fn check(container: &Container) -> Result<(), StartError> {
    if container.record.exists() {
        return Err(StartError::Ended(container.key.clone()));
    }
    for wanted in &container.collect {
        if let Some(reason) = unfit(&wanted.path) {
            return Err(StartError::Collect {
                path: wanted.path.clone(),
                reason,
            });
        }
    }
    for bind in &container.binds {
        let missing = || {
            std::fs::metadata(&bind.source)
                .err()
                .map(|error| error.to_string())
        };
        if let Some(reason) = unfit(&bind.target).or_else(missing) {
            return Err(bind.refused(reason));
        }
    }
    match &container.workdir {
        Some(path) if !path.is_absolute() => Err(StartError::Workdir {
            path: path.clone(),
            reason: "the path must be absolute".to_owned(),
        }),
        _ => Ok(()),
    }
}
