//! Static checks, one family per file. Each looks at wire types in place and reports all it finds.

mod arguments;
mod call;
mod container_set;
mod cron;
mod dag;
mod event;
mod inputs;
mod kinds;
mod limits;
mod locks;
mod metrics;
mod mounts;
mod names;
mod outputs;
mod pod;
mod resource;
mod retry;
mod template;
mod words;
mod workflow;

pub(crate) use cron::check_schedules;
pub(crate) use event::check_binding;
