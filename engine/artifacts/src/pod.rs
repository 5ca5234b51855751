//! The three things that there are to do in a pod.

use k8s_openapi::api::core::v1::SecretKeySelector;
use serde_json::json;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};
use tiphys_artifacts::{ArtifactError, Secrets, tree};
use tiphys_executor::{Done, Given, OUTPUTS, Saved, Unsaved};
use tiphys_pods::{ARTIFACTS, Artifacts, Input};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Between two looks whether the outputs are there.
const LOOK: Duration = Duration::from_millis(50);
/// Between two signs of life.
const BEAT: Duration = Duration::from_secs(5);

fn wanted() -> Result<Artifacts, String> {
    tiphys_executor::from_env(ARTIFACTS, |name| std::env::var(name).ok())
        .map_err(|error| error.to_string())
}

fn run<T>(work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    // It is the only one that is installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime
        .map_err(|error| format!("start a runtime: {error}"))?
        .block_on(work)
}

fn secret(selector: &SecretKeySelector) -> Result<String, ArtifactError> {
    let root = std::env::var_os("TIPHYS_SECRETS").unwrap_or_else(|| "/argo/secret".into());
    let path = Path::new(&root).join(&selector.name).join(&selector.key);
    let text = fs::read_to_string(path).map_err(|_| ArtifactError::NoSecret {
        name: selector.name.clone(),
        key: selector.key.clone(),
    })?;
    // Secrets that are made of files often end with one, and no key does.
    Ok(text.trim_end_matches('\n').to_owned())
}

const SECRETS: &Secrets<'static> = &secret;

/// Loads the inputs, then becomes a program, if one is named.
pub fn load(program: &[OsString]) -> Result<(), String> {
    let wanted = wanted()?;
    run(async {
        for input in &wanted.inputs {
            load_one(input).await?;
        }
        Ok(())
    })?;
    become_program(program)
}

/// Copies this program to where a container of another image finds it, then becomes another, if one is named.
pub fn install(to: &str, program: &[OsString]) -> Result<(), String> {
    let own = std::env::current_exe().and_then(|own| fs::copy(own, to));
    let done = own.and_then(|_| fs::set_permissions(to, Permissions::from_mode(0o755)));
    done.map_err(|error| format!("copy this program to {to}: {error}"))?;
    become_program(program)
}

fn become_program(program: &[OsString]) -> Result<(), String> {
    let [name, args @ ..] = program else {
        return Ok(());
    };
    let error = Command::new(name).args(args).exec();
    Err(format!("start {}: {error}", name.display()))
}

async fn load_one(input: &Input) -> Result<(), String> {
    let to = Path::new(&input.path);
    // What a container that was here before has left.
    let fresh = tree::remove(to).map_err(|error| ArtifactError::at(to, error));
    let done = match fresh {
        Ok(()) => tiphys_artifacts::load(&input.artifact, SECRETS, to).await,
        Err(error) => Err(error),
    };
    match done {
        Err(error) if input.optional && error.absent() => Ok(()),
        done => {
            done.map_err(|error| format!("load input artifact `{}`: {error}", input.artifact.name))
        }
    }
}

/// Waits until the outputs are there, saves them, and waits for TERM.
pub fn save() -> Result<(), String> {
    let wanted = wanted()?;
    let folder = std::env::var_os("TIPHYS_OUTPUTS").map_or_else(|| OUTPUTS.into(), PathBuf::from);
    beat(folder.clone())?;
    run(async {
        let mut told = signal(SignalKind::terminate())
            .map_err(|error| format!("listen for signals: {error}"))?;
        if let Some(done) = handed_over(&folder, &mut told).await? {
            let saved = save_all(&wanted, &done, &folder).await;
            answer(&folder, &saved)?;
            told.recv().await;
        }
        Ok(())
    })
}

