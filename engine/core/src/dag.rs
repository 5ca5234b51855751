//! DAGs: a task starts when what it depends on has settled. One settled task costs its dependants.

use crate::NodeIx;
use crate::frame::{Chosen, DagFrame, Frame, Owner, Slot, SlotState};
use crate::render::{Place, TextFault};
use crate::work::Engine;
use tiphys_expr::{TaskResult, Text};
use tiphys_graph::plan::{Body, Dag, Task};
use tiphys_spec::{NodePhase, NodeType};

impl<'a> Engine<'a> {
    fn dag(&self, ix: NodeIx) -> Option<&'a Dag> {
        match self.body(ix) {
            Some(Body::Dag(dag)) => Some(dag),
            _ => None,
        }
    }

    fn frame(&mut self, ix: NodeIx) -> Option<&mut DagFrame> {
        match &mut self.run.at_mut(ix).frame {
            Frame::Dag(frame) => Some(frame),
            _ => None,
        }
    }

    pub fn open_dag(&mut self, ix: NodeIx, dag: &'a Dag) {
        self.index_slots(ix);
        let chosen = match &dag.target {
            None => None,
            Some(text) => match self.choose(ix, dag, text) {
                Ok(chosen) => chosen,
                Err(message) => return self.end(ix, NodePhase::Error, Some(message)),
            },
        };
        let order: Vec<u32> = chosen
            .as_deref()
            .map_or_else(|| dag.order.clone(), |(_, order)| order.clone());
        let mut frame = DagFrame {
            slots: dag.tasks.iter().map(|_| Slot::default()).collect(),
            waits: vec![u32::MAX; dag.tasks.len()],
            left: u32::try_from(order.len()).unwrap_or(u32::MAX),
            chosen,
        };
        for task in &order {
            let waits = dag.tasks[*task as usize].dependencies.len();
            frame.waits[*task as usize] = u32::try_from(waits).unwrap_or(u32::MAX);
        }
        self.run.at_mut(ix).frame = Frame::Dag(frame);
        self.running(ix);
        for task in &order {
            if dag.tasks[*task as usize].dependencies.is_empty() {
                self.open_task(ix, dag, *task);
            }
        }
        if order.is_empty() {
            self.close_dag(ix);
        }
    }

    /// Targets named by a text with tags, and what they need; none for an empty text: the whole DAG.
    fn choose(&self, ix: NodeIx, dag: &Dag, text: &Text) -> Result<Option<Box<Chosen>>, String> {
        let text = self
            .text(
                text,
                Place {
                    frame: Some(ix),
                    ..Place::default()
                },
            )
            .map_err(TextFault::message)?;
        let mut targets = Vec::new();
        for name in text.split_whitespace() {
            let found = dag
                .order
                .iter()
                .copied()
                .find(|task| dag.tasks[*task as usize].call.name == name);
            targets.push(found.ok_or_else(|| format!("target '{name}' is not defined"))?);
        }
        if targets.is_empty() {
            return Ok(None);
        }
        let mut needed = vec![false; dag.tasks.len()];
        let mut stack = targets.clone();
        while let Some(task) = stack.pop() {
            if !std::mem::replace(&mut needed[task as usize], true) {
                stack.extend(&dag.tasks[task as usize].dependencies);
            }
        }
        let order = dag
            .order
            .iter()
            .copied()
            .filter(|task| needed[*task as usize])
            .collect();
        Ok(Some(Box::new((targets, order))))
    }

    /// All dependencies have settled: omit the task, or start it.
    fn open_task(&mut self, ix: NodeIx, dag: &'a Dag, index: u32) {
        let task = &dag.tasks[index as usize];
        let owner = Owner::Task {
            frame: ix,
            task: index,
        };
        if let Some(slot) = self.slot_mut(owner) {
            slot.state = SlotState::Open;
        }
        let name = self.name_of(owner);
        if let Some(node) = self.run.find(&name) {
            // A restored loop opens as a loop again; anything else is taken up by its start.
            let group = self.run.node(node).r#type == Some(NodeType::TaskGroup);
            if !group {
                return self.later_start(owner);
            }
        } else if !self.runs(ix, dag, task) {
            self.skip(
                owner,
                name,
                NodePhase::Omitted,
                "omitted: depends condition not met".to_owned(),
            );
            return;
        }
        let Some(each) = &task.call.each else {
            return self.later_start(owner);
        };
        match self.items(each, &task.call, owner) {
            Ok(items) => self.open_loop(owner, items),
            Err(message) => {
                self.skip(owner, name, NodePhase::Error, message);
            }
        }
    }

    /// Whether `depends` holds.
    fn runs(&self, ix: NodeIx, dag: &Dag, task: &Task) -> bool {
        let Some(depends) = &task.depends else {
            return true;
        };
        depends.evaluate(|operand, result| {
            task.operands
                .get(operand)
                .is_some_and(|index| self.result(ix, dag, *index, result))
        })
    }

    fn result(&self, ix: NodeIx, dag: &Dag, index: u32, result: Option<TaskResult>) -> bool {
        let Frame::Dag(frame) = &self.run.at(ix).frame else {
            return false;
        };
        let Some(slot) = frame.slots.get(index as usize) else {
            return false;
        };
        let Some(node) = slot.node else { return false };
        let phase = self.run.phase_of(node);
        let daemoned = self.run.node(node).daemoned == Some(true) && phase != NodePhase::Pending;
        let each = || {
            slot.each
                .as_deref()
                .map(|each| each.nodes.as_slice())
                .unwrap_or_default()
                .iter()
                .flatten()
                .map(|ix| self.run.phase_of(*ix))
        };
        match result {
            // A bare name: as if it said (Succeeded || Skipped || Daemoned), and more where the task continues on failure.
            None => {
                let go_on = dag.tasks[index as usize].call.continue_on;
                match phase {
                    NodePhase::Succeeded | NodePhase::Skipped => true,
                    NodePhase::Failed => go_on.failed,
                    NodePhase::Error => go_on.error,
                    _ => daemoned,
                }
            }
            Some(TaskResult::Succeeded) => phase == NodePhase::Succeeded,
            Some(TaskResult::Failed) => phase == NodePhase::Failed,
            Some(TaskResult::Errored) => phase == NodePhase::Error,
            Some(TaskResult::Skipped) => phase == NodePhase::Skipped,
            Some(TaskResult::Omitted) => phase == NodePhase::Omitted,
            Some(TaskResult::Daemoned) => daemoned,
            Some(TaskResult::AnySucceeded) => each().any(|phase| phase == NodePhase::Succeeded),
            Some(TaskResult::AllFailed) => {
                each().count() > 0 && each().all(|phase| phase == NodePhase::Failed)
            }
        }
    }

    /// A task's node hangs off the ends of what it depends on, or off the DAG.
    pub fn task_parents(&self, ix: NodeIx, index: u32) -> Vec<NodeIx> {
        let (Some(dag), Frame::Dag(frame)) = (self.dag(ix), &self.run.at(ix).frame) else {
            return Vec::new();
        };
        let task = &dag.tasks[index as usize];
        if task.dependencies.is_empty() {
            return vec![ix];
        }
        let nodes: Vec<NodeIx> = task
            .dependencies
            .iter()
            .filter_map(|dependency| frame.slots.get(*dependency as usize)?.node)
            .collect();
        self.ends(&nodes)
    }

    pub fn task_settled(&mut self, ix: NodeIx, index: u32) {
        let Some(dag) = self.dag(ix) else { return };
        let Some(frame) = self.frame(ix) else { return };
        let Some(slot) = frame
            .slots
            .get_mut(index as usize)
            .filter(|slot| slot.state != SlotState::Settled)
        else {
            return;
        };
        slot.state = SlotState::Settled;
        frame.left = frame.left.saturating_sub(1);
        let left = frame.left;
        let mut ready: Vec<u32> = Vec::new();
        for next in dag
            .graph
            .neighbors(petgraph::graph::NodeIndex::new(index as usize))
        {
            let next = next.index();
            let Some(waits) = frame
                .waits
                .get_mut(next)
                .filter(|waits| **waits != u32::MAX && **waits > 0)
            else {
                continue;
            };
            *waits -= 1;
            if *waits == 0 {
                ready.push(u32::try_from(next).unwrap_or(u32::MAX));
            }
        }
        if self.run.phase_of(ix).terminal() {
            return;
        }
        // In the order in which the file names them.
        ready.sort_unstable();
        for next in ready {
            self.open_task(ix, dag, next);
        }
        if left == 0 {
            self.close_dag(ix);
        }
    }

    /// The last of a loop's nodes has settled: its group takes the phase of the last that failed.
    pub fn task_group_settled(&mut self, ix: NodeIx, index: u32) {
        let owner = Owner::Task {
            frame: ix,
            task: index,
        };
        let Some(slot) = self.slot(owner) else { return };
        let (Some(group), Some(each)) = (slot.node, slot.each.as_deref()) else {
            return;
        };
        let failed = each
            .nodes
            .iter()
            .flatten()
            .map(|ix| self.run.phase_of(*ix))
            .rfind(|phase| phase.unsuccessful());
        let was_terminal = self.run.phase_of(group).terminal();
        self.end(group, failed.unwrap_or(NodePhase::Succeeded), None);
        if was_terminal {
            self.settle(group);
        }
    }

    fn close_dag(&mut self, ix: NodeIx) {
        let Some(dag) = self.dag(ix) else { return };
        if self.failing_fast(ix) {
            return self.fail_fast(ix);
        }
        self.seal(ix);
        match self.assess(ix, dag) {
            NodePhase::Succeeded => self.compose(ix),
            phase => self.end(ix, phase, None),
        }
    }

    /// The DAG's phase from its targets': a task that did not run passes on what it hangs off, failures first.
    fn assess(&self, ix: NodeIx, dag: &Dag) -> NodePhase {
        let Frame::Dag(frame) = &self.run.at(ix).frame else {
            return NodePhase::Succeeded;
        };
        let mut branch: Vec<NodePhase> = vec![NodePhase::Succeeded; dag.tasks.len()];
        let (targets, order) = frame
            .chosen
            .as_deref()
            .map_or((&dag.targets, &dag.order), |(targets, order)| {
                (targets, order)
            });
        for index in order {
            let task = &dag.tasks[*index as usize];
            let node = frame.slots.get(*index as usize).and_then(|slot| slot.node);
            let phase = node.map_or(NodePhase::Omitted, |node| self.run.phase_of(node));
            branch[*index as usize] = if phase.completed()
                || node.is_some_and(|node| self.run.node(node).daemoned == Some(true))
            {
                phase
            } else {
                let mut inherited = task
                    .dependencies
                    .iter()
                    .map(|dependency| branch[*dependency as usize]);
                inherited
                    .find(|phase| phase.unsuccessful())
                    .unwrap_or(NodePhase::Succeeded)
            };
        }
        let mut result = NodePhase::Succeeded;
        for target in targets {
            let phase = branch[*target as usize];
            let go_on = dag.tasks[*target as usize].call.continue_on;
            let own = frame
                .slots
                .get(*target as usize)
                .and_then(|slot| slot.node)
                .map(|node| self.run.phase_of(node));
            let forgiven = own == Some(phase)
                && (phase == NodePhase::Failed && go_on.failed
                    || phase == NodePhase::Error && go_on.error);
            if phase.unsuccessful() && !forgiven {
                result = phase;
                if dag.fail_fast {
                    break;
                }
            }
        }
        if result == NodePhase::Succeeded
            && self.run.flow.extra.shutdown.is_some()
            && !self.run.at(ix).on_exit
        {
            let omitted = order
                .iter()
                .any(|index| frame.slots[*index as usize].node.is_none());
            return if omitted { NodePhase::Failed } else { result };
        }
        result
    }
}
