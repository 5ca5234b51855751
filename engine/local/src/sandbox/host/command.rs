//! Finding a command in the view and executing it.

use std::ffi::CString;
use std::fs::{self, File};
use std::io::{self, PipeReader, PipeWriter, Read};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use super::cgroup::Groups;
use super::process::restore_signals;
use crate::sandbox::{Container, StartError};

/// Where commands are looked for without a `PATH`.
pub(crate) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A command that was found, with everything prepared that a forked child must not do.
pub(super) struct Command<'a> {
    container: &'a Container,
    program: CString,
    argv: Vec<CString>,
    env: Vec<CString>,
    workdir: CString,
}

/// The descriptors a command starts with.
pub(super) struct Streams<'a> {
    pub stdin: &'a File,
    pub stdout: &'a PipeWriter,
    pub stderr: &'a PipeWriter,
}

impl<'a> Command<'a> {
    /// Makes the working directory if it is missing and `make_workdir` says so.
    pub(super) fn find(
        container: &'a Container,
        make_workdir: bool,
    ) -> Result<Command<'a>, StartError> {
        let Some(name) = container.argv.first() else {
            return Err(StartError::NoCommand);
        };
        let workdir = container.workdir.as_deref().unwrap_or(Path::new("/"));
        enterable(workdir, make_workdir)?;
        let program = look_up(container, name, workdir)?;
        let c_string = |bytes: &[u8]| {
            let reason = "an argument, a variable or the path contains a NUL character".to_owned();
            CString::new(bytes).map_err(|_| StartError::NotExecutable {
                command: name.clone(),
                reason,
            })
        };
        Ok(Command {
            container,
            program: c_string(program.as_os_str().as_bytes())?,
            argv: container
                .argv
                .iter()
                .map(|word| c_string(word.as_bytes()))
                .collect::<Result<_, _>>()?,
            env: container
                .env
                .iter()
                .map(|(key, value)| c_string(format!("{key}={value}").as_bytes()))
                .collect::<Result<_, _>>()?,
            workdir: c_string(workdir.as_os_str().as_bytes())?,
        })
    }

    /// Starts the command and returns its process id once it has really been executed. `killed_with_us` is for who has no pid
    /// namespace that would see to it.
    pub(super) fn start(
        &self,
        streams: &Streams<'_>,
        groups: Option<&Groups>,
        killed_with_us: bool,
    ) -> Result<i32, StartError> {
        let failed = |error: io::Error| StartError::Sandbox(error.to_string());
        let (said, says) = io::pipe().map_err(failed)?;
        let pointers = |strings: &[CString]| -> Vec<*const libc::c_char> {
            strings
                .iter()
                .map(|string| string.as_ptr())
                .chain([std::ptr::null()])
                .collect()
        };
        let (argv, env) = (pointers(&self.argv), pointers(&self.env));
        // SAFETY: this process has one thread; the child calls nothing that needs more than a copy of it, and execs or exits.
        let pid = unsafe { libc::fork() };
        match pid {
            -1 => Err(failed(io::Error::last_os_error())),
            0 => {
                if let Some(groups) = groups {
                    groups.join();
                }
                let step = self.exec(streams, &argv, &env, killed_with_us);
                let errno = io::Error::last_os_error().raw_os_error().unwrap_or(0);
                let _ = rustix::io::write(says.as_fd(), &[step, errno.to_ne_bytes()[0]]);
                // SAFETY: ends the child at once.
                unsafe { libc::_exit(127) }
            }
            pid => {
                drop(says);
                self.outcome(said).map(|()| pid)
            }
        }
    }

    /// Returns only on failure, with the step that failed: `w` the working directory, `x` the execution, `s` anything else.
    fn exec(
        &self,
        streams: &Streams<'_>,
        argv: &[*const libc::c_char],
        env: &[*const libc::c_char],
        killed_with_us: bool,
    ) -> u8 {
        restore_signals();
        // SAFETY: all pointers are to strings and null-terminated arrays that live until the exec; descriptors are open.
        unsafe {
            libc::setsid();
            libc::umask(0o022);
            if killed_with_us {
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            }
            let fds = [
                streams.stdin.as_raw_fd(),
                streams.stdout.as_raw_fd(),
                streams.stderr.as_raw_fd(),
            ];
            for (wanted, fd) in (0..).zip(fds) {
                // The three are above 2, where nothing is left of the spawner's; dup2 clears close-on-exec.
                if libc::dup2(fd, wanted) < 0 {
                    return b's';
                }
            }
            if libc::chdir(self.workdir.as_ptr()) < 0 {
                return b'w';
            }
            libc::execve(self.program.as_ptr(), argv.as_ptr(), env.as_ptr());
            b'x'
        }
    }

    fn outcome(&self, mut said: PipeReader) -> Result<(), StartError> {
        let mut what = [0; 2];
        if said.read_exact(&mut what).is_err() {
            return Ok(());
        }
        let error = io::Error::from_raw_os_error(i32::from(what[1]));
        let command = self.container.argv[0].clone();
        Err(match (what[0], i32::from(what[1])) {
            (b'w', _) => StartError::Workdir {
                path: path_of(&self.workdir),
                reason: error.to_string(),
            },
            (b'x', libc::ENOENT) => {
                let hint =
                    ": the interpreter that its first line or its header names does not exist"
                        .to_owned();
                StartError::CommandNotFound { command, hint }
            }
            (b'x', libc::ENOEXEC) => {
                let reason = "exec format error: it is neither a program for this machine nor a script with a #! line";
                StartError::NotExecutable {
                    command,
                    reason: reason.to_owned(),
                }
            }
            (b'x', _) => StartError::NotExecutable {
                command,
                reason: error.to_string(),
            },
            _ => StartError::Sandbox(error.to_string()),
        })
    }
}

