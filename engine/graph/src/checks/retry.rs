//! Retries, and what is remembered of earlier runs.

use super::limits::Units;
use super::words;
use crate::origin::At;
use crate::planner::Planner;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use tiphys_spec::{Memoize, RetryStrategy};

impl Planner<'_> {
    pub(crate) fn check_retry(&mut self, at: At<'_>, retry: &RetryStrategy) {
        self.check_number(at, "limit", retry.limit.as_ref(), 0);
        self.diagnostics.extend(words::check(
            at,
            "retryPolicy",
            retry.retry_policy.as_deref(),
            words::RETRY_POLICY,
        ));
        let Some(backoff) = &retry.backoff else {
            return;
        };
        let at = at.key("backoff");
        if backoff.duration.as_deref().is_none_or(str::is_empty) {
            self.report(
                at.error("backoff-duration", "backoff needs a duration")
                    .help("say how long the first wait is, such as duration: 10s"),
            );
        }
        self.check_duration(at, "duration", backoff.duration.as_deref(), Units::Seconds);
        self.check_duration(
            at,
            "maxDuration",
            backoff.max_duration.as_deref(),
            Units::Seconds,
        );
        self.check_duration(at, "cap", backoff.cap.as_deref(), Units::Seconds);
        // An empty factor is none.
        let factor = backoff
            .factor
            .as_ref()
            .filter(|factor| !matches!(factor, IntOrString::String(text) if text.is_empty()));
        self.check_number(at, "factor", factor, 0);
    }

    pub(crate) fn check_memoize(&mut self, at: At<'_>, memoize: &Memoize) {
        let key = memoize.key.as_deref().unwrap_or_default();
        let fine = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if key.is_empty() {
            self.report(at.error("memoize-key", "memoize needs a key"));
        } else if !key.contains("{{") && (!key.chars().all(fine) || key.starts_with('-')) {
            let reason = format!(
                "`{key}` is no key: it may hold letters, digits and `-`, and starts with a letter or a digit"
            );
            self.report(at.key("key").error("memoize-key", reason));
        }
        let cache = memoize
            .cache
            .as_ref()
            .and_then(|cache| cache.config_map.as_ref());
        if cache.is_none_or(|map| map.name.is_empty()) {
            let fault = at.key("cache").error(
                "memoize-cache",
                "memoize needs a cache: the name of a ConfigMap",
            );
            self.report(fault.help("set cache.configMap.name"));
        }
        self.check_duration(at, "maxAge", memoize.max_age.as_deref(), Units::Required);
    }
}
