//! `tiphys cp`: the artifacts of a run, copied out of the repository.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use tiphys_spec::{Artifact, NodeStatus};

use crate::args::{Copy, Global};
use crate::failure::{Exit, Failure, Outcome};
use crate::printer::Printer;
use crate::{artifact, files, object, runs};

pub fn run(args: &Copy, global: &Global, printer: &Printer) -> Outcome {
    let home = runs::home(global)?;
    let folder = runs::find(&home, &args.name)?;
    let workflow = object::of_run(&folder)?;
    let namespace = workflow.metadata.namespace.clone().unwrap_or_default();
    let mut count = 0;
    for node in workflow
        .status
        .iter()
        .flat_map(|status| status.nodes.values())
        .filter(|node| wanted(node, args))
    {
        for artifact in node.outputs.iter().flat_map(|outputs| &outputs.artifacts) {
            if args
                .artifact_name
                .as_ref()
                .is_some_and(|name| *name != artifact.name)
            {
                continue;
            }
            let Some(key) = artifact::key(artifact) else {
                printer.warning(format_args!(
                    "`{}` of {} is not on this machine",
                    artifact.name, node.display_name
                ));
                continue;
            };
            let from = home.artifacts().join(key);
            let to = destination(args, &namespace, folder.name(), node, artifact, key);
            copy(&from, &to).map_err(|error| {
                Failure::new(format!(
                    "copy {} to {}: {}",
                    from.display(),
                    to.display(),
                    files::reason(&error)
                ))
            })?;
            printer.line(format_args!("{}", to.display()));
            count += 1;
        }
    }
    if count == 0 {
        return Err(Failure::new(format!(
            "copy artifacts of `{}`: it has none that match",
            folder.name()
        ))
        .hint("`tiphys get NAME -o wide` shows artifacts"));
    }
    Ok(Exit::Done)
}

fn wanted(node: &NodeStatus, args: &Copy) -> bool {
    args.node_id.as_ref().is_none_or(|id| *id == node.id)
        && args
            .template_name
            .as_ref()
            .is_none_or(|name| node.template_name.as_ref() == Some(name))
}

/// Inside the folder that the user named, whatever the names in it hold.
fn destination(
    args: &Copy,
    namespace: &str,
    workflow: &str,
    node: &NodeStatus,
    artifact: &Artifact,
    key: &str,
) -> PathBuf {
    let path =
        args.path
            .replacen("{namespace}", namespace, 1)
            .replacen("{workflowName}", workflow, 1);
    let path = path.replacen("{nodeId}", &node.id, 1).replacen(
        "{templateName}",
        node.template_name.as_deref().unwrap_or_default(),
        1,
    );
    let path = path.replacen("{artifactName}", &artifact.name, 1);
    let inside: PathBuf = Path::new(&path)
        .components()
        .filter(|part| matches!(part, Component::Normal(_)))
        .collect();
    args.folder.join(inside).join(
        key.rsplit('/')
            .find(|part| !part.is_empty())
            .unwrap_or("artifact"),
    )
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if !from.is_dir() {
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        return fs::copy(from, to).map(drop);
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}
