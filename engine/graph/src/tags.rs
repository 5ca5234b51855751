//! Texts, expressions and JSON trees: parsed, and every name in them looked up.

use crate::origin::{At, suggest};
use crate::planner::{AncestorQuery, Planner};
use crate::scope::{CHECKED, Fault, Names, Place, Verdict};
use std::ops::Range;
use tiphys_expr::{Program, Reference, SyntaxError, Tag, TagKind, Text, Tree};
use tiphys_spec::{Diagnostic, Path, Severity};

/// Codes of faults that make the reference engine wait for ever, in an expression too.
const FATAL: [&str; 5] = [
    "unknown-step",
    "unknown-task",
    "step-not-finished",
    "task-not-finished",
    "unknown-output",
];

impl Planner<'_> {
    /// Checks a name that could stand in a tag.
    pub(crate) fn name(&mut self, at: At<'_>, raw: &str, names: &Names<'_>) {
        let name = raw.trim();
        let start = raw.len() - raw.trim_start().len();
        self.simple(at, name, start..start + name.len(), names);
    }

    /// Parses a text and checks its tags.
    pub(crate) fn text(&mut self, at: At<'_>, raw: &str, names: &Names<'_>) -> Text {
        let text = Text::parse(raw);
        for tag in text.tags() {
            self.tag(at, raw, tag, names);
        }
        text
    }

    pub(crate) fn optional(
        &mut self,
        at: At<'_>,
        raw: Option<&str>,
        names: &Names<'_>,
    ) -> Option<Text> {
        raw.map(|raw| self.text(at, raw, names))
    }

    /// Parses a JSON value and checks its tags.
    pub(crate) fn tree(&mut self, at: At<'_>, json: &serde_json::Value, names: &Names<'_>) -> Tree {
        let tree = Tree::parse(json);
        if !tree.is_literal() {
            let base = at.path();
            for (pointer, tag) in tree.tags_with_paths() {
                let path = base.join(&path_of(json, &pointer));
                let raw = json
                    .pointer(&pointer)
                    .and_then(serde_json::Value::as_str)
                    .unwrap_or_default();
                self.tag(At::new(at.origin, &path), raw, tag, names);
            }
        }
        tree
    }

    /// Parses an expression that is a field of its own, without braces.
    pub(crate) fn program(&mut self, at: At<'_>, raw: &str, names: &Names<'_>) -> Option<Program> {
        match Program::parse(raw) {
            Ok(program) => {
                self.names_in(at, raw, &program, 0, names, Severity::Error);
                Some(program)
            }
            Err(error) => {
                self.report(syntax(at, raw, error.offset, Severity::Error, &error));
                None
            }
        }
    }

    fn tag(&mut self, at: At<'_>, raw: &str, tag: &Tag, names: &Names<'_>) {
        match &tag.kind {
            TagKind::Simple(name) => self.simple(at, name, tag.range.clone(), names),
            TagKind::Expression(parsed) => match parsed.as_ref() {
                Ok(program) => {
                    self.names_in(at, raw, program, tag.offset_of(0), names, Severity::Warning)
                }
                Err(error) => {
                    // The body of a template keeps what it cannot read.
                    let severity = if names.place == Place::Body {
                        Severity::Warning
                    } else {
                        Severity::Error
                    };
                    self.report(syntax(
                        at,
                        raw,
                        tag.offset_of(error.offset),
                        severity,
                        error,
                    ));
                }
            },
        }
    }

    fn simple(&mut self, at: At<'_>, name: &str, range: Range<usize>, names: &Names<'_>) {
        if name.contains(['{', '}']) || (!name.contains('.') && name != "item") {
            return;
        }
        let path: Vec<&str> = name.split('.').collect();
        let within =
            |severity, code, reason: &str| at.within(range.clone(), severity, code, reason);
        match names.verdict(&path, true) {
            Verdict::Foreign => {
                let near = tiphys_spec::diagnostic::nearest(
                    path[0],
                    CHECKED.into_iter().chain(["node", "lastRetry"]),
                );
                if let Some(near) = near.filter(|near| *near != path[0]) {
                    let reason =
                        format!("`{name}` is no variable: it is left in the text as it stands");
                    let rest = &name[path[0].len()..];
                    self.report(
                        within(Severity::Warning, "unknown-variable", &reason)
                            .help(format!("did you mean `{near}{rest}`?")),
                    );
                }
            }
            Verdict::Fault(fault) => {
                let severity = if fault.lenient {
                    Severity::Warning
                } else {
                    Severity::Error
                };
                self.report(finish(within(severity, fault.code, &fault.reason), fault));
            }
            other => self.later(other, names, |severity, code, reason| {
                within(severity, code, reason)
            }),
        }
    }

    /// Checks the names and functions of an expression that starts at byte `start` of `raw`.
    fn names_in(
        &mut self,
        at: At<'_>,
        raw: &str,
        program: &Program,
        start: usize,
        names: &Names<'_>,
        functions: Severity,
    ) {
        for unknown in program.unknown_functions() {
            let range = clamp(raw, start + unknown.offset, unknown.name.len());
            let fault = at.within(
                range,
                functions,
                "unknown-function",
                format!("there is no function `{}`", unknown.name),
            );
            self.report(match &unknown.suggestion {
                Some(near) => fault.help(format!("did you mean `{near}`?")),
                None => fault,
            });
        }
        for reference in program.refs() {
            self.reference(at, raw, reference, start, names);
        }
    }

    fn reference(
        &mut self,
        at: At<'_>,
        raw: &str,
        reference: &Reference,
        start: usize,
        names: &Names<'_>,
    ) {
        let path: Vec<&str> = reference.path.iter().map(String::as_str).collect();
        let range = clamp(
            raw,
            start + reference.offset,
            path.iter()
                .map(|name| name.len() + 1)
                .sum::<usize>()
                .saturating_sub(1),
        );
        let within =
            |severity, code, reason: &str| at.within(range.clone(), severity, code, reason);
        match names.verdict(&path, false) {
            Verdict::Foreign => {
                let known = foreign(names.place);
                let root = path.first().copied().unwrap_or_default();
                if !known.contains(&root) {
                    let reason = format!("`{root}` is no variable");
                    let candidates = CHECKED.into_iter().chain(known.iter().copied());
                    self.report(suggest(
                        within(Severity::Warning, "unknown-variable", &reason),
                        root,
                        candidates,
                    ));
                }
            }
            Verdict::Fault(fault) => {
                let fatal = FATAL.contains(&fault.code) && !reference.guarded;
                let severity = if fatal {
                    Severity::Error
                } else {
                    Severity::Warning
                };
                self.report(finish(within(severity, fault.code, &fault.reason), fault));
            }
            other => self.later(other, names, |severity, code, reason| {
                within(severity, code, reason)
            }),
        }
    }

    /// Keeps a question that only the whole graph can answer.
    fn later(
        &mut self,
        verdict: Verdict,
        names: &Names<'_>,
        fault: impl Fn(Severity, &'static str, &str) -> Diagnostic,
    ) {
        match verdict {
            // The usual case needs no question: the task is named as a dependency.
            Verdict::Ancestor { asking, asked } if !self.direct.contains(&(asking, asked)) => {
                self.ancestors.push(AncestorQuery {
                    asking,
                    asked,
                    fault: fault(
                        Severity::Error,
                        "task-not-finished",
                        "the task is not waited for",
                    ),
                });
            }
            Verdict::Published { kind, name } => {
                let reason =
                    format!("no template publishes an output {kind} `{name}` (globalName)");
                self.published.push((
                    kind,
                    name,
                    fault(Severity::Error, "unknown-global-output", &reason),
                ));
            }
            Verdict::AfterEnd => {
                if let Some(entry) = names.entry {
                    let reason = "`workflow.status` and `workflow.failures` have their values when the workflow has ended";
                    self.after_end.push((
                        entry.id,
                        fault(Severity::Warning, "workflow-not-ended", reason),
                    ));
                }
            }
            _ => {}
        }
    }
}

