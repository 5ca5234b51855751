//! Golden cases of plug-ins: a request, a world that is written down, and the outcome it must give. Time is the case's own.

mod compare;
mod world;

use crate::answer::Ending;
use crate::call::Call;
use crate::engine::Host;
use crate::grants::{ArtifactAccess, ArtifactGrant, Folder, Grant, Grants, HttpGrant};
use crate::plugin::Plugin;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use world::WrittenWorld;

/// One case.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Case {
    pub name: String,
    pub kind: String,
    pub body: Value,
    pub inputs: Inputs,
    pub outputs: Value,
    /// RFC 3339; 2026-01-01T00:00:00Z unless said.
    pub now: Option<String>,
    /// RFC 3339.
    pub deadline: Option<String>,
    pub secrets: BTreeMap<String, BTreeMap<String, String>>,
    pub config_maps: BTreeMap<String, BTreeMap<String, String>>,
    /// Key and content.
    pub artifacts: BTreeMap<String, String>,
    /// Path (the folder's name first) and content.
    pub files: BTreeMap<String, String>,
    /// What is asked by HTTP, in order, and what comes back.
    pub http: Vec<Exchange>,
    /// Limits that differ from the usual ones: `memory`, `time`, `log`, `output`, `requests` ….
    pub limits: Grant,
    pub expect: Expect,
}

/// How it has to end: one of these.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Expect {
    pub done: Option<Value>,
    pub failed: Option<Value>,
    pub pending: Option<Value>,
    pub pod: Option<Value>,
    pub graph: Option<Value>,
    pub broken: Option<Value>,
    /// The body is refused before anything runs.
    pub faults: Option<Value>,
    /// Beside `pending`: the case of the next round.
    pub then: Option<Box<Case>>,
}

impl Expect {
    /// What is expected, by name.
    #[must_use]
    pub fn all(&self) -> Vec<(&'static str, &Value)> {
        let named = [
            ("done", &self.done),
            ("failed", &self.failed),
            ("pending", &self.pending),
            ("pod", &self.pod),
            ("graph", &self.graph),
            ("broken", &self.broken),
            ("faults", &self.faults),
        ];
        named
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.as_ref()?)))
            .collect()
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Inputs {
    pub parameters: BTreeMap<String, Value>,
    pub artifacts: BTreeMap<String, Value>,
}

/// A request, as far as the case says what it is to be, and its answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    pub request: Asked,
    pub response: Option<Answer>,
    pub error: Option<Failed>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Asked {
    pub method: Option<String>,
    pub url: Option<String>,
    /// Each of these has to be there.
    pub headers: BTreeMap<String, String>,
    /// Text, or JSON that has to be equal as data.
    pub body: Option<Value>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    /// Text, or JSON.
    pub body: Option<Value>,
}

/// An exchange that came to nothing.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failed {
    pub kind: Why,
    #[serde(default)]
    pub message: String,
}

/// Why, as plug-ins are told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    Dns,
    Connect,
    Tls,
    Timeout,
    Broken,
    Redirect,
    Limit,
    Invalid,
    NotGranted,
}

/// Runs a case; what is not as it should be, one line each.
pub async fn run(
    host: &Arc<Host>,
    plugin: &Arc<Plugin>,
    case: &Case,
) -> Result<Vec<String>, String> {
    let faults = crate::kinds::faults(host, plugin, &case.kind, &case.body);
    if let Some(wanted) = &case.expect.faults {
        let found: Vec<Value> = faults
            .into_iter()
            .map(|fault| json!({"pointer": fault.pointer, "message": fault.message}))
            .collect();
        return Ok(compare::lists("faults", wanted, &Value::Array(found)));
    }
    // What no workflow could say needs no outcome.
    if !faults.is_empty() {
        return Ok(faults
            .into_iter()
            .map(|fault| format!("body{}: {}", fault.pointer, fault.message))
            .collect());
    }
    let folder = Files::of(&case.files)?;
    let mut now = match &case.now {
        Some(text) => instant(text)?,
        None => NEW_YEAR,
    };
    let (mut differences, mut round, mut state) = (Vec::new(), 0, None);
    let mut next = Some(case.clone());
    while let Some(step) = next.take() {
        let then = step.expect.then.as_deref().cloned();
        let world = Arc::new(WrittenWorld::new(case, &step, now));
        let grants = Arc::new(granted(case, folder.path())?);
        let call = request(case, &step, round, state.take())?;
        let (ending, _) = host.call(plugin, call, &grants, world.clone()).await;
        let place = if round == 0 {
            String::new()
        } else {
            format!("round {round}: ")
        };
        let found = compare::ending(&step.expect, &ending)
            .into_iter()
            .chain(world.complaints());
        differences.extend(found.map(|line| format!("{place}{line}")));
        match (ending, then) {
            (
                Ending::Pending {
                    after, state: left, ..
                },
                Some(then),
            ) => {
                now = now.saturating_add(u64::try_from(after.as_millis()).unwrap_or(u64::MAX));
                (round, state, next) = (round + 1, Some(left), Some(then));
            }
            (_, Some(_)) => differences.push(format!(
                "{place}there is no next round: the outcome is not `pending`"
            )),
            (_, None) => {}
        }
    }
    Ok(differences)
}

