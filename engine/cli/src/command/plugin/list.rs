//! `tiphys plugin list`: which plug-in gives which kind of template.

use std::sync::Arc;

use tiphys_host::Plugin;

use super::inspect::{print, said};
use crate::args::{PluginList, Plugins};
use crate::failure::{Exit, Failure, Outcome};
use crate::plugins::Given;
use crate::printer::Printer;
use crate::table::Table;
use crate::text::Line;

/// A kind, the plug-in that gives it, and where that came from.
type Row = (String, Arc<Plugin>, String);

pub fn run(args: &PluginList, printer: &Printer) -> Outcome {
    let given = Plugins {
        plugin: args.plugin.clone(),
        ..Plugins::default()
    };
    let registry = Given::read(&given)?.registry()?;
    let mut rows = Vec::new();
    for kind in registry.kinds() {
        let Some(slot) = registry.find(&kind) else {
            continue;
        };
        let plugin = slot.plugin(registry.host()).map_err(Failure::new)?;
        rows.push((kind, plugin, slot.origin.clone()));
    }
    match args.output {
        None => human(&rows, printer),
        Some(output) => print(&data(&rows)?, output, printer)?,
    }
    Ok(Exit::Done)
}

fn human(rows: &[Row], printer: &Printer) {
    let mut table = Table::new(&["KIND", "PLUG-IN", "FROM", "DESCRIPTION"], 3);
    for (kind, plugin, origin) in rows {
        let manifest = &plugin.manifest;
        let about = manifest
            .kind(kind)
            .map_or("", |kind| kind.description.as_str());
        let name = format!("{} {}", manifest.name, manifest.version);
        table.row(
            [kind, name.as_str(), origin, about]
                .map(Line::plain)
                .to_vec(),
        );
    }
    table.lines(true).iter().for_each(|line| printer.line(line));
}

/// Each plug-in once, with where it came from.
fn data(rows: &[Row]) -> Result<serde_json::Value, Failure> {
    let mut all: Vec<serde_json::Value> = Vec::new();
    for (_, plugin, origin) in rows {
        let mut value = said(plugin)?;
        value["origin"] = origin.as_str().into();
        if !all.contains(&value) {
            all.push(value);
        }
    }
    Ok(all.into())
}
