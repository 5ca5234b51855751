//! What names mean at each place of a run. Nothing is copied into a table first: a name is looked up where it lives.

use crate::NodeIx;
use crate::frame::{Each, Frame, Slot, SlotState};
use crate::run::Run;
use jiff::Timestamp;
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use tiphys_expr::{Flat, Lookup, Scope, Value, format};
use tiphys_graph::plan::{Body, Plan, Target};
use tiphys_spec as spec;
use tiphys_spec::{NodePhase, NodeType};

/// `workflow.*`.
pub(crate) struct Globals<'a> {
    pub run: &'a Run,
    pub now: Timestamp,
}

impl Globals<'_> {
    /// Seconds with six decimals, as Argo writes it.
    fn duration(&self) -> String {
        let started = self.run.flow.started.unwrap_or(self.now);
        let end = self.run.flow.finished.unwrap_or(self.now);
        format!("{:.6}", end.duration_since(started).as_secs_f64())
    }
}

impl Scope for Globals<'_> {
    fn tag(&self, name: &str) -> Lookup<'_> {
        match name {
            "workflow.duration" => Lookup::Found(Cow::Owned(self.duration())),
            "workflow.status" => Lookup::Found(Cow::Borrowed(self.run.flow.seen_phase.as_str())),
            _ => self.run.globals.tag(name),
        }
    }

    fn path(&self, path: &[&str]) -> Option<Value> {
        match path {
            ["workflow", "duration"] => Some(Value::str(self.duration())),
            ["workflow", "status"] => Some(Value::str(self.run.flow.seen_phase.as_str())),
            ["workflow"] => {
                let mut all = match self.run.globals.path(path) {
                    Some(Value::Map(all)) => (*all).clone(),
                    _ => BTreeMap::new(),
                };
                all.insert("duration".to_owned(), Value::str(self.duration()));
                all.insert(
                    "status".to_owned(),
                    Value::str(self.run.flow.seen_phase.as_str()),
                );
                Some(Value::map(all))
            }
            _ => self.run.globals.path(path),
        }
    }
}

/// `inputs.*`, `node.name` and the locals of one template instance.
pub(crate) struct Instance<'a> {
    pub inputs: Option<&'a spec::Inputs>,
    /// `node.name`, `pod.name`, `steps.name`, `tasks.name`, `retries`, `lastRetry.*`, `outputs.artifacts.x.path`, …
    pub locals: &'a Flat,
}

impl Scope for Instance<'_> {
    fn tag(&self, name: &str) -> Lookup<'_> {
        if let Some(name) = name.strip_prefix("inputs.") {
            let Some(inputs) = self.inputs else {
                return Lookup::Missing;
            };
            if let Some(name) = name.strip_prefix("parameters.") {
                return inputs
                    .parameters
                    .iter()
                    .find(|p| p.name == name)
                    .and_then(|p| p.value.as_deref())
                    .map_or(Lookup::Missing, |value| Lookup::Found(Cow::Borrowed(value)));
            }
            if name == "parameters" {
                return serde_json::to_string(&inputs.parameters)
                    .map_or(Lookup::Missing, |text| Lookup::Found(Cow::Owned(text)));
            }
            if let Some(name) = name
                .strip_prefix("artifacts.")
                .and_then(|name| name.strip_suffix(".path"))
            {
                return inputs
                    .artifacts
                    .iter()
                    .find(|a| a.name == name)
                    .and_then(|a| a.path.as_deref())
                    .map_or(Lookup::Missing, |path| Lookup::Found(Cow::Borrowed(path)));
            }
            return Lookup::Missing;
        }
        self.locals.tag(name)
    }

    fn path(&self, path: &[&str]) -> Option<Value> {
        let ["inputs", rest @ ..] = path else {
            return self.locals.path(path);
        };
        let inputs = self.inputs?;
        match rest {
            ["parameters", name] => parameter(&inputs.parameters, name),
            ["artifacts", name, rest @ ..] => walk(&artifact(&inputs.artifacts, name)?, rest),
            ["parameters"] => Some(parameters(&inputs.parameters)),
            ["artifacts"] => Some(artifacts(&inputs.artifacts)),
            [] => Some(Value::map([
                ("parameters".to_owned(), parameters(&inputs.parameters)),
                ("artifacts".to_owned(), artifacts(&inputs.artifacts)),
            ])),
            _ => None,
        }
    }
}

fn parameter(all: &[spec::Parameter], name: &str) -> Option<Value> {
    all.iter()
        .find(|p| p.name == name)
        .and_then(|p| p.value.as_deref())
        .map(Value::from)
}

fn parameters(all: &[spec::Parameter]) -> Value {
    Value::map(
        all.iter()
            .filter_map(|p| Some((p.name.clone(), Value::from(p.value.as_deref()?)))),
    )
}

