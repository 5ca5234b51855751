//! Lines of the node's log. Not for secrets.
//!
//! ```
//! use tiphys_plugin::log;
//!
//! log::debug("asking again");
//! log::info("3 of 4 are done");
//! log::warn("the server is slow");
//! log::error("the server is gone");
//! ```

use crate::host;

/// How grave a line is.
///
/// ```
/// use tiphys_plugin::log::{self, Level};
/// log::write(Level::Warn, "the server is slow");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// For who looks for a fault.
    Debug,
    /// What happened.
    Info,
    /// What may become a trouble.
    Warn,
    /// What went wrong.
    Error,
}

/// Writes one line. Beyond the granted volume lines are dropped, and the log says so once.
pub fn write(level: Level, message: &str) {
    host::log(level, message);
}

/// For who looks for a fault.
pub fn debug(message: &str) {
    write(Level::Debug, message);
}

/// What happened.
pub fn info(message: &str) {
    write(Level::Info, message);
}

/// What may become a trouble.
pub fn warn(message: &str) {
    write(Level::Warn, message);
}

/// What went wrong.
pub fn error(message: &str) {
    write(Level::Error, message);
}
