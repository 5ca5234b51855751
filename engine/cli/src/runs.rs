//! Runs of this machine, past and present, found by what users call them.

use std::path::Path;

use jiff::Timestamp;
use tiphys_local::{Home, RunFolder, Summary};
use tiphys_spec::{NodePhase, NodeStatus, WorkflowPhase, diagnostic};

use crate::args::{Filter, Global, NodeFilter};
use crate::failure::Failure;

/// The newest run.
const LATEST: &str = "@latest";

/// The folder of runs.
pub fn home(global: &Global) -> Result<Home, Failure> {
    let given = global
        .home
        .clone()
        .or_else(|| Home::locate(|name| std::env::var_os(name)));
    let path = given.ok_or_else(|| {
        Failure::new("find a place for runs: HOME is not set")
            .hint("set HOME or TIPHYS_HOME, or give `--home`")
    })?;
    Home::open(Path::new(&path)).map_err(|error| {
        Failure::of(&error).hint("give a folder that can be written with `--home` or TIPHYS_HOME")
    })
}

/// The run of that name.
pub fn find(home: &Home, name: &str) -> Result<RunFolder, Failure> {
    if name == LATEST {
        let list = home.list().map_err(|error| Failure::of(&error))?;
        // Stored times may have lost their parts of a second.
        let newest = list
            .iter()
            .max_by_key(|run| (run.created.as_second(), run.started, run.created));
        let newest = newest.ok_or_else(|| {
            Failure::new("find the newest run: there is none")
                .hint("run a workflow with `tiphys run FILE`")
        })?;
        return home.run(&newest.name).map_err(|error| Failure::of(&error));
    }
    home.run(name).map_err(|error| {
        let failure = Failure::of(&error);
        let list = home.list().unwrap_or_default();
        match diagnostic::nearest(name, list.iter().map(|run| run.name.as_str())) {
            Some(near) => failure.hint(format!("did you mean `{near}`?")),
            None => failure.hint("`tiphys list` shows all runs"),
        }
    })
}

/// What waits in a run and why, told by the process that runs it. None where nobody runs it.
pub fn waiting(folder: &RunFolder, node: &str) -> Option<Vec<(String, String)>> {
    let mut reasons = folder.why(node).ok().flatten()?;
    // A node that waits for what hangs further down has nothing to say itself.
    reasons.retain(|(_, reason)| reason.trim() != "waits for");
    Some(reasons)
}

/// The runs that a filter means, newest first.
pub fn matching(home: &Home, filter: &Filter, now: Timestamp) -> Result<Vec<Summary>, Failure> {
    for phase in &filter.status {
        if !["Pending", "Running", "Succeeded", "Failed", "Error"]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(phase))
        {
            return Err(Failure::new(format!(
                "select runs by the phase `{phase}`: there is none of this name"
            ))
            .hint("phases are Pending, Running, Succeeded, Failed, Error"));
        }
    }
    let list = home.list().map_err(|error| Failure::of(&error))?;
    Ok(list
        .into_iter()
        .filter(|run| fits(home, run, filter, now))
        .collect())
}

fn fits(home: &Home, run: &Summary, filter: &Filter, now: Timestamp) -> bool {
    let phase = if run.phase == WorkflowPhase::Unknown {
        WorkflowPhase::Pending
    } else {
        run.phase
    };
    let completed = phase.completed();
    let young = |since| now.duration_since(run.created) <= since;
    let old = |older| {
        run.finished
            .is_some_and(|end| now.duration_since(end) >= older)
    };
    (!filter.running || !completed)
        && (!filter.completed || completed)
        && (filter.status.is_empty()
            || filter
                .status
                .iter()
                .any(|wanted| wanted.eq_ignore_ascii_case(phase.as_str())))
        && filter
            .prefix
            .as_ref()
            .is_none_or(|prefix| run.name.starts_with(prefix.as_str()))
        && filter.since.is_none_or(young)
        && filter.older.is_none_or(old)
        && (filter.selector.is_empty() || labelled(home, run, &filter.selector))
}

fn labelled(home: &Home, run: &Summary, wanted: &[(String, String)]) -> bool {
    let object = home
        .run(&run.name)
        .ok()
        .and_then(|folder| crate::object::of_run(&folder).ok());
    let labels = object
        .and_then(|object| object.metadata.labels)
        .unwrap_or_default();
    wanted
        .iter()
        .all(|(key, value)| labels.get(key) == Some(value))
}

/// Which nodes are shown.
pub fn node_filter(filter: &NodeFilter) -> Result<impl Fn(&NodeStatus) -> bool + use<>, Failure> {
    let selector = filter
        .node_field_selector
        .as_deref()
        .map(tiphys_core::Selector::parse)
        .transpose();
    let selector = selector
        .map_err(|reason| Failure::new(format!("read the node field selector: {reason}")))?;
    let phases = filter.status.clone();
    Ok(move |node: &NodeStatus| {
        let phase = node.phase.map_or("", NodePhase::as_str);
        selector
            .as_ref()
            .is_none_or(|selector| selector.matches(node))
            && (phases.is_empty()
                || phases
                    .iter()
                    .any(|wanted| wanted.eq_ignore_ascii_case(phase)))
    })
}
