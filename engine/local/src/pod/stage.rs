//! From an intent to containers that leave nothing open: inputs loaded, volumes made, names resolved.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

use tiphys_core::PodIntent;
use tiphys_spec as spec;

use super::Ground;
use super::env::Environment;
use super::identity::{Identity, RUN_ARGO};
use super::mount::{in_volume, mounts};
use super::part::{self, Part};
use super::probe::Readiness;
use super::set::Member;
use super::volume::Volumes;
use crate::artifacts::tree;
use crate::sandbox::{Bind, Collect, Container, Limits};
use tiphys_pods::quantity;

/// Where a container finds its script.
const SCRIPT: &str = "/argo/staging/script";

/// A pod, ready to start.
pub(super) struct Staged {
    /// One after another, before everything else.
    pub inits: Vec<Container>,
    pub sidecars: Vec<(Container, Option<Readiness>)>,
    pub main: Container,
    /// Of a container set, `main` among them where there is one; then `main` is not started by itself.
    pub set: Vec<Member>,
    pub readiness: Option<Readiness>,
}

/// The files of one attempt.
pub(super) struct Files<'a>(pub &'a Path);

impl Files<'_> {
    pub(super) fn log(&self, container: &str) -> PathBuf {
        self.0.join(format!("{container}.log"))
    }
    pub(super) fn record(&self, container: &str) -> PathBuf {
        self.0.join(format!("{container}.exit"))
    }
    pub(super) fn stdout(&self) -> PathBuf {
        self.0.join("main.stdout")
    }
    pub(super) fn progress(&self) -> PathBuf {
        self.0.join("argo/progress")
    }
    pub(super) fn parameter(&self, index: usize) -> PathBuf {
        self.0.join(format!("out/parameter-{index}"))
    }
    pub(super) fn artifact(&self, index: usize) -> PathBuf {
        self.0.join(format!("out/artifact-{index}"))
    }
    /// Removes what only containers needed.
    pub(super) fn clean(&self) {
        for name in ["argo", "in", "volumes", "script", "hosts"] {
            let _ = tree::remove(&self.0.join(name));
        }
    }
}

/// What is said about an input that cannot be loaded, as Argo says it.
pub(super) fn stage(ground: &Ground, intent: &PodIntent, folder: &Path) -> Result<Staged, String> {
    let template = &intent.template;
    if template.pod_spec_patch.is_some() || ground.plan.workflow.spec.pod_spec_patch.is_some() {
        return Err(
            "podSpecPatch needs a cluster: write what it changes into the template".to_owned(),
        );
    }
    let (main, source) = part::main(template)?;
    let identity = Identity::new(intent, &ground.plan.workflow, &ground.host);
    let files = Files(folder);
    make(&folder.join("argo"), 0o777)?;
    let mut volumes = Volumes {
        intent,
        workflow: &ground.plan.workflow,
        identity: &identity,
        submitted: &ground.submitted,
        run: &ground.folder,
        own: folder.join("volumes"),
        made: std::collections::BTreeMap::new(),
    };
    let mut bench = Bench {
        ground,
        intent,
        files: &files,
        shared: shared(intent, folder)?,
    };
    let environment = Environment::of(&main, &identity, &ground.submitted)?;
    let mut binds = mounts(&main.mounts, &main, &environment, &mut volumes)?;
    binds.extend(bench.inputs(&binds)?);
    let mut container = bench.container(&main, &environment, binds)?;
    if let Some(source) = source {
        let script = folder.join("script");
        let written = fs::write(&script, source)
            .and_then(|()| fs::set_permissions(&script, fs::Permissions::from_mode(0o755)));
        written.map_err(|error| format!("{}: {error}", script.display()))?;
        container.binds.push(Bind {
            source: script,
            target: PathBuf::from(SCRIPT),
            read_only: true,
        });
        container.argv.push(SCRIPT.to_owned());
    }
    // A container set without `main` has no result and no outputs.
    let gives = template.container_set.is_none() || container.name == "main";
    if gives {
        container.stdout = intent.capture_result.then(|| files.stdout());
        container.collect = collect(intent, &files)?;
    }
    let set = match template.container_set.as_deref() {
        Some(set) => members(set, &container, &mut |part| {
            let environment = Environment::of(&part, &identity, &ground.submitted)?;
            let binds = mounts(&part.mounts, &part, &environment, &mut volumes)?;
            bench.container(&part, &environment, binds)
        })?,
        None => Vec::new(),
    };
    let mut other = |user| -> Result<_, String> {
        let part = part::of_user(user);
        let environment = Environment::of(&part, &identity, &ground.submitted)?;
        let mut binds = mounts(&part.mounts, &part, &environment, &mut volumes)?;
        if part.mirror {
            let own = |bind: &&Bind| {
                !part
                    .mounts
                    .iter()
                    .any(|mount| Path::new(&mount.mount_path) == bind.target)
            };
            let shared: Vec<_> = container
                .binds
                .iter()
                .filter(|bind| bind.target != Path::new(SCRIPT))
                .filter(own)
                .cloned()
                .collect();
            binds.extend(shared);
        }
        let container = bench.container(&part, &environment, binds)?;
        let readiness = Readiness::of(&part, &container)?;
        Ok((container, readiness))
    };
    let inits = template
        .init_containers
        .iter()
        .map(|user| other(user).map(|(container, _)| container))
        .collect::<Result<_, _>>()?;
    let sidecars = template
        .sidecars
        .iter()
        .map(&mut other)
        .collect::<Result<_, _>>()?;
    let readiness = Readiness::of(&main, &container)?;
    Ok(Staged {
        inits,
        sidecars,
        main: container,
        set,
        readiness,
    })
}

