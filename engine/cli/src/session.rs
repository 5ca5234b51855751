//! One run driven in this process: the sandbox, the loop, the view, and what Ctrl-C does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tiphys_core::Run;
use tiphys_graph::Purpose;
use tiphys_graph::plan::Plan;
use tiphys_local::sandbox::{Kind, Sandbox};
use tiphys_local::{Control, Held, Home, Options, Order, RunFolder, Submitted, drive};
use tiphys_spec::{Workflow, WorkflowPhase};
use tokio::sync::{broadcast, mpsc};

use crate::args;
use crate::failure::{Exit, Failure};
use crate::plugins::Given;
use crate::printer::Printer;
use crate::view::{self, View};
use crate::{object, submit};

/// How a run is run and shown.
pub struct Settings<'a> {
    pub printer: &'a Printer,
    pub output: Option<args::RunOutput>,
    pub logs: bool,
    pub watch: bool,
    pub sandbox: Option<args::Sandbox>,
    pub parallelism: Option<usize>,
}

impl<'a> Settings<'a> {
    pub fn of_view(view: &args::View, printer: &'a Printer) -> Settings<'a> {
        Settings {
            printer,
            output: view.output,
            logs: view.logs,
            watch: true,
            sandbox: view.sandbox,
            parallelism: None,
        }
    }

    /// Whether standard output is kept for the object alone.
    pub fn quiet(&self) -> bool {
        matches!(
            self.output,
            Some(args::RunOutput::Json | args::RunOutput::Yaml | args::RunOutput::Name)
        )
    }
}

/// A runtime for commands that need one.
pub fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let built = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    built.map_err(|error| Failure::new(format!("start a runtime: {error}")))
}

/// The plan of a run that is taken up from its folder.
pub fn plan_of(home: &Home, submitted: &Submitted) -> Result<Plan, Failure> {
    let mut library = tiphys_graph::Library::new();
    library.kinds = Given::of_run(home, submitted)?.registry()?;
    for template in &submitted.workflow_templates {
        library.add_template(
            template,
            tiphys_graph::Origin::unread("the run's own templates"),
        );
    }
    for template in &submitted.cluster_workflow_templates {
        library.add_cluster_template(
            template,
            tiphys_graph::Origin::unread("the run's own templates"),
        );
    }
    for map in &submitted.config_maps {
        library.config_maps.insert(
            map.metadata.name.clone().unwrap_or_default(),
            map.data.clone().unwrap_or_default(),
        );
    }
    let name = submitted.workflow.metadata.name.clone().unwrap_or_default();
    let planned = tiphys_graph::plan(
        &submitted.workflow,
        &tiphys_graph::Origin::unread(&name),
        &library,
        Purpose::Run,
    );
    let fault = planned
        .diagnostics
        .iter()
        .find(|fault| fault.is_error())
        .map(|fault| fault.message.clone());
    planned.plan.ok_or_else(|| {
        Failure::new(format!(
            "plan the run `{name}`: {}",
            fault.unwrap_or_default()
        ))
    })
}

/// The sandbox that steps run in.
pub async fn open_sandbox(
    kind: Option<args::Sandbox>,
    folder: &RunFolder,
) -> Result<Sandbox, Failure> {
    let kind = kind.map(|kind| match kind {
        args::Sandbox::Host => Kind::Host,
        args::Sandbox::Docker => Kind::Docker,
    });
    Sandbox::open(kind, &folder.home().scratch())
        .await
        .map_err(|error| {
            let failure = Failure::of(&error);
            if kind == Some(Kind::Docker) {
                failure.hint("start Docker or Podman, or use `--sandbox host`")
            } else {
                failure
            }
        })
}

/// Opens a sandbox, takes the run and goes on with it.
pub async fn begin(
    folder: &RunFolder,
    plan: Arc<Plan>,
    settings: &Settings<'_>,
) -> Result<Exit, Failure> {
    begin_held(
        folder.hold().map_err(|error| Failure::of(&error))?,
        plan,
        settings,
    )
    .await
}

/// Opens a sandbox and goes on with a run that this process has taken.
pub async fn begin_held(
    held: Held,
    plan: Arc<Plan>,
    settings: &Settings<'_>,
) -> Result<Exit, Failure> {
    let sandbox = open_sandbox(settings.sandbox, &held).await?;
    crate::command::heading(
        held.name(),
        &sandbox.describe(),
        &sandbox.warnings(),
        settings,
    );
    go_on(plan, held, sandbox, settings).await
}

