//! The containers of a container set: nodes of type Container below their pod's.

use crate::NodeIx;
use crate::frame::Owner;
use crate::observation::ContainerState;
use crate::run::{NewNode, Run, Stage};
use crate::work::Engine;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use std::collections::BTreeSet;
use std::time::Duration;
use tiphys_spec as spec;
use tiphys_spec::{NodePhase, NodeType};

/// How often a container of a set that fails is started again, and what time passes before. Source: Argo,
/// `containerSet.retryStrategy`.
///
/// # Errors
/// A number or a duration that is none.
pub fn container_retries(set: &spec::ContainerSetTemplate) -> Result<(u32, Duration), String> {
    let Some(strategy) = set.retry_strategy.as_deref() else {
        return Ok((0, Duration::ZERO));
    };
    let retries = match &strategy.retries {
        None => Some(0),
        Some(IntOrString::Int(number)) => u32::try_from(*number).ok(),
        Some(IntOrString::String(text)) => text.trim().parse().ok(),
    };
    let retries = retries.ok_or("containerSet.retryStrategy.retries is no number")?;
    let pause = strategy.duration.as_ref().map_or(Ok(0), |text| {
        tiphys_expr::duration::parse_or_seconds(&text.0)
            .map_err(|reason| format!("containerSet.retryStrategy.duration: {reason}"))
    })?;
    Ok((
        retries,
        Duration::from_nanos(u64::try_from(pause).unwrap_or_default()),
    ))
}

impl Run {
    /// A container went on; its pod's record says no more than before.
    pub fn container_changed(&mut self, pod: NodeIx, name: &str, state: ContainerState) {
        let name = member_name(&self.node(pod).name, name);
        let found = self.find(&name).filter(|ix| !self.phase_of(*ix).terminal());
        let Some(ix) = found else { return };
        match state {
            ContainerState::Running => self.edit(ix).phase = Some(NodePhase::Running),
            ContainerState::Ended(0) => self.container_ended(ix, NodePhase::Succeeded, None),
            ContainerState::Ended(code) => {
                let message = format!("Error (exit code {code})");
                self.container_ended(ix, NodePhase::Failed, Some(message));
            }
            ContainerState::Omitted(why) => {
                self.container_ended(ix, NodePhase::Omitted, Some(why));
            }
        }
    }

    fn container_ended(&mut self, ix: NodeIx, phase: NodePhase, message: Option<String>) {
        // The time is that of the decision that follows.
        let record = self.edit(ix);
        (record.phase, record.message) = (Some(phase), message);
        self.at_mut(ix).stage = Stage::Ended;
        self.ended.push(ix);
    }

    /// The containers below a pod.
    fn members(&self, pod: NodeIx) -> Vec<NodeIx> {
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        let mut stack = vec![pod];
        while let Some(ix) = stack.pop() {
            for child in self
                .node(ix)
                .children
                .iter()
                .filter_map(|id| self.find_id(id))
            {
                let node = self.node(child);
                let ours = node.r#type == Some(NodeType::Container)
                    && node.boundary_id.as_ref() == Some(&self.node(pod).id);
                if ours && seen.insert(child) {
                    found.push(child);
                    stack.push(child);
                }
            }
        }
        found
    }

    /// Those that no other container of the set waits for.
    fn last_members(&self, members: &[NodeIx]) -> Vec<NodeIx> {
        let ids: BTreeSet<&str> = members
            .iter()
            .map(|ix| self.node(*ix).id.as_str())
            .collect();
        let last = |ix: &&NodeIx| {
            let mut children = self.node(**ix).children.iter();
            !children.any(|id| ids.contains(id.as_str()))
        };
        members.iter().filter(last).copied().collect()
    }
}

impl Engine<'_> {
    /// A node for each container, below those it depends on.
    pub fn add_members(&mut self, pod: NodeIx, set: &spec::ContainerSetTemplate) {
        let template = self.run.node(pod).template_name.clone();
        let scope = self.run.node(pod).template_scope.clone();
        let mut made = Vec::new();
        for container in &set.containers {
            let name = member_name(&self.run.node(pod).name, &container.name);
            if let Some(ix) = self.run.find(&name) {
                // Restored, or asked for twice.
                made.push(ix);
                continue;
            }
            let ix = self.run.create(NewNode {
                name,
                kind: NodeType::Container,
                phase: NodePhase::Pending,
                owner: Owner::Member { pod },
                boundary: Some(pod),
                message: None,
                on_exit: self.run.at(pod).on_exit,
                depth: self.run.at(pod).depth,
                now: self.now,
            });
            let record = self.run.edit(ix);
            record.template_name.clone_from(&template);
            record.template_scope.clone_from(&scope);
            made.push(ix);
        }
        for (container, ix) in set.containers.iter().zip(&made) {
            let parents: Vec<NodeIx> = if container.dependencies.is_empty() {
                vec![pod]
            } else {
                let name = |wanted: &String| member_name(&self.run.node(pod).name, wanted);
                let found = container.dependencies.iter().map(name);
                found.filter_map(|name| self.run.find(&name)).collect()
            };
            for parent in parents {
                if !self
                    .run
                    .node(parent)
                    .children
                    .contains(&self.run.node(*ix).id)
                {
                    self.run.add_child(parent, *ix);
                }
            }
        }
        self.adopt_members(pod);
    }

    /// Links the containers that a pod's record names.
    pub fn adopt_members(&mut self, pod: NodeIx) {
        if self.run.node(pod).r#type != Some(NodeType::Pod)
            || self.run.node(pod).children.is_empty()
        {
            return;
        }
        let members = self.run.members(pod);
        for ix in &members {
            let terminal = self.run.phase_of(*ix).terminal();
            let node = self.run.at_mut(*ix);
            (node.linked, node.owner, node.boundary) = (true, Owner::Member { pod }, Some(pod));
            node.stage = if terminal { Stage::Ended } else { Stage::Body };
        }
        self.run.at_mut(pod).outbound = self.run.last_members(&members);
    }

    /// The pod has ended, and with it all of its containers.
    pub fn end_members(&mut self, pod: NodeIx, phase: NodePhase) {
        if self.run.at(pod).outbound.is_empty() {
            return;
        }
        for ix in self.run.members(pod) {
            if self.run.phase_of(ix).terminal() {
                continue;
            }
            let message = (phase != NodePhase::Succeeded).then(|| "its pod has ended".to_owned());
            let record = self.run.edit(ix);
            (record.phase, record.message) = (Some(phase), message);
            record.finished_at = Some(Time(self.now));
            self.run.at_mut(ix).stage = Stage::Ended;
        }
    }

    /// When containers ended is known once a decision is taken.
    pub fn stamp_members(&mut self) {
        for ix in std::mem::take(&mut self.run.ended) {
            let now = self.now;
            let record = self.run.edit(ix);
            record.finished_at = Some(Time(now));
        }
    }
}

fn member_name(pod: &str, container: &str) -> String {
    format!("{pod}.{container}")
}
