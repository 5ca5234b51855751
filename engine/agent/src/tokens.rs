//! One token for each plug-in, which it and the agent see, and nobody else.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Bytes of chance in a token.
const LENGTH: usize = 32;

/// Makes them; one that is there stays: a container may be started more than once.
///
/// # Errors
/// The folder cannot be written to.
pub fn make(folder: &Path, plugins: &[&str]) -> Result<(), String> {
    for plugin in plugins {
        let folder = folder.join(plugin);
        let path = folder.join("token");
        if path.exists() {
            continue;
        }
        let failed = |error: std::io::Error| format!("write {}: {error}", path.display());
        fs::create_dir_all(&folder).map_err(failed)?;
        // Whole or not at all.
        let part = folder.join(".token");
        fs::write(&part, token()?).map_err(failed)?;
        // The plug-in may be any user, and nobody else has the folder.
        fs::set_permissions(&part, fs::Permissions::from_mode(0o444)).map_err(failed)?;
        fs::rename(&part, &path).map_err(failed)?;
    }
    Ok(())
}

fn token() -> Result<String, String> {
    let mut bytes = [0; LENGTH];
    getrandom::fill(&mut bytes).map_err(|error| format!("make a token: {error}"))?;
    let mut text = String::with_capacity(2 * LENGTH);
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_plugin_has_its_own_and_keeps_it() {
        let folder = tempfile::tempdir().unwrap();
        make(folder.path(), &["a", "b"]).unwrap();
        let read = |name: &str| fs::read_to_string(folder.path().join(name).join("token")).unwrap();
        let (a, b) = (read("a"), read("b"));
        assert_eq!((a.len(), b.len()), (64, 64));
        assert_ne!(a, b);
        make(folder.path(), &["a", "c"]).unwrap();
        assert_eq!(read("a"), a);
        assert_eq!(read("c").len(), 64);
    }
}
