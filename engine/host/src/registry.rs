//! Which plug-in gives which kind.

use crate::engine::Host;
use crate::grants::{Grant, GrantFault, Grants};
use crate::plugin::Plugin;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, RwLock};

/// Plug-ins by kind. A later one replaces an earlier one of the same kind; calls that run end on the one they began with.
pub struct Registry {
    host: Arc<Host>,
    grants: Vec<Grant>,
    slots: RwLock<BTreeMap<String, Arc<Slot>>>,
}

/// A plug-in that is loaded when it is first needed.
pub struct Slot {
    /// Where it came from, for people: a path, an OCI reference, `built in`.
    pub origin: String,
    bytes: Cow<'static, [u8]>,
    fuel: bool,
    loaded: OnceLock<Result<Arc<Plugin>, String>>,
    granted: OnceLock<Result<Arc<Grants>, GrantFault>>,
}

impl Registry {
    #[must_use]
    pub fn new(host: Arc<Host>, grants: Vec<Grant>) -> Registry {
        Registry {
            host,
            grants,
            slots: RwLock::default(),
        }
    }

    #[must_use]
    pub fn host(&self) -> &Arc<Host> {
        &self.host
    }

    /// Adds a component that is known to give these kinds; it is loaded when one of them is needed.
    pub fn promise(&self, kinds: &[&str], bytes: &'static [u8], origin: &str) {
        let slot = Arc::new(self.slot(Cow::Borrowed(bytes), origin));
        for kind in kinds {
            self.put(kind, slot.clone());
        }
    }

    /// Loads a component and adds the kinds it gives.
    ///
    /// # Errors
    /// It does not load: why, as a fragment that fits after "failed to ".
    pub fn add(&self, bytes: Vec<u8>, origin: &str) -> Result<Arc<Plugin>, String> {
        let slot = Arc::new(self.slot(Cow::Owned(bytes), origin));
        let plugin = slot.load(&self.host)?;
        for kind in &plugin.manifest.kinds {
            self.put(&kind.name, slot.clone());
        }
        Ok(plugin)
    }

    fn slot(&self, bytes: Cow<'static, [u8]>, origin: &str) -> Slot {
        Slot {
            origin: origin.to_owned(),
            bytes,
            // Which grants are for it is known only once it is loaded; fuel is rare enough.
            fuel: self.grants.iter().any(|grant| grant.fuel.is_some()),
            loaded: OnceLock::new(),
            granted: OnceLock::new(),
        }
    }

    fn put(&self, kind: &str, slot: Arc<Slot>) {
        let mut slots = self
            .slots
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        slots.insert(kind.to_owned(), slot);
    }

    /// The plug-in that gives a kind.
    #[must_use]
    pub fn find(&self, kind: &str) -> Option<Arc<Slot>> {
        let slots = self
            .slots
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        slots.get(kind).cloned()
    }

    /// The kinds there are.
    #[must_use]
    pub fn kinds(&self) -> Vec<String> {
        let slots = self
            .slots
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        slots.keys().cloned().collect()
    }

    /// What a plug-in is allowed, by what is granted to all that is called here, and by `more` for this call.
    ///
    /// # Errors
    /// A grant says what cannot be.
    pub fn grants(
        &self,
        slot: &Slot,
        plugin: &Plugin,
        more: &[Grant],
    ) -> Result<Arc<Grants>, GrantFault> {
        if !more.is_empty() {
            let all: Vec<Grant> = self.grants.iter().chain(more).cloned().collect();
            return Grants::of(&all, &plugin.manifest.name, &plugin.digest).map(Arc::new);
        }
        slot.granted
            .get_or_init(|| {
                Grants::of(&self.grants, &plugin.manifest.name, &plugin.digest).map(Arc::new)
            })
            .clone()
    }
}

impl Slot {
    /// The plug-in, loaded now if it was not before.
    ///
    /// # Errors
    /// One line for the user: it does not load, and why.
    pub fn plugin(&self, host: &Arc<Host>) -> Result<Arc<Plugin>, String> {
        self.load(host)
            .map_err(|error| format!("failed to {error} ({})", self.origin))
    }

    fn load(&self, host: &Arc<Host>) -> Result<Arc<Plugin>, String> {
        self.loaded
            .get_or_init(|| {
                host.load(&self.bytes, self.fuel)
                    .map_err(|error| error.to_string())
            })
            .clone()
    }
}
