//! `tiphys plugin run`: one template, called in the real world until it is done.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tiphys_graph::Kinds;
use tiphys_host::{
    Call, Ending, Entry, Grants, Hop, HttpError, HttpRequest, HttpResponse, Level, Plugin, Reader,
    Refusal, Registry, Usage, Wire, World, Writer,
};
use tiphys_local::Submitted;
use tiphys_spec::diagnostic::nearest;

use super::inspect::print;
use crate::args::{DataOutput, PluginRun};
use crate::failure::{Exit, Failure, Outcome};
use crate::files::{self, Shelf};
use crate::plugins;
use crate::printer::Printer;
use crate::project::Project;
use crate::sheet::Sheet;
use crate::style;
use crate::text::Line;

pub fn run(args: &PluginRun, printer: &Printer) -> Outcome {
    if let Some(project) = Project::at(&args.component) {
        project.warn(printer);
    }
    let (path, bytes) = plugins::component(&args.component)?;
    let granted = plugins::grants(&args.allowed, printer)?;
    let registry = Registry::new(plugins::host(), granted.clone());
    let plugin = registry.add(bytes, &path.display().to_string());
    let plugin = plugin.map_err(|error| Failure::new(format!("{error} ({})", path.display())))?;
    let kind = kind(args, &plugin)?;
    let grants = Grants::of(&granted, &plugin.manifest.name, &plugin.digest)
        .map_err(|fault| Failure::new(format!("accept the grants: {fault}")))?;
    let world = Arc::new(Machine {
        given: beside(args)?,
        wire: Wire::default(),
        printer: printer.clone(),
    });
    let call = Call {
        workflow_name: "plugin-run".to_owned(),
        workflow_namespace: "default".to_owned(),
        workflow_uid: format!("{:x}", crate::submit::random()),
        node_id: "plugin-run".to_owned(),
        node_name: "plugin-run".to_owned(),
        template_name: "main".to_owned(),
        body: body(args, &kind, &registry, printer)?,
        kind,
        parameters: args.parameters.clone(),
        ..Call::default()
    };
    let runtime = crate::session::runtime()?;
    let (ending, usage) = runtime.block_on(follow(
        registry.host(),
        &plugin,
        call,
        &Arc::new(grants),
        world,
        args.once,
    ));
    runtime.shutdown_background();
    print(
        &said(&ending, usage),
        args.output.unwrap_or(DataOutput::Yaml),
        printer,
    )?;
    Ok(match ending {
        Ending::Failed { .. } | Ending::Broken { .. } => Exit::Failed,
        _ => Exit::Done,
    })
}

/// Calls again for as long as the plug-in asks for it.
async fn follow(
    host: &Arc<tiphys_host::Host>,
    plugin: &Arc<tiphys_host::Plugin>,
    mut call: Call,
    grants: &Arc<Grants>,
    world: Arc<Machine>,
    once: bool,
) -> (Ending, Usage) {
    loop {
        let (ending, usage) = host.call(plugin, call.clone(), grants, world.clone()).await;
        match &ending {
            Ending::Pending {
                after,
                state,
                message,
            } if !once => {
                let message = if message.is_empty() {
                    "not done yet"
                } else {
                    message
                };
                world
                    .printer
                    .note(format_args!("{message}; again in {after:?}"));
                tokio::time::sleep(*after).await;
                call.round += 1;
                call.state = Some(state.clone());
            }
            _ => return (ending, usage),
        }
    }
}

fn said(ending: &Ending, usage: Usage) -> Value {
    let outcome = match ending {
        Ending::Done(outputs) => json!({"done": outputs}),
        Ending::Failed {
            message,
            retryable,
            outputs: Value::Null,
        } => json!({"failed": {"message": message, "retryable": retryable}}),
        Ending::Failed {
            message,
            retryable,
            outputs,
        } => json!({"failed": {"message": message, "retryable": retryable, "outputs": outputs}}),
        Ending::Pending {
            after,
            state,
            message,
        } => {
            json!({"pending": {"after": format!("{after:?}"), "state": state, "message": message}})
        }
        Ending::Pod(pod) => json!({"pod": pod}),
        Ending::Graph(graph) => json!({"graph": graph}),
        Ending::Broken { message } => json!({"broken": {"message": message}}),
    };
    let mut used = json!({
        "milliseconds": u64::try_from(usage.time.as_millis()).unwrap_or(u64::MAX),
        "memory": usage.memory,
        "requests": usage.requests,
        "download": usage.download,
        "log": usage.log,
    });
    if let Some(fuel) = usage.fuel {
        used["fuel"] = fuel.into();
    }
    let mut all = outcome;
    if let Some(map) = all.as_object_mut() {
        map.insert("used".to_owned(), used);
    }
    all
}

