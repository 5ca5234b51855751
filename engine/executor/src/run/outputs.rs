//! Output artifacts and the log: handed to the container beside this one, which has what it takes to save them.

use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};
use tiphys_executor::{Artifact, Done, Fault, FaultKind, Given, OUTPUTS, Saved, Step};

use super::sys::{self, Signals};

/// Between two looks whether it is saved.
const LOOK: Duration = Duration::from_millis(20);

/// How long nothing may be heard of the other container, which says every few seconds that it lives. Promise P4: within a minute.
const SILENCE: Duration = Duration::from_secs(50);

/// What a step hands over.
pub struct Outputs<'a> {
    artifacts: &'a [Artifact],
    logs: &'a [u32],
    folder: PathBuf,
    log: Option<File>,
}

impl<'a> Outputs<'a> {
    /// Makes the folder, and begins the log if it is to be kept.
    pub fn open(step: &'a Step) -> Result<Self, Fault> {
        let mut outputs = Self {
            artifacts: &step.artifacts,
            logs: &step.logs,
            folder: std::env::var_os("TIPHYS_OUTPUTS").map_or_else(|| OUTPUTS.into(), Into::into),
            log: None,
        };
        if outputs.artifacts.is_empty() && step.log.is_none() {
            return Ok(outputs);
        }
        let opened = || -> io::Result<Option<File>> {
            fs::create_dir_all(&outputs.folder)?;
            // Both containers write there, each as its own user. Who did not make it may not change it, and need not.
            let _ = fs::set_permissions(&outputs.folder, Permissions::from_mode(0o777));
            let log = step.log.map(|output| outputs.folder.join(log_file(output)));
            log.map(File::create).transpose()
        };
        outputs.log = opened().map_err(|error| unsaved(format!("keep the outputs: {error}")))?;
        Ok(outputs)
    }

    /// Where the command's outputs are kept.
    pub fn log(&self) -> Option<File> {
        self.log.as_ref().and_then(|log| log.try_clone().ok())
    }

    /// Hands everything over, and waits until it is saved: which artifacts are, and every fault.
    pub fn save(&self, succeeded: bool, signals: &Signals) -> (Vec<u32>, Vec<Fault>) {
        if self.artifacts.is_empty() && self.logs.is_empty() {
            return (Vec::new(), Vec::new());
        }
        let (mut done, mut faults) = (Done::default(), Vec::new());
        for artifact in self.artifacts {
            match self.pack(artifact) {
                Ok(Some(file)) => done.artifacts.push(Given {
                    output: artifact.output,
                    file,
                }),
                // What failed need not have left anything.
                Ok(None) if artifact.optional || !succeeded => {}
                Ok(None) => faults.push(unsaved(format!(
                    "save output artifact `{}`: there is nothing at {}",
                    artifact.name, artifact.path
                ))),
                Err(error) => faults.push(unsaved(format!(
                    "save output artifact `{}` from {}: {error}",
                    artifact.name, artifact.path
                ))),
            }
        }
        // A container that never ran has none.
        let logs = self.logs.iter().map(|output| Given {
            output: *output,
            file: log_file(*output),
        });
        done.logs = logs
            .filter(|log| self.folder.join(&log.file).exists())
            .collect();
        let saved = self
            .tell(&done)
            .map_err(|error| unsaved(format!("hand over the outputs: {error}")))
            .and_then(|()| self.wait(signals));
        match saved {
            Ok(saved) => {
                let told = saved.faults.into_iter().map(|fault| unsaved(fault.message));
                faults.extend(told);
                (saved.saved, faults)
            }
            Err(fault) => {
                faults.push(fault);
                (Vec::new(), faults)
            }
        }
    }

    /// An archive with the file or folder; none if there is none.
    fn pack(&self, artifact: &Artifact) -> io::Result<Option<String>> {
        let from = Path::new(&artifact.path);
        // What a link leads to is what is meant, if it leads anywhere.
        let Ok(meta) = fs::metadata(from) else {
            return Ok(None);
        };
        let file = format!("{}.tar", artifact.output);
        let to = BufWriter::with_capacity(1 << 17, File::create(self.folder.join(&file))?);
        let mut archive = tar::Builder::new(to);
        archive.follow_symlinks(false);
        // A folder that ends with `..` or is `/` has no name of its own.
        let name = from.file_name().unwrap_or_else(|| "root".as_ref());
        if meta.is_dir() {
            archive.append_dir_all(name, from)?;
        } else {
            archive.append_file(name, &mut File::open(from)?)?;
        }
        archive.into_inner()?.flush()?;
        Ok(Some(file))
    }

    fn tell(&self, done: &Done) -> io::Result<()> {
        let half = self.folder.join("done.part");
        // Strings and numbers: nothing in it can fail to be JSON.
        fs::write(&half, serde_json::to_vec(done).unwrap_or_default())?;
        fs::rename(half, self.folder.join("done"))
    }

    fn wait(&self, signals: &Signals) -> Result<Saved, Fault> {
        let began = Instant::now();
        loop {
            match fs::read(self.folder.join("saved")) {
                Ok(bytes) => {
                    return serde_json::from_slice(&bytes)
                        .map_err(|error| unsaved(format!("read what was saved: {error}")));
                }
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(unsaved(format!("read what was saved: {error}")));
                }
                Err(_) => {}
            }
            if self.silence(began) > SILENCE {
                return Err(unsaved(format!(
                    "save the outputs: nothing was heard of the container `wait` for {} s",
                    SILENCE.as_secs()
                )));
            }
            sys::sleep(signals, LOOK);
            // To end is what is being done already; the kubelet's patience has its own end.
            while signals.next().is_some() {}
            while sys::reap().is_some() {}
        }
    }

    /// How long nothing has been heard of the other container.
    fn silence(&self, began: Instant) -> Duration {
        let touched = fs::metadata(self.folder.join("alive")).and_then(|meta| meta.modified());
        let since = touched
            .ok()
            .and_then(|at| SystemTime::now().duration_since(at).ok());
        began.elapsed().min(since.unwrap_or(Duration::MAX))
    }
}

fn log_file(output: u32) -> String {
    format!("{output}.log")
}

fn unsaved(message: String) -> Fault {
    Fault::new(FaultKind::ArtifactNotSaved, message)
}
