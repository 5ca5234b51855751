//! Mutexes and semaphores.

use crate::origin::At;
use crate::planner::Planner;
use tiphys_spec::Synchronization;

impl Planner<'_> {
    pub(crate) fn check_locks(&mut self, at: At<'_>, synchronization: &Synchronization) {
        let list = at.key("mutexes");
        for (index, mutex) in synchronization.mutexes.iter().enumerate() {
            if mutex.name.is_empty() {
                self.report(
                    list.index(index)
                        .error("lock-name", "the mutex has no name"),
                );
            }
        }
        let list = at.key("semaphores");
        for (index, semaphore) in synchronization.semaphores.iter().enumerate() {
            let at = list.index(index);
            match (&semaphore.config_map_key_ref, &semaphore.database) {
                (Some(_), Some(_)) => {
                    self.report(at.key("database").key_error(
                        "lock-name",
                        "a semaphore has either configMapKeyRef or database",
                    ));
                }
                (None, None) => {
                    let fault =
                        at.error("lock-name", "the semaphore says nowhere what its limit is");
                    self.report(fault.help("give it configMapKeyRef or database"));
                }
                (Some(key), None) => {
                    let at = at.key("configMapKeyRef");
                    if key.name.is_empty() {
                        self.report(
                            at.error("lock-name", "configMapKeyRef needs the name of a ConfigMap"),
                        );
                    }
                    if key.key.is_empty() {
                        self.report(at.error("lock-name", "configMapKeyRef needs a key"));
                    }
                }
                (None, Some(database)) => {
                    if database.key.as_deref().is_none_or(str::is_empty) {
                        self.report(
                            at.key("database")
                                .error("lock-name", "a database semaphore needs a key"),
                        );
                    }
                }
            }
        }
    }
}
