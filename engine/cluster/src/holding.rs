//! Which locks a workflow has and waits for, as they are on record in it (`status.synchronization`).

use serde_json::Value;
use std::collections::BTreeMap;
use tiphys_core::LockRequest;
use tiphys_spec as spec;

/// The locks of a workflow.
#[derive(Default)]
pub(crate) struct Holding {
    holders: BTreeMap<String, Held>,
}

struct Held {
    /// Names, each with whether it is a mutex.
    locks: Vec<(String, bool)>,
    has: bool,
    /// Before this controller began.
    before: bool,
}

impl Holding {
    pub(crate) fn of(object: &Value) -> Holding {
        let mut holding = Holding::default();
        let status: spec::SynchronizationStatus =
            serde_json::from_value(object["status"]["synchronization"].clone()).unwrap_or_default();
        let mut add = |holder: &str, lock: &str, mutex: bool| {
            let held = holding.holders.entry(holder.to_owned()).or_insert(Held {
                locks: Vec::new(),
                has: true,
                before: true,
            });
            held.locks.push((lock.to_owned(), mutex));
        };
        for of in status.mutex.iter().flat_map(|status| &status.holding) {
            if let (Some(holder), Some(lock)) = (&of.holder, &of.mutex) {
                add(holder, lock, true);
            }
        }
        for of in status.semaphore.iter().flat_map(|status| &status.holding) {
            for holder in &of.holders {
                add(holder, of.semaphore.as_deref().unwrap_or_default(), false);
            }
        }
        holding
    }

    pub(crate) fn ask(&mut self, request: &LockRequest) {
        let locks = || {
            let locks = request.locks.iter();
            locks.map(|lock| (lock.name.clone(), lock.mutex)).collect()
        };
        let held = self.holders.entry(request.holder.clone());
        held.or_insert_with(|| Held {
            locks: locks(),
            has: false,
            before: false,
        });
    }

    pub(crate) fn got(&mut self, holder: &str) {
        if let Some(held) = self.holders.get_mut(holder) {
            held.has = true;
        }
    }

    pub(crate) fn forget(&mut self, holder: &str) {
        self.holders.remove(holder);
    }

    pub(crate) fn held(&self, holder: &str) -> bool {
        self.holders.get(holder).is_some_and(|held| held.before)
    }

    /// `status.synchronization`; none where there is nothing to say.
    pub(crate) fn status(&self) -> Option<Value> {
        let mut status = spec::SynchronizationStatus::default();
        for (holder, held) in &self.holders {
            for (lock, mutex) in &held.locks {
                if *mutex {
                    let of = status.mutex.get_or_insert_default();
                    let list = if held.has {
                        &mut of.holding
                    } else {
                        &mut of.waiting
                    };
                    list.push(spec::MutexHolding {
                        holder: Some(holder.clone()),
                        mutex: Some(lock.clone()),
                    });
                    continue;
                }
                let of = status.semaphore.get_or_insert_default();
                let list = if held.has {
                    &mut of.holding
                } else {
                    &mut of.waiting
                };
                match list
                    .iter_mut()
                    .find(|of| of.semaphore.as_ref() == Some(lock))
                {
                    Some(of) => of.holders.push(holder.clone()),
                    None => list.push(spec::SemaphoreHolding {
                        holders: vec![holder.clone()],
                        semaphore: Some(lock.clone()),
                    }),
                }
            }
        }
        (!self.holders.is_empty()).then(|| serde_json::to_value(status).unwrap_or_default())
    }
}
