//! Retries, memoization and locks.

use super::written;
use crate::origin::At;
use crate::plan::{Backoff, HookExpression, Lock, Memoize, Retry, RetryPolicy};
use crate::planner::Planner;
use crate::scope::{Names, Place};
use tiphys_expr::{Text, duration};
use tiphys_spec as spec;

impl Planner<'_> {
    pub(crate) fn retry(
        &mut self,
        at: At<'_>,
        retry: &spec::RetryStrategy,
        names: &Names<'_>,
    ) -> Option<Retry> {
        let names = Names {
            place: Place::Retry,
            ..*names
        };
        let expression = retry
            .expression
            .as_deref()
            .and_then(|e| self.condition(at.key("expression"), e, &names));
        let policy = match retry.retry_policy.as_deref() {
            Some("Always") => RetryPolicy::Always,
            Some("OnError") => RetryPolicy::OnError,
            Some("OnTransientError") => RetryPolicy::OnTransientError,
            None | Some("") if retry.expression.is_some() => RetryPolicy::Always,
            _ => RetryPolicy::OnFailure,
        };
        let backoff = retry.backoff.as_ref().and_then(|backoff| {
            let at = at.key("backoff");
            Some(Backoff {
                duration: self.text(at.key("duration"), backoff.duration.as_deref()?, &names),
                factor: backoff
                    .factor
                    .as_ref()
                    .map(|factor| self.text(at.key("factor"), &written(factor), &names)),
                cap: self.optional(at.key("cap"), backoff.cap.as_deref(), &names),
                max_duration: self.optional(
                    at.key("maxDuration"),
                    backoff.max_duration.as_deref(),
                    &names,
                ),
            })
        });
        let limit = retry
            .limit
            .as_ref()
            .map(|limit| self.text(at.key("limit"), &written(limit), &names));
        Some(Retry {
            limit,
            policy,
            backoff,
            expression,
        })
    }

    /// An expression whose tags are replaced before it is evaluated.
    pub(crate) fn condition(
        &mut self,
        at: At<'_>,
        raw: &str,
        names: &Names<'_>,
    ) -> Option<HookExpression> {
        if Text::parse(raw).is_literal() {
            return self.program(at, raw, names).map(HookExpression::Parsed);
        }
        Some(HookExpression::Tagged(self.text(at, raw, names)))
    }

    pub(crate) fn memoize(
        &mut self,
        at: At<'_>,
        memoize: &spec::Memoize,
        names: &Names<'_>,
    ) -> Option<Memoize> {
        let cache = memoize.cache.as_ref()?.config_map.as_ref()?;
        Some(Memoize {
            key: self.text(at.key("key"), memoize.key.as_deref()?, names),
            cache: self.text(
                at.key("cache").key("configMap").key("name"),
                &cache.name,
                names,
            ),
            max_age: memoize
                .max_age
                .as_deref()
                .filter(|age| !age.is_empty())
                .and_then(|age| duration::parse(age).ok()),
        })
    }

    pub(crate) fn locks(
        &mut self,
        at: At<'_>,
        synchronization: &spec::Synchronization,
        names: &Names<'_>,
    ) -> Vec<Lock> {
        let mut locks = Vec::new();
        let list = at.key("mutexes");
        for (index, mutex) in synchronization.mutexes.iter().enumerate() {
            let at = list.index(index);
            locks.push(Lock::Mutex {
                name: self.text(at.key("name"), &mutex.name, names),
                namespace: self.optional(at.key("namespace"), mutex.namespace.as_deref(), names),
                database: mutex.database == Some(true),
            });
        }
        let list = at.key("semaphores");
        for (index, semaphore) in synchronization.semaphores.iter().enumerate() {
            let at = list.index(index);
            let namespace =
                self.optional(at.key("namespace"), semaphore.namespace.as_deref(), names);
            if let Some(key) = &semaphore.config_map_key_ref {
                let at = at.key("configMapKeyRef");
                let name = self.text(at.key("name"), &key.name, names);
                locks.push(Lock::ConfigMap {
                    name,
                    key: self.text(at.key("key"), &key.key, names),
                    namespace,
                });
            } else if let Some(key) = semaphore
                .database
                .as_ref()
                .and_then(|database| database.key.as_deref())
            {
                let key = self.text(at.key("database").key("key"), key, names);
                locks.push(Lock::Database { key, namespace });
            }
        }
        locks
    }
}
