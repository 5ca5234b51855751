//! Replacing tags at each place of a run.

use crate::NodeIx;
use crate::frame::{Given, Owner, Prepared};
use crate::scope::{Found, Globals, Instance, Siblings};
use crate::work::Engine;
use tiphys_expr::{
    Env, Flat, Layers, Program, RenderError, Scope, Text, Tree, Unresolved, Value, when,
};
use tiphys_graph::plan::{ArtifactArgument, ArtifactSource, Call, ConfigMapKey, HookExpression};
use tiphys_spec as spec;

/// Where a text stands.
#[derive(Clone, Copy, Default)]
pub(crate) struct Place<'b> {
    /// The steps or dag node whose calls it may read.
    pub frame: Option<NodeIx>,
    /// The node that a hook belongs to.
    pub own: Option<NodeIx>,
    pub item: Option<&'b Flat>,
    /// Else those of the frame.
    pub locals: Option<&'b Flat>,
    /// Else those of the frame.
    pub inputs: Option<&'b spec::Inputs>,
}

/// Why a text could not be rendered.
#[derive(Debug)]
pub(crate) enum TextFault {
    /// The whole text is one tag, and what it names is an output of a producer that did not run.
    Absent(String),
    Fault(String),
}

impl TextFault {
    pub fn message(self) -> String {
        match self {
            Self::Absent(name) => absent(&name),
            Self::Fault(message) => message,
        }
    }
}

pub(crate) fn absent(name: &str) -> String {
    format!(
        "unable to substitute {{{{{name}}}}}: output is an absent optional of a step that did not run, and there is no default"
    )
}