fn artifact(all: &[spec::Artifact], name: &str) -> Option<Value> {
    let found = all.iter().find(|a| a.name == name)?;
    serde_json::to_value(found)
        .ok()
        .map(|json| Value::from(&json))
}

fn artifacts(all: &[spec::Artifact]) -> Value {
    Value::map(
        all.iter()
            .filter_map(|a| Some((a.name.clone(), artifact(all, &a.name)?))),
    )
}

fn walk(value: &Value, path: &[&str]) -> Option<Value> {
    path.iter().try_fold(value.clone(), |at, key| match at {
        Value::Map(entries) => entries.get(*key).cloned(),
        _ => None,
    })
}

/// `item` and `item.<key>`.
pub(crate) fn item_scope(item: &serde_json::Value) -> Flat {
    let mut flat = Flat::new();
    flat.set("item", format::item_value(item));
    if let serde_json::Value::Object(entries) = item {
        for (key, value) in entries {
            flat.set(format!("item.{key}"), format::item_value(value));
        }
    }
    flat
}

/// What a settled loop gives to those that read it.
#[derive(Debug, Default)]
pub(crate) struct Aggregate {
    /// JSON list of the results.
    pub result: Option<String>,
    /// JSON list of maps.
    pub parameters: Option<String>,
    /// By name: JSON list of the values.
    pub by_name: BTreeMap<String, String>,
}

impl Aggregate {
    /// Of the nodes that succeeded, in order of their index.
    pub fn of(run: &Run, each: &Each) -> Self {
        let good: Vec<&spec::Outputs> = each
            .nodes
            .iter()
            .flatten()
            .filter(|ix| run.phase_of(**ix) == NodePhase::Succeeded)
            .filter_map(|ix| run.node(*ix).outputs.as_deref())
            .collect();
        let results: Vec<serde_json::Value> = good
            .iter()
            .filter_map(|o| o.result.as_deref())
            .map(json_or_text)
            .collect();
        let maps: Vec<BTreeMap<&str, &str>> = good
            .iter()
            .filter(|o| !o.parameters.is_empty())
            .map(|o| {
                o.parameters
                    .iter()
                    .filter_map(|p| Some((p.name.as_str(), p.value.as_deref()?)))
                    .collect()
            })
            .collect();
        let mut by_name: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for map in &maps {
            for (name, value) in map {
                by_name.entry((*name).to_owned()).or_default().push(value);
            }
        }
        Self {
            result: (!results.is_empty()).then(|| serde_json::Value::Array(results).to_string()),
            parameters: (!maps.is_empty()).then(|| serde_json::json!(maps).to_string()),
            by_name: by_name
                .into_iter()
                .map(|(name, values)| (name, json_list(&values)))
                .collect(),
        }
    }
}

/// Argo wants JSON here and fails the step otherwise; plain text is taken as a JSON string instead.
fn json_or_text(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|_| serde_json::Value::String(text.to_owned()))
}

/// Raw JSON only if every value is an object or a list, strings otherwise (Argo's `aggregatedJSONValueList`).
fn json_list(values: &[&str]) -> String {
    let parsed: Option<Vec<serde_json::Value>> = values
        .iter()
        .map(|v| {
            serde_json::from_str::<serde_json::Value>(v)
                .ok()
                .filter(|v| v.is_object() || v.is_array())
        })
        .collect();
    match parsed {
        Some(values) => serde_json::Value::Array(values).to_string(),
        None => serde_json::json!(values).to_string(),
    }
}

/// `steps.<name>.*` or `tasks.<name>.*`: what the calls of one steps or dag node have given so far.
pub(crate) struct Siblings<'a> {
    pub plan: &'a Plan,
    pub run: &'a Run,
    pub frame: NodeIx,
    /// The node that a hook belongs to: of a loop it is this one that the call's name means.
    pub own: Option<(&'a str, NodeIx)>,
    /// The first name that stood for a call and led nowhere.
    pub missed: RefCell<Option<String>>,
}

impl<'a> Siblings<'a> {
    pub fn new(
        plan: &'a Plan,
        run: &'a Run,
        frame: NodeIx,
        own: Option<(&'a str, NodeIx)>,
    ) -> Self {
        Self {
            plan,
            run,
            frame,
            own,
            missed: RefCell::new(None),
        }
    }

    fn word(&self) -> &'static str {
        if matches!(self.run.at(self.frame).frame, Frame::Steps(_)) {
            "steps"
        } else {
            "tasks"
        }
    }

