//! The other containers of a container set: each waits for those that it depends on, and says how it ended itself.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;
use tiphys_executor::{Fault, FaultKind};

use super::sys::{self, Signals};
use crate::complain;

/// How often a container looks whether another has ended.
const LOOK: Duration = Duration::from_millis(20);

/// Waits until every one of the files is there and says that its container succeeded.
pub fn wait(files: &[String], signals: &Signals) -> Result<(), Fault> {
    for file in files {
        let code = loop {
            if let Some(code) = read(file) {
                break code;
            }
            sys::sleep(signals, LOOK);
            if signals.next().is_some_and(ends) {
                return Err(left("the pod was told to end".to_owned()));
            }
        };
        if code != 0 {
            return Err(left(format!("container `{}` failed", name(file))));
        }
    }
    Ok(())
}

/// Waits until every one of the files is there, or the pod is told to end.
pub fn settle(files: &[String], signals: &Signals) {
    for file in files {
        while read(file).is_none() {
            sys::sleep(signals, LOOK);
            if signals.next().is_some_and(ends) {
                return;
            }
            while sys::reap().is_some() {}
        }
    }
}

/// Waits until a file is there, which somebody makes who has seen enough. `what`: what comes then.
pub fn hold(file: &str, what: &str, signals: &Signals) -> Result<(), Fault> {
    let path = Path::new(file);
    // A `touch` is to be enough; where that folder cannot be, who looks will see it.
    let _ = path.parent().map(fs::create_dir_all);
    complain(format_args!("{what} when there is a file {file}"));
    while !path.exists() {
        sys::sleep(signals, LOOK);
        if signals.next().is_some_and(ends) {
            return Err(left("the pod was told to end".to_owned()));
        }
        while sys::reap().is_some() {}
    }
    Ok(())
}

/// Says how this container ended. All of the file is there, or nothing of it.
pub fn mark(file: &str, code: i32) -> io::Result<()> {
    let path = Path::new(file);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let half = path.with_extension("part");
    fs::write(&half, code.to_string())?;
    fs::rename(half, path)
}

/// Waits before another try; false if a signal came that ends the command.
pub fn pause(time: Duration, signals: &Signals) -> bool {
    let until = std::time::Instant::now() + time;
    loop {
        let left = until.saturating_duration_since(std::time::Instant::now());
        if left.is_zero() {
            return true;
        }
        sys::sleep(signals, left);
        if signals.next().is_some_and(ends) {
            return false;
        }
    }
}

fn ends(signal: i32) -> bool {
    matches!(
        signal,
        libc::SIGTERM | libc::SIGINT | libc::SIGQUIT | libc::SIGHUP
    )
}

fn read(file: &str) -> Option<i32> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

fn left(reason: String) -> Fault {
    Fault::new(FaultKind::Omitted, format!("omitted: {reason}"))
}

/// Of `…/NAME/exitcode`.
fn name(file: &str) -> String {
    let name = Path::new(file).parent().and_then(Path::file_name);
    name.map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}
