//! `tiphys logs`: what the containers of a run wrote.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use regex::Regex;
use tiphys_local::{Log, RunFolder};
use tiphys_spec::{NodeStatus, Workflow};

use crate::args::{Global, Logs};
use crate::failure::{Exit, Failure, Outcome};
use crate::logs::{Tail, prefix, writes};
use crate::printer::Printer;
use crate::{object, runs, tree};

pub fn run(args: &Logs, global: &Global, printer: &Printer) -> Outcome {
    let home = runs::home(global)?;
    let folder = runs::find(&home, &args.name)?;
    let grep = args.grep.as_deref().map(Regex::new).transpose();
    let grep = grep.map_err(|error| {
        Failure::new(format!(
            "read the regular expression of --grep: {}",
            error.to_string().replace('\n', " ")
        ))
    })?;
    let since = args.since_time.or_else(|| {
        args.since
            .and_then(|since| Timestamp::now().checked_sub(since).ok())
    });
    let mut reader = Reader {
        args,
        folder: &folder,
        printer,
        grep,
        since,
        tails: HashMap::new(),
        found: false,
    };
    loop {
        let workflow = object::of_run(&folder)?;
        let ended = workflow
            .status
            .as_ref()
            .is_some_and(|status| status.phase.unwrap_or_default().completed())
            || !folder.alive();
        reader.pass(&workflow, ended || !args.follow);
        if ended || !args.follow || printer.closed() {
            break;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    if !reader.found && args.node.is_some() {
        let node = args.node.as_deref().unwrap_or_default();
        return Err(
            Failure::new(format!("find logs of `{node}` in {}", folder.name()))
                .hint(format!("`tiphys get {}` shows its nodes", folder.name())),
        );
    }
    Ok(Exit::Done)
}

struct Reader<'a> {
    args: &'a Logs,
    folder: &'a RunFolder,
    printer: &'a Printer,
    grep: Option<Regex>,
    since: Option<Timestamp>,
    tails: HashMap<PathBuf, Tail>,
    /// A node that was asked for exists.
    found: bool,
}

impl Reader<'_> {
    /// Prints what has come since the last pass.
    fn pass(&mut self, workflow: &Workflow, all: bool) {
        let Some(status) = &workflow.status else {
            return;
        };
        let nodes = tree::in_order(self.folder.name(), &status.nodes);
        let pods: Vec<&NodeStatus> = nodes
            .into_iter()
            .filter(|node| writes(node) && self.wanted(node))
            .collect();
        for node in pods {
            self.found = true;
            for log in self.folder.logs(&node.id) {
                self.log(node, &log, all);
            }
        }
    }

    fn wanted(&self, node: &NodeStatus) -> bool {
        let Some(wanted) = self.args.node.as_deref() else {
            return true;
        };
        let name = self.folder.name();
        // A node that holds others means those.
        let inside = |outer: &str| {
            node.name
                .strip_prefix(outer)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[', '(']))
        };
        [&node.name, &node.id, &node.display_name]
            .iter()
            .any(|own| *own == wanted)
            || tree::pod_name(name, node) == wanted
            || inside(wanted)
            || inside(&format!("{name}.{wanted}"))
            || inside(&format!("{name}{wanted}"))
            || node.name.split(['.', ']']).any(|part| part == wanted)
    }

    fn log(&mut self, node: &NodeStatus, log: &Log, all: bool) {
        let wanted = self.args.container.as_deref().unwrap_or("main");
        if log.container != wanted
            && (self.args.container.is_some() || log.container.starts_with("init"))
        {
            return;
        }
        let first = !self.tails.contains_key(&log.path);
        let mut lines: VecDeque<String> = self
            .tails
            .entry(log.path.clone())
            .or_default()
            .read(&log.path, all)
            .into();
        let written = written(&log.path);
        if first
            && self
                .since
                .zip(written)
                .is_some_and(|(since, written)| written < since)
        {
            return;
        }
        if let Some(grep) = &self.grep {
            lines.retain(|line| grep.is_match(line));
        }
        if let Some(tail) = self.args.tail.filter(|_| first) {
            lines.drain(..lines.len().saturating_sub(tail));
        }
        let head = if self.args.no_prefix {
            String::new()
        } else {
            prefix(&tree::pod_name(self.folder.name(), node), &log.container) + ": "
        };
        let time = self
            .args
            .timestamps
            .then_some(written)
            .flatten()
            .map(|time| format!("{time:.3} "))
            .unwrap_or_default();
        for line in lines {
            self.printer.line(format_args!("{head}{time}{line}"));
        }
    }
}

/// When a log was last written to.
fn written(path: &std::path::Path) -> Option<Timestamp> {
    Timestamp::try_from(std::fs::metadata(path).ok()?.modified().ok()?).ok()
}