/// Runs what a folder holds to its end, from where it is. Prints the view and, if asked for, the object.
pub async fn go_on(
    plan: Arc<Plan>,
    held: Held,
    sandbox: Sandbox,
    settings: &Settings<'_>,
) -> Result<Exit, Failure> {
    let submitted = held.submitted().map_err(|error| Failure::of(&error))?;
    let run = match held.stored().map_err(|error| Failure::of(&error))? {
        Some(stored) => Run::restore(&plan, &stored.status, &stored.extra, submitted.seed),
        None => Run::new(&plan, submitted.seed),
    };
    let name = held.name().to_owned();
    let (events, listener) = broadcast::channel(4096);
    let (orders, controls) = mpsc::channel(64);
    let (notices, noticed) = mpsc::unbounded_channel();
    let view = View::new(&held, run.status(), settings);
    let shown = tokio::spawn(view.watch(listener, orders.clone(), noticed));
    let interrupted = Arc::new(AtomicBool::new(false));
    let interrupts = tokio::spawn(interrupts(
        orders.clone(),
        notices,
        Arc::clone(&interrupted),
    ));
    let options = Options {
        plugins: Some(Given::of_run(held.home(), &submitted)?.registry()?),
        pods: settings.parallelism,
        events: Some(events.clone()),
        controls: Some(controls),
        ..Options::default()
    };
    let driven = drive(plan, run, &held, sandbox, options).await;
    interrupts.abort();
    drop((events, orders));
    let run = driven.map_err(|error| Failure::of(&error));
    let view = shown
        .await
        .map_err(|error| Failure::new(format!("show the run: {error}")))?;
    let run = run?;
    let status = run.status();
    let workflow = object::finished(&submitted.workflow, status, run.extra());
    view.end(&workflow);
    if !run.finished() {
        let mut failure = Failure::new(format!("finish the run `{name}`: it was interrupted"))
            .hint(format!("go on with it by `tiphys resume {name}`"));
        failure.exit = Exit::Interrupted;
        return Err(failure);
    }
    print(&workflow, settings)?;
    Ok(match exit_of(&workflow) {
        Exit::Failed if interrupted.load(Ordering::Relaxed) => Exit::Interrupted,
        exit => exit,
    })
}

/// The exit code that says how a workflow ended.
pub fn exit_of(workflow: &Workflow) -> Exit {
    let phase = workflow
        .status
        .as_ref()
        .and_then(|status| status.phase)
        .unwrap_or_default();
    if matches!(phase, WorkflowPhase::Failed | WorkflowPhase::Error) {
        Exit::Failed
    } else {
        Exit::Done
    }
}

fn print(workflow: &Workflow, settings: &Settings<'_>) -> Result<(), Failure> {
    match settings.output {
        Some(args::RunOutput::Json) => settings
            .printer
            .raw(&format!("{}\n", object::json(workflow)?)),
        Some(args::RunOutput::Yaml) => settings
            .printer
            .raw(&format!("---\n{}", object::yaml(workflow)?)),
        Some(args::RunOutput::Name) => settings
            .printer
            .line(workflow.metadata.name.as_deref().unwrap_or_default()),
        Some(args::RunOutput::Wide) | None => {}
    }
    Ok(())
}

/// The first interruption stops the run, the second terminates it, the third kills what runs and leaves it.
async fn interrupts(
    orders: mpsc::Sender<Control>,
    notices: mpsc::UnboundedSender<String>,
    interrupted: Arc<AtomicBool>,
) {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| signal(kind);
    let (Ok(mut int), Ok(mut term), Ok(mut hup)) = (
        listen(SignalKind::interrupt()),
        listen(SignalKind::terminate()),
        listen(SignalKind::hangup()),
    ) else {
        // Without handlers Ctrl-C ends the process at once, and the run can be resumed.
        return;
    };
    let mut count = 0;
    loop {
        tokio::select! {
            _ = int.recv() => count += 1,
            _ = term.recv() => count += 1,
            _ = hup.recv() => count = 3,
        }
        interrupted.store(true, Ordering::Relaxed);
        let (control, text) = match count {
            1 => (
                Control::Order(Order::Stop {
                    selector: None,
                    message: None,
                }),
                "stopping; exit handlers run (press Ctrl-C again to terminate)",
            ),
            2 => (
                Control::Order(Order::Terminate),
                "terminating (press Ctrl-C again to kill at once)",
            ),
            3 => (Control::Leave, "killing"),
            _ => {
                view::show_cursor();
                std::process::exit(Exit::Interrupted as i32);
            }
        };
        // The view may have ended; the order counts.
        let _ = notices.send(text.to_owned());
        if orders.send(control).await.is_err() {
            return;
        }
    }
}

/// A folder for a new run of a workflow.
pub fn create(home: &tiphys_local::Home, submitted: &Submitted) -> Result<RunFolder, Failure> {
    let name = submitted.workflow.metadata.name.clone().unwrap_or_default();
    home.create(submitted).map_err(|error| match error {
        tiphys_local::FolderError::Exists(_) => {
            Failure::of(&error).hint(format!("name it anew with `--generate-name {name}-`, or forget the old one with `tiphys delete {name}`"))
        }
        error => Failure::of(&error),
    })
}

/// What a run is made from, of a workflow and the objects beside it.
pub fn submitted(workflow: Workflow, shelf: &crate::files::Shelf) -> Submitted {
    Submitted {
        workflow,
        workflow_templates: shelf.templates.clone(),
        cluster_workflow_templates: shelf.cluster_templates.clone(),
        config_maps: shelf.config_maps.clone(),
        secrets: shelf.secrets.clone(),
        seed: submit::random(),
        ..Submitted::default()
    }
}
