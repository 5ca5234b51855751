//! From a call to a node: references, room, template, inputs, record.

use crate::NodeIx;
use crate::frame::{Frame, Given, Owner, Prepared, Slot, Start};
use crate::render::{Place, TextFault, absent};
use crate::room::Room;
use crate::run::{NewNode, Shutdown, Stage};
use crate::work::{Engine, Work};
use std::sync::Arc;
use tiphys_expr::{Flat, format};
use tiphys_graph::plan::{Body, Call, Scope, Target, Template, TemplateId};
use tiphys_spec as spec;
use tiphys_spec::{NodePhase, NodeType};

/// Nodes within nodes: a recursion that does not end is an error, not an endless run (Argo's limit, `DISABLE_MAX_RECURSION` aside).
const MAX_DEPTH: u32 = 100;

impl<'a> Engine<'a> {
    /// The call that a node stands for; none for the root.
    pub fn call_of(&self, owner: Owner) -> Option<&'a Call> {
        match owner {
            Owner::Root | Owner::Group { .. } | Owner::Member { .. } => None,
            Owner::Exit => self.plan.exit.as_ref().map(|hook| &hook.call),
            Owner::WorkflowHook(hook) => self.plan.hooks.get(hook as usize).map(|hook| &hook.call),
            Owner::Attempt { retry, .. } => self.call_of(self.run.at(retry).owner),
            Owner::Hook { of, hook } => Some(
                &self
                    .call_of(self.run.at(of).owner)?
                    .hooks
                    .get(hook as usize)?
                    .call,
            ),
            Owner::Step { frame, group, step }
            | Owner::StepItem {
                frame, group, step, ..
            } => match &self.body(frame)? {
                Body::Steps(groups) => groups.get(group as usize)?.get(step as usize),
                _ => None,
            },
            Owner::Task { frame, task } | Owner::TaskItem { frame, task, .. } => {
                match &self.body(frame)? {
                    Body::Dag(dag) => dag.tasks.get(task as usize).map(|task| &task.call),
                    _ => None,
                }
            }
        }
    }

    pub fn template_at(&self, ix: NodeIx) -> Option<&'a Template> {
        self.run.at(ix).template.map(|id| self.plan.template(id))
    }

    pub fn body(&self, ix: NodeIx) -> Option<&'a Body> {
        self.template_at(ix).map(|template| &template.body)
    }

    pub fn slot(&self, owner: Owner) -> Option<&Slot> {
        match (owner, owner.frame().map(|frame| &self.run.at(frame).frame)) {
            (
                Owner::Step { group, step, .. } | Owner::StepItem { group, step, .. },
                Some(Frame::Steps(frame)),
            ) => frame.slots.get(group as usize)?.get(step as usize),
            (Owner::Task { task, .. } | Owner::TaskItem { task, .. }, Some(Frame::Dag(frame))) => {
                frame.slots.get(task as usize)
            }
            _ => None,
        }
    }

    pub fn slot_mut(&mut self, owner: Owner) -> Option<&mut Slot> {
        let frame = owner.frame()?;
        match (owner, &mut self.run.at_mut(frame).frame) {
            (
                Owner::Step { group, step, .. } | Owner::StepItem { group, step, .. },
                Frame::Steps(frame),
            ) => frame.slots.get_mut(group as usize)?.get_mut(step as usize),
            (Owner::Task { task, .. } | Owner::TaskItem { task, .. }, Frame::Dag(frame)) => {
                frame.slots.get_mut(task as usize)
            }
            _ => None,
        }
    }

    fn item(&self, owner: Owner) -> Option<(usize, Arc<Vec<serde_json::Value>>)> {
        let (Owner::StepItem { item, .. } | Owner::TaskItem { item, .. }) = owner else {
            return None;
        };
        Some((
            item as usize,
            self.slot(owner)?.each.as_deref()?.items.clone(),
        ))
    }

    /// The node's name, by Argo's grammar.
    pub fn name_of(&self, owner: Owner) -> String {
        let name = |ix: NodeIx| self.run.node(ix).name.as_str();
        let call = |owner| self.call_of(owner).map_or("", |call| call.name.as_str());
        let base = |owner| match owner {
            Owner::Step { frame, group, .. } | Owner::StepItem { frame, group, .. } => {
                format!("{}[{group}].{}", name(frame), call(owner))
            }
            Owner::Task { frame, .. } | Owner::TaskItem { frame, .. } => {
                format!("{}.{}", name(frame), call(owner))
            }
            _ => String::new(),
        };
        match owner {
            Owner::Root | Owner::Group { .. } => self.run.name.to_string(),
            Owner::Exit => format!("{}.onExit", self.run.name),
            Owner::WorkflowHook(_) => format!("{}.hooks.{}", self.run.name, call(owner)),
            Owner::Step { .. } | Owner::Task { .. } => base(owner),
            Owner::StepItem { .. } | Owner::TaskItem { .. } => match self.item(owner) {
                Some((index, items)) => items.get(index).map_or_else(String::new, |item| {
                    format::child_name(&base(owner), index, item)
                }),
                None => base(owner),
            },
            Owner::Attempt { retry, attempt } => format!("{}({attempt})", name(retry)),
            Owner::Hook { of, .. } => match call(owner) {
                "exit" => format!("{}.onExit", name(of)),
                hook => format!("{}.hooks.{hook}", name(of)),
            },
            // Made with its name, by its pod.
            Owner::Member { pod } => name(pod).to_owned(),
        }
    }

    pub fn boundary_of(&self, owner: Owner) -> Option<NodeIx> {
        match owner {
            Owner::Root | Owner::Exit | Owner::WorkflowHook(_) => None,
            Owner::Attempt { retry: node, .. } | Owner::Hook { of: node, .. } => {
                self.run.at(node).boundary
            }
            _ => owner.frame(),
        }
    }

    pub fn on_exit(&self, owner: Owner) -> bool {
        match owner {
            Owner::Exit | Owner::Hook { .. } | Owner::WorkflowHook(_) => true,
            Owner::Attempt { retry: node, .. } => self.run.at(node).on_exit,
            _ => owner
                .frame()
                .is_some_and(|frame| self.run.at(frame).on_exit),
        }
    }

    pub fn depth(&self, owner: Owner) -> u32 {
        match owner {
            Owner::Root | Owner::Exit | Owner::WorkflowHook(_) => 0,
            Owner::Attempt { retry: node, .. } | Owner::Hook { of: node, .. } => {
                self.run.at(node).depth
            }
            _ => owner
                .frame()
                .map_or(0, |frame| self.run.at(frame).depth + 1),
        }
    }

    /// Where a call's references are resolved.
    fn place_of<'b>(&self, owner: Owner, item: Option<&'b Flat>) -> Place<'b> {
        match owner {
            Owner::Hook { of, .. } => Place {
                frame: self.run.at(of).owner.frame().or(self.run.at(of).boundary),
                own: Some(of),
                item,
                ..Place::default()
            },
            _ => Place {
                frame: owner.frame(),
                item,
                ..Place::default()
            },
        }
    }

    pub fn prepare_for(&self, owner: Owner) -> Result<Prepared, String> {
        if matches!(owner, Owner::Attempt { .. }) {
            return Ok(Prepared::default());
        }
        let Some(call) = self.call_of(owner) else {
            return Ok(Prepared::default());
        };
        let flat = match self.item(owner) {
            Some((index, items)) => items.get(index).map(crate::scope::item_scope),
            None => None,
        };
        self.prepare(call, self.place_of(owner, flat.as_ref()))
    }

    /// Starts a call, or keeps it until there is room.
    pub fn start(&mut self, start: Start) {
        let owner = start.owner;
        let name = self.name_of(owner);
        if let Some(ix) = self.run.find(&name) {
            if !self.run.at(ix).linked {
                self.adopt(ix, owner);
            }
            return;
        }
        let prepared = match start
            .prepared
            .map_or_else(|| self.prepare_for(owner).map(Box::new), Ok)
        {
            Ok(prepared) => prepared,
            Err(message) => return self.refuse(owner, name, message),
        };
        if let Some(when) = &prepared.skipped {
            self.skip(
                owner,
                name,
                NodePhase::Skipped,
                format!("when '{when}' evaluated false"),
            );
            return;
        }
        match self.room(owner) {
            Room::Yes => {}
            Room::Never => return self.never(owner, name),
            Room::Later(boundary) => {
                return self.park(
                    boundary,
                    Start {
                        owner,
                        name: Some(name.into()),
                        prepared: Some(prepared),
                    },
                );
            }
        }
        let template = match self.resolve(owner) {
            Ok(id) => self.plan.template(id),
            Err(message) => return self.refuse(owner, name, message),
        };
        if self.depth(owner) > MAX_DEPTH {
            let message = format!(
                "templates call each other more than {MAX_DEPTH} levels deep; is there a recursion that does not end?"
            );
            return self.refuse(owner, name, message);
        }
        let inputs = match self.inputs(owner, template, &name, &prepared) {
            Ok(inputs) => inputs,
            Err(message) => return self.refuse(owner, name, message),
        };
        let retried = template.retry.is_some() && !matches!(owner, Owner::Attempt { .. });
        let kind = if retried {
            NodeType::Retry
        } else {
            kind_of(&template.body)
        };
        let ix = self.node(owner, name, kind, NodePhase::Pending, None);
        self.bind(ix, owner, template);
        if inputs.is_some() {
            self.run.edit(ix).inputs = inputs;
        }
        if let Some(message) = self.closed(ix) {
            return self.end(ix, NodePhase::Failed, Some(message));
        }
        self.advance(ix);
    }

    /// Why nothing new may run any more.
    fn closed(&self, ix: NodeIx) -> Option<String> {
        let flow = &self.run.flow;
        match flow.extra.shutdown {
            Some(Shutdown::Terminate) => {
                return Some("workflow shutdown with strategy: Terminate".to_owned());
            }
            Some(Shutdown::Stop) if !self.run.at(ix).on_exit => {
                return Some("workflow shutdown with strategy: Stop".to_owned());
            }
            _ => {}
        }
        (flow.deadline.is_some_and(|at| at <= self.now) && !self.run.at(ix).on_exit)
            .then(|| "Step exceeded its deadline".to_owned())
    }

    /// The template that a call reaches.
    pub fn resolve(&self, owner: Owner) -> Result<TemplateId, String> {
        let target = match owner {
            Owner::Root | Owner::Group { .. } => return Ok(self.plan.entrypoint),
            Owner::Attempt { retry, .. } => {
                return self
                    .run
                    .at(retry)
                    .template
                    .ok_or_else(|| "template is not known".to_owned());
            }
            _ => {
                &self
                    .call_of(owner)
                    .ok_or_else(|| "call is not known".to_owned())?
                    .target
            }
        };
        match target {
            Target::Template(id) => Ok(*id),
            Target::Dynamic {
                name,
                template,
                cluster,
                scope,
            } => {
                let flat = self
                    .item(owner)
                    .and_then(|(index, items)| items.get(index).map(crate::scope::item_scope));
                let place = self.place_of(owner, flat.as_ref());
                let template = self.text(template, place).map_err(TextFault::message)?;
                let scope = match name {
                    None => scope.clone(),
                    Some(name) => {
                        let name = self.text(name, place).map_err(TextFault::message)?;
                        if *cluster {
                            Scope::Cluster(name)
                        } else {
                            Scope::Namespaced(name)
                        }
                    }
                };
                self.plan
                    .find(&scope, &template)
                    .ok_or_else(|| format!("template '{template}' not found in {scope:?}"))
            }
        }
    }

    /// Declared inputs with their values: default, then argument, then ConfigMap (Argo's `ProcessArgs`).
    fn inputs(
        &self,
        owner: Owner,
        template: &Template,
        name: &str,
        prepared: &Prepared,
    ) -> Result<Option<Box<spec::Inputs>>, String> {
        if let Owner::Attempt { retry, .. } = owner {
            return Ok(self.run.node(retry).inputs.clone());
        }
        if template.inputs.is_empty() && template.input_artifacts.is_empty() {
            return Ok(None);
        }
        let mut locals = Flat::new();
        locals.set("node.name", name);
        if let Some(call) = self.call_of(owner) {
            let key = if matches!(owner, Owner::Task { .. } | Owner::TaskItem { .. }) {
                "tasks.name"
            } else {
                "steps.name"
            };
            locals.set(key, call.name.as_str());
        }
        let place = Place {
            locals: Some(&locals),
            ..Place::default()
        };
        let mut inputs = spec::Inputs::default();
        let declared = template
            .spec
            .inputs
            .as_deref()
            .map(|i| i.parameters.as_slice())
            .unwrap_or_default();
        for input in &template.inputs {
            let mut parameter = declared
                .iter()
                .find(|p| p.name == input.name)
                .cloned()
                .unwrap_or_default();
            parameter.name.clone_from(&input.name);
            let given = prepared
                .parameters
                .iter()
                .find(|(name, _)| *name == input.name)
                .map(|(_, given)| given);
            let root = self
                .takes_arguments(owner)
                .then(|| self.argument(&input.name))
                .flatten();
            let fallback = || -> Result<Option<String>, String> {
                let text = input.default.as_ref().or(input.value.as_ref());
                text.map(|text| self.text(text, place))
                    .transpose()
                    .map_err(TextFault::message)
            };
            let value = match (given, root) {
                (Some(Given::Value(value)), _) => Some(value.clone()),
                (Some(Given::Absent(tag)), _) => Some(fallback()?.ok_or_else(|| absent(tag))?),
                (None, Some(value)) => Some(value),
                (None, None) => fallback()?,
            };
            let value = match (value, &input.config_map) {
                (Some(value), _) => Some(value),
                (None, Some(key)) => Some(self.config_map_value(key, place)?),
                (None, None) => None,
            };
            match value {
                Some(value) => parameter.value = Some(value.into()),
                None if input.supplied => {}
                None => return Err(format!("inputs.parameters.{} was not supplied", input.name)),
            }
            inputs.parameters.push(parameter);
        }
        for input in &template.input_artifacts {
            let place = Place {
                inputs: Some(&inputs),
                locals: Some(&locals),
                ..Place::default()
            };
            let own: spec::Artifact = serde_json::from_value(self.tree(&input.tree, place)?)
                .map_err(|e| e.to_string())?;
            let given = prepared
                .artifacts
                .iter()
                .find(|(name, _)| *name == input.name)
                .map(|(_, artifact)| artifact.clone());
            let given = given.or_else(|| {
                self.takes_arguments(owner)
                    .then(|| self.argument_artifact(&input.name))
                    .flatten()
            });
            match given {
                Some(given) => inputs.artifacts.push(placed(given, own)),
                None if input.located => inputs.artifacts.push(own),
                None if input.optional => {}
                None => return Err(format!("inputs.artifacts.{} was not supplied", input.name)),
            }
        }
        Ok(Some(Box::new(inputs)))
    }

    /// The entrypoint is called with the workflow's arguments, and so is an exit handler that has none of its own.
    fn takes_arguments(&self, owner: Owner) -> bool {
        match owner {
            Owner::Root => true,
            Owner::Exit | Owner::WorkflowHook(_) => self
                .call_of(owner)
                .is_some_and(|call| call.arguments.is_empty() && call.artifacts.is_empty()),
            _ => false,
        }
    }

    /// A workflow argument's value.
    fn argument(&self, name: &str) -> Option<String> {
        match self
            .run
            .globals
            .0
            .get(&format!("workflow.parameters.{name}"))?
        {
            tiphys_expr::Value::Str(text) => Some(text.to_string()),
            _ => None,
        }
    }

    fn argument_artifact(&self, name: &str) -> Option<spec::Artifact> {
        self.plan
            .workflow
            .spec
            .arguments
            .as_ref()?
            .artifacts
            .iter()
            .find(|a| a.name == name)
            .cloned()
    }

    /// Makes the record and its edges.
    pub fn node(
        &mut self,
        owner: Owner,
        name: String,
        kind: NodeType,
        phase: NodePhase,
        message: Option<String>,
    ) -> NodeIx {
        let new = NewNode {
            name,
            kind,
            phase,
            owner,
            boundary: self.boundary_of(owner),
            message,
            on_exit: self.on_exit(owner),
            depth: self.depth(owner),
            now: self.now,
        };
        let ix = self.run.create(new);
        for parent in self.parents(owner) {
            self.run.add_child(parent, ix);
        }
        self.note(ix, owner);
        let flag = match owner {
            Owner::Hook { .. } | Owner::WorkflowHook(_) => Some(spec::NodeFlag {
                hooked: Some(true),
                ..spec::NodeFlag::default()
            }),
            Owner::Exit => Some(spec::NodeFlag {
                hooked: Some(true),
                ..spec::NodeFlag::default()
            }),
            Owner::Attempt { .. } => Some(spec::NodeFlag {
                retried: Some(true),
                ..spec::NodeFlag::default()
            }),
            _ => None,
        };
        if let Some(flag) = flag {
            self.run.edit(ix).node_flag = Some(Box::new(flag));
        }
        ix
    }

    /// Tells the owner which node is its.
    pub fn note(&mut self, ix: NodeIx, owner: Owner) {
        match owner {
            Owner::Root => self.run.flow.root = Some(ix),
            Owner::Exit => self.run.flow.exit = Some(ix),
            Owner::WorkflowHook(_) | Owner::Hook { .. } => {}
            Owner::Attempt { retry, .. } => {
                if let Frame::Retry(frame) = &mut self.run.at_mut(retry).frame {
                    frame.attempts.push(ix);
                }
            }
            Owner::Step { .. } | Owner::Task { .. } => {
                if let Some(slot) = self.slot_mut(owner) {
                    slot.node = Some(ix);
                }
            }
            Owner::StepItem { item, .. } | Owner::TaskItem { item, .. } => {
                if let Some(each) = self
                    .slot_mut(owner)
                    .and_then(|slot| slot.each.as_deref_mut())
                    && let Some(place) = each.nodes.get_mut(item as usize)
                {
                    *place = Some(ix);
                }
            }
            Owner::Group { .. } | Owner::Member { .. } => {}
        }
    }

    pub fn parents(&self, owner: Owner) -> Vec<NodeIx> {
        match owner {
            Owner::Root | Owner::Exit | Owner::Group { .. } | Owner::Member { .. } => Vec::new(),
            Owner::WorkflowHook(_) => self.run.flow.root.into_iter().collect(),
            Owner::Attempt { retry, .. } => vec![retry],
            Owner::Hook { of, .. } => vec![of],
            Owner::Step { frame, .. } | Owner::StepItem { frame, .. } => {
                match &self.run.at(frame).frame {
                    Frame::Steps(steps) => steps.group_node.into_iter().collect(),
                    _ => Vec::new(),
                }
            }
            Owner::TaskItem { .. } => self
                .slot(owner)
                .and_then(|slot| slot.node)
                .into_iter()
                .collect(),
            Owner::Task { frame, task } => self.task_parents(frame, task),
        }
    }

    /// Notes which template the node runs.
    pub fn bind(&mut self, ix: NodeIx, owner: Owner, template: &Template) {
        let capture = self.call_of(owner).is_some_and(|call| call.capture_result);
        let scope = match &template.scope {
            Scope::Local => format!("local/{}", self.run.name),
            Scope::Namespaced(name) => format!("namespaced/{name}"),
            Scope::Cluster(name) => format!("cluster/{name}"),
        };
        let reference = self.reference(owner);
        let node = self.run.at_mut(ix);
        node.template = Some(template.id);
        node.capture_result = capture;
        let record = self.run.edit(ix);
        record.template_scope = Some(scope);
        match reference {
            Some(reference) => record.template_ref = Some(Box::new(reference)),
            None if !template.name.is_empty() => record.template_name = Some(template.name.clone()),
            None => {}
        }
    }

    /// The `templateRef` as the call has it, for the record.
    fn reference(&self, owner: Owner) -> Option<spec::TemplateRef> {
        let call = self.call_of(owner)?;
        call.reference.clone()
    }

    /// A node that does not run.
    pub fn skip(
        &mut self,
        owner: Owner,
        name: String,
        phase: NodePhase,
        message: String,
    ) -> NodeIx {
        let ix = self.node(owner, name, NodeType::Skipped, phase, Some(message));
        self.label(ix, owner);
        self.run.at_mut(ix).stage = Stage::Ended;
        self.later(Work::Hooks(ix));
        ix
    }

    /// The template's name on a node that does not run it.
    pub fn label(&mut self, ix: NodeIx, owner: Owner) {
        if let Ok(id) = self.resolve(owner) {
            let template = self.plan.template(id);
            self.bind(ix, owner, template);
        }
    }

    /// A node that could not be started.
    fn refuse(&mut self, owner: Owner, name: String, message: String) {
        if let Owner::Step { frame, .. } | Owner::StepItem { frame, .. } = owner {
            self.group_fault(
                frame,
                format!("step group deemed errored due to child {name} error: {message}"),
            );
        }
        self.skip(owner, name, NodePhase::Error, message);
    }
}

/// The argument's location at the input's place.
fn placed(given: spec::Artifact, own: spec::Artifact) -> spec::Artifact {
    spec::Artifact {
        name: own.name,
        path: own.path,
        mode: own.mode.or(given.mode),
        recurse_mode: own.recurse_mode.or(given.recurse_mode),
        optional: own.optional.or(given.optional),
        archive: own.archive.or(given.archive.clone()),
        global_name: None,
        from: None,
        from_expression: None,
        ..given
    }
}

/// The node type of a template that is not retried.
pub(crate) fn kind_of(body: &Body) -> NodeType {
    match body {
        Body::Pod(_) => NodeType::Pod,
        Body::Suspend { .. } => NodeType::Suspend,
        Body::Steps(_) => NodeType::Steps,
        Body::Dag(_) => NodeType::Dag,
        Body::Kind { kind, .. } => match kind.as_str() {
            "http" => NodeType::Http,
            "data" | "containerSet" => NodeType::Pod,
            _ => NodeType::Plugin,
        },
    }
}
