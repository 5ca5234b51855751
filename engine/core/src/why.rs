//! Why a node has not ended, also where it has no record yet.

use crate::frame::{Frame, Owner, SlotState};
use crate::run::{FlowStage, Run};
use crate::{NodeIx, Reason};
use std::collections::BTreeMap;
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
            all.push((self.node(ix).name.clone(), self.reason(ix)));
            self.unborn(plan, ix, &parked, &mut all);
        }
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

    fn reason(&self, ix: NodeIx) -> Reason {
        let node = self.at(ix);
        if let Some(reason) = &node.reason {
            return reason.clone();
        }
        let children = node
            .status
            .children
            .iter()
            .filter_map(|id| self.find_id(id));
        let names = children
            .filter(|child| !self.phase_of(*child).terminal())
            .map(|child| self.node(child).display_name.clone())
            .collect();
        Reason::Children { names }
    }

    /// Starts that wait for room, by frame and slot.
    fn parked(&self, plan: &Plan) -> BTreeMap<(NodeIx, u32, u32), Reason> {
        let key = |owner: Owner| match owner {
            Owner::Step { frame, group, step }
            | Owner::StepItem {
                frame, group, step, ..
            } => Some((frame, group, step)),
            Owner::Task { frame, task } | Owner::TaskItem { frame, task, .. } => {
                Some((frame, 0, task))
            }
            _ => None,
        };
        let mut all = BTreeMap::new();
        for node in &self.nodes {
            let Some(template) = node
                .template
                .filter(|_| !node.parked.is_empty())
                .map(|id| plan.template(id))
            else {
                continue;
            };
            let reason = match template.parallelism {
                Some(limit) => Reason::Parallelism {
                    scope: format!("template {}", template.name),
                    limit,
                },
                None => Reason::FailFast,
            };
            all.extend(
                node.parked
                    .iter()
                    .filter_map(|start| Some((key(start.owner)?, reason.clone()))),
            );
        }
        let reason = match (self.flow.extra.suspended, plan.parallelism) {
            (false, Some(limit)) => Reason::Parallelism {
                scope: "the workflow".to_owned(),
                limit,
            },
            _ => Reason::WorkflowSuspended,
        };
        all.extend(
            self.flow
                .parked
                .iter()
                .filter_map(|start| Some((key(start.owner)?, reason.clone()))),
        );
        all
    }

    /// Steps and tasks of a node that have no record yet.
    fn unborn(
        &self,
        plan: &Plan,
        ix: NodeIx,
        parked: &BTreeMap<(NodeIx, u32, u32), Reason>,
        all: &mut Vec<(String, Reason)>,
    ) {
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
                    } else if let Some(reason) = parked.get(&(ix, 0, *index)) {
                        all.push((full, reason.clone()));
                    }
                }
            }
            (Frame::Steps(frame), Body::Steps(groups)) => {
                for (group, calls) in groups.iter().enumerate() {
                    for (step, call) in calls.iter().enumerate() {
                        let full = format!("{name}[{group}].{}", call.name);
                        let (at, number) = (frame.group as usize, |n: usize| {
                            u32::try_from(n).unwrap_or(u32::MAX)
                        });
                        if group > at {
                            all.push((full, Reason::Group { group: group - 1 }));
                        } else if let Some(reason) = parked.get(&(ix, number(group), number(step)))
                        {
                            all.push((full, reason.clone()));
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