    fn slot(&self, name: &str) -> Option<(&'a Slot, &'a tiphys_graph::plan::Call)> {
        let template = self.run.at(self.frame).template?;
        let (group, index) = *self.run.slots.get(&template)?.get(name)?;
        let (group, index) = (group as usize, index as usize);
        match (
            &self.run.at(self.frame).frame,
            &self.plan.template(template).body,
        ) {
            (Frame::Steps(frame), Body::Steps(groups)) => Some((
                frame.slots.get(group)?.get(index)?,
                groups.get(group)?.get(index)?,
            )),
            (Frame::Dag(frame), Body::Dag(dag)) => {
                Some((frame.slots.get(index)?, &dag.tasks.get(index)?.call))
            }
            _ => None,
        }
    }

    fn find(&self, name: &str, field: &str) -> Lookup<'a> {
        let Some((slot, call)) = self.slot(name) else {
            return Lookup::Missing;
        };
        if let Some((own, node)) = self.own
            && own == name
        {
            return field_of(self.run, node, field);
        }
        if let Some(each) = slot
            .each
            .as_deref()
            .filter(|_| slot.state == SlotState::Settled)
        {
            let aggregate = each
                .aggregate
                .get_or_init(|| Box::new(Aggregate::of(self.run, each)));
            let found = match field {
                "outputs.result" => aggregate.result.as_deref(),
                "outputs.parameters" => aggregate.parameters.as_deref(),
                _ => field
                    .strip_prefix("outputs.parameters.")
                    .and_then(|name| aggregate.by_name.get(name))
                    .map(String::as_str),
            };
            if let Some(found) = found {
                return Lookup::Found(Cow::Borrowed(found));
            }
        }
        let Some(node) = slot.node else {
            return Lookup::Missing;
        };
        match field_of(self.run, node, field) {
            Lookup::Missing => self.default_of(node, call, field),
            found => found,
        }
    }

    /// What a producer that did not run gives: its output's default, or an absent value.
    fn default_of(
        &self,
        node: NodeIx,
        call: &'a tiphys_graph::plan::Call,
        field: &str,
    ) -> Lookup<'a> {
        if !matches!(
            self.run.phase_of(node),
            NodePhase::Skipped | NodePhase::Omitted
        ) {
            return Lookup::Missing;
        }
        let template = match &call.target {
            Target::Template(id) => Some(self.plan.template(*id)),
            Target::Dynamic { .. } => None,
        };
        if let Some(name) = field.strip_prefix("outputs.parameters.") {
            let output = template.and_then(|t| t.outputs.iter().find(|o| o.name == name));
            return match output.and_then(|o| o.default.as_ref()) {
                Some(default) => Lookup::Found(Cow::Owned(default.source().to_owned())),
                None => Lookup::Absent,
            };
        }
        if field == "outputs.result"
            || field == "exitCode"
            || field == "outputs.exitCode"
            || field == "outputs.parameters"
        {
            return Lookup::Absent;
        }
        Lookup::Missing
    }

    fn tree(&self, name: &str) -> Option<Value> {
        let (slot, call) = self.slot(name)?;
        let node = slot
            .node
            .or_else(|| slot.each.as_deref()?.nodes.iter().flatten().next().copied())?;
        let mut fields: BTreeMap<String, Value> = BTreeMap::new();
        for field in [
            "id",
            "status",
            "startedAt",
            "finishedAt",
            "ip",
            "hostNodeName",
            "exitCode",
        ] {
            if let Lookup::Found(text) = field_of(self.run, node, field) {
                fields.insert(field.to_owned(), Value::str(text));
            }
        }
        let mut outputs: BTreeMap<String, Value> = BTreeMap::new();
        if let Lookup::Found(text) = self.find(name, "outputs.result") {
            outputs.insert("result".to_owned(), Value::str(text));
        }
        let mut values: BTreeMap<String, Value> = BTreeMap::new();
        if let Some(each) = slot
            .each
            .as_deref()
            .filter(|_| slot.state == SlotState::Settled)
        {
            let aggregate = each
                .aggregate
                .get_or_init(|| Box::new(Aggregate::of(self.run, each)));
            values.extend(
                aggregate
                    .by_name
                    .iter()
                    .map(|(name, text)| (name.clone(), Value::str(text))),
            );
        } else if let Some(node_outputs) = self.run.node(node).outputs.as_deref() {
            values.extend(
                node_outputs
                    .parameters
                    .iter()
                    .filter_map(|p| Some((p.name.clone(), Value::from(p.value.as_deref()?)))),
            );
            outputs.insert("artifacts".to_owned(), artifacts(&node_outputs.artifacts));
            if let Some(code) = node_outputs.exit_code.as_deref() {
                outputs.insert("exitCode".to_owned(), Value::str(code));
            }
        }
        if let Target::Template(id) = &call.target {
            for output in &self.plan.template(*id).outputs {
                if !values.contains_key(&output.name)
                    && let Lookup::Found(text) =
                        self.default_of(node, call, &format!("outputs.parameters.{}", output.name))
                {
                    values.insert(output.name.clone(), Value::str(text));
                }
            }
        }
        outputs.insert("parameters".to_owned(), Value::map(values));
        fields.insert("outputs".to_owned(), Value::map(outputs));
        Some(Value::map(fields))
    }

    /// The artifact that `steps.a.outputs.artifacts.x` means.
    pub fn artifact(&self, call: &str, name: &str) -> Found {
        let Some((slot, _)) = self.slot(call) else {
            return Found::Nothing;
        };
        let Some(node) = slot.node else {
            return Found::Nothing;
        };
        if matches!(
            self.run.phase_of(node),
            NodePhase::Skipped | NodePhase::Omitted
        ) {
            return Found::Absent;
        }
        let outputs = self.run.node(node).outputs.as_deref();
        match outputs.and_then(|o| o.artifacts.iter().find(|a| a.name == name)) {
            Some(artifact) => Found::Artifact(Box::new(artifact.clone())),
            None => Found::Nothing,
        }
    }
}