fn path_of(string: &CString) -> PathBuf {
    PathBuf::from(std::ffi::OsStr::from_bytes(string.as_bytes()))
}

fn enterable(workdir: &Path, make: bool) -> Result<(), StartError> {
    let refused = |reason: String| StartError::Workdir {
        path: workdir.to_owned(),
        reason,
    };
    if !workdir.is_absolute() {
        return Err(refused("the path must be absolute".to_owned()));
    }
    match fs::metadata(workdir) {
        Ok(meta) if meta.is_dir() => Ok(()),
        Ok(_) => Err(refused("not a directory".to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound && make => {
            fs::create_dir_all(workdir).map_err(|error| refused(error.to_string()))
        }
        Err(error) => Err(refused(error.to_string())),
    }
}

fn look_up(container: &Container, name: &str, workdir: &Path) -> Result<PathBuf, StartError> {
    let path = container
        .env
        .iter()
        .rev()
        .find(|(key, _)| key == "PATH")
        .map_or(PATH, |(_, value)| value);
    let places = if name.contains('/') {
        vec![""]
    } else {
        path.split(':').collect()
    };
    let mut denied = None;
    for place in places {
        let candidate = workdir.join(place).join(name);
        let Ok(meta) = fs::metadata(&candidate) else {
            continue;
        };
        if meta.is_file() && access(&candidate, Access::EXEC_OK).is_ok() {
            return Ok(candidate);
        }
        denied.get_or_insert(if meta.is_dir() {
            "it is a directory"
        } else {
            "permission denied"
        });
    }
    let command = name.to_owned();
    Err(match denied {
        Some(reason) if !name.is_empty() => StartError::NotExecutable {
            command,
            reason: reason.to_owned(),
        },
        _ => {
            let image = if container.image.is_empty() {
                String::new()
            } else {
                format!(" (not the image `{}`)", container.image)
            };
            let hint = format!(
                " in {}: the host sandbox runs what is installed on this machine{image}; install it or use --sandbox docker",
                if name.contains('/') {
                    workdir.display().to_string()
                } else {
                    format!("PATH {path}")
                },
            );
            StartError::CommandNotFound { command, hint }
        }
    })
}
