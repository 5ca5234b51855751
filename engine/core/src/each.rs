//! Loops: `withItems`, `withParam`, `withSequence`.

use crate::frame::{Each, Owner, SlotState};
use crate::render::{Place, TextFault};
use crate::work::Engine;
use std::sync::{Arc, OnceLock};
use tiphys_expr::{Text, format, when};
use tiphys_graph::plan::{Call, Loop};
use tiphys_spec::{NodePhase, NodeType};

/// More items than this are refused: a mistake, not a workflow.
const MAX_ITEMS: usize = 1_000_000;

impl Engine<'_> {
    /// The items of a call's loop.
    pub fn items(
        &self,
        each: &Loop,
        call: &Call,
        owner: Owner,
    ) -> Result<Vec<serde_json::Value>, String> {
        let place = Place {
            frame: owner.frame(),
            ..Place::default()
        };
        match each {
            Loop::Items(items) => items.iter().map(|item| self.tree(item, place)).collect(),
            Loop::Param(text) => {
                let found = self
                    .text(text, place)
                    .map_err(TextFault::message)
                    .and_then(|text| {
                        serde_json::from_str::<Vec<serde_json::Value>>(&text).map_err(|e| {
                            format!(
                                "withParam value could not be parsed as a JSON list: {text}: {e}"
                            )
                        })
                    });
                match found {
                    // A false `when` forgives what cannot be read: there is nothing to expand.
                    Err(_) if self.never_runs(call, place) => Ok(Vec::new()),
                    found => found,
                }
            }
            Loop::Sequence {
                count,
                start,
                end,
                format,
            } => {
                let number = |text: &Option<Text>| match text {
                    None => Ok(None),
                    Some(text) => {
                        let text = self.text(text, place).map_err(TextFault::message)?;
                        let number: i64 = text
                            .trim()
                            .parse()
                            .map_err(|_| format!("withSequence: '{text}' is no number"))?;
                        Ok::<_, String>(Some(number))
                    }
                };
                let (count, start, end) =
                    (number(count)?, number(start)?.unwrap_or(0), number(end)?);
                let end = match (count, end) {
                    (Some(0), _) => return Ok(Vec::new()),
                    (Some(count), _) => start.saturating_add(count).saturating_sub(1),
                    (None, Some(end)) => end,
                    (None, None) => return Err("withSequence needs count or end".to_owned()),
                };
                let format = format
                    .as_ref()
                    .map(|text| self.text(text, place).map_err(TextFault::message))
                    .transpose()?;
                sequence(start, end, format.as_deref())
            }
        }
    }

    fn never_runs(&self, call: &Call, place: Place<'_>) -> bool {
        let Some(text) = &call.when else { return false };
        self.text(text, place)
            .is_ok_and(|text| when::evaluate(&text) == Ok(false))
    }

    /// Starts one node per item; in a DAG under a TaskGroup, in steps under the StepGroup.
    pub fn open_loop(&mut self, owner: Owner, items: Vec<serde_json::Value>) {
        let name = self.name_of(owner);
        if items.is_empty() {
            match self.run.find(&name) {
                Some(_) => self.later_start(owner),
                None => {
                    self.skip(
                        owner,
                        name,
                        NodePhase::Skipped,
                        "Skipped, empty params".to_owned(),
                    );
                }
            }
            return;
        }
        let count = items.len();
        if let Owner::Task { .. } = owner {
            match self.run.find(&name) {
                Some(ix) => self.adopt_task_group(ix, owner),
                None => {
                    let ix = self.node(owner, name, NodeType::TaskGroup, NodePhase::Running, None);
                    self.label(ix, owner);
                }
            }
        }
        if let Some(slot) = self.slot_mut(owner) {
            slot.state = SlotState::Open;
            slot.each = Some(Box::new(Each {
                items: Arc::new(items),
                nodes: vec![None; count],
                left: u32::try_from(count).unwrap_or(u32::MAX),
                aggregate: OnceLock::new(),
            }));
        }
        for item in 0..u32::try_from(count).unwrap_or(u32::MAX) {
            let owner = match owner {
                Owner::Step { frame, group, step } => Owner::StepItem {
                    frame,
                    group,
                    step,
                    item,
                },
                Owner::Task { frame, task } => Owner::TaskItem { frame, task, item },
                other => other,
            };
            self.later_start(owner);
        }
    }
}

/// From `start` to `end`, up or down, each formatted as Go's `fmt` would.
fn sequence(start: i64, end: i64, format: Option<&str>) -> Result<Vec<serde_json::Value>, String> {
    let count = start.abs_diff(end).saturating_add(1);
    if count > MAX_ITEMS as u64 {
        return Err(format!(
            "withSequence gives {count} items, more than {MAX_ITEMS}"
        ));
    }
    let step = if start > end { -1 } else { 1 };
    let mut items = Vec::with_capacity(usize::try_from(count).unwrap_or(0));
    let mut at = start;
    for _ in 0..count {
        let text = match format {
            Some(format) => format::sequence(format, at).map_err(|e| e.to_string())?,
            None => at.to_string(),
        };
        items.push(serde_json::Value::String(text));
        at = at.saturating_add(step);
    }
    Ok(items)
}
