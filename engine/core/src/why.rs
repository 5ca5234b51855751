//! Why a node has not ended, also where it has no record yet.

use crate::frame::{Frame, Owner, Slot, SlotState, Start};
use crate::run::{FlowStage, Run};
use crate::{NodeIx, Reason};
use tiphys_graph::plan::{Body, Plan};
use tiphys_spec::{NodePhase, NodeType};

/// Where a node stands: why it waits, or how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    Waits(Reason),
    Ended {
        phase: NodePhase,
        message: Option<String>,
    },
}

impl std::fmt::Display for Standing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Waits(reason) => reason.fmt(f),
            Self::Ended {
                phase,
                message: Some(message),
            } => write!(f, "{phase}: {message}"),
            Self::Ended {
                phase,
                message: None,
            } => phase.fmt(f),
        }
    }
}

/// A start that waits for room.
struct Parked {
    name: String,
    /// The record that it will hang under.
    under: Option<NodeIx>,
    reason: Reason,
}

impl Run {
    /// Everything that waits, with its reason: records, and steps and tasks that have none yet.
    #[must_use]
    pub fn waiting(&self, plan: &Plan) -> Vec<(String, Reason)> {
        let mut all = Vec::new();
        if let Some(reason) = &self.flow.lock_wait {
            all.push((self.name.to_string(), reason.clone()));
        }
        if self.flow.stage == FlowStage::Done {
            return all;
        }
        let parked = self.parked(plan);
        for index in 0..self.nodes.len() {
            let ix = NodeIx(u32::try_from(index).unwrap_or(u32::MAX));
            if self.phase_of(ix).terminal() {
                continue;
            }
            all.push((self.node(ix).name.clone(), self.reason(ix, &parked)));
            self.unborn(plan, ix, &mut all);
        }
        all.extend(
            parked
                .into_iter()
                .map(|parked| (parked.name, parked.reason)),
        );
        all
    }

    /// Where the nodes of that name, ID or display name stand.
    #[must_use]
    pub fn why(&self, plan: &Plan, wanted: &str) -> Vec<(String, Standing)> {
        let short = |name: &str| name.rsplit(['.', ']']).next().unwrap_or(name) == wanted;
        let mut all: Vec<(String, Standing)> = self
            .nodes()
            .filter(|node| node.name == wanted || node.id == wanted || node.display_name == wanted)
            .filter(|node| node.phase.is_some_and(NodePhase::terminal))
            .map(|node| {
                (
                    node.name.clone(),
                    Standing::Ended {
                        phase: node.phase.unwrap_or_default(),
                        message: node.message.clone(),
                    },
                )
            })
            .collect();
        let known = |name: &str| {
            self.find(name).is_some_and(|ix| {
                self.node(ix).id == wanted || self.node(ix).display_name == wanted
            })
        };
        let waiting = self
            .waiting(plan)
            .into_iter()
            .filter(|(name, _)| name == wanted || known(name) || short(name));
        all.extend(waiting.map(|(name, reason)| (name, Standing::Waits(reason))));
        all
    }

    fn reason(&self, ix: NodeIx, parked: &[Parked]) -> Reason {
        let node = self.at(ix);
        if let Some(reason) = &node.reason {
            return reason.clone();
        }
        if let Some(reason) = self.above(ix) {
            return reason;
        }
        if !node.linked {
            // A hook that outlived its boundary, and a restart: it ends with the workflow.
            return Reason::Stopping;
        }
        let slots: &[Slot] = match &node.frame {
            Frame::Dag(frame) => &frame.slots,
            Frame::Steps(frame) => frame.slots.last().map(Vec::as_slice).unwrap_or_default(),
            Frame::None | Frame::Retry(_) => &[],
        };
        // A task hangs off the tasks before it, not off its DAG: its slot is where the DAG knows it.
        let tasks = slots.iter().filter(|slot| slot.state == SlotState::Open);
        let tasks = tasks.filter_map(|slot| slot.node);
        let children = node.status.children.iter();
        let children = children.filter_map(|id| self.find_id(id));
        let children =
            children.filter(|child| !matches!(self.at(*child).owner, Owner::Task { .. }));
        let open = tasks
            .chain(children)
            .filter(|child| !self.phase_of(*child).terminal() || self.at(*child).hooks_left > 0)
            .map(|child| self.node(child).display_name.clone());
        let unborn = parked
            .iter()
            .filter(|parked| parked.under == Some(ix))
            .map(|parked| parked.name.clone());
        Reason::Children {
            names: open.chain(unborn).collect(),
        }
    }

