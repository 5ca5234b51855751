//! From a workflow to a plan: template and reference resolution, merges, static checks.
//!
//! [`plan`] makes a [`plan::Plan`] of a workflow and tells every fault that it finds; [`check`] tells the faults of any object
//! of a file. What is not here, and must not come: a clock, randomness, the environment, files, sockets, threads. It knows
//! nothing of runs or backends. Cost grows with the size of the workflow: no pass looks at pairs of tasks.
//!
//! A place that a fault points at is a path inside its object and, where the object was read from a text, the bytes of the
//! value or key; for a tag or an expression the bytes inside the scalar. Severities: an error keeps a workflow from running, a
//! warning is something that runs and does not do what it says, an info is worth knowing.
//!
//! | code | what is wrong |
//! |---|---|
//! | `argument-value` | an argument without a value |
//! | `artifact-location` | a driver without what it needs |
//! | `artifact-mode` | a file mode beyond 0777 |
//! | `artifact-path` | an artifact's path is missing, misplaced, or leads out of its directory |
//! | `backoff-duration` | a backoff without duration |
//! | `continue-on-with-depends` | `continueOn` in a dag that uses `depends` |
//! | `cycle` | tasks or containers that wait for one another |
//! | `depends-loop` | AnySucceeded or AllFailed of a task without loop |
//! | `depends-syntax` | a `depends` that cannot be read |
//! | `duplicate-name` | two of one name |
//! | `duration` | a duration that is none, or negative |
//! | `empty-container-set` | a container set without containers |
//! | `empty-dag` | a dag without tasks |
//! | `entrypoint-tag` | an entrypoint with tags |
//! | `enum` | a value that is none of the choices (warning: of the choices of the input it is for) |
//! | `event-selector` | an event binding without selector |
//! | `event-template` | an event binding that submits nothing |
//! | `expression-syntax` | an expression that cannot be read (warning in the body of a template, which keeps it) |
//! | `hook-expression` | a hook other than `exit` without expression |
//! | `http-url` | an http template without url |
//! | `inline-too-deep` | inline templates nested without end |
//! | `input-from` | an input artifact that says where it comes from |
//! | `input-outside-template` | `inputs.` outside of templates |
//! | `item-outside-loop` | `item` without a loop (warning for the bare word, which stays in the text) |
//! | `label-expression` | `labelsFrom` without expression |
//! | `lock-name` | a mutex or semaphore that names nothing |
//! | `loop-list` | a `withParam` that is no list |
//! | `manifest-syntax` | a manifest that is no YAML (warning where tags may mend it) |
//! | `memoize-cache` | memoization without a cache |
//! | `memoize-key` | memoization without a key, or with one that cannot be |
//! | `metric-buckets` | a histogram without buckets |
//! | `metric-help` | a metric without help |
//! | `metric-kind` | a metric that is not exactly one of counter, gauge, histogram |
//! | `metric-label` | a label that Prometheus refuses |
//! | `metric-name` | a name that Prometheus refuses |
//! | `metric-realtime` | a realtime gauge of what is known only at the end |
//! | `metric-value` | a metric without a value, or with one that is no number |
//! | `misplaced-field` | a timeout on steps or dag, a parallelism on anything else |
//! | `missing-argument` | an input without a value (warning for lint where the workflow's arguments may bring it) |
//! | `mixed-depends` | `depends` and `dependencies` in one dag |
//! | `mount-path` | a mount without path, or two things at one path |
//! | `name` | a name that cannot be |
//! | `no-body` | a template that does nothing |
//! | `no-entrypoint` | a workflow without entrypoint |
//! | `no-image` | a container without image |
//! | `no-main` | a container set with outputs or input artifacts and no `main` |
//! | `no-manifest` | a resource template without manifest |
//! | `no-name` | something without a name |
//! | `no-schedule` | a CronWorkflow without schedule |
//! | `no-source` | a script without source (warning) |
//! | `no-template` | a call that names no template |
//! | `no-workflow-spec` | a CronWorkflow without workflowSpec |
//! | `number` | a number that is none, or below its least |
//! | `output-source` | an output from nowhere, or from where its kind of template has none |
//! | `plugin-body` | a fault that the plug-in's own check finds |
//! | `plugin-keys` | a `plugin` without exactly one key |
//! | `pod-outside-pod` | `pod.name` in steps or dag |
//! | `reserved-name` | a container's name that the engine needs |
//! | `resource-action` | a resource template without action |
//! | `schedule` | a schedule that is none |
//! | `self-dependency` | a task that depends on itself |
//! | `sequence-ends` | a sequence with both or none of count and end |
//! | `sequence-format` | a format that does not print one whole number |
//! | `sequence-number` | a bound that is no whole number (warning: a count below zero) |
//! | `step-not-finished` | a reference to a later step or one of the same group |
//! | `stop-expression` | a stopStrategy without expression |
//! | `task-name-digit` | a task that waits and whose name starts with a digit |
//! | `task-not-finished` | a reference to a task that is not waited for |
//! | `template-ref-name` | a templateRef without name |
//! | `template-ref-template` | a templateRef without template |
//! | `templates-with-ref` | templates beside workflowTemplateRef |
//! | `timezone` | a time zone that does not exist |
//! | `two-bodies` | a template that does more than one thing |
//! | `two-locations` | an artifact in two places |
//! | `two-loops` | more than one of withItems, withParam, withSequence |
//! | `two-manifests` | manifest and manifestFrom |
//! | `two-sources` | more than one source of a value or artifact |
//! | `two-templates` | more than one of template, templateRef, inline |
//! | `unknown-argument` | an argument for an input that does not exist (warning) |
//! | `unknown-container` | a dependency on a container that does not exist |
//! | `unknown-entrypoint` | an entrypoint that does not exist |
//! | `unknown-function` | a function that does not exist (warning in a tag, which stays in the text) |
//! | `unknown-global-output` | a global output that no template publishes |
//! | `unknown-input-artifact` | a reference to an input artifact that does not exist |
//! | `unknown-input-parameter` | a reference to an input parameter that does not exist |
//! | `unknown-item-key` | a field that no item of the loop has |
//! | `unknown-kind` | a kind that no plug-in provides |
//! | `unknown-output` | an output, result or field that a step or task does not have |
//! | `unknown-own-output` | a reference to an own output that does not exist (warning: it stays in the text) |
//! | `unknown-step` | a reference to a step that does not exist |
//! | `unknown-target` | a target that does not exist |
//! | `unknown-task` | a task that does not exist |
//! | `unknown-template` | a template that does not exist |
//! | `unknown-variable` | a variable that does not exist (warning where it stays in the text) |
//! | `unknown-volume` | a mount of a volume that does not exist (info for shared templates) |
//! | `unknown-workflow-parameter` | a reference to a workflow parameter that does not exist |
//! | `unknown-workflow-template` | a shared template that was not given (info for lint with an open library) |
//! | `unneeded-task` | a task that no target needs (warning) |
//! | `unused-template` | a template that nothing calls (info) |
//! | `when-syntax` | a condition that cannot be read |
//! | `word` | a word that is none of the few that a field takes |
//! | `workflow-not-ended` | `workflow.status` or `workflow.failures` before the end (warning) |

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod capture;
mod check;
mod checks;
mod effective;
mod globals;
mod library;
mod lower;
mod merge;
mod origin;
pub mod plan;
mod planner;
mod reach;
mod registry;
mod scope;
mod tags;

pub use check::{check, check_value};
pub use library::{KindFault, Kinds, Library, NoKinds, Shared, UnknownKind};
pub use origin::Origin;
pub use planner::{Planned, Purpose, plan};
