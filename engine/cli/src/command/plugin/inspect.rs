//! `tiphys plugin inspect`: what a plug-in is, without running it.

use tiphys_host::{Kind, Plugin, show_size};

use crate::args::{DataOutput, PluginInspect};
use crate::failure::{Exit, Failure, Outcome};
use crate::plugins;
use crate::printer::Printer;
use crate::style;
use crate::table::Table;
use crate::text::Line;

pub fn run(args: &PluginInspect, printer: &Printer) -> Outcome {
    let plugin = plugins::load(&plugins::host(), &args.component)?;
    match args.output {
        None => human(&plugin, printer),
        Some(output) => print(&said(&plugin)?, output, printer)?,
    }
    Ok(Exit::Done)
}

/// All that there is to say of a plug-in.
pub fn said(plugin: &Plugin) -> Result<serde_json::Value, Failure> {
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
    let name = format!("{} {}", manifest.name, manifest.version);
    printer.line(
        Line::new()
            .then(style::BOLD, name)
            .then(style::DIM, format!("  {}", manifest.description)),
    );
    let imports: Vec<&str> = plugin
        .imports
        .iter()
        .filter_map(|name| name.strip_prefix("tiphys:plugin/")?.split('@').next())
        .collect();
    let mut about = Table::new(&["", ""], 2);
    let mut say = |what: &str, text: &str| about.row(vec![Line::plain(what), Line::plain(text)]);
    say("digest", &plugin.digest);
    say("size", &show_size(plugin.size as u64));
    say("ABI", &format!("tiphys:plugin@{}", plugin.abi));
    say("imports", &imports.join(", "));
    say("wants", &or_nothing(wants(plugin), "; "));
    if let flags @ [_, ..] = &flags(plugin)[..] {
        say("grant", &flags.join(" "));
    }
    about
        .lines(false)
        .iter()
        .for_each(|line| printer.line(line));
    manifest
        .kinds
        .iter()
        .for_each(|kind| describe(kind, printer));
}

fn or_nothing(all: Vec<String>, between: &str) -> String {
    if all.is_empty() {
        "nothing".to_owned()
    } else {
        all.join(between)
    }
}

/// A kind: the fields of its body, what is required first, and its outputs.
fn describe(kind: &Kind, printer: &Printer) {
    printer.line("");
    printer.line(
        Line::new()
            .then(style::BOLD, format!("kind {}", kind.name))
            .then(style::DIM, format!("  {}", kind.description)),
    );
    let mut table = Table::new(&["", "", ""], 2);
    let mut say = |name: &str, what: &str, about: &str| {
        table.row(vec![
            Line::plain(format!("  {name}")),
            Line::new().then(style::DIM, what),
            Line::plain(about),
        ]);
    };
    let required = |name: &str| {
        kind.schema["required"]
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one == name))
    };
    let mut fields: Vec<_> = kind.schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .collect();
    fields.sort_by_key(|(name, _)| !required(name));
    for (name, field) in fields {
        let needed = if required(name) { ", required" } else { "" };
        say(
            name,
            &format!("{}{needed}", type_of(field)),
            field["description"].as_str().unwrap_or_default(),
        );
    }
    if !kind.outputs.result.is_empty() {
        say("outputs.result", "", &kind.outputs.result);
    }
    for (name, about) in &kind.outputs.parameters {
        say(&format!("outputs.parameters.{name}"), "", about);
    }
    for (name, about) in &kind.outputs.artifacts {
        say(&format!("outputs.artifacts.{name}"), "", about);
    }
    table
        .lines(false)
        .iter()
        .for_each(|line| printer.line(line));
}

/// The type that a schema names.
fn type_of(schema: &serde_json::Value) -> String {
    match &schema["type"] {
        serde_json::Value::String(name) => name.clone(),
        serde_json::Value::Array(names) => names
            .iter()
            .filter_map(|name| name.as_str())
            .collect::<Vec<_>>()
            .join(" or "),
        _ => match schema["enum"].as_array() {
            Some(values) => values
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" | "),
            None => "any".to_owned(),
        },
    }
}

fn wants(plugin: &Plugin) -> Vec<String> {
    let wants = &plugin.manifest.wants;
    let mut all = Vec::new();
    all.extend(wants.http.iter().map(|grant| match &grant.methods[..] {
        [] => format!("http {}", grant.host),
        methods => format!("http {} {}", methods.join(","), grant.host),
    }));
    all.extend(wants.secrets.iter().map(|name| format!("secret {name}")));
    all.extend(
        wants
            .config_maps
            .iter()
            .map(|name| format!("ConfigMap {name}")),
    );
    all.extend(wants.artifacts.iter().map(|grant| {
        format!("artifacts {} {}", access(grant.access), grant.prefix)
            .trim_end()
            .to_owned()
    }));
    all.extend(wants.folders.iter().map(|name| format!("folder {name}")));
    all.extend(wants.memory.iter().map(|text| format!("memory {text}")));
    all.extend(wants.time.iter().map(|text| format!("time {text}")));
    all.extend(wants.log.iter().map(|text| format!("log {text}")));
    all
}

fn access(access: tiphys_host::ArtifactAccess) -> &'static str {
    match access {
        tiphys_host::ArtifactAccess::Read => "read",
        tiphys_host::ArtifactAccess::List => "list",
        tiphys_host::ArtifactAccess::Write => "write",
    }
}

/// The flags that give what it wants, as far as flags can.
fn flags(plugin: &Plugin) -> Vec<String> {
    let wants = &plugin.manifest.wants;
    let http = wants
        .http
        .iter()
        .map(|grant| format!("--allow-http {}", quoted(&grant.host)));
    let secrets = wants
        .secrets
        .iter()
        .map(|name| format!("--allow-secret {name}"));
    let folders = wants
        .folders
        .iter()
        .map(|name| format!("--allow-dir {name}=DIR"));
    http.chain(secrets).chain(folders).collect()
}

/// As a shell takes it.
fn quoted(host: &str) -> String {
    if host.contains(['*', '[']) {
        format!("'{host}'")
    } else {
        host.to_owned()
    }
}
