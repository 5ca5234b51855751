//! A step where the kernel gives no view: a plain process in a folder of its own.
//!
//! The folder is its home, its temporary folder and, unless it names another, its working directory. Binds cannot lie where
//! they should: an argument or a variable that is a bind's target, or a path below it, is rewritten to the source.

use std::fs;
use std::path::Path;

use crate::sandbox::container::unfit;
use crate::sandbox::{Container, StartError};

/// Rewrites a container for a life without a view.
pub(super) fn fit(container: &mut Container, folder: &Path) -> Result<(), StartError> {
    let failed = |error: std::io::Error| StartError::File {
        path: folder.to_owned(),
        reason: error.to_string(),
    };
    fs::create_dir_all(folder).map_err(failed)?;
    for bind in &container.binds {
        if let Some(reason) = unfit(&bind.target) {
            return Err(bind.refused(reason));
        }
        fs::metadata(&bind.source).map_err(|error| bind.refused(error))?;
    }
    let shown = container.clone();
    let source_of = |path: &Path| shown.source_of(path);
    let words = container
        .argv
        .iter_mut()
        .chain(container.env.iter_mut().map(|(_, value)| value));
    for word in words {
        if let Some(source) = source_of(Path::new(word.as_str())) {
            *word = source.to_string_lossy().into_owned();
        }
    }
    for wanted in &mut container.collect {
        if let Some(source) = source_of(&wanted.path) {
            wanted.path = source;
        }
    }
    container.workdir = Some(match container.workdir.take() {
        None => folder.to_owned(),
        Some(path) => source_of(&path).unwrap_or(path),
    });
    for name in ["HOME", "TMPDIR"] {
        container.env.retain(|(key, _)| key != name);
        container
            .env
            .push((name.to_owned(), folder.to_string_lossy().into_owned()));
    }
    Ok(())
}
