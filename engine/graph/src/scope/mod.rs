//! What a name means where it stands: workflow variables, inputs, outputs, steps, tasks, items.

mod fault;
mod inputs;
mod siblings;

pub(crate) use fault::{Fault, Verdict};
pub(crate) use siblings::{Callee, Siblings};

use crate::globals::Globals;
use crate::registry::Entry;
use std::sync::Arc;
use tiphys_spec::Template;

/// Which siblings a place may refer to.
#[derive(Clone, Copy)]
pub(crate) enum View {
    /// All of them: outputs.
    All,
    /// The steps of the groups before this one's.
    Before { own: u32, group: u32 },
    /// The tasks that this task waits for.
    Task(u32),
    /// As the two above, and the step or task itself: its hooks.
    After { own: u32, group: Option<u32> },
}

/// What `item` is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Item<'a> {
    None,
    /// A value without fields.
    Plain,
    /// Maps with these fields.
    Keys(&'a [String]),
    /// Known at run time.
    Open,
}

/// What kind of text it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The body of a template that runs as one: what is unknown stays in the text.
    Body,
    /// Steps, tasks, hooks, outputs.
    Call,
    Metric,
    Retry,
    /// Outside all templates.
    Workflow,
    /// An http template's body and conditions, a data template's transformations.
    Plugin,
}

/// The names in scope at one place.
#[derive(Clone, Copy)]
pub(crate) struct Names<'a> {
    pub globals: &'a Globals,
    pub entry: Option<&'a Arc<Entry>>,
    pub siblings: Option<&'a Siblings<'a>>,
    pub view: View,
    pub item: Item<'a>,
    pub place: Place,
}

/// The roots that Argo checks in simple tags.
pub(crate) const CHECKED: [&str; 7] = [
    "item", "steps", "inputs", "outputs", "pod", "workflow", "tasks",
];

impl Names<'_> {
    /// What `path` means here. `leaf`: it must be a value (a simple tag), not just the beginning of one (an expression).
    pub fn verdict(&self, path: &[&str], leaf: bool) -> Verdict {
        match path {
            ["steps" | "tasks", "name"] | ["node", "name"] => Verdict::Fine,
            [root @ ("steps" | "tasks"), rest @ ..] => self.sibling(root, rest, leaf),
            ["inputs", rest @ ..] => self.input(rest, leaf),
            ["outputs", rest @ ..] => self.output(rest),
            ["workflow", rest @ ..] => {
                self.globals
                    .verdict(rest, leaf, self.place == Place::Workflow)
            }
            ["item", rest @ ..] => self.item(rest),
            ["pod", rest @ ..] => self.pod(rest),
            _ => Verdict::Foreign,
        }
    }

    fn template(&self) -> Option<&Template> {
        self.entry.map(|entry| &*entry.spec)
    }

    fn item(&self, rest: &[&str]) -> Verdict {
        let inline = self.entry.is_some_and(|entry| entry.outer.is_some());
        match (self.item, rest) {
            (Item::None, _) if inline => Verdict::Fine,
            (Item::None, []) => match Fault::verdict(
                "item-outside-loop",
                "`item` has no value here: there is no loop",
            ) {
                Verdict::Fault(fault) => Verdict::Fault(Fault {
                    lenient: true,
                    ..fault
                }),
                other => other,
            },
            (Item::None, _) => Fault::verdict(
                "item-outside-loop",
                "`item` has no value here: there is no loop",
            ),
            (_, []) | (Item::Open, _) => Verdict::Fine,
            (Item::Plain, [key, ..]) => Fault::verdict(
                "unknown-item-key",
                format!("the items of this loop are no maps: they have no `{key}`"),
            ),
            (Item::Keys(keys), _) => {
                let key = rest.join(".");
                if keys.contains(&key) || keys.iter().any(|k| k == rest[0]) {
                    return Verdict::Fine;
                }
                let reason = format!("no item of this loop has `{key}`");
                Fault::near(
                    "unknown-item-key",
                    reason,
                    "item.",
                    &key,
                    keys.iter().map(String::as_str),
                )
            }
        }
    }

    fn pod(&self, rest: &[&str]) -> Verdict {
        let parent = self
            .template()
            .is_some_and(|t| !t.steps.is_empty() || t.dag.is_some());
        match rest {
            ["name"] if parent && self.place == Place::Call => Fault::verdict(
                "pod-outside-pod",
                "`pod.name` has no value here: a steps or dag template has no pod",
            ),
            ["name"] | [] => Verdict::Fine,
            _ => Fault::near(
                "unknown-variable",
                format!("there is no `pod.{}`", rest.join(".")),
                "pod.",
                rest[0],
                ["name"].into_iter(),
            ),
        }
    }
}
