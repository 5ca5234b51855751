//! A container set: containers of one pod, each of which waits for those that it depends on.

use crate::container::convert;
use crate::manifest::PodError;
use crate::names::CONTAINERS;
use k8s_openapi::api::core::v1 as k8s;
use tiphys_executor::Step;
use tiphys_spec as spec;

/// A container, and what its executor has to know of the others.
pub(crate) struct Member {
    pub container: k8s::Container,
    pub step: Step,
}

/// The containers of a template, if it is a set: the one whose outputs are the node's comes first.
pub(crate) fn members(template: &spec::Template) -> Result<Option<Vec<Member>>, PodError> {
    let Some(set) = template.container_set.as_deref() else {
        return Ok(None);
    };
    let (retries, pause) =
        tiphys_core::container_retries(set).map_err(|reason| PodError::Unreadable {
            what: "container set".to_owned(),
            reason,
        })?;
    let pause = u32::try_from(pause.as_millis()).unwrap_or(u32::MAX);
    let member = |node: &spec::ContainerNode| {
        let mut container: k8s::Container = convert("containerSet", node)?;
        container
            .volume_mounts
            .get_or_insert_default()
            .extend(set.volume_mounts.iter().cloned());
        let step = Step {
            after: node.dependencies.iter().map(|name| mark(name)).collect(),
            mark: Some(mark(&node.name)),
            retries,
            pause,
            ..Step::default()
        };
        Ok(Member { container, step })
    };
    let mut members = set
        .containers
        .iter()
        .map(member)
        .collect::<Result<Vec<_>, PodError>>()?;
    members.sort_by_key(|member| member.container.name != "main");
    if let Some((first, others)) = members.split_first_mut() {
        let others = others.iter().filter_map(|other| other.step.mark.clone());
        first.step.until = others.collect();
    }
    if members.is_empty() {
        return Err(PodError::NoContainer(template.name.clone()));
    }
    Ok(Some(members))
}

fn mark(name: &str) -> String {
    format!("{CONTAINERS}/{name}/exitcode")
}

/// The container that a file is about.
pub(crate) fn marked(file: &str) -> Option<&str> {
    file.strip_prefix(CONTAINERS)?
        .strip_prefix('/')?
        .strip_suffix("/exitcode")
}
