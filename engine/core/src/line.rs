//! The line for locks: who gets what.
//!
//! Requests form one line. A request gets all of its locks or none. One that cannot have all yet keeps its place in the line of each:
//! nobody behind it overtakes, so it never starves; save who belongs to a run that holds what it waits for, because else both would
//! wait for ever.

use std::collections::{BTreeSet, HashMap, HashSet};

/// One request in the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asker {
    /// Whose it is: requests of one run may overtake for the run's own sake.
    pub run: String,
    pub holder: String,
    pub held: bool,
    /// Names, each with how many may hold it; none: nobody knows.
    pub locks: Vec<(String, Option<i64>)>,
}

/// Where a request stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// It has all that it asked for.
    Holds,
    /// It waits; `lock` is the first that it cannot have, `message` is for people.
    Waits { lock: String, message: String },
}

/// Grants what can be granted. The line has who goes first first: higher priority, then the older workflow, then who asked first.
pub fn settle<'a>(line: impl IntoIterator<Item = &'a Asker> + Clone) -> Vec<Place> {
    let mut hall = Hall::default();
    line.clone()
        .into_iter()
        .filter(|asker| asker.held)
        .for_each(|asker| hall.take(asker));
    let settle = |asker: &'a Asker| {
        if asker.held {
            return Place::Holds;
        }
        match hall.obstacle(asker) {
            Some((lock, message)) => {
                hall.reserve(asker);
                Place::Waits { lock, message }
            }
            None => {
                hall.take(asker);
                Place::Holds
            }
        }
    };
    line.into_iter().map(settle).collect()
}

/// What is taken and what is spoken for, as the line is walked.
#[derive(Default)]
struct Hall<'a> {
    taken: HashMap<&'a str, i64>,
    /// What each run holds.
    holds: HashSet<(&'a str, &'a str)>,
    /// For each lock, what those wait for who are in front.
    reserved: HashMap<&'a str, Vec<BTreeSet<&'a str>>>,
}

impl<'a> Hall<'a> {
    fn take(&mut self, asker: &'a Asker) {
        for (name, _) in &asker.locks {
            *self.taken.entry(name).or_default() += 1;
            self.holds.insert((&asker.run, name));
        }
    }

    fn reserve(&mut self, asker: &'a Asker) {
        // It waits for its own locks, and for all that those wait for who are in front of it.
        let mut awaited: BTreeSet<&str> =
            asker.locks.iter().map(|(name, _)| name.as_str()).collect();
        let in_front = asker
            .locks
            .iter()
            .filter_map(|(name, _)| self.reserved.get(name.as_str()));
        awaited.extend(in_front.flatten().flatten());
        for (name, _) in &asker.locks {
            let reserved = self.reserved.entry(name).or_default();
            if !reserved.contains(&awaited) {
                reserved.push(awaited.clone());
            }
        }
    }

    /// The first lock that a request cannot have, and what to say about it.
    fn obstacle(&self, asker: &Asker) -> Option<(String, String)> {
        asker.locks.iter().find_map(|(name, capacity)| {
            let Some(capacity) = capacity else {
                let message = format!("Waiting for {name} lock. Its limit is not known: give its ConfigMap beside the workflow");
                return Some((name.clone(), message));
            };
            let free = (capacity - self.taken.get(name.as_str()).copied().unwrap_or(0)).max(0);
            let holds_one_of = |awaited: &BTreeSet<&str>| {
                awaited.iter().any(|name| self.holds.contains(&(asker.run.as_str(), *name)))
            };
            let behind = self.reserved.get(name.as_str()).is_some_and(|reserved| !reserved.iter().all(holds_one_of));
            (free == 0 || behind).then(|| (name.clone(), format!("Waiting for {name} lock. Lock status: {free}/{capacity}")))
        })
    }
}
