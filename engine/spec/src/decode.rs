//! A tree to a type, with every fault in it and not only the first.
//!
//! The decoder is a serde `Deserializer` over [`Node`]. What it can judge itself (unknown fields, wrong types) it reports
//! and passes over, handing on an empty value; what only the type can judge (its own `Deserialize` refuses) ends the pass.
//! Either way the value is pruned and the tree is decoded again without it, so that the result holds nothing made up, and
//! faults further down are found as well.
//!
//! Strictness is that of Argo's client: unknown fields are errors, a number is no text and `"30"` is no number; fields
//! typed as `AnyString`, `IntOrString`, `Quantity` take either. `null` is the same as absent. `yes` and its like, booleans
//! to Argo, are taken as written where text is wanted, with a warning.

mod access;
mod fault;
mod value;
mod zero;

use std::cell::{Cell, RefCell};

use rustc_hash::FxHashSet;
use serde::de::DeserializeOwned;

use crate::diagnostic::{Diagnostic, Span, nearest};
use crate::path::Path;
use crate::source::{Entry, Node, Source};
use fault::{Fault, brief};
use value::{Trail, Value};

/// Faults told of in one object.
const MAX_FAULTS: usize = 200;
/// Values looked at in all passes over one object together, so that a huge file full of faults ends in time.
const MAX_WORK: usize = 4_000_000;

/// Decodes `node`, an object of its own: paths in the diagnostics start there. None when nothing usable is left.
pub fn decode<T: DeserializeOwned>(
    node: &Node,
    source: &Source,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<T> {
    let state = State::new(source, node);
    let value = state.run();
    if state.more.get() {
        let message = format!(
            "there are more faults than the {} given",
            state.faults.borrow().len()
        );
        let told = Diagnostic::error("too-many-faults", &source.name, message);
        state
            .faults
            .borrow_mut()
            .push(told.at(Span::at(node.span.end)));
    }
    diagnostics.append(&mut state.faults.into_inner());
    value
}

/// What one decoding knows across its passes. Nodes and entries are known by their address, which is theirs alone.
struct State<'n> {
    source: &'n Source,
    root: &'n Node,
    faults: RefCell<Vec<Diagnostic>>,
    reported: RefCell<FxHashSet<usize>>,
    pruned: RefCell<FxHashSet<usize>>,
    seen: Cell<usize>,
    /// Some faults were left out.
    more: Cell<bool>,
}

fn address<T>(of: &T) -> usize {
    std::ptr::from_ref(of) as usize
}

impl<'n> State<'n> {
    fn new(source: &'n Source, root: &'n Node) -> State<'n> {
        State {
            source,
            root,
            faults: RefCell::default(),
            reported: RefCell::default(),
            pruned: RefCell::default(),
            seen: Cell::new(0),
            more: Cell::new(false),
        }
    }

    fn run<T: DeserializeOwned>(&self) -> Option<T> {
        loop {
            let before = self.pruned.borrow().len();
            let root = Value {
                state: self,
                node: self.root,
                trail: &Trail::Root,
            };
            match T::deserialize(root) {
                Ok(value) if self.pruned.borrow().len() == before => return Some(value),
                Ok(_) => {}
                Err(fault) => self.refuse(*fault.0)?,
            }
            if self.is_pruned(self.root) {
                return None;
            }
            if self.seen.get() > MAX_WORK {
                self.more.set(true);
            }
            if self.more.get() {
                return None;
            }
        }
    }

    fn is_pruned(&self, node: &Node) -> bool {
        let pruned = self.pruned.borrow();
        !pruned.is_empty() && pruned.contains(&address(node))
    }

    fn prune(&self, node: &Node) {
        self.pruned.borrow_mut().insert(address(node));
    }

    /// Reports a fault of `of` (a node or an entry) once, whatever the number of passes.
    fn report<T>(&self, of: &T, diagnostic: impl FnOnce() -> Diagnostic) {
        if !self.reported.borrow_mut().insert(address(of)) {
            return;
        }
        if self.faults.borrow().len() < MAX_FAULTS {
            self.faults.borrow_mut().push(diagnostic());
        } else {
            self.more.set(true);
        }
    }

    /// Reports what a type refused, and prunes it: or, where it is pruned already, what holds it.
    fn refuse(&self, fault: Fault) -> Option<()> {
        let mut path = fault.path.clone().unwrap_or_default();
        let node = self.root.at(&path)?;
        if !self.is_pruned(node) && !fault.follows_from_pruning(node, self) {
            self.report(node, || fault.diagnostic(node, self.source));
        }
        loop {
            let node = self.root.at(&path)?;
            if !self.is_pruned(node) {
                self.prune(node);
                return Some(());
            }
            path.pop()?;
        }
    }

    fn unknown_field(&self, entry: &Entry, path: impl FnOnce() -> Path, fields: &[&str]) {
        self.report(entry, || {
            let message = format!("unknown field `{}`", brief(&entry.key));
            let fault = Diagnostic::error("unknown-field", &self.source.name, message)
                .at(entry.key_span)
                .path(path());
            match nearest(&entry.key, fields.iter().copied()) {
                Some(near) => fault.help(format!("did you mean `{near}`?")),
                None => fault,
            }
        });
    }
}
