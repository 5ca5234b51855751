//! `tiphys logs`: what the containers of a run wrote.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use regex::Regex;
use tiphys_cluster::verbs::Asked;
use tiphys_local::{Log, RunFolder};
use tiphys_spec::{NodeStatus, NodeType, Workflow};

use crate::args::{Global, Logs};
use crate::failure::{Exit, Failure, Outcome};
use crate::logs::{Tail, prefix, visible, writes};
use crate::printer::Printer;
use crate::runs::{Place, PodLogs, Run};
use crate::tree;

pub fn run(args: &Logs, global: &Global, printer: &Printer) -> Outcome {
    let run = Place::of(global)?.find(&args.name)?;
    print(&run, args, printer)
}

/// Prints the logs of a run that was found.
pub fn print(run: &Run, args: &Logs, printer: &Printer) -> Outcome {
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
    let source = match run {
        Run::Here(folder) => Source::Files(folder, HashMap::new()),
        Run::There(there) => {
            let asked = Asked {
                tail: args.tail.and_then(|tail| i64::try_from(tail).ok()),
                since,
                follow: args.follow,
            };
            Source::Pods(PodLogs::new(there, asked, args.container.as_deref()))
        }
    };
    let mut reader = Reader {
        args,
        name: run.name(),
        printer,
        grep,
        since,
        found: false,
    };
    reader.read(run, source)?;
    if !reader.found && args.node.is_some() {
        let node = args.node.as_deref().unwrap_or_default();
        return Err(
            Failure::new(format!("find logs of `{node}` in {}", run.name()))
                .hint(format!("`tiphys get {}` shows its nodes", run.name())),
        );
    }
    Ok(Exit::Done)
}

/// Where lines come from.
enum Source<'a> {
    /// Files of this machine, each with how far it was read.
    Files(&'a RunFolder, HashMap<PathBuf, Tail>),
    Pods(PodLogs),
}

struct Reader<'a> {
    args: &'a Logs,
    name: &'a str,
    printer: &'a Printer,
    grep: Option<Regex>,
    since: Option<Timestamp>,
    /// A node that was asked for exists.
    found: bool,
}

impl Reader<'_> {
    /// Prints what there is, and what comes until the run has ended if that is asked for.
    fn read(&mut self, run: &Run, mut source: Source<'_>) -> Result<(), Failure> {
        loop {
            let workflow = run.workflow()?;
            let phase = workflow.status.as_ref().and_then(|status| status.phase);
            let ended = phase.unwrap_or_default().completed() || run.interrupted();
            let last = ended || !self.args.follow;
            self.pass(&workflow, &mut source, last)?;
            if last || self.printer.closed() {
                break;
            }
            run.pause(Duration::from_millis(200))?;
        }
        if let Source::Pods(logs) = &mut source {
            let ended = logs.finish();
            self.lines(logs);
            for pod in &logs.gone {
                self.printer
                    .note(format_args!("pod {pod} is gone, and its log with it"));
            }
            return ended;
        }
        Ok(())
    }

    /// Prints what has come since the last pass.
    fn pass(
        &mut self,
        workflow: &Workflow,
        source: &mut Source<'_>,
        last: bool,
    ) -> Result<(), Failure> {
        let Some(status) = &workflow.status else {
            return Ok(());
        };
        let nodes = tree::in_order(self.name, &status.nodes);
        let pods: Vec<&NodeStatus> = nodes
            .into_iter()
            .filter(|node| writes(node) && self.wanted(node))
            .collect();
        self.found |= !pods.is_empty();
        match source {
            Source::Files(folder, tails) => {
                for node in pods {
                    for log in folder.logs(&node.id) {
                        self.log(node, &log, tails, last);
                    }
                }
            }
            Source::Pods(logs) => {
                // Calls of plug-ins have no pod: their controller has their log.
                let pods: Vec<&NodeStatus> = pods
                    .into_iter()
                    .filter(|node| node.r#type == Some(NodeType::Pod))
                    .collect();
                logs.look(&pods, last)?;
                self.lines(logs);
            }
        }
        Ok(())
    }

    /// Prints the lines of pods that have come.
    fn lines(&self, logs: &mut PodLogs) {
        for line in logs.lines() {
            let text = visible(&line.text);
            if self.grep.as_ref().is_some_and(|grep| !grep.is_match(&text)) {
                continue;
            }
            let head = self.head(&line.pod, &line.container);
            let time = self.time(line.at);
            self.printer.line(format_args!("{head}{time}{text}"));
        }
    }

    fn wanted(&self, node: &NodeStatus) -> bool {
        let Some(wanted) = self.args.node.as_deref() else {
            return true;
        };
        let name = self.name;
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

    fn log(&self, node: &NodeStatus, log: &Log, tails: &mut HashMap<PathBuf, Tail>, all: bool) {
        let wanted = self.args.container.as_deref().unwrap_or("main");
        if log.container != wanted
            && (self.args.container.is_some() || log.container.starts_with("init"))
        {
            return;
        }
        let first = !tails.contains_key(&log.path);
        let mut lines: VecDeque<String> = tails
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
        let head = self.head(&tree::pod_name(self.name, node), &log.container);
        let time = self.time(written);
        for line in lines {
            self.printer.line(format_args!("{head}{time}{line}"));
        }
    }

    /// What stands before each line of a container.
    fn head(&self, pod: &str, container: &str) -> String {
        if self.args.no_prefix {
            String::new()
        } else {
            prefix(pod, container) + ": "
        }
    }

    fn time(&self, written: Option<Timestamp>) -> String {
        let shown = written.filter(|_| self.args.timestamps);
        shown.map_or_else(String::new, |time| format!("{time:.3} "))
    }
}

/// When a log was last written to.
fn written(path: &std::path::Path) -> Option<Timestamp> {
    Timestamp::try_from(std::fs::metadata(path).ok()?.modified().ok()?).ok()
}