fn finish(diagnostic: Diagnostic, fault: Fault) -> Diagnostic {
    match fault.help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}

fn syntax(
    at: At<'_>,
    raw: &str,
    offset: usize,
    severity: Severity,
    error: &SyntaxError,
) -> Diagnostic {
    let message = format!("the expression cannot be read: {}", error.message);
    let fault = at.within(
        clamp(raw, offset, 1),
        severity,
        "expression-syntax",
        message,
    );
    match &error.suggestion {
        Some(near) => fault.help(format!("did you mean `{near}`?")),
        None => fault,
    }
}

/// Variables beside our roots.
fn foreign(place: Place) -> &'static [&'static str] {
    match place {
        Place::Metric => &[
            "duration",
            "status",
            "exitCode",
            "resourcesDuration",
            "retries",
            "lastRetry",
            "node",
        ],
        Place::Plugin => &[
            "request",
            "response",
            "data",
            "retries",
            "lastRetry",
            "node",
        ],
        Place::Workflow => &["workflow"],
        Place::Body | Place::Call | Place::Retry => &["retries", "lastRetry", "node"],
    }
}

/// `length` bytes from `start`, as far as the text has them.
pub(crate) fn clamp(raw: &str, start: usize, length: usize) -> Range<usize> {
    let boundary = |mut at: usize| {
        at = at.min(raw.len());
        while !raw.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = boundary(start);
    start..boundary(start.saturating_add(length)).max(start)
}

/// A JSON pointer as a path: whether a part is a key or an index shows in the value.
pub(crate) fn path_of(json: &serde_json::Value, pointer: &str) -> Path {
    let mut path = Path::root();
    let mut value = Some(json);
    for part in pointer.split('/').skip(1) {
        let part = part.replace("~1", "/").replace("~0", "~");
        match (value, part.parse::<usize>()) {
            (Some(serde_json::Value::Array(items)), Ok(index)) => {
                path = path.index(index);
                value = items.get(index);
            }
            (current, _) => {
                path = path.key(&part);
                value = current.and_then(|value| value.get(&part));
            }
        }
    }
    path
}
