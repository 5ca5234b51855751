//! A home in a temporary folder, and workflows from text.

use std::path::Path;
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use tiphys_core::Run;
use tiphys_graph::{Library, Origin, Purpose, plan::Plan};
use tiphys_local::sandbox::{Kind, Sandbox};
use tiphys_local::{Held, Home, Options, RunFolder, Submitted, drive};
use tiphys_spec as spec;
use tiphys_spec::read::ObjectValue;

pub struct Bench {
    pub folder: tempfile::TempDir,
    pub home: Home,
    pub sandbox: Sandbox,
}

impl Bench {
    pub async fn new() -> Bench {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::open(&folder.path().join("home")).expect("a home");
        let sandbox = Sandbox::open(Some(Kind::Host), &home.scratch())
            .await
            .expect("a sandbox");
        Bench {
            folder,
            home,
            sandbox,
        }
    }

    /// Runs a workflow to its end.
    pub async fn run(&self, yaml: &str) -> Ended {
        self.run_with(yaml, Options::default()).await
    }

    pub async fn run_with(&self, yaml: &str, options: Options) -> Ended {
        let submitted = submitted(yaml);
        let folder = self.home.create(&submitted).expect("a folder");
        self.go_on(&folder, options).await
    }

    /// Takes a run up where it was left.
    pub async fn go_on(&self, folder: &RunFolder, options: Options) -> Ended {
        let held = folder.hold().expect("the run is free");
        let run = drive_on(&held, &self.sandbox, options).await;
        Ended {
            status: run.status(),
            folder: folder.clone(),
        }
    }
}

pub async fn drive_on(held: &Held, sandbox: &Sandbox, options: Options) -> Run {
    let submitted = held.submitted().expect("what was submitted");
    let plan = Arc::new(planned(&submitted));
    let run = match held.stored().expect("the state") {
        None => Run::new(&plan, 1),
        Some(stored) => Run::restore(&plan, &stored.status, &stored.extra, 1),
    };
    drive(plan, run, held, sandbox.clone(), options)
        .await
        .expect("it is driven")
}

pub fn submitted(yaml: &str) -> Submitted {
    let read = spec::read::read("test", yaml.as_bytes());
    assert!(read.is_sound(), "{:?}", read.diagnostics);
    let mut submitted = Submitted::default();
    for object in read.objects {
        match object.value {
            ObjectValue::Workflow(mut workflow) => {
                let meta = &mut workflow.metadata;
                meta.name.get_or_insert_with(|| "wf".to_owned());
                meta.namespace.get_or_insert_with(|| "default".to_owned());
                meta.uid = Some(format!("uid-{}-{}", std::process::id(), unique()));
                meta.creation_timestamp = Some(Time(jiff::Timestamp::now()));
                submitted.workflow = *workflow;
            }
            ObjectValue::ConfigMap(map) => submitted.config_maps.push(*map),
            ObjectValue::Other { value, .. } => submitted
                .secrets
                .push(serde_json::from_value(value).expect("a secret")),
            other => panic!("{other:?}"),
        }
    }
    submitted
}

fn unique() -> u32 {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

pub fn planned(submitted: &Submitted) -> Plan {
    planned_with(submitted, Arc::new(tiphys_graph::NoKinds))
}

/// With kinds that plug-ins give.
pub fn planned_with(submitted: &Submitted, kinds: Arc<dyn tiphys_graph::Kinds>) -> Plan {
    let mut library = Library::new();
    library.kinds = kinds;
    for map in &submitted.config_maps {
        let data = map.data.clone().unwrap_or_default();
        library
            .config_maps
            .insert(map.metadata.name.clone().unwrap_or_default(), data);
    }
    let planned = tiphys_graph::plan(
        &submitted.workflow,
        &Origin::unread("test"),
        &library,
        Purpose::Run,
    );
    planned
        .plan
        .unwrap_or_else(|| panic!("{:?}", planned.diagnostics))
}

/// A run that has ended, or was left.
pub struct Ended {
    pub status: spec::WorkflowStatus,
    pub folder: RunFolder,
}

impl Ended {
    pub fn phase(&self) -> &'static str {
        self.status.phase.unwrap_or_default().as_str()
    }

    /// The node of that display name.
    pub fn node(&self, name: &str) -> &spec::NodeStatus {
        let mut found = self
            .status
            .nodes
            .values()
            .filter(|node| node.display_name == name || node.name == name);
        found
            .next()
            .unwrap_or_else(|| panic!("no node {name}: {:?}", self.status.nodes.keys()))
    }

    pub fn log(&self, name: &str) -> String {
        let logs = self.folder.logs(&self.node(name).id);
        logs.iter()
            .filter(|log| log.container == "main")
            .map(|log| text(&log.path))
            .collect()
    }

    /// `phase: message` of a node.
    pub fn end(&self, name: &str) -> String {
        let node = self.node(name);
        format!(
            "{}: {}",
            node.phase.unwrap_or_default(),
            node.message.as_deref().unwrap_or_default()
        )
    }

    pub fn parameter(&self, name: &str, parameter: &str) -> Option<String> {
        let outputs = self.node(name).outputs.as_deref()?;
        let found = outputs
            .parameters
            .iter()
            .find(|given| given.name == parameter)?;
        found.value.as_ref().map(|value| value.0.clone())
    }
}

pub fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A workflow of one template.
pub fn one(template: &str) -> String {
    let template = template.trim_matches('\n').replace('\n', "\n      ");
    format!(
        "kind: Workflow\napiVersion: argoproj.io/v1alpha1\nmetadata: {{name: wf}}\nspec:\n  entrypoint: main\n  templates:\n    - name: main\n      {template}\n"
    )
}
