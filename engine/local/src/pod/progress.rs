//! The file in which a container says how far it has come.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tiphys_core::{Observation, PodKey};
use tokio::sync::mpsc::UnboundedSender;

const LOOK: Duration = Duration::from_millis(500);

/// Tells what the file says, for as long as it is polled.
pub(super) async fn watch(file: PathBuf, key: PodKey, observations: UnboundedSender<Observation>) {
    let mut known = None;
    loop {
        tokio::time::sleep(LOOK).await;
        tell(&file, &key, &mut known, &observations);
    }
}

/// Tells what the file says if that is news.
pub(super) fn tell(
    file: &Path,
    key: &PodKey,
    known: &mut Option<String>,
    observations: &UnboundedSender<Observation>,
) {
    // Far more than `N/M` is no progress.
    let small = std::fs::metadata(file).is_ok_and(|meta| meta.len() < 4096);
    let Some(text) = small.then(|| std::fs::read_to_string(file).ok()).flatten() else {
        return;
    };
    let progress = text.trim();
    if !progress.is_empty() && known.as_deref() != Some(progress) {
        *known = Some(progress.to_owned());
        let _ = observations.send(Observation::PodProgress {
            key: key.clone(),
            progress: progress.to_owned(),
        });
    }
}
