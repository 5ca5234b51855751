//! `tiphys plugin inspect` and `list`: what plug-ins are, without running them.

use tiphys_host::Plugin;

use crate::args::{DataOutput, PluginInspect, PluginList};
use crate::failure::{Exit, Failure, Outcome};
use crate::plugins;
use crate::printer::Printer;

pub fn run(args: &PluginInspect, printer: &Printer) -> Outcome {
    let bytes = plugins::read(&args.component)?;
    let plugin = plugins::host()
        .load(&bytes, false)
        .map_err(|error| Failure::of(&error))?;
    match args.output {
        None => human(&plugin, printer),
        Some(output) => print(&said(&plugin)?, output, printer)?,
    }
    Ok(Exit::Done)
}

fn said(plugin: &Plugin) -> Result<serde_json::Value, Failure> {
    let mut value = serde_json::to_value(&plugin.manifest).map_err(|error| Failure::of(&error))?;
    if let Some(map) = value.as_object_mut() {
        map.insert("digest".to_owned(), plugin.digest.as_str().into());
        map.insert("size".to_owned(), plugin.size.into());
        map.insert("abi".to_owned(), plugin.abi.as_str().into());
        map.insert("imports".to_owned(), plugin.imports.clone().into());
    }
    Ok(value)
}

pub fn print(
    value: &serde_json::Value,
    output: DataOutput,
    printer: &Printer,
) -> Result<(), Failure> {
    match output {
        DataOutput::Json => {
            let text = serde_json::to_string_pretty(value).map_err(|error| Failure::of(&error))?;
            printer.raw(&format!("{text}\n"));
        }
        DataOutput::Yaml => {
            let text = tiphys_spec::write::to_yaml(value).map_err(|error| Failure::of(&error))?;
            printer.raw(&text);
        }
    }
    Ok(())
}

fn human(plugin: &Plugin, printer: &Printer) {
    let manifest = &plugin.manifest;
    printer.line(format_args!(
        "{} {}  {}",
        manifest.name, manifest.version, manifest.description
    ));
    printer.line(format_args!("digest   {}", plugin.digest));
    printer.line(format_args!(
        "size     {}",
        tiphys_host::show_size(plugin.size as u64)
    ));
    printer.line(format_args!("ABI      tiphys:plugin@{}", plugin.abi));
    let imports: Vec<&str> = plugin
        .imports
        .iter()
        .filter_map(|name| name.strip_prefix("tiphys:plugin/")?.split('@').next())
        .collect();
    printer.line(format_args!("imports  {}", imports.join(", ")));
    printer.line(format_args!("wants    {}", wants(plugin)));
    for kind in &manifest.kinds {
        printer.line(format_args!("\nkind {}  {}", kind.name, kind.description));
        let required = kind.schema["required"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        for (name, field) in kind.schema["properties"].as_object().into_iter().flatten() {
            let needed = if required.iter().any(|one| one == name) {
                " (required)"
            } else {
                ""
            };
            printer.line(format_args!(
                "  {name}{needed}: {}",
                field["description"].as_str().unwrap_or_default()
            ));
        }
        if !kind.outputs.result.is_empty() {
            printer.line(format_args!("  result → {}", kind.outputs.result));
        }
        for (name, what) in &kind.outputs.parameters {
            printer.line(format_args!("  outputs.parameters.{name} → {what}"));
        }
    }
}

fn wants(plugin: &Plugin) -> String {
    let wants = &plugin.manifest.wants;
    let mut all = Vec::new();
    all.extend(
        wants
            .http
            .iter()
            .map(|grant| format!("http {} {}", grant.methods.join(","), grant.host)),
    );
    all.extend(wants.secrets.iter().map(|name| format!("secret {name}")));
    all.extend(
        wants
            .config_maps
            .iter()
            .map(|name| format!("ConfigMap {name}")),
    );
    all.extend(
        wants
            .artifacts
            .iter()
            .map(|grant| format!("artifacts {:?} {}", grant.access, grant.prefix)),
    );
    all.extend(wants.folders.iter().map(|name| format!("folder {name}")));
    all.extend(wants.memory.iter().map(|text| format!("memory {text}")));
    all.extend(wants.time.iter().map(|text| format!("time {text}")));
    if all.is_empty() {
        "nothing".to_owned()
    } else {
        all.join("; ")
    }
}

pub fn list(args: &PluginList, printer: &Printer) -> Outcome {
    let given = crate::args::Plugins {
        plugin: args.plugin.clone(),
        ..Default::default()
    };
    let registry = plugins::Given::read(&given)?.registry()?;
    let mut rows = Vec::new();
    for kind in registry.kinds() {
        let Some(slot) = registry.find(&kind) else {
            continue;
        };
        let plugin = slot.plugin(registry.host()).map_err(Failure::new)?;
        rows.push((kind, plugin, slot.origin.clone()));
    }
    if let Some(output) = args.output {
        let all: Result<Vec<_>, _> = rows.iter().map(|(_, plugin, _)| said(plugin)).collect();
        print(&serde_json::Value::Array(all?), output, printer)?;
        return Ok(Exit::Done);
    }
    let width = rows.iter().map(|(kind, ..)| kind.len()).max().unwrap_or(0);
    for (kind, plugin, origin) in &rows {
        let about = plugin
            .manifest
            .kind(kind)
            .map_or("", |kind| kind.description.as_str());
        printer.line(format_args!(
            "{kind:width$}  {} {}  {origin}  {about}",
            plugin.manifest.name, plugin.manifest.version
        ));
    }
    Ok(Exit::Done)
}
