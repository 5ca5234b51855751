//! The volumes of a pod, as files and folders of this machine.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

use k8s_openapi::api::core::v1 as k8s;
use tiphys_core::PodIntent;
use tiphys_spec as spec;

use super::identity::{Identity, resource};
use super::part::Part;
use crate::folder::RunFolder;
use crate::submitted::Submitted;

/// Makes volumes when they are first mounted.
pub(super) struct Volumes<'a> {
    pub intent: &'a PodIntent,
    pub workflow: &'a spec::Workflow,
    pub identity: &'a Identity,
    pub submitted: &'a Submitted,
    pub run: &'a RunFolder,
    /// Of this pod alone; removed when it has ended.
    pub own: PathBuf,
    pub made: BTreeMap<String, Source>,
}

/// A volume on this machine.
#[derive(Clone)]
pub(super) struct Source {
    pub path: PathBuf,
    pub read_only: bool,
}

impl Volumes<'_> {
    /// The volume of that name; `part` is who mounts it.
    pub(super) fn source(&mut self, name: &str, part: &Part) -> Result<Source, String> {
        if let Some(made) = self.made.get(name) {
            return Ok(made.clone());
        }
        let made = self
            .make(name, part)
            .map_err(|reason| format!("volume `{name}`: {reason}"))?;
        self.made.insert(name.to_owned(), made.clone());
        Ok(made)
    }

    fn make(&self, name: &str, part: &Part) -> Result<Source, String> {
        let mut declared = self
            .intent
            .template
            .volumes
            .iter()
            .chain(self.intent.workflow.volumes.iter());
        let Some(volume) = declared.find(|volume| volume.name == name) else {
            let templates = &self.workflow.spec.volume_claim_templates;
            if templates
                .iter()
                .any(|claim| claim.metadata.name.as_deref() == Some(name))
            {
                return lasting(self.run.path().join("claims").join(name), false);
            }
            return Err("neither the template nor the workflow declares it".to_owned());
        };
        let own = self.own.join(name);
        if volume.empty_dir.is_some() || volume.ephemeral.is_some() {
            return lasting(own, false);
        }
        if let Some(path) = &volume.host_path {
            return host_path(path);
        }
        if let Some(claim) = &volume.persistent_volume_claim {
            let path = self
                .run
                .home()
                .claim(&self.identity.namespace, &claim.claim_name);
            return lasting(path, claim.read_only.unwrap_or(false));
        }
        let mut files = Files {
            mode: 0o644,
            list: Vec::new(),
        };
        if let Some(map) = &volume.config_map {
            let content = self.submitted.config_map(&map.name);
            files.mode(map.default_mode);
            files.take(
                ("ConfigMap", &map.name),
                content,
                map.items.as_deref(),
                map.optional,
            )?;
        } else if let Some(secret) = &volume.secret {
            let name = secret.secret_name.as_deref().unwrap_or_default();
            files.mode(secret.default_mode);
            files.take(
                ("Secret", name),
                self.submitted.secret(name),
                secret.items.as_deref(),
                secret.optional,
            )?;
        } else if let Some(downward) = &volume.downward_api {
            files.mode(downward.default_mode);
            files.fields(
                downward.items.as_deref().unwrap_or_default(),
                self.identity,
                part,
            )?;
        } else if let Some(projected) = &volume.projected {
            files.mode(projected.default_mode);
            for source in projected.sources.iter().flatten() {
                self.project(source, part, &mut files)?;
            }
        } else {
            let kind = kind(volume);
            return Err(format!("{kind} volumes need a cluster"));
        }
        files.write(&own).map_err(|error| error.to_string())?;
        Ok(Source {
            path: own,
            read_only: true,
        })
    }

    fn project(
        &self,
        source: &k8s::VolumeProjection,
        part: &Part,
        files: &mut Files,
    ) -> Result<(), String> {
        if let Some(map) = &source.config_map {
            let content = self.submitted.config_map(&map.name);
            return files.take(
                ("ConfigMap", &map.name),
                content,
                map.items.as_deref(),
                map.optional,
            );
        }
        if let Some(secret) = &source.secret {
            let content = self.submitted.secret(&secret.name);
            return files.take(
                ("Secret", &secret.name),
                content,
                secret.items.as_deref(),
                secret.optional,
            );
        }
        if let Some(downward) = &source.downward_api {
            return files.fields(
                downward.items.as_deref().unwrap_or_default(),
                self.identity,
                part,
            );
        }
        Err("service account tokens and certificates are to be had in a cluster only".to_owned())
    }
}

