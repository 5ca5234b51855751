//! Kinds that plug-ins provide.

use crate::origin::{At, suggest};
use crate::planner::{Planner, Purpose};
use crate::tags::path_of;
use serde_json::Value;
use tiphys_spec::Template;

impl Planner<'_> {
    pub(crate) fn check_kind(&mut self, at: At<'_>, template: &Template) {
        if let Some(plugin) = &template.plugin {
            let count = plugin.0.len();
            if count != 1 {
                let reason =
                    format!("plugin takes exactly one key, the plugin's name, and has {count}");
                self.report(at.key("plugin").error("plugin-keys", reason));
            }
            for (kind, body) in &plugin.0 {
                self.check_body(at.key("plugin").key(kind), kind, body);
            }
        }
        if let Some(http) = &template.http {
            let body = serde_json::to_value(http).unwrap_or_default();
            self.check_body(at.key("http"), "http", &body);
        }
        if let Some(data) = &template.data {
            let body = serde_json::to_value(data).unwrap_or_default();
            self.check_body(at.key("data"), "data", &body);
        }
        if let Some(set) = &template.container_set {
            let body = serde_json::to_value(set).unwrap_or_default();
            self.check_body(at.key("containerSet"), "containerSet", &body);
        }
    }

    fn check_body(&mut self, at: At<'_>, kind: &str, body: &Value) {
        match self.library.kinds.check(kind, body) {
            Ok(faults) => {
                for fault in faults {
                    let path = at.path().join(&path_of(body, &fault.pointer));
                    self.report(At::new(at.origin, &path).error("plugin-body", fault.message));
                }
            }
            // What a registry elsewhere may have is no fault of the file.
            Err(_) if self.purpose == Purpose::Lint && !self.library.complete => {}
            Err(unknown) => {
                let fault = at.key_error(
                    "unknown-kind",
                    format!("no plug-in provides templates of kind `{kind}`"),
                );
                self.report(suggest(
                    fault,
                    kind,
                    unknown.known.iter().map(String::as_str),
                ));
            }
        }
    }
}
