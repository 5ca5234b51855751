//! Names of runs for the shell: asked of the folder of runs while the user types.

use std::ffi::OsStr;

use clap_complete::CompletionCandidate;
use tiphys_local::{Home, Summary};

/// Every run.
pub fn runs(typed: &OsStr) -> Vec<CompletionCandidate> {
    candidates(typed, |_| true)
}

/// Runs that have not ended.
pub fn unfinished(typed: &OsStr) -> Vec<CompletionCandidate> {
    candidates(typed, |run| !run.phase.completed())
}

/// Runs that have ended.
pub fn finished(typed: &OsStr) -> Vec<CompletionCandidate> {
    candidates(typed, |run| run.phase.completed())
}

fn candidates(typed: &OsStr, fits: impl Fn(&Summary) -> bool) -> Vec<CompletionCandidate> {
    let Some(typed) = typed.to_str() else {
        return Vec::new();
    };
    let home = Home::locate(|name| std::env::var_os(name)).filter(|path| path.is_dir());
    let list = home
        .and_then(|path| Home::open(&path).ok()?.list().ok())
        .unwrap_or_default();
    let named = list
        .into_iter()
        .filter(fits)
        .filter(|run| run.name.starts_with(typed));
    let mut found: Vec<_> = named
        .take(200)
        .map(|run| CompletionCandidate::new(run.name).help(Some(run.phase.as_str().into())))
        .collect();
    if "@latest".starts_with(typed) && !found.is_empty() {
        found.push(CompletionCandidate::new("@latest").help(Some("the newest run".into())));
    }
    found
}
