//! Runs, past and present, found by what users call them: those of this machine, or the workflows of a cluster.
//!
//! A command knows a [`Place`], and the [`Run`]s that it finds there; which of the two places it is, it need not know.

mod pods;
mod remote;

use std::cell::OnceCell;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use tiphys_cluster::verbs;
use tiphys_local::{Delivered, Home, Order, RunFolder, Summary};
use tiphys_spec::{NodePhase, NodeStatus, Workflow, WorkflowPhase, diagnostic};

use crate::args::{Filter, Global, NodeFilter};
use crate::failure::Failure;
use crate::{logs, object};
pub use pods::PodLogs;
pub use remote::{Elsewhere, Remote, There, failure};

/// The newest run.
const LATEST: &str = "@latest";

/// Where runs are.
pub enum Place {
    Here(Home),
    Cluster(Rc<Remote>),
}

/// One run, where it is.
pub enum Run {
    Here(RunFolder),
    There(There),
}

/// A whole Workflow object, as it is printed.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Whole {
    Typed(Box<Workflow>),
    /// As the API server has it, nodes unpacked.
    Raw(Value),
}

impl Place {
    /// Where the flags say that verbs act.
    pub fn of(global: &Global) -> Result<Place, Failure> {
        if remote::wanted(global) {
            return Place::of_cluster(global);
        }
        home(global).map(Place::Here)
    }

    pub fn of_cluster(global: &Global) -> Result<Place, Failure> {
        Remote::connect(global).map(Place::Cluster)
    }

    /// The run of that name.
    pub fn find(&self, name: &str) -> Result<Run, Failure> {
        match self {
            Place::Here(home) => find(home, name).map(Run::Here),
            Place::Cluster(remote) => remote.find(name).map(Run::There),
        }
    }

    /// The same; none if there is no such run.
    pub fn find_if_there(&self, name: &str) -> Result<Option<Run>, Failure> {
        match self {
            Place::Here(home) => Ok(find(home, name).ok().map(Run::Here)),
            Place::Cluster(remote) => Ok(remote.find_if_there(name)?.map(Run::There)),
        }
    }

    /// The runs that a filter means, newest first.
    pub fn matching(
        &self,
        filter: &Filter,
        all_namespaces: bool,
        now: Timestamp,
    ) -> Result<Vec<Entry>, Failure> {
        known_phases(filter)?;
        let all = match self {
            Place::Here(home) => {
                let list = home.list().map_err(|error| Failure::of(&error))?;
                let entry = |summary| Entry::new(summary, Origin::Folder(home.clone()));
                list.into_iter().map(entry).collect()
            }
            Place::Cluster(remote) => remote.list(filter, all_namespaces)?,
        };
        Ok(all
            .into_iter()
            .filter(|entry| fits(entry, filter, now))
            .collect())
    }
}

impl Run {
    pub fn name(&self) -> &str {
        match self {
            Run::Here(folder) => folder.name(),
            Run::There(there) => there.name(),
        }
    }

    /// Its object, as far as it has come.
    pub fn workflow(&self) -> Result<Workflow, Failure> {
        match self {
            Run::Here(folder) => object::of_run(folder),
            Run::There(there) => there.workflow(),
        }
    }

    /// Its object as it is printed.
    pub fn whole(&self) -> Result<Whole, Failure> {
        match self {
            Run::Here(folder) => Ok(Whole::Typed(Box::new(object::of_run(folder)?))),
            Run::There(there) => there.whole().map(Whole::Raw),
        }
    }

    pub fn phase(&self) -> Result<WorkflowPhase, Failure> {
        match self {
            Run::Here(folder) => Ok(folder.summary().map_err(|error| Failure::of(&error))?.phase),
            Run::There(there) => Ok(there.phase()),
        }
    }

    /// Lets time pass, until something may have changed.
    pub fn pause(&self, time: Duration) -> Result<(), Failure> {
        match self {
            Run::Here(_) => {
                std::thread::sleep(time);
                Ok(())
            }
            Run::There(there) => there.pause(time),
        }
    }

    /// The process that ran it is gone. Of a cluster that is known only where somebody asks [`Run::unattended`].
    pub fn interrupted(&self) -> bool {
        match self {
            Run::Here(folder) => !folder.alive(),
            Run::There(_) => false,
        }
    }

    /// Why nobody runs it, where that is so.
    pub fn unattended(&self) -> Option<String> {
        match self {
            Run::Here(folder) if folder.alive() => None,
            Run::Here(folder) => Some(format!(
                "nobody runs it: its process has ended; `tiphys resume {}` goes on with it",
                folder.name()
            )),
            Run::There(there) => there.unattended(),
        }
    }

