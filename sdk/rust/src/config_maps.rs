//! ConfigMaps, each granted by its name.

use crate::host;
use crate::refusal::Refusal;

/// The value of that key of that ConfigMap of the workflow's namespace.
///
/// ```
/// use tiphys_plugin::{config_maps, test::Host};
///
/// Host::new().config_map("settings", "region", "eu").run(|| {
///     assert_eq!(config_maps::get("settings", "region").as_deref(), Ok("eu"));
/// });
/// ```
///
/// # Errors
/// It is not granted, or there is no such ConfigMap or key.
pub fn get(name: &str, key: &str) -> Result<String, Refusal> {
    host::config_map(name, key)
}
