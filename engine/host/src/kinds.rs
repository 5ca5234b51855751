//! Checks of bodies, for lint, plan and editors.

use crate::engine::Host;
use crate::manifest::schema_faults;
use crate::plugin::Plugin;
use crate::registry::Registry;
use serde_json::Value;
use tiphys_graph::{KindFault, Kinds, UnknownKind};

impl Kinds for Registry {
    fn check(&self, kind: &str, body: &Value) -> Result<Vec<KindFault>, UnknownKind> {
        let Some(slot) = self.find(kind) else {
            return Err(UnknownKind {
                known: self.kinds(),
            });
        };
        match slot.plugin(self.host()) {
            Ok(plugin) => Ok(faults(self.host(), &plugin, kind, body)),
            Err(message) => Ok(vec![KindFault {
                pointer: String::new(),
                message,
            }]),
        }
    }
}

/// What the schema finds wrong, or, where it finds nothing, the plug-in itself.
pub(crate) fn faults(host: &Host, plugin: &Plugin, kind: &str, body: &Value) -> Vec<KindFault> {
    let fault = |(pointer, message)| KindFault { pointer, message };
    let found = plugin
        .schemas
        .get(kind)
        .map(|schema| schema_faults(schema, body));
    let found = found.filter(|found| !found.is_empty());
    let found = found.map_or_else(|| host.validate(plugin, kind, &body.to_string()), Ok);
    match found {
        Ok(found) => found.into_iter().map(fault).collect(),
        Err(message) => vec![fault((String::new(), message))],
    }
}