    /// Of a restored record that is not taken up yet: what its boundary or the workflow waits for.
    fn above(&self, ix: NodeIx) -> Option<Reason> {
        let mut at = ix;
        while !self.at(at).linked {
            // An attempt is named after its Retry node.
            let record = self.node(at);
            let flag = record.node_flag.as_deref();
            let attempt = flag.is_some_and(|flag| flag.retried == Some(true));
            let retry = record.name.rsplit_once('(').filter(|_| attempt);
            let retry = retry.map(|(name, _)| name);
            let retry = retry.and_then(|name| self.find(name));
            let boundary = record.boundary_id.as_deref();
            match retry.or_else(|| boundary.and_then(|id| self.find_id(id))) {
                Some(above) => at = above,
                None => return self.flow.lock_wait.clone(),
            }
        }
        self.at(at).reason.clone()
    }

    /// Starts that wait for room.
    fn parked(&self, plan: &Plan) -> Vec<Parked> {
        let note = |start: &Start, reason: &Reason| Parked {
            name: start.name.as_deref().unwrap_or_default().to_owned(),
            under: match start.owner {
                Owner::Attempt { retry, .. } => Some(retry),
                Owner::Hook { of, .. } => Some(of),
                Owner::TaskItem { frame, task, .. } => match &self.at(frame).frame {
                    Frame::Dag(dag) => dag.slots.get(task as usize).and_then(|slot| slot.node),
                    _ => None,
                },
                Owner::Step { frame, .. } | Owner::StepItem { frame, .. } => {
                    match &self.at(frame).frame {
                        Frame::Steps(steps) => steps.group_node,
                        _ => None,
                    }
                }
                owner => owner.frame(),
            },
            reason: reason.clone(),
        };
        let mut all = Vec::new();
        for node in self.nodes.iter().filter(|node| !node.parked.is_empty()) {
            let Some(template) = node.template.map(|id| plan.template(id)) else {
                continue;
            };
            let reason = match template
                .parallelism
                .filter(|_| !(template.fail_fast && node.failed > 0))
            {
                Some(limit) => Reason::Parallelism {
                    scope: format!("template {}", template.name),
                    limit,
                },
                None => Reason::FailFast,
            };
            all.extend(node.parked.iter().map(|start| note(start, &reason)));
        }
        let reason = match (self.flow.extra.suspended, plan.parallelism) {
            (false, Some(limit)) => Reason::Parallelism {
                scope: "the workflow".to_owned(),
                limit,
            },
            _ => Reason::WorkflowSuspended,
        };
        all.extend(self.flow.parked.iter().map(|start| note(start, &reason)));
        all
    }

    /// Steps and tasks of a node that have no record yet.
    fn unborn(&self, plan: &Plan, ix: NodeIx, all: &mut Vec<(String, Reason)>) {
        let Some(template) = self.at(ix).template.map(|id| plan.template(id)) else {
            return;
        };
        let name = &self.node(ix).name;
        match (&self.at(ix).frame, &template.body) {
            (Frame::Dag(frame), Body::Dag(dag)) => {
                let order = frame
                    .chosen
                    .as_deref()
                    .map_or(&dag.order, |(_, order)| order);
                for index in order {
                    let slot = &frame.slots[*index as usize];
                    let task = &dag.tasks[*index as usize];
                    let full = format!("{name}.{}", task.call.name);
                    if slot.state == SlotState::Waiting {
                        let open = task
                            .dependencies
                            .iter()
                            .filter(|d| frame.slots[**d as usize].state != SlotState::Settled);
                        let tasks = open
                            .map(|d| dag.tasks[*d as usize].call.name.clone())
                            .collect();
                        all.push((full, Reason::Dependencies { tasks }));
                    }
                }
            }
            (Frame::Steps(frame), Body::Steps(groups)) => {
                for (group, calls) in groups.iter().enumerate() {
                    for call in calls {
                        let full = format!("{name}[{group}].{}", call.name);
                        if group > frame.group as usize {
                            all.push((full, Reason::Group { group: group - 1 }));
                        }
                    }
                }
            }
            _ => {}
        }
    }

    /// Nodes of a type that have not ended.
    #[must_use]
    pub fn unfinished(&self, kind: NodeType) -> usize {
        self.nodes()
            .filter(|node| {
                node.r#type == Some(kind) && !node.phase.is_some_and(NodePhase::terminal)
            })
            .count()
    }
}
