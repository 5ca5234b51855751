//! Templates of kinds that plug-ins provide: calls, their next rounds, and pods that are their answer.

use crate::NodeIx;
use crate::effect::{Effect, PluginCall};
use crate::reason::Reason;
use crate::render::Place;
use crate::run::Run;
use crate::timer::Due;
use crate::work::{Engine, Work};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use std::sync::Arc;
use tiphys_expr::Tree;
use tiphys_graph::plan::{Body, Template};
use tiphys_spec as spec;
use tiphys_spec::NodePhase;

impl Run {
    /// Whether an answer to that round of calls about a node is waited for.
    pub fn calls(&self, ix: NodeIx, round: u32) -> bool {
        self.at(ix).pod && !self.phase_of(ix).terminal() && self.round(ix) == round
    }

    fn round(&self, ix: NodeIx) -> u32 {
        let call = self.node(ix).plugin_call.as_deref();
        call.map_or(0, |call| u32::try_from(call.round).unwrap_or_default())
    }

    /// The plug-in is to be called again at that time.
    pub fn plugin_pending(&mut self, ix: NodeIx, at: Timestamp, state: String, message: String) {
        let round = i64::from(self.round(ix)) + 1;
        let record = self.edit(ix);
        let began = record.phase == Some(NodePhase::Pending);
        record.phase = Some(NodePhase::Running);
        record.message = Some(message.clone()).filter(|text| !text.is_empty());
        record.plugin_call = Some(Box::new(spec::PluginCallStatus {
            round,
            state,
            due: Some(Time(at)),
        }));
        self.at_mut(ix).reason = Some(Reason::Polling { until: at, message });
        self.timers.add(at, Due::Call(ix));
        if began {
            self.work.push_back(Work::Running(ix));
        }
    }
}

impl<'a> Engine<'a> {
    /// Calls the plug-in; a restored node whose plug-in asked for a pause gets it.
    pub fn open_kind(&mut self, ix: NodeIx, kind: &str, body: &Tree) {
        let due = self.run.node(ix).plugin_call.as_deref();
        if let Some(Time(at)) = due.and_then(|call| call.due.clone())
            && at > self.now
        {
            let message = self.run.node(ix).message.clone().unwrap_or_default();
            self.seat(ix);
            self.run.at_mut(ix).reason = Some(Reason::Polling { until: at, message });
            return self.run.timers.add(at, Due::Call(ix));
        }
        let Some(template) = self.template_at(ix) else {
            return;
        };
        match self.call(ix, template, kind, body) {
            Ok(call) => {
                if let Some(deadline) = call.deadline {
                    self.run.timers.add(deadline, Due::Node(ix));
                }
                self.dispatch(ix, Effect::CallPlugin(Box::new(call)));
            }
            Err(message) => self.end(ix, NodePhase::Error, Some(message)),
        }
    }

    /// The pause that the plug-in asked for is over.
    pub fn call_again(&mut self, ix: NodeIx) {
        let over =
            |call: &spec::PluginCallStatus| call.due.as_ref().is_some_and(|due| due.0 <= self.now);
        let waits = self.run.node(ix).plugin_call.as_deref().is_some_and(over);
        if !waits || self.run.phase_of(ix).terminal() || self.run.at(ix).doom.is_some() {
            return;
        }
        if let Some(Body::Kind { kind, body }) = self.body(ix) {
            self.open_kind(ix, kind, body);
            if let Some(call) = &mut self.run.edit(ix).plugin_call {
                call.due = None;
            }
        }
    }

    fn call(
        &mut self,
        ix: NodeIx,
        template: &'a Template,
        kind: &str,
        body: &Tree,
    ) -> Result<PluginCall, String> {
        let locals = self.pod_locals(ix, template);
        let inputs = self.run.node(ix).inputs.clone();
        let place = Place {
            locals: Some(&locals),
            inputs: inputs.as_deref(),
            ..Place::default()
        };
        let outputs = template.spec.outputs.as_deref();
        let outputs = serde_json::to_value(outputs).map_err(|error| error.to_string())?;
        let outputs = self.tree(&Tree::parse(&outputs), place)?;
        let location = match &template.spec.archive_location {
            Some(location) => {
                let location = serde_json::to_value(location).map_err(|error| error.to_string())?;
                let location = self.tree(&Tree::parse(&location), place)?;
                let location = serde_json::from_value(location);
                Some(location.map_err(|error| format!("archiveLocation: {error}"))?)
            }
            None => None,
        };
        let state = self.run.node(ix).plugin_call.as_deref();
        Ok(PluginCall {
            key: self.run.pod_key(ix),
            node_name: self.run.node(ix).name.clone(),
            template_name: template.name.clone(),
            kind: kind.to_owned(),
            body: self.tree(body, place)?,
            state: state.map(|call| call.state.clone()),
            round: self.run.round(ix),
            outputs,
            location,
            deadline: self.deadline(ix, template, place)?,
            inputs: inputs.map(|inputs| *inputs),
        })
    }

    /// The plug-in's answer is a pod: it is asked for under the node's own key.
    pub fn plugin_pod(&mut self, ix: NodeIx, pod: spec::Template) {
        if self.run.phase_of(ix).terminal() || self.run.at(ix).doom.is_some() {
            return;
        }
        let Some(template) = self.template_at(ix) else {
            return;
        };
        // The body has been the plug-in's; what else the template says of its pod is as in any other.
        let without_body = |mut template: spec::Template| {
            template.http = None;
            template.data = None;
            template.plugin = None;
            template.container_set = None;
            template
        };
        let own = without_body((*template.spec).clone());
        let json = serde_json::to_value(own).unwrap_or_default();
        let whole = self.rendered(ix, template, &Tree::parse(&json));
        let whole = whole.map(|own| {
            let mut whole = without_body(Arc::unwrap_or_clone(own));
            whole.container = pod.container;
            whole.script = pod.script;
            whole.container_set = pod.container_set;
            whole.volumes.extend(pod.volumes);
            whole.init_containers.extend(pod.init_containers);
            whole.sidecars.extend(pod.sidecars);
            Arc::new(whole)
        });
        if let Ok(whole) = &whole
            && let Some(set) = whole.container_set.as_deref()
        {
            self.add_members(ix, set);
        }
        self.create_pod(ix, template, whole);
    }
}
