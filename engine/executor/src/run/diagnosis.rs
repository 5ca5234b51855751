//! Why a command did not start, and what to do.

use std::env;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use tiphys_executor::{Fault, FaultKind};

use super::{exec, not_started};

pub fn diagnose(program: &OsStr, error: io::Error) -> Fault {
    let name = program.display();
    let (kind, reason) = match (error.raw_os_error(), locate(program)) {
        (Some(libc::ENOENT | libc::ENOTDIR | libc::EACCES), None) => {
            (FaultKind::CommandNotFound, absent(program))
        }
        (Some(libc::ENOENT | libc::ENOTDIR), Some(path)) => {
            (FaultKind::CommandNotExecutable, unserved(&path))
        }
        (Some(libc::EACCES), Some(path)) if path.is_dir() => (
            FaultKind::CommandNotExecutable,
            format!("`{name}` is a folder"),
        ),
        (Some(libc::EACCES), Some(path)) => (
            FaultKind::CommandNotExecutable,
            format!(
                "`{}` may not be executed; give it the permission (chmod +x) or run it by its interpreter, and see that its volume \
                 allows to",
                path.display()
            ),
        ),
        (Some(libc::ENOEXEC), _) => (
            FaultKind::CommandNotExecutable,
            format!(
                "`{name}` is no program for this node ({}); take an image of this architecture; a script needs a first line with #!, or is run by its interpreter",
                env::consts::ARCH
            ),
        ),
        (Some(libc::E2BIG), _) => (
            FaultKind::CommandNotStarted,
            "its arguments and environment are longer than Linux allows; pass what is large in a file".into(),
        ),
        _ => return not_started(error),
    };
    Fault::new(kind, format!("start the command: {reason}"))
}

fn absent(program: &OsStr) -> String {
    let name = program.display();
    let place = if program.as_bytes().contains(&b'/') {
        String::new()
    } else {
        match env::var_os("PATH") {
            Some(path) => format!(" in PATH ({})", path.display()),
            None => " in /bin or /usr/bin, and sets no PATH".into(),
        }
    };
    format!("the image has no `{name}`{place}; take an image that has it, or another command")
}

/// The file is there, and Linux says it is not: what has to run it is missing.
fn unserved(path: &Path) -> String {
    let path_ = path.display();
    match interpreter(path) {
        Some(interpreter) => format!(
            "the image has no `{interpreter}`, which the first line of `{path_}` names; a line that ends in CR LF does not count"
        ),
        None => format!(
            "the image lacks the dynamic loader of `{path_}`: it is for another libc (glibc, musl) or architecture than the image"
        ),
    }
}

fn interpreter(path: &Path) -> Option<String> {
    let mut head = Vec::new();
    File::open(path)
        .ok()?
        .take(256)
        .read_to_end(&mut head)
        .ok()?;
    let line = head
        .strip_prefix(b"#!")?
        .split(|byte| *byte == b'\n')
        .next()?;
    let line = String::from_utf8_lossy(line);
    let word = line.trim_start().split([' ', '\t']).next()?;
    Some(word.escape_debug().to_string())
}

/// The file that a name stands for, executable or not. A name stands for no folder, a path may.
fn locate(program: &OsStr) -> Option<PathBuf> {
    let named = program.as_bytes().contains(&b'/');
    exec::places(program).find(|path| path.is_file() || named && path.exists())
}