/// Says every few seconds that this container is there, whatever it is busy with.
fn beat(folder: PathBuf) -> Result<(), String> {
    fn touch(folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        // Both containers write there, each as its own user. Who did not make it may not change it, and need not.
        let _ = fs::set_permissions(folder, Permissions::from_mode(0o777));
        let file = File::create(folder.join("alive"))?;
        file.set_modified(SystemTime::now())
    }
    touch(&folder).map_err(|error| format!("write to {}: {error}", folder.display()))?;
    let beats = move || {
        loop {
            std::thread::sleep(BEAT);
            // If it cannot be said, the other side says that nothing was heard.
            let _ = touch(&folder);
        }
    };
    let thread = std::thread::Builder::new().spawn(beats);
    thread
        .map(drop)
        .map_err(|error| format!("start a thread: {error}"))
}

/// What the main container left; none if it was told to end without that, or was served before.
async fn handed_over(folder: &Path, told: &mut Signal) -> Result<Option<Done>, String> {
    let file = folder.join("done");
    let mut ends = false;
    loop {
        match fs::read(&file) {
            Ok(_) if folder.join("saved").exists() => {
                told.recv().await;
                return Ok(None);
            }
            Ok(bytes) => {
                let done = serde_json::from_slice(&bytes);
                return done.map_err(|error| format!("read {}: {error}", file.display()));
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(format!("read {}: {error}", file.display()));
            }
            // The kubelet tells this container to end when the main one has ended.
            Err(_) if ends => return Ok(None),
            Err(_) => {}
        }
        tokio::select! {
            _ = told.recv() => ends = true,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

async fn save_all(wanted: &Artifacts, done: &Done, folder: &Path) -> Saved {
    let mut saved = Saved::default();
    for given in done.artifacts.iter().chain(&done.logs) {
        match save_one(wanted, given, folder).await {
            Ok(()) => saved.saved.push(given.output),
            Err(message) => saved.faults.push(Unsaved {
                output: given.output,
                message,
            }),
        }
    }
    saved
}

async fn save_one(wanted: &Artifacts, given: &Given, folder: &Path) -> Result<(), String> {
    let output = usize::try_from(given.output).ok();
    let output = output.and_then(|number| wanted.outputs.get(number));
    let output = output.ok_or_else(|| format!("save output {}: it is not known", given.output))?;
    // The main container says the name, and it is one of this folder whatever it says.
    let name = Path::new(&given.file).file_name().unwrap_or_default();
    let file = folder.join(name);
    let failed =
        |error: ArtifactError| format!("save output artifact `{}`: {error}", output.artifact.name);
    let opened = open(&file).map_err(|error| failed(ArtifactError::at(&file, error)))?;
    // Whatever is put in its place from now on, this is what was opened.
    let held = PathBuf::from(format!("/proc/self/fd/{}", opened.as_raw_fd()));
    let scratch = std::env::temp_dir();
    let saved =
        tiphys_artifacts::save(&output.artifact, SECRETS, &held, &scratch, output.log).await;
    let _ = tree::remove(&file);
    saved.map_err(failed)
}

/// Opens a regular file. A link could lead to what is this container's alone: its secrets.
fn open(file: &Path) -> io::Result<File> {
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(file)?;
    if opened.metadata()?.is_file() {
        return Ok(opened);
    }
    Err(io::Error::other("it is no regular file"))
}

/// All of the answer is there, or nothing of it.
fn answer(folder: &Path, saved: &Saved) -> Result<(), String> {
    let half = folder.join("saved.part");
    let write = || {
        // Numbers and strings: nothing in it can fail to be JSON.
        fs::write(&half, serde_json::to_vec(saved).unwrap_or_default())?;
        fs::rename(&half, folder.join("saved"))
    };
    write().map_err(|error| format!("write to {}: {error}", folder.display()))
}

/// Deletes the outputs, and says of each on standard output what came of it.
pub fn delete() -> Result<(), String> {
    let wanted = wanted()?;
    run(async {
        for (number, output) in wanted.outputs.iter().enumerate() {
            let done = tiphys_artifacts::delete(&output.artifact, SECRETS).await;
            let said = match done {
                Ok(()) => json!({"output": number, "deleted": true}),
                Err(error) => json!({"output": number, "error": error.to_string()}),
            };
            writeln!(io::stdout(), "{said}").map_err(|error| format!("write: {error}"))?;
        }
        Ok(())
    })
}
