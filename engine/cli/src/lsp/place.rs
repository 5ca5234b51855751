//! Addresses and paths of files.

use std::path::{Path, PathBuf};

use lsp_types::InitializeParams;
use url::Url;

pub fn path(uri: &str) -> Option<PathBuf> {
    Url::parse(uri)
        .ok()
        .filter(|url| url.scheme() == "file")?
        .to_file_path()
        .ok()
}

/// The address as we write it.
pub fn uri(path: &Path) -> Option<String> {
    Some(Url::from_file_path(path).ok()?.into())
}

/// The folders that an editor works in.
pub fn folders(params: &InitializeParams) -> Vec<PathBuf> {
    let several = params
        .workspace_folders
        .iter()
        .flatten()
        .filter_map(|folder| path(folder.uri.as_str()));
    let folders: Vec<PathBuf> = several.collect();
    if !folders.is_empty() {
        return folders;
    }
    #[allow(deprecated)]
    let root = params.root_uri.as_ref();
    root.and_then(|root| path(root.as_str()))
        .into_iter()
        .collect()
}
