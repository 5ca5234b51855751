//! Volumes and where they are mounted.

use crate::origin::{At, suggest};
use crate::planner::{Planner, Subject};
use k8s_openapi::api::core::v1::VolumeMount;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;
use tiphys_spec::{Severity, Template};

impl Planner<'_> {
    pub(crate) fn check_mounts(&mut self, at: At<'_>, template: &Template) {
        let shared = Arc::clone(&self.volumes);
        let mut volumes: FxHashSet<&str> = shared.iter().map(String::as_str).collect();
        let mut own: FxHashSet<&str> = FxHashSet::default();
        for (index, volume) in template.volumes.iter().enumerate() {
            volumes.insert(&volume.name);
            if !own.insert(&volume.name) {
                let reason = format!("there is another volume `{}` beside it", volume.name);
                self.report(
                    at.key("volumes")
                        .index(index)
                        .key("name")
                        .error("duplicate-name", reason),
                );
            }
        }
        let artifacts: FxHashMap<&str, &str> = template
            .inputs
            .iter()
            .flat_map(|inputs| &inputs.artifacts)
            .filter_map(|artifact| Some((clean(artifact.path.as_deref()?), artifact.name.as_str())))
            .collect();
        // A patch may bring volumes that are not seen here.
        let patched = template.pod_spec_patch.is_some();
        let volumes = (!patched && !self.patched).then_some(&volumes);
        if let Some(container) = &template.container {
            let mounts = container.volume_mounts.as_deref().unwrap_or_default();
            self.check_list_of_mounts(
                at.key("container").key("volumeMounts"),
                mounts,
                volumes,
                &artifacts,
            );
        }
        if let Some(script) = &template.script {
            self.check_list_of_mounts(
                at.key("script").key("volumeMounts"),
                &script.volume_mounts,
                volumes,
                &artifacts,
            );
        }
        if let Some(set) = &template.container_set {
            let at = at.key("containerSet");
            self.check_list_of_mounts(
                at.key("volumeMounts"),
                &set.volume_mounts,
                volumes,
                &artifacts,
            );
            for (index, container) in set.containers.iter().enumerate() {
                let at = at.key("containers");
                self.check_list_of_mounts(
                    at.index(index).key("volumeMounts"),
                    &container.volume_mounts,
                    volumes,
                    &FxHashMap::default(),
                );
            }
        }
        for (list, containers) in [
            ("initContainers", &template.init_containers),
            ("sidecars", &template.sidecars),
        ] {
            for (index, container) in containers.iter().enumerate() {
                let at = at.key(list);
                self.check_list_of_mounts(
                    at.index(index).key("volumeMounts"),
                    &container.volume_mounts,
                    volumes,
                    &FxHashMap::default(),
                );
            }
        }
    }

    fn check_list_of_mounts(
        &mut self,
        list: At<'_>,
        mounts: &[VolumeMount],
        volumes: Option<&FxHashSet<&str>>,
        artifacts: &FxHashMap<&str, &str>,
    ) {
        let mut paths: FxHashMap<&str, &str> = FxHashMap::default();
        for (index, mount) in mounts.iter().enumerate() {
            let at = list.index(index);
            let path = clean(&mount.mount_path);
            if path.is_empty() {
                self.report(at.error(
                    "mount-path",
                    format!("the mount of `{}` has no mountPath", mount.name),
                ));
            } else if let Some(other) = paths.insert(path, &mount.name) {
                self.report(at.key("mountPath").error(
                    "mount-path",
                    format!("`{path}` is taken: volume `{other}` is mounted there"),
                ));
            } else if let Some(artifact) = artifacts.get(path) {
                let reason = format!("`{path}` is taken: input artifact `{artifact}` is put there");
                self.report(at.key("mountPath").error("mount-path", reason));
            }
            let Some(volumes) = volumes.filter(|volumes| {
                !volumes.contains(mount.name.as_str()) && !mount.name.contains("{{")
            }) else {
                continue;
            };
            let severity = if self.subject == Subject::Templates || self.incomplete {
                Severity::Info
            } else {
                Severity::Error
            };
            let fault = at.key("name").report(
                severity,
                "unknown-volume",
                format!("there is no volume `{}`", mount.name),
            );
            self.report(suggest(fault, &mount.name, volumes.iter().copied()));
        }
    }
}

fn clean(path: &str) -> &str {
    let trimmed = path.trim_end_matches('/');
    if trimmed.is_empty() && path.starts_with('/') {
        "/"
    } else {
        trimmed
    }
}