/// The containers of a set, each with what it waits for.
fn members(
    set: &spec::ContainerSetTemplate,
    main: &Container,
    build: &mut dyn FnMut(Part) -> Result<Container, String>,
) -> Result<Vec<Member>, String> {
    let (retries, pause) = tiphys_core::container_retries(set)?;
    let mut members = Vec::new();
    for node in &set.containers {
        let container = if node.name == "main" {
            main.clone()
        } else {
            build(part::of_node(node, set))?
        };
        members.push(Member {
            container,
            dependencies: node.dependencies.clone(),
            retries,
            pause,
        });
    }
    Ok(members)
}

struct Bench<'a> {
    ground: &'a Ground,
    intent: &'a PodIntent,
    files: &'a Files<'a>,
    /// What every container of the pod sees.
    shared: Vec<Bind>,
}

impl Bench<'_> {
    /// Loads the input artifacts; the binds that show those that are in no volume.
    fn inputs(&mut self, volumes: &[Bind]) -> Result<Vec<Bind>, String> {
        let mut binds = Vec::new();
        for (index, input) in self.intent.inputs.iter().enumerate() {
            let failed = |reason: String| {
                format!(
                    "init: Error (exit code 64): artifact {} failed to load: {reason}",
                    input.name
                )
            };
            let path = plain(&input.path).map_err(failed)?;
            let placed = in_volume(&path, volumes).map_err(failed)?;
            let to = match &placed {
                Some(to) => {
                    tree::remove(to).map_err(|error| failed(error.to_string()))?;
                    to.clone()
                }
                None => {
                    make(&self.files.0.join("in"), 0o755)?;
                    self.files.0.join("in").join(index.to_string())
                }
            };
            match self.ground.artifacts.load(&input.artifact, &to) {
                Ok(()) if placed.is_none() => binds.push(Bind {
                    source: to,
                    target: path,
                    read_only: false,
                }),
                Ok(()) => {}
                Err(error) if input.optional && error.absent() => {}
                Err(error) => return Err(failed(error.to_string())),
            }
        }
        Ok(binds)
    }

    fn container(
        &self,
        part: &Part,
        environment: &Environment,
        binds: Vec<Bind>,
    ) -> Result<Container, String> {
        let name = &part.name;
        if part.devices {
            return Err(format!("container `{name}`: volumeDevices need a cluster"));
        }
        let argv = part
            .command
            .iter()
            .chain(&part.args)
            .map(|word| environment.expand(word))
            .collect();
        let mut binds: Vec<_> = self.shared.iter().cloned().chain(binds).collect();
        // What lies inside something else has to be laid after it.
        binds.sort_by_key(|bind| bind.target.components().count());
        Ok(Container {
            key: format!("{}/{name}", self.intent.key),
            name: name.clone(),
            image: part.image.clone(),
            argv,
            env: environment.variables.clone(),
            workdir: part
                .workdir
                .as_ref()
                .filter(|path| !path.is_empty())
                .map(PathBuf::from),
            binds,
            log: self.files.log(name),
            stdout: None,
            collect: Vec::new(),
            record: self.files.record(name),
            limits: limits(part)?,
        })
    }
}