    /// What waits in it and why, of all nodes or of one. None where nobody can tell.
    pub fn waiting(&self, node: &str) -> Option<Vec<(String, String)>> {
        match self {
            Run::Here(folder) => waiting(folder, node),
            Run::There(there) => there.waiting(node),
        }
    }

    /// The same, as far as it costs nothing: for what is drawn anew all the time. Records of a cluster say it themselves.
    pub fn waits(&self) -> Vec<(String, String)> {
        match self {
            Run::Here(folder) => waiting(folder, "").unwrap_or_default(),
            Run::There(_) => Vec::new(),
        }
    }

    /// The last lines of a node's main container.
    pub fn last_lines(&self, node: &NodeStatus, count: usize) -> Vec<String> {
        match self {
            Run::Here(folder) => logs::last(folder, &node.id, count),
            Run::There(there) => there.last_lines(node, count),
        }
    }

    pub fn order(&self, order: &Order) -> Result<Delivered, Failure> {
        match self {
            Run::Here(folder) => folder.order(order).map_err(|error| Failure::of(&error)),
            Run::There(there) => there.order(order).map(|()| Delivered::Taken),
        }
    }

    /// An error where it must not be deleted.
    pub fn removable(&self, force: bool) -> Result<(), Failure> {
        let Run::Here(folder) = self else {
            // Its controller ends what still runs of it.
            return Ok(());
        };
        let name = folder.name();
        if folder.alive() {
            return Err(Failure::new(format!("delete `{name}`: it is being run"))
                .hint(format!("stop it first: `tiphys stop {name}`")));
        }
        if !self.phase()?.completed() && !force {
            return Err(
                Failure::new(format!("delete `{name}`: it has not ended")).hint(format!(
                    "`tiphys resume {name}` goes on with it; `--force` deletes it all the same"
                )),
            );
        }
        Ok(())
    }

    pub fn delete(&self) -> Result<(), Failure> {
        match self {
            Run::Here(folder) => {
                let deleted = folder.home().delete(folder.name());
                deleted.map_err(|error| Failure::of(&error))
            }
            Run::There(there) => there.delete(),
        }
    }
}

/// A run in a list.
pub struct Entry {
    pub summary: Summary,
    origin: Origin,
    workflow: OnceCell<Option<Workflow>>,
}

enum Origin {
    Folder(Home),
    Object(Value),
}

impl Entry {
    fn new(summary: Summary, origin: Origin) -> Entry {
        Entry {
            summary,
            origin,
            workflow: OnceCell::new(),
        }
    }

    fn folder(&self) -> Option<RunFolder> {
        match &self.origin {
            Origin::Folder(home) => home.run(&self.summary.name).ok(),
            Origin::Object(_) => None,
        }
    }

    /// Its object; none if it cannot be read.
    pub fn workflow(&self) -> Option<&Workflow> {
        let read = || match &self.origin {
            Origin::Folder(_) => object::of_run(&self.folder()?).ok(),
            Origin::Object(object) => verbs::workflow(object).ok(),
        };
        self.workflow.get_or_init(read).as_ref()
    }

    /// Its object as it is printed.
    pub fn whole(&self) -> Result<Whole, Failure> {
        match &self.origin {
            Origin::Folder(home) => {
                let folder = home.run(&self.summary.name);
                let folder = folder.map_err(|error| Failure::of(&error))?;
                Ok(Whole::Typed(Box::new(object::of_run(&folder)?)))
            }
            Origin::Object(object) => verbs::readable(object).map(Whole::Raw).map_err(failure),
        }
    }

    /// The process that ran it is gone.
    pub fn interrupted(&self) -> bool {
        self.folder().is_some_and(|folder| !folder.alive())
    }
}

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
fn waiting(folder: &RunFolder, node: &str) -> Option<Vec<(String, String)>> {
    let mut reasons = folder.why(node).ok().flatten()?;
    // A node that waits for what hangs further down has nothing to say itself.
    reasons.retain(|(_, reason)| reason.trim() != "waits for");
    Some(reasons)
}

fn known_phases(filter: &Filter) -> Result<(), Failure> {
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
    Ok(())
}

fn fits(entry: &Entry, filter: &Filter, now: Timestamp) -> bool {
    let run = &entry.summary;
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
        && (filter.selector.is_empty() || labelled(entry, &filter.selector))
}

fn labelled(entry: &Entry, wanted: &[(String, String)]) -> bool {
    let labels = entry
        .workflow()
        .and_then(|object| object.metadata.labels.clone())
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
