//! Artifacts from git repositories, with the `git` of this machine, or of the image this runs in.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tiphys_spec as spec;

use crate::{ArtifactError, Secrets, unique};

/// Credentials go by the environment: arguments can be read by everybody on the machine.
const HELPER: &str = "credential.helper=!f() { echo \"username=$TIPHYS_GIT_USERNAME\"; echo \"password=$TIPHYS_GIT_PASSWORD\"; }; f";

struct Git {
    environment: Vec<(&'static str, String)>,
    /// What must not be shown.
    hidden: Vec<String>,
    key: Option<PathBuf>,
    insecure: bool,
}

impl Drop for Git {
    fn drop(&mut self) {
        if let Some(key) = &self.key {
            let _ = fs::remove_file(key);
        }
    }
}

/// Clones a repository to `to`, which must not exist; its parent must.
///
/// # Errors
/// There is no `git`, or it says no: credentials are not in what it says.
pub fn clone(
    artifact: &spec::GitArtifact,
    secrets: &Secrets<'_>,
    to: &Path,
) -> Result<(), ArtifactError> {
    let git = Git::new(artifact, secrets)?;
    let url = artifact.repo.as_deref().unwrap_or_default();
    let folder = to.to_string_lossy().into_owned();
    let depth = artifact
        .depth
        .filter(|depth| *depth > 0)
        .map(|depth| depth.to_string());
    let mut words = vec!["clone", "--quiet", "--no-checkout"];
    if let Some(depth) = &depth {
        words.extend(["--depth", depth]);
    }
    if artifact.single_branch.unwrap_or(false) {
        words.push("--single-branch");
    } else if depth.is_some() {
        words.push("--no-single-branch");
    }
    if let Some(branch) = &artifact.branch {
        words.extend(["--branch", branch]);
    }
    words.extend(["--", url, &folder]);
    git.run(None, &words)?;
    if !artifact.fetch.is_empty() {
        let mut words = vec!["fetch", "--quiet"];
        words.extend(depth.iter().flat_map(|depth| ["--depth", depth.as_str()]));
        words.extend(["--", "origin"]);
        words.extend(artifact.fetch.iter().map(String::as_str));
        git.run(Some(to), &words)?;
    }
    let revision = artifact
        .revision
        .as_deref()
        .filter(|revision| !revision.is_empty());
    git.run(
        Some(to),
        &[
            "checkout",
            "--quiet",
            "--force",
            revision.unwrap_or("HEAD"),
            "--",
        ],
    )?;
    if !artifact.disable_submodules.unwrap_or(false) && to.join(".gitmodules").exists() {
        git.run(
            Some(to),
            &["submodule", "--quiet", "update", "--init", "--recursive"],
        )?;
    }
    Ok(())
}

impl Git {
    fn new(artifact: &spec::GitArtifact, secrets: &Secrets<'_>) -> Result<Git, ArtifactError> {
        let read = |selector: &Option<_>| selector.as_ref().map(secrets).transpose();
        let (username, password) = (
            read(&artifact.username_secret)?,
            read(&artifact.password_secret)?,
        );
        let mut git = Git {
            environment: vec![("GIT_TERMINAL_PROMPT", "0".to_owned())],
            hidden: username
                .iter()
                .chain(&password)
                .filter(|text| !text.is_empty())
                .cloned()
                .collect(),
            key: None,
            insecure: artifact.insecure_skip_tls.unwrap_or(false),
        };
        git.environment
            .extend(username.map(|username| ("TIPHYS_GIT_USERNAME", username)));
        git.environment
            .extend(password.map(|password| ("TIPHYS_GIT_PASSWORD", password)));
        if let Some(key) = read(&artifact.ssh_private_key_secret)? {
            let path = std::env::temp_dir().join(format!("tiphys-key-{}", unique()));
            let mut options = OpenOptions::new();
            // A file that somebody else has put there is not written to.
            let file = options.write(true).create_new(true).mode(0o600).open(&path);
            let written = file.and_then(|mut file| writeln!(file, "{}", key.trim_end()));
            written.map_err(|error| ArtifactError::at(&path, error))?;
            let strict = if artifact.insecure_ignore_host_key.unwrap_or(false) {
                "no"
            } else {
                "accept-new"
            };
            let ssh = format!(
                "ssh -i '{}' -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking={strict}",
                path.display()
            );
            git.environment.push(("GIT_SSH_COMMAND", ssh));
            git.key = Some(path);
        }
        Ok(git)
    }

    fn run(&self, folder: Option<&Path>, words: &[&str]) -> Result<(), ArtifactError> {
        let mut command = Command::new("git");
        command
            .stdin(Stdio::null())
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        if let Some(folder) = folder {
            command.arg("-C").arg(folder);
        }
        if self
            .environment
            .iter()
            .any(|(name, _)| name.starts_with("TIPHYS_GIT"))
        {
            command.args(["-c", HELPER]);
        }
        if self.insecure {
            command.args(["-c", "http.sslVerify=false"]);
        }
        let output = command
            .args(words)
            .output()
            .map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => ArtifactError::Refused(
                    "git artifacts need the program `git`, which is not installed".to_owned(),
                ),
                _ => ArtifactError::File {
                    what: "git".to_owned(),
                    source: error,
                },
            })?;
        if output.status.success() {
            return Ok(());
        }
        let mut text = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        for hidden in &self.hidden {
            text = text.replace(hidden, "***");
        }
        Err(ArtifactError::Remote(format!("git {}: {text}", words[0])))
    }
}