/// An artifact that a reference means.
pub(crate) enum Found {
    Artifact(Box<spec::Artifact>),
    /// Its producer was skipped or omitted.
    Absent,
    Nothing,
}

impl Scope for Siblings<'_> {
    fn tag(&self, name: &str) -> Lookup<'_> {
        let Some(rest) = name
            .strip_prefix(self.word())
            .and_then(|rest| rest.strip_prefix('.'))
        else {
            return Lookup::Missing;
        };
        let Some((call, field)) = rest.split_once('.') else {
            return Lookup::Missing;
        };
        let found = self.find(call, field);
        if found == Lookup::Missing {
            self.missed
                .borrow_mut()
                .get_or_insert_with(|| name.to_owned());
        }
        found
    }

    fn path(&self, path: &[&str]) -> Option<Value> {
        let (word, rest) = path.split_first()?;
        if *word != self.word() {
            return None;
        }
        match rest {
            [] => {
                let template = self.run.at(self.frame).template?;
                let names = self.run.slots.get(&template)?;
                Some(Value::map(
                    names
                        .keys()
                        .filter_map(|name| Some((name.clone(), self.tree(name)?))),
                ))
            }
            [call, "outputs", "parameters", name] => {
                self.value(call, &format!("outputs.parameters.{name}"))
            }
            [call, "outputs", "result"] => self.value(call, "outputs.result"),
            [call, field] if *field != "outputs" => self.value(call, field),
            [call, rest @ ..] => walk(&self.tree(call)?, rest),
        }
    }
}

impl Siblings<'_> {
    fn value(&self, call: &str, field: &str) -> Option<Value> {
        match self.find(call, field) {
            Lookup::Found(text) => Some(Value::str(text)),
            Lookup::Absent => Some(Value::Nil),
            Lookup::Missing => None,
        }
    }
}

/// A field of one node, as tags name it.
pub(crate) fn field_of<'a>(run: &'a Run, node: NodeIx, field: &str) -> Lookup<'a> {
    let mut at = run.at(node);
    // Of a retried node these come from its last attempt.
    if let Frame::Retry(frame) = &at.frame
        && at.status.r#type == Some(NodeType::Retry)
        && matches!(
            field,
            "id" | "ip" | "startedAt" | "finishedAt" | "hostNodeName"
        )
        && let Some(last) = frame.attempts.last()
    {
        at = run.at(*last);
    }
    let record = &at.status;
    let outputs = record.outputs.as_deref();
    let text = match field {
        "id" => Some(Cow::Borrowed(record.id.as_str())),
        "status" => record.phase.map(|phase| Cow::Borrowed(phase.as_str())),
        "startedAt" => record
            .started_at
            .as_ref()
            .map(|time| Cow::Owned(time.0.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())),
        "finishedAt" => record
            .finished_at
            .as_ref()
            .map(|time| Cow::Owned(time.0.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())),
        "ip" => record.pod_ip.as_deref().map(Cow::Borrowed),
        "hostNodeName" => record.host_node_name.as_deref().map(Cow::Borrowed),
        "exitCode" | "outputs.exitCode" => outputs
            .and_then(|o| o.exit_code.as_deref())
            .map(Cow::Borrowed),
        "outputs.result" => outputs.and_then(|o| o.result.as_deref()).map(Cow::Borrowed),
        "outputs.parameters" => outputs
            .filter(|o| !o.parameters.is_empty())
            .and_then(|o| serde_json::to_string(&o.parameters).ok())
            .map(Cow::Owned),
        _ => field.strip_prefix("outputs.parameters.").and_then(|name| {
            let found = outputs?.parameters.iter().find(|p| p.name == name)?;
            found.value.as_deref().map(Cow::Borrowed)
        }),
    };
    text.map_or(Lookup::Missing, Lookup::Found)
}
