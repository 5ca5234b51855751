//! Where artifacts are.

use tiphys_spec::Artifact;

/// The key of an artifact in the repository of this machine.
pub fn key(artifact: &Artifact) -> Option<&str> {
    let s3 = artifact.s3.as_ref().and_then(|s3| s3.key.as_deref());
    let gcs = artifact.gcs.as_ref().and_then(|gcs| gcs.key.as_deref());
    let azure = artifact
        .azure
        .as_ref()
        .and_then(|azure| azure.blob.as_deref());
    let oss = artifact.oss.as_ref().and_then(|oss| oss.key.as_deref());
    s3.or(gcs).or(azure).or(oss).filter(|key| !key.is_empty())
}

/// Where an artifact is, on one line.
pub fn place(artifact: &Artifact) -> Option<String> {
    key(artifact).map(str::to_owned)
}
