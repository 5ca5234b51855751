//! Limits through cgroups, v1 or v2, where they can be written. Where they cannot, there are none and nobody is told.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, unlinkat};

use crate::sandbox::Limits;

const ROOT: &str = "/sys/fs/cgroup";
const PERIOD: u64 = 100_000;
const PREFIX: &str = "tiphys-";

/// The cgroups of one step.
pub(super) struct Groups {
    name: String,
    /// The folder that a group is in, and the file through which a process joins it.
    made: Vec<(File, File)>,
}

impl Groups {
    /// Makes the groups of a step, named after its supervisor's process id as the host sees it.
    pub(super) fn make(limits: Limits, supervisor: i32) -> Groups {
        let mut groups = Groups {
            name: format!("{PREFIX}{supervisor}"),
            made: Vec::new(),
        };
        if let Some(memory) = limits.memory {
            let bytes = memory.to_string();
            groups.add(
                "memory",
                &[
                    &[("memory.limit_in_bytes", &bytes)],
                    &[("memory.max", &bytes)],
                ],
            );
        }
        if let Some(millicpu) = limits.millicpu {
            let quota = (millicpu.saturating_mul(PERIOD) / 1000)
                .max(1000)
                .to_string();
            let period = PERIOD.to_string();
            let first = [
                ("cpu.cfs_period_us", period.as_str()),
                ("cpu.cfs_quota_us", quota.as_str()),
            ];
            groups.add(
                "cpu",
                &[&first, &[("cpu.max", &format!("{quota} {period}"))]],
            );
        }
        groups
    }

    /// `forms` are the files to write in the one or the other version of cgroups.
    fn add(&mut self, controller: &str, forms: &[&[(&str, &str)]]) {
        for parent in parents(controller) {
            let group = parent.join(&self.name);
            let new = fs::create_dir(&group).is_ok();
            let set = forms.iter().any(|form| {
                form.iter()
                    .all(|(file, value)| put(&group.join(file), value))
            });
            let procs = OpenOptions::new()
                .write(true)
                .open(group.join("cgroup.procs"));
            if let (true, Ok(procs), Ok(parent)) = (set, procs, File::open(&parent)) {
                self.made.push((parent, procs));
                return;
            }
            if new {
                let _ = fs::remove_dir(&group);
            }
        }
    }

    /// Puts this process into the groups.
    pub(super) fn join(&self) {
        for (_, procs) in &self.made {
            let _ = (&mut &*procs).write_all(b"0");
        }
    }

    /// Removes the groups, whose processes are gone.
    pub(super) fn remove(&self) {
        for (parent, _) in &self.made {
            let _ = unlinkat(parent, &self.name, AtFlags::REMOVEDIR);
        }
    }
}

/// Writes to a file that exists: a cgroup's files are the kernel's.
fn put(file: &Path, value: &str) -> bool {
    OpenOptions::new()
        .write(true)
        .open(file)
        .and_then(|mut file| file.write_all(value.as_bytes()))
        .is_ok()
}

/// Where a cgroup with this controller may be made: beside us or below us, else at the root of the hierarchy.
fn parents(controller: &str) -> Vec<PathBuf> {
    let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let mut parents = Vec::new();
    for line in own.lines() {
        let mut parts = line.splitn(3, ':');
        let (Some(_), Some(controllers), Some(path)) = (parts.next(), parts.next(), parts.next())
        else {
            continue;
        };
        let root = match controllers {
            "" => PathBuf::from(ROOT),
            _ if controllers.split(',').any(|one| one == controller) => {
                Path::new(ROOT).join(controller)
            }
            _ => continue,
        };
        let own = root.join(path.trim_start_matches('/'));
        parents.extend(
            own.parent()
                .filter(|parent| parent.starts_with(&root))
                .map(Path::to_owned),
        );
        parents.push(own);
        parents.push(root);
    }
    parents
}

/// Removes the groups of supervisors that are gone.
pub(super) fn sweep() {
    for parent in ["memory", "cpu"]
        .iter()
        .flat_map(|controller| parents(controller))
    {
        for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let owner = name
                .to_str()
                .and_then(|name| name.strip_prefix(PREFIX))
                .filter(|pid| pid.parse::<u32>().is_ok());
            if owner.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
                let _ = fs::remove_dir(entry.path());
            }
        }
    }
}