impl<'a> Engine<'a> {
    /// Runs `f` with the scope of a place.
    pub fn with_scope<R>(
        &self,
        place: Place<'_>,
        f: impl FnOnce(&dyn Scope, Option<&Siblings<'_>>) -> R,
    ) -> R {
        let globals = Globals {
            run: self.run,
            now: self.now,
        };
        let own = place
            .own
            .and_then(|ix| Some((self.call_of(self.run.at(ix).owner)?.name.as_str(), ix)));
        let siblings = place
            .frame
            .map(|frame| Siblings::new(self.plan, self.run, frame, own));
        let frame_locals;
        let locals = match (place.locals, place.frame) {
            (Some(locals), _) => locals,
            (None, Some(frame)) => {
                frame_locals = self.locals(frame);
                &frame_locals
            }
            (None, None) => {
                frame_locals = Flat::new();
                &frame_locals
            }
        };
        let inputs = place
            .inputs
            .or_else(|| self.run.node(place.frame?).inputs.as_deref());
        let instance = Instance { inputs, locals };
        let mut layers: Vec<&dyn Scope> = Vec::with_capacity(4);
        if let Some(item) = place.item {
            layers.push(item);
        }
        if let Some(siblings) = &siblings {
            layers.push(siblings);
        }
        layers.push(&instance);
        layers.push(&globals);
        f(&Layers(&layers), siblings.as_ref())
    }

    /// `node.name`, and `steps.name` or `tasks.name`, of the template instance at a node.
    pub fn locals(&self, ix: NodeIx) -> Flat {
        let node = self.run.at(ix);
        let mut flat = Flat::new();
        flat.set("node.name", node.status.name.as_str());
        let mut owner = node.owner;
        if let Owner::Attempt { retry, .. } = owner {
            owner = self.run.at(retry).owner;
        }
        let key = match owner {
            Owner::Step { .. } | Owner::StepItem { .. } => "steps.name",
            Owner::Task { .. } | Owner::TaskItem { .. } => "tasks.name",
            _ => return flat,
        };
        if let Some(call) = self.call_of(owner) {
            flat.set(key, call.name.as_str());
        }
        flat
    }

    pub fn env<'s>(&self, scope: &'s dyn Scope) -> Env<'s> {
        Env {
            scope,
            now: self.now,
            seed: self.run.seed.wrapping_add(self.run.nodes.len() as u64),
        }
    }

    /// The text with its tags replaced; what is not known stays as it stands, but for calls that gave no such output.
    pub fn text(&self, text: &Text, place: Place<'_>) -> Result<String, TextFault> {
        if text.is_literal() {
            return Ok(text.source().to_owned());
        }
        self.with_scope(place, |scope, siblings| {
            let env = self.env(scope);
            let rendered = text.render(&env, Unresolved::Keep).map_err(fault)?;
            let rendered = if nested(text) && rendered.contains("{{") {
                Text::parse(&rendered)
                    .render(&env, Unresolved::Keep)
                    .map_err(fault)?
                    .into_owned()
            } else {
                rendered.into_owned()
            };
            match siblings.and_then(|s| s.missed.take()) {
                Some(name) => Err(TextFault::Fault(format!(
                    "failed to resolve {{{{{name}}}}}"
                ))),
                None => Ok(rendered),
            }
        })
    }

    /// JSON with its tags replaced.
    pub fn tree(&self, tree: &Tree, place: Place<'_>) -> Result<serde_json::Value, String> {
        self.with_scope(place, |scope, siblings| {
            let rendered = tree
                .render(&self.env(scope), Unresolved::Keep)
                .map_err(|e| e.to_string())?;
            match siblings.and_then(|s| s.missed.take()) {
                Some(name) => Err(format!("failed to resolve {{{{{name}}}}}")),
                None => Ok(rendered),
            }
        })
    }

    pub fn value(&self, program: &Program, place: Place<'_>) -> Result<Value, String> {
        self.with_scope(place, |scope, _| {
            program
                .evaluate(&self.env(scope))
                .map_err(|e| format!("failed to evaluate expression: {e}"))
        })
    }

    /// An expression that has to give true or false.
    pub fn holds(&self, expression: &HookExpression, place: Place<'_>) -> Result<bool, String> {
        let tagged;
        let program = match expression {
            HookExpression::Parsed(program) => program,
            HookExpression::Tagged(text) => {
                let text = self.text(text, place).map_err(TextFault::message)?;
                tagged = Program::parse(&text)
                    .map_err(|e| format!("failed to evaluate expression: {e}"))?;
                &tagged
            }
        };
        self.with_scope(place, |scope, _| {
            program
                .evaluate_bool(&self.env(scope))
                .map_err(|e| format!("failed to evaluate expression: {e}"))
        })
    }

    /// Resolves a call's references: `when` first, since a false one forgives the rest.
    pub fn prepare(&self, call: &Call, place: Place<'_>) -> Result<Prepared, String> {
        let mut prepared = Prepared::default();
        if let Some(text) = &call.when {
            let text = self.text(text, place).map_err(TextFault::message)?;
            if !when::evaluate(&text).map_err(|e| e.to_string())? {
                prepared.skipped = Some(text);
                return Ok(prepared);
            }
        }
        for argument in &call.arguments {
            let given = match (&argument.value, &argument.expression, &argument.config_map) {
                (Some(text), _, _) => match self.text(text, place) {
                    Ok(value) => Given::Value(value),
                    Err(TextFault::Absent(name)) => Given::Absent(name),
                    Err(TextFault::Fault(message)) => return Err(message),
                },
                (None, Some(program), _) => match self.value(program, place)? {
                    Value::Nil => Given::Absent(argument.name.clone()),
                    value => Given::Value(value.tag_text().map_err(|e| e.to_string())?),
                },
                (None, None, Some(key)) => Given::Value(self.config_map_value(key, place)?),
                (None, None, None) => continue,
            };
            prepared.parameters.push((argument.name.clone(), given));
        }
        for artifact in &call.artifacts {
            match self.artifact(artifact, place)? {
                Some(found) => prepared.artifacts.push((artifact.name.clone(), found)),
                None => prepared.dropped.push(artifact.name.clone()),
            }
        }
        Ok(prepared)
    }

    /// A value out of a ConfigMap that was given beside the workflow.
    pub fn config_map_value(&self, key: &ConfigMapKey, place: Place<'_>) -> Result<String, String> {
        let name = self.text(&key.name, place).map_err(TextFault::message)?;
        let field = self.text(&key.key, place).map_err(TextFault::message)?;
        if let Some(value) = self
            .plan
            .config_maps
            .get(&name)
            .and_then(|data| data.get(&field))
        {
            return Ok(value.clone());
        }
        match &key.default {
            Some(default) => self.text(default, place).map_err(TextFault::message),
            None => Err(format!(
                "ConfigMap '{name}' with key '{field}' is not given"
            )),
        }
    }

    /// The artifact that an argument or an output means; none where it is absent and need not be there.
    pub fn artifact(
        &self,
        argument: &ArtifactArgument,
        place: Place<'_>,
    ) -> Result<Option<spec::Artifact>, String> {
        let found = match &argument.source {
            ArtifactSource::None => None,
            ArtifactSource::Located(tree) => {
                Some(serde_json::from_value(self.tree(tree, place)?).map_err(|e| e.to_string())?)
            }
            ArtifactSource::From(text) => {
                let reference = self.text(text, place).map_err(TextFault::message)?;
                match self.referenced(reference.trim(), place) {
                    Found::Artifact(artifact) => Some(*artifact),
                    Found::Absent => None,
                    Found::Nothing if argument.optional => None,
                    Found::Nothing => {
                        return Err(format!(
                            "unable to resolve {{{{{reference}}}}}: there is no such artifact"
                        ));
                    }
                }
            }
            ArtifactSource::Expression(program) => match self.value(program, place)? {
                Value::Nil => None,
                value => {
                    let json = value.to_json().map_err(|e| e.to_string())?;
                    Some(
                        serde_json::from_value(json)
                            .map_err(|_| "fromExpression does not give an artifact".to_owned())?,
                    )
                }
            },
        };
        let Some(mut found): Option<spec::Artifact> = found else {
            return Ok(None);
        };
        if let Some(path) = &argument.sub_path {
            let path = self.text(path, place).map_err(TextFault::message)?;
            found.sub_path = Some(path);
        }
        Ok(Some(found))
    }

    fn referenced(&self, reference: &str, place: Place<'_>) -> Found {
        let reference = reference
            .trim_start_matches("{{")
            .trim_end_matches("}}")
            .trim();
        if let Some(name) = reference.strip_prefix("inputs.artifacts.") {
            let inputs = place
                .inputs
                .or_else(|| self.run.node(place.frame?).inputs.as_deref());
            return match inputs.and_then(|i| i.artifacts.iter().find(|a| a.name == name)) {
                Some(artifact) => Found::Artifact(Box::new(artifact.clone())),
                None => Found::Nothing,
            };
        }
        if let Some(name) = reference.strip_prefix("workflow.outputs.artifacts.") {
            return match self
                .run
                .flow
                .outputs
                .artifacts
                .iter()
                .find(|a| a.name == name)
            {
                Some(artifact) => Found::Artifact(Box::new(artifact.clone())),
                None => Found::Nothing,
            };
        }
        if let Some(name) = reference
            .strip_prefix("workflow.artifacts.")
            .or_else(|| reference.strip_prefix("workflow.arguments.artifacts."))
        {
            let arguments = self.plan.workflow.spec.arguments.as_ref();
            return match arguments.and_then(|i| i.artifacts.iter().find(|a| a.name == name)) {
                Some(artifact) => Found::Artifact(Box::new(artifact.clone())),
                None => Found::Nothing,
            };
        }
        let call = reference
            .strip_prefix("steps.")
            .or_else(|| reference.strip_prefix("tasks."));
        let Some((call, name)) = call.and_then(|rest| rest.split_once(".outputs.artifacts."))
        else {
            return Found::Nothing;
        };
        match place.frame {
            Some(frame) => Siblings::new(self.plan, self.run, frame, None).artifact(call, name),
            None => Found::Nothing,
        }
    }
}

pub(crate) fn fault(error: RenderError) -> TextFault {
    match error {
        RenderError::Absent { name } => TextFault::Absent(name),
        other => TextFault::Fault(other.to_string()),
    }
}

/// A tag within a tag: the outer one is found once the inner one is replaced.
fn nested(text: &Text) -> bool {
    text.source().matches("{{").count() > text.tags().len()
}
