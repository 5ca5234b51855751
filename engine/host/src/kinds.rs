//! Checks of bodies, for lint, plan and editors.

use crate::engine::Host;
use crate::plugin::Plugin;
use crate::registry::Registry;
use serde_json::Value;
use tiphys_graph::{KindFault, Kinds, UnknownKind};

impl Kinds for Registry {
    fn check(&self, kind: &str, body: &Value) -> Result<Vec<KindFault>, UnknownKind> {
        let Some(slot) = self.find(kind) else {
            return Err(UnknownKind { known: self.kinds() });
        };
        let fault = |pointer: String, message: String| KindFault { pointer, message };
        let plugin = match slot.plugin(self.host()) {
            Ok(plugin) => plugin,
            Err(message) => return Ok(vec![fault(String::new(), message)]),
        };
        Ok(faults(self.host(), &plugin, kind, body))
    }
}

/// What the schema finds wrong, or, where it finds nothing, the plug-in itself.
pub(crate) fn faults(host: &Host, plugin: &Plugin, kind: &str, body: &Value) -> Vec<KindFault> {
    let fault = |pointer: String, message: String| KindFault { pointer, message };
    let mut faults = Vec::new();
    if let Some(schema) = plugin.schemas.get(kind) {
        for error in schema.iter_errors(body).filter(|error| !tagged(error.instance())) {
            faults.push(fault(error.instance_path().to_string(), error.to_string()));
        }
    }
    if faults.is_empty() {
        match host.validate(plugin, kind, &body.to_string()) {
            Ok(found) => faults.extend(found.into_iter().map(|(pointer, message)| fault(pointer, message))),
            Err(message) => faults.push(fault(String::new(), message)),
        }
    }
    faults
}

/// A value with a tag is whatever the tag becomes.
fn tagged(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.contains("{{"))
}
