//! `tiphys plugin run`: one template, called in the real world until it is done.

use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tiphys_host::{
    Call, Ending, Entry, Grants, Hop, HttpError, HttpRequest, HttpResponse, Level, Reader, Refusal,
    Usage, Wire, World, Writer,
};
use tiphys_local::Submitted;
use tiphys_spec as spec;

use super::inspect::print;
use crate::args::{DataOutput, PluginRun};
use crate::failure::{Exit, Failure, Outcome};
use crate::files::{self, Shelf};
use crate::plugins::{self, Given};
use crate::printer::Printer;

pub fn run(args: &PluginRun, printer: &Printer) -> Outcome {
    let bytes = plugins::read(&args.component)?;
    let host = plugins::host();
    let plugin = host
        .load(&bytes, false)
        .map_err(|error| Failure::of(&error))?;
    let kind = args
        .kind
        .clone()
        .unwrap_or_else(|| plugin.manifest.kinds[0].name.clone());
    if plugin.manifest.kind(&kind).is_none() {
        let known: Vec<&str> = plugin
            .manifest
            .kinds
            .iter()
            .map(|kind| kind.name.as_str())
            .collect();
        return Err(Failure::new(format!(
            "run a template of kind `{kind}`: the plug-in does not give it"
        ))
        .hint(format!("it gives {}", known.join(", "))));
    }
    let given = Given::read(&args.plugins)?;
    let grants = Grants::of(&given.grants, &plugin.manifest.name, &plugin.digest)
        .map_err(|fault| Failure::new(format!("accept the grants: {fault}")))?;
    let world = Arc::new(Machine {
        given: beside(args)?,
        wire: Wire::default(),
    });
    let call = Call {
        workflow_name: "plugin-run".to_owned(),
        workflow_namespace: "default".to_owned(),
        workflow_uid: format!("{:x}", crate::submit::random()),
        node_id: "plugin-run".to_owned(),
        node_name: "plugin-run".to_owned(),
        template_name: "main".to_owned(),
        kind,
        body: body(args)?,
        parameters: args.parameters.clone(),
        ..Call::default()
    };
    let runtime = crate::session::runtime()?;
    let (ending, usage) = runtime.block_on(follow(
        &host,
        &plugin,
        call,
        &Arc::new(grants),
        world,
        args.once,
        printer,
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
    printer: &Printer,
) -> (Ending, Usage) {
    loop {
        let (ending, usage) = host.call(plugin, call.clone(), grants, world.clone()).await;
        match &ending {
            Ending::Pending {
                after,
                state,
                message,
            } if !once => {
                printer.say(true, format_args!("{message}; again in {after:?}"));
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
            outputs,
        } => json!({"failed": {"message": message, "retryable": retryable, "outputs": outputs}}),
        Ending::Pending {
            after,
            state,
            message,
        } => {
            json!({"pending": {"after": format!("{}ms", after.as_millis()), "state": state, "message": message}})
        }
        Ending::Pod(pod) => json!({"pod": pod}),
        Ending::Graph(graph) => json!({"graph": graph}),
        Ending::Broken { message } => json!({"broken": {"message": message}}),
    };
    let used = json!({
        "milliseconds": u64::try_from(usage.time.as_millis()).unwrap_or(u64::MAX),
        "memory": usage.memory,
        "requests": usage.requests,
        "download": usage.download,
        "log": usage.log,
    });
    let mut all = outcome;
    if let Some(map) = all.as_object_mut() {
        map.insert("used".to_owned(), used);
    }
    all
}

/// The template's body: a file, standard input, or the text itself.
fn body(args: &PluginRun) -> Result<Value, Failure> {
    let (name, text) = match args.body.as_deref() {
        None => return Ok(json!({})),
        Some("-") => {
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .map_err(|error| Failure::new(format!("read standard input: {error}")))?;
            ("standard input".to_owned(), text)
        }
        Some(file) if std::path::Path::new(file).is_file() => (
            file.to_owned(),
            String::from_utf8_lossy(&plugins::read(std::path::Path::new(file))?).into_owned(),
        ),
        Some(text) => ("--body".to_owned(), text.to_owned()),
    };
    let mut diagnostics = Vec::new();
    let source = spec::Source::parse(&name, text.as_bytes(), &mut diagnostics);
    let value = source
        .documents
        .first()
        .and_then(|node| spec::decode::<Value>(node, &source, &mut diagnostics));
    match (diagnostics.iter().find(|fault| fault.is_error()), value) {
        (Some(fault), _) => Err(Failure::new(format!("read the body: {fault}"))),
        (None, value) => Ok(value.unwrap_or_default()),
    }
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
        anstream::eprintln!("{}: {line}", level.name());
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