/// What every container of the pod sees: the executor's folder, and its hosts file where it has names of its own.
fn shared(intent: &PodIntent, folder: &Path) -> Result<Vec<Bind>, String> {
    let mut shared = vec![Bind {
        source: folder.join("argo"),
        target: PathBuf::from(RUN_ARGO),
        read_only: false,
    }];
    if !intent.template.host_aliases.is_empty() {
        let mut hosts = fs::read_to_string("/etc/hosts").unwrap_or_default();
        for alias in &intent.template.host_aliases {
            hosts.push_str(&format!(
                "\n{} {}",
                alias.ip,
                alias
                    .hostnames
                    .iter()
                    .flatten()
                    .cloned()
                    .collect::<Vec<_>>()
                    .join(" ")
            ));
        }
        let file = folder.join("hosts");
        fs::write(&file, hosts + "\n").map_err(|error| format!("{}: {error}", file.display()))?;
        shared.push(Bind {
            source: file,
            target: PathBuf::from("/etc/hosts"),
            read_only: true,
        });
    }
    Ok(shared)
}

fn make(folder: &Path, mode: u32) -> Result<(), String> {
    let made = fs::create_dir_all(folder)
        .and_then(|()| fs::set_permissions(folder, fs::Permissions::from_mode(mode)));
    made.map_err(|error| format!("{}: {error}", folder.display()))
}

/// An absolute path without detours.
fn plain(path: &str) -> Result<PathBuf, String> {
    let path = Path::new(path);
    if !path.is_absolute() {
        return Err(format!("its path `{}` is not absolute", path.display()));
    }
    if path.components().any(|part| part == Component::ParentDir) {
        return Err("Directory traversal is not permitted".to_owned());
    }
    Ok(path.components().collect())
}

/// What is copied out when main has ended.
fn collect(intent: &PodIntent, files: &Files<'_>) -> Result<Vec<Collect>, String> {
    let parameters = intent
        .parameters
        .iter()
        .enumerate()
        .map(|(index, file)| (&file.name, Some(&file.path), files.parameter(index)));
    let artifacts = intent.artifacts.iter().enumerate();
    let artifacts = artifacts.map(|(index, artifact)| {
        (
            &artifact.name,
            artifact.path.as_ref(),
            files.artifact(index),
        )
    });
    let collected = parameters.chain(artifacts).map(|(name, path, to)| {
        let path = path.ok_or_else(|| format!("output `{name}` has no path"))?;
        plain(path)
            .map(|path| Collect { path, to })
            .map_err(|reason| format!("output `{name}`: {reason}"))
    });
    collected.collect()
}

fn limits(part: &Part) -> Result<Option<Limits>, String> {
    let resources = &part.resources;
    let known = |name: &str| {
        matches!(name, "cpu" | "memory" | "ephemeral-storage") || name.starts_with("hugepages-")
    };
    let named = resources
        .limits
        .iter()
        .chain(&resources.requests)
        .flat_map(std::collections::BTreeMap::keys);
    if let Some(device) = named.into_iter().find(|name| !known(name)) {
        return Err(format!(
            "container `{}`: the resource `{device}` needs a cluster",
            part.name
        ));
    }
    let amount = |name: &str| quantity::milli(&resources.limits.as_ref()?.get(name)?.0);
    let memory = amount("memory")
        .and_then(|milli| u64::try_from(milli / 1000).ok())
        .filter(|bytes| *bytes > 0);
    let millicpu = amount("cpu")
        .and_then(|milli| u64::try_from(milli).ok())
        .filter(|milli| *milli > 0);
    Ok((memory.is_some() || millicpu.is_some()).then_some(Limits { memory, millicpu }))
}
