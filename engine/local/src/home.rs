//! Where runs live: one folder for this user, with a folder for each run in it.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::folder::{FolderError, RunFolder};
use crate::submitted::Submitted;
use crate::summary::Summary;

/// The folder of a user's runs. Cheap to clone.
///
/// ```text
/// runs/<name>/        one run: see RunFolder
/// artifacts/<key>     the artifact repository, a folder that stands for a bucket
/// claims/<namespace>/<name>/  the content of a PersistentVolumeClaim
/// store.sqlite        locks and memo cache; made when first needed
/// ```
#[derive(Clone, Debug)]
pub struct Home {
    path: PathBuf,
}

impl Home {
    /// `$TIPHYS_HOME`, else `$XDG_STATE_HOME/tiphys`, else `~/.local/state/tiphys`, as `variable` knows the environment.
    /// None: not even `HOME` is set.
    pub fn locate(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
        let given = |name| {
            variable(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        given("TIPHYS_HOME")
            .or_else(|| given("XDG_STATE_HOME").map(|state| state.join("tiphys")))
            .or_else(|| given("HOME").map(|home| home.join(".local/state/tiphys")))
    }

    /// Opens the folder, which is created for its owner alone.
    ///
    /// # Errors
    /// It can be neither created nor used.
    pub fn open(path: &Path) -> Result<Home, FolderError> {
        private(&path.join("runs")).map_err(|error| FolderError::at(path, error))?;
        let path = fs::canonicalize(path).map_err(|error| FolderError::at(path, error))?;
        Ok(Home { path })
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The artifact repository.
    #[must_use]
    pub fn artifacts(&self) -> PathBuf {
        self.path.join("artifacts")
    }

    /// A folder for what lives no longer than one runner: what `Sandbox::open` asks for.
    #[must_use]
    pub fn scratch(&self) -> PathBuf {
        self.path.join("scratch")
    }

    /// Keeps a plug-in's component, so that runs made with it can go on without the file it came from.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn keep_component(&self, digest: &str, bytes: &[u8]) -> Result<(), FolderError> {
        let path = self.component_path(digest);
        if path.exists() {
            return Ok(());
        }
        let folder = self.path.join("plugins");
        private(&folder).map_err(|error| FolderError::at(&folder, error))?;
        crate::summary::replace(&path, bytes).map_err(|error| FolderError::at(&path, error))
    }

    /// What [`Home::keep_component`] kept.
    ///
    /// # Errors
    /// It is not there, or cannot be read.
    pub fn component(&self, digest: &str) -> Result<Vec<u8>, FolderError> {
        let path = self.component_path(digest);
        std::fs::read(&path).map_err(|error| FolderError::at(&path, error))
    }

    fn component_path(&self, digest: &str) -> PathBuf {
        let name = digest.trim_start_matches("sha256:");
        self.path.join("plugins").join(format!("{name}.wasm"))
    }

    pub(crate) fn claim(&self, namespace: &str, name: &str) -> PathBuf {
        self.path.join("claims").join(namespace).join(name)
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.path.join("store.sqlite")
    }

    /// A folder for a new run, whole or not at all.
    ///
    /// # Errors
    /// There is a run of this name already, or the name is none, or the folder cannot be written.
    pub fn create(&self, submitted: &Submitted) -> Result<RunFolder, FolderError> {
        let name = submitted.workflow.metadata.name.clone().unwrap_or_default();
        let folder = self.folder(&name)?;
        let new = self
            .path
            .join("runs")
            .join(format!(".new-{}-{name}", std::process::id()));
        let written = || -> io::Result<()> {
            private(&new)?;
            submitted.write(&new)?;
            Summary::of(&submitted.workflow, &tiphys_spec::WorkflowStatus::default())
                .write(&new)?;
            fs::rename(&new, folder.path())
        };
        written().map_err(|error| {
            let _ = fs::remove_dir_all(&new);
            match error.kind() {
                io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists => {
                    FolderError::Exists(name)
                }
                _ => FolderError::at(&new, error),
            }
        })?;
        Ok(folder)
    }

    /// The run of that name.
    ///
    /// # Errors
    /// There is none.
    pub fn run(&self, name: &str) -> Result<RunFolder, FolderError> {
        let folder = self.folder(name)?;
        if folder.path().is_dir() {
            Ok(folder)
        } else {
            Err(FolderError::Unknown(name.to_owned()))
        }
    }

    /// All runs, newest first. Reads one small file per run.
    ///
    /// # Errors
    /// The folder cannot be read. A run that cannot be read is left out.
    pub fn list(&self) -> Result<Vec<Summary>, FolderError> {
        let runs = self.path.join("runs");
        let entries = fs::read_dir(&runs).map_err(|error| FolderError::at(&runs, error))?;
        let visible = entries
            .flatten()
            .filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."));
        let mut list: Vec<_> = visible
            .filter_map(|entry| Summary::read(&entry.path()).ok())
            .collect();
        list.sort_by(|a, b| b.created.cmp(&a.created).then_with(|| b.name.cmp(&a.name)));
        Ok(list)
    }

    /// Removes a run, its logs and its artifacts. Not one that is being run.
    ///
    /// # Errors
    /// It runs, or there is none of this name, or it cannot be removed.
    pub fn delete(&self, name: &str) -> Result<(), FolderError> {
        let folder = self.run(name)?;
        let held = folder.hold()?;
        let gone = self
            .path
            .join("runs")
            .join(format!(".gone-{}-{name}", std::process::id()));
        fs::rename(folder.path(), &gone).map_err(|error| FolderError::at(folder.path(), error))?;
        drop(held);
        let _ = fs::remove_dir_all(self.artifacts().join(name));
        fs::remove_dir_all(&gone).map_err(|error| FolderError::at(&gone, error))
    }

    fn folder(&self, name: &str) -> Result<RunFolder, FolderError> {
        let fits = !name.is_empty()
            && !name.starts_with('.')
            && !name.contains(['/', '\0'])
            && name.len() <= 200;
        if fits {
            Ok(RunFolder::new(self.clone(), name))
        } else {
            Err(FolderError::Name(name.to_owned()))
        }
    }
}

/// Creates a folder that only its owner can read, and its parents.
pub(crate) fn private(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn submitted(name: &str) -> Submitted {
        let mut submitted = Submitted::default();
        submitted.workflow.metadata.name = Some(name.to_owned());
        submitted
    }

    #[test]
    fn the_environment_says_where() {
        let locate = |given: &[(&str, &str)]| {
            Home::locate(|name| {
                given
                    .iter()
                    .find(|(known, _)| *known == name)
                    .map(|(_, value)| OsString::from(value))
            })
        };
        assert_eq!(
            locate(&[("TIPHYS_HOME", "/t"), ("HOME", "/h")]),
            Some(PathBuf::from("/t"))
        );
        assert_eq!(
            locate(&[("XDG_STATE_HOME", "/x"), ("HOME", "/h")]),
            Some(PathBuf::from("/x/tiphys"))
        );
        assert_eq!(
            locate(&[("TIPHYS_HOME", ""), ("HOME", "/h")]),
            Some(PathBuf::from("/h/.local/state/tiphys"))
        );
        assert_eq!(locate(&[]), None);
    }

    #[test]
    fn runs_are_made_once_listed_and_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(folder.path()).unwrap();
        let run = home.create(&submitted("a")).unwrap();
        home.create(&submitted("b")).unwrap();
        assert!(matches!(
            home.create(&submitted("a")),
            Err(FolderError::Exists(_))
        ));
        for name in ["", ".", "..", ".hidden", "a/b"] {
            assert!(
                matches!(home.create(&submitted(name)), Err(FolderError::Name(_))),
                "{name}"
            );
        }
        let mode = fs::metadata(run.path().join("submitted.json"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0, "it holds secrets");
        let names: Vec<_> = home
            .list()
            .unwrap()
            .into_iter()
            .map(|run| run.name)
            .collect();
        assert_eq!(names, ["b", "a"]);
        let held = run.hold().unwrap();
        assert!(run.alive());
        assert!(matches!(home.delete("a"), Err(FolderError::Alive(_))));
        drop(held);
        home.delete("a").unwrap();
        assert!(matches!(home.run("a"), Err(FolderError::Unknown(_))));
        assert_eq!(home.list().unwrap().len(), 1);
    }

    #[test]
    fn a_thousand_runs_are_listed_quickly() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(folder.path()).unwrap();
        for number in 0..1000 {
            let run = home.create(&submitted(&format!("run-{number}"))).unwrap();
            // Not a file that a list may read.
            fs::write(run.path().join("state.log"), vec![b'x'; 1 << 16]).unwrap();
        }
        let start = std::time::Instant::now();
        assert_eq!(home.list().unwrap().len(), 1000);
        assert!(
            start.elapsed() < std::time::Duration::from_secs(1),
            "{:?}",
            start.elapsed()
        );
    }
}