/// The kind that is meant: the first, unless another is named.
fn kind(args: &PluginRun, plugin: &Plugin) -> Result<String, Failure> {
    let known = || plugin.manifest.kinds.iter().map(|kind| kind.name.as_str());
    let Some(kind) = &args.kind else {
        return Ok(known().next().unwrap_or_default().to_owned());
    };
    if plugin.manifest.kind(kind).is_some() {
        return Ok(kind.clone());
    }
    let failure = Failure::new(format!(
        "run a template of kind `{kind}`: the plug-in does not give it"
    ));
    Err(match nearest(kind, known()) {
        Some(near) => failure.hint(format!("did you mean `{near}`?")),
        None => failure.hint(format!(
            "it gives {}",
            known().collect::<Vec<_>>().join(", ")
        )),
    })
}

/// The template's body (a file, standard input, or the text itself), checked as `lint` would.
fn body(
    args: &PluginRun,
    kind: &str,
    registry: &Registry,
    printer: &Printer,
) -> Result<Value, Failure> {
    let (name, bytes) = match args.body.as_deref() {
        None => ("the empty body", b"{}".to_vec()),
        Some("-") => (files::STDIN, files::bytes(Path::new("-"))?),
        Some(file) if Path::new(file).is_file() => (file, plugins::read(Path::new(file))?),
        Some(file) if named(file) => {
            return Err(Failure::new(format!(
                "read {file}: no such file or directory"
            )));
        }
        Some(text) => ("--body", text.as_bytes().to_vec()),
    };
    let mut sheet = Sheet::parse(name, &bytes);
    let mut body = Value::Null;
    if let Some(document) = sheet.documents().first() {
        body = sheet.decode(document).unwrap_or_default();
        for fault in registry.check(kind, &body).unwrap_or_default() {
            sheet.fault(document, &fault.pointer, "plugin-body", fault.message);
        }
    }
    sheet.settle("the body", printer)?;
    Ok(body)
}

/// Whether a text is the name of a file rather than a body.
fn named(text: &str) -> bool {
    let ending = [".yaml", ".yml", ".json"]
        .iter()
        .any(|ending| text.ends_with(ending));
    ending && !text.contains(['{', '[', '\n', ' '])
}

fn beside(args: &PluginRun) -> Result<Submitted, Failure> {
    let mut shelf = Shelf::default();
    for read in files::read_all(&args.with, None)? {
        shelf.add(&read)?;
    }
    Ok(Submitted {
        config_maps: shelf.config_maps,
        secrets: shelf.secrets,
        ..Submitted::default()
    })
}

/// This machine, with what was given beside.
struct Machine {
    given: Submitted,
    wire: Wire,
    printer: Printer,
}

fn none() -> Refusal {
    Refusal::Failed(
        "`tiphys plugin run` has no artifacts: use the plug-in in a workflow".to_owned(),
    )
}

#[async_trait::async_trait]
impl World for Machine {
    fn now(&self) -> u64 {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
    }

    fn log(&self, level: Level, line: &str) {
        self.printer.note(
            Line::new()
                .then(style::DIM, format!("{}: ", level.name()))
                .then(anstyle::Style::new(), line),
        );
    }

    async fn exchange(
        &self,
        request: HttpRequest,
        private: bool,
    ) -> Result<HttpResponse, HttpError> {
        self.wire.send(Hop { request, private }).await
    }

    async fn secret(&self, name: &str, key: &str) -> Result<Vec<u8>, Refusal> {
        let found = self
            .given
            .secret(name)
            .and_then(|mut secret| secret.remove(key));
        found.ok_or_else(|| {
            Refusal::NotFound(format!(
                "key `{key}` of the Secret `{name}`: give it with `--with`"
            ))
        })
    }

    async fn config_map(&self, name: &str, key: &str) -> Result<String, Refusal> {
        let found = self
            .given
            .config_map(name)
            .and_then(|mut map| map.remove(key));
        let bytes = found.ok_or_else(|| {
            Refusal::NotFound(format!(
                "key `{key}` of the ConfigMap `{name}`: give it with `--with`"
            ))
        })?;
        String::from_utf8(bytes).map_err(|_| {
            Refusal::Failed(format!("key `{key}` of the ConfigMap `{name}` is no text"))
        })
    }

    async fn entries(&self, _: &Value, _: Option<&str>, _: u32) -> Result<Vec<Entry>, Refusal> {
        Err(none())
    }

    async fn open(&self, _: &Value) -> Result<Box<dyn Reader>, Refusal> {
        Err(none())
    }

    async fn create(&self, _: &str) -> Result<Box<dyn Writer>, Refusal> {
        Err(none())
    }
}