/// 2026-01-01T00:00:00Z in milliseconds.
const NEW_YEAR: u64 = 1_767_225_600_000;

fn instant(text: &str) -> Result<u64, String> {
    let parsed: jiff::Timestamp = text
        .parse()
        .map_err(|_| format!("`{text}` is no time like 2026-01-01T00:00:00Z"))?;
    u64::try_from(parsed.as_millisecond()).map_err(|_| format!("`{text}` is before 1970"))
}

fn request(case: &Case, step: &Case, round: u32, state: Option<String>) -> Result<Call, String> {
    let text = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    let kind = if case.kind.is_empty() {
        "?"
    } else {
        &case.kind
    };
    Ok(Call {
        workflow_name: "test".to_owned(),
        workflow_namespace: "default".to_owned(),
        workflow_uid: "00000000-0000-4000-8000-000000000000".to_owned(),
        node_id: "test-1".to_owned(),
        node_name: "test".to_owned(),
        template_name: "main".to_owned(),
        attempt: 0,
        kind: kind.to_owned(),
        body: case.body.clone(),
        parameters: case
            .inputs
            .parameters
            .iter()
            .map(|(name, value)| (name.clone(), text(value)))
            .collect(),
        artifacts: case
            .inputs
            .artifacts
            .iter()
            .map(|(name, location)| (name.clone(), location.clone()))
            .collect(),
        outputs: case.outputs.clone(),
        deadline: step
            .deadline
            .as_ref()
            .or(case.deadline.as_ref())
            .map(|text| instant(text))
            .transpose()?,
        round,
        state,
    })
}

/// Everything that the case writes down is granted; nothing else can be reached.
fn granted(case: &Case, folder: Option<&Path>) -> Result<Grants, String> {
    let names = |map: &BTreeMap<String, _>| map.keys().cloned().collect();
    let any = |access| ArtifactGrant {
        access,
        prefix: String::new(),
    };
    let base = Grants::of(std::slice::from_ref(&case.limits), "", "")
        .map_err(|fault| format!("limits.{fault}"))?;
    let folders = case.files.keys().filter_map(|path| path.split('/').next());
    let mut folders: Vec<Folder> = folders
        .filter_map(|name| {
            Some(Folder {
                name: name.to_owned(),
                path: folder?.join(name),
            })
        })
        .collect();
    folders.dedup();
    Ok(Grants {
        http: vec![HttpGrant {
            host: "*:*".to_owned(),
            methods: Vec::new(),
        }],
        secrets: names(&case.secrets),
        config_maps: case.config_maps.keys().cloned().collect(),
        artifacts: vec![any(ArtifactAccess::Read), any(ArtifactAccess::List)],
        folders,
        ..base
    })
}

/// The case's files on the disk, for as long as it runs.
struct Files(Option<std::path::PathBuf>);

impl Files {
    fn of(files: &BTreeMap<String, String>) -> Result<Files, String> {
        use std::sync::atomic::{AtomicU64, Ordering};
        static NEXT: AtomicU64 = AtomicU64::new(0);
        if files.is_empty() {
            return Ok(Files(None));
        }
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder =
            std::env::temp_dir().join(format!("tiphys-case-{}-{number}", std::process::id()));
        for (path, text) in files {
            let place = folder.join(path);
            let written = std::fs::create_dir_all(place.parent().unwrap_or(&folder))
                .and_then(|()| std::fs::write(&place, text));
            written.map_err(|error| format!("{}: {error}", place.display()))?;
        }
        Ok(Files(Some(folder)))
    }

    fn path(&self) -> Option<&Path> {
        self.0.as_deref()
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        if let Some(folder) = &self.0 {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}
