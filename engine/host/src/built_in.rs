//! The components that come with Tiphys.

use crate::{ArtifactAccess, ArtifactGrant, Grant, Host, Registry};
use std::sync::Arc;

/// Each with the kind that it gives.
const BUILT_IN: [(&str, &[u8]); 3] = [
    ("http", include_bytes!("../../../plugins/dist/http.wasm")),
    (
        "containerSet",
        include_bytes!("../../../plugins/dist/container-set.wasm"),
    ),
    ("data", include_bytes!("../../../plugins/dist/data.wasm")),
];

impl Registry {
    /// The kinds that come with Tiphys, with what they may, and whatever else is granted.
    #[must_use]
    pub fn built_in(host: Arc<Host>, grants: &[Grant]) -> Registry {
        // The artifacts of earlier steps are what a data template is for; pods may read them as well.
        let access = |access| ArtifactGrant {
            access,
            prefix: String::new(),
        };
        let own = Grant {
            plugins: vec!["data".to_owned()],
            artifacts: vec![access(ArtifactAccess::List), access(ArtifactAccess::Read)],
            ..Grant::default()
        };
        let grants = std::iter::once(own).chain(grants.iter().cloned()).collect();
        let registry = Registry::new(host, grants);
        for (kind, bytes) in BUILT_IN {
            registry.promise(&[kind], bytes, "built in");
        }
        registry
    }
}
