//! Wire types to plan types, one part of a template per file. Every text is checked on its way.

mod body;
mod call;
mod dag;
mod inputs;
mod outputs;
mod policy;
mod steps;
mod target;
mod template;
mod workflow;

pub(crate) use call::Raw;
pub(crate) use inputs::located;
pub(crate) use workflow::Head;

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

/// The text of a number or a string.
pub(crate) fn written(value: &IntOrString) -> String {
    match value {
        IntOrString::Int(number) => number.to_string(),
        IntOrString::String(text) => text.clone(),
    }
}