/// A folder that several containers may write to.
fn lasting(path: PathBuf, read_only: bool) -> Result<Source, String> {
    let made = fs::create_dir_all(&path)
        .and_then(|()| fs::set_permissions(&path, Permissions::from_mode(0o777)));
    made.map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(Source { path, read_only })
}

fn host_path(wanted: &k8s::HostPathVolumeSource) -> Result<Source, String> {
    let path = PathBuf::from(&wanted.path);
    let kind = wanted.type_.as_deref().unwrap_or_default();
    let told = |error: io::Error| format!("{}: {error}", path.display());
    match kind {
        "DirectoryOrCreate" => fs::create_dir_all(&path).map_err(told)?,
        "FileOrCreate" if !path.exists() => fs::write(&path, "").map_err(told)?,
        _ => {}
    }
    let meta = fs::metadata(&path).map_err(told)?;
    let fits = match kind {
        "Directory" | "DirectoryOrCreate" => meta.is_dir(),
        "File" | "FileOrCreate" => meta.is_file(),
        _ => true,
    };
    if fits {
        Ok(Source {
            path,
            read_only: false,
        })
    } else {
        Err(format!("{} is no {kind}", path.display()))
    }
}

/// The name of the field that makes a volume what it is.
fn kind(volume: &k8s::Volume) -> String {
    let fields = serde_json::to_value(volume).unwrap_or_default();
    let kind = fields
        .as_object()
        .and_then(|fields| fields.keys().find(|key| *key != "name").cloned());
    kind.unwrap_or_else(|| "empty".to_owned())
}

/// The files of a volume that is made of text.
struct Files {
    mode: u32,
    list: Vec<(PathBuf, Vec<u8>, u32)>,
}

impl Files {
    fn mode(&mut self, mode: Option<i32>) {
        self.mode = mode
            .and_then(|mode| u32::try_from(mode).ok())
            .unwrap_or(self.mode)
            & 0o777;
    }

    fn add(&mut self, path: &str, content: Vec<u8>, mode: Option<i32>) -> Result<(), String> {
        let path = inside(path)?;
        let mode = mode
            .and_then(|mode| u32::try_from(mode).ok())
            .unwrap_or(self.mode);
        self.list.push((path, content, mode & 0o777));
        Ok(())
    }

    fn take(
        &mut self,
        (kind, name): (&str, &str),
        content: Option<BTreeMap<String, Vec<u8>>>,
        items: Option<&[k8s::KeyToPath]>,
        optional: Option<bool>,
    ) -> Result<(), String> {
        let Some(mut content) = content else {
            return if optional.unwrap_or(false) {
                Ok(())
            } else {
                Err(format!(
                    "the {kind} `{name}` was not given beside the workflow"
                ))
            };
        };
        match items {
            None | Some([]) => content
                .into_iter()
                .try_for_each(|(key, value)| self.add(&key, value, None)),
            Some(items) => items
                .iter()
                .try_for_each(|item| match content.remove(&item.key) {
                    Some(value) => self.add(&item.path, value, item.mode),
                    None if optional.unwrap_or(false) => Ok(()),
                    None => Err(format!("the {kind} `{name}` has no key `{}`", item.key)),
                }),
        }
    }

    fn fields(
        &mut self,
        items: &[k8s::DownwardAPIVolumeFile],
        identity: &Identity,
        part: &Part,
    ) -> Result<(), String> {
        for item in items {
            let value = match (&item.field_ref, &item.resource_field_ref) {
                (Some(field), _) => identity.field(&field.field_path),
                (None, Some(selector)) => resource(selector, part),
                (None, None) => None,
            };
            let value =
                value.ok_or_else(|| format!("`{}` names no field that a pod has", item.path))?;
            self.add(&item.path, value.into_bytes(), item.mode)?;
        }
        Ok(())
    }

    fn write(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        for (path, content, mode) in &self.list {
            let path = folder.join(path);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(&path, content)?;
            fs::set_permissions(&path, Permissions::from_mode(*mode))?;
        }
        Ok(())
    }
}

/// A path that stays in its folder.
pub(super) fn inside(path: &str) -> Result<PathBuf, String> {
    let path = Path::new(path);
    let stays = path
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if stays {
        Ok(path.to_owned())
    } else {
        Err(format!(
            "the path `{}` leads out of the volume",
            path.display()
        ))
    }
}
