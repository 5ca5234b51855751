//! Steps templates.

use super::call::{Around, Raw};
use crate::origin::At;
use crate::plan::Call;
use crate::planner::Planner;
use crate::registry::Entry;
use crate::scope::{Callee, Names, Siblings};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

impl Planner<'_> {
    /// Looks for every step's template, before any of them is planned: outputs are known by their templates.
    pub(crate) fn step_siblings<'e>(&mut self, entry: &'e Arc<Entry>, at: At<'_>) -> Siblings<'e> {
        let mut by_name: FxHashMap<&'e str, u32> = FxHashMap::default();
        let mut list = Vec::new();
        let at = at.key("steps");
        for (group, steps) in entry.spec.steps.iter().enumerate() {
            let at = at.index(group);
            for (index, step) in steps.0.iter().enumerate() {
                let raw = Raw::from(step);
                let at = at.index(index);
                let target = self.resolve(at, &raw, &entry.scope, Some(entry));
                if !step.name.is_empty() && by_name.contains_key(step.name.as_str()) {
                    let reason = format!("there is another step `{}` in this template", step.name);
                    self.report(at.key("name").error("duplicate-name", reason));
                } else {
                    by_name.insert(&step.name, list.len() as u32);
                }
                list.push(Callee {
                    target,
                    looped: raw.looped(),
                    group: group as u32,
                });
            }
        }
        Siblings::new("steps", by_name, list)
    }

    pub(crate) fn steps(
        &mut self,
        entry: &Arc<Entry>,
        at: At<'_>,
        siblings: &Siblings<'_>,
        captured: &FxHashSet<&str>,
        names: &Names<'_>,
    ) -> Vec<Vec<Call>> {
        let mut groups = Vec::with_capacity(entry.spec.steps.len());
        let mut own = 0;
        for (group, steps) in entry.spec.steps.iter().enumerate() {
            let at = at.index(group);
            let mut calls = Vec::with_capacity(steps.0.len());
            for (index, step) in steps.0.iter().enumerate() {
                let around = Around {
                    caller: entry,
                    siblings,
                    own,
                    group: Some(group as u32),
                    captured,
                };
                calls.push(self.call(at.index(index), &Raw::from(step), around, names));
                own += 1;
            }
            groups.push(calls);
        }
        groups
    }
}
