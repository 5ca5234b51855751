//! The blocks of a file: workflows, libraries, crons, and objects of any kind.

use tiphys_spec::source::Style;
use tiphys_spec::{API_VERSION, Node};

use super::{Head, Lower, OURS, all_words, path_of};
use crate::build;
use crate::fault::did_you_mean;
use crate::grammar::{self, Rule};
use crate::names::{Globals, Scope, Signature};
use crate::outline::{Block, Statement, TEMPLATES, TOP};
use crate::words::{self, Body};

/// An object under construction.
struct Parts {
    object: Node,
    /// Where a workflow's fields go.
    spec: Vec<&'static str>,
    cron: bool,
}

impl<'a> Lower<'a, '_> {
    /// The objects of a file, in the order of the text.
    pub fn file(&mut self, file: &Block) -> Vec<Node> {
        file.statements
            .iter()
            .filter_map(|statement| self.top(statement))
            .collect()
    }

    fn top(&mut self, statement: &Statement) -> Option<Node> {
        let head = self.head(statement);
        if !TOP.contains(&head.word) {
            let mut help = did_you_mean(head.word, TOP.into_iter().chain(TEMPLATES));
            if TEMPLATES.contains(&head.word) {
                help = "templates stand in a `workflow`, `library` or `cron`".to_owned();
            }
            if help.is_empty() {
                help = "a file holds `workflow`, `library`, `cluster library`, `cron` and `object` blocks".to_owned();
            }
            let shown = head.text.split_whitespace().next().unwrap_or("{");
            let range = head.base
                ..head.base
                    + if head.word.is_empty() {
                        1
                    } else {
                        head.word.len()
                    };
            self.faults.error(
                "unknown-block",
                range,
                format!("`{shown}` begins no block"),
                help,
            );
            return None;
        }
        let Some(block) = &statement.block else {
            if !statement.broken {
                let end = head.base + head.text.len();
                self.faults.error(
                    "no-block",
                    head.base..end,
                    format!("this {} has no block", head.word),
                    "write `{ … }` behind it",
                );
            }
            return None;
        };
        let mut globals = Globals::default();
        if head.word == "object" {
            return Some(self.any_object(statement, head, block, &globals));
        }
        let span = self.whole(statement);
        let mut parts = Parts {
            object: build::map(span),
            spec: vec!["spec"],
            cron: head.word == "cron",
        };
        if parts.cron {
            parts.spec = vec!["spec", "workflowSpec"];
        }
        if !statement.broken {
            self.top_head(head, &mut parts, &mut globals);
        } else {
            globals.parameters.clear();
        }
        self.header(head, &mut parts);
        self.body(block, &mut parts, &mut globals);
        Some(parts.object)
    }

    fn header(&mut self, head: Head<'_>, parts: &mut Parts) {
        let kind = match head.word {
            "workflow" => "Workflow",
            "library" => "WorkflowTemplate",
            "cluster" => "ClusterWorkflowTemplate",
            _ => "CronWorkflow",
        };
        let span = self.span(head.word_range());
        for (key, value) in [("apiVersion", API_VERSION), ("kind", kind)] {
            let value = build::text(span, Style::Plain, value);
            self.put(&mut parts.object, &[key], head.word_range(), value);
        }
    }

    fn top_head(&mut self, head: Head<'a>, parts: &mut Parts, globals: &mut Globals) {
        let rule = match head.word {
            "workflow" => Rule::workflow_statement,
            "cron" => Rule::cron_statement,
            _ => Rule::library_statement,
        };
        let Some(pairs) = self.read(rule, head) else {
            return;
        };
        let mut generated = head.word == "workflow";
        let mut signature = Signature::default();
        for part in pairs {
            let at = grammar::range(&part, head.base);
            match part.as_rule() {
                Rule::named => generated = false,
                Rule::name => {
                    let (name, at) = self.name(&part, head.base);
                    let (field, name) = if generated {
                        ("generateName", format!("{name}-"))
                    } else {
                        ("name", name)
                    };
                    let value = build::text(self.span(at.clone()), Style::Plain, name);
                    self.put(&mut parts.object, &["metadata", field], at, value);
                }
                Rule::parameters => {
                    let scope_globals = Globals::default();
                    let inputs = self.inputs(
                        &part,
                        head.base,
                        &Scope::global(&scope_globals),
                        &mut signature,
                    );
                    let spec: Vec<&str> = parts.spec.iter().copied().chain(["arguments"]).collect();
                    let span = self.span(at.clone());
                    for (kind, items) in [
                        ("parameters", inputs.parameters),
                        ("artifacts", inputs.artifacts),
                    ] {
                        if !items.is_empty() {
                            let path: Vec<&str> = spec.iter().copied().chain([kind]).collect();
                            self.put(
                                &mut parts.object,
                                &path,
                                at.clone(),
                                build::seq(span, items),
                            );
                        }
                    }
                }
                Rule::schedule => {
                    for text in part.into_inner() {
                        let scope_globals = Globals::default();
                        let text = self.text_node(&text, head.base, &Scope::global(&scope_globals));
                        let items = build::seq(text.span, vec![text]);
                        self.put(&mut parts.object, &["spec", "schedules"], at.clone(), items);
                    }
                }
                Rule::zone => {
                    for text in part.into_inner() {
                        let scope_globals = Globals::default();
                        let text = self.text_node(&text, head.base, &Scope::global(&scope_globals));
                        self.put(&mut parts.object, &["spec", "timezone"], at.clone(), text);
                    }
                }
                _ => {}
            }
        }
        self.open_globals(globals, signature);
    }

    fn any_object(
        &mut self,
        statement: &Statement,
        head: Head<'a>,
        block: &Block,
        globals: &Globals,
    ) -> Node {
        if head.text != "object" {
            self.faults.error(
                "syntax",
                head.range(),
                "expected `{` right after `object`",
                "the name stands under `metadata`",
            );
        }
        let mut object = build::map(self.whole(statement));
        self.fields_into(block, &Scope::global(globals), &mut object);
        object
    }

    fn body(&mut self, block: &Block, parts: &mut Parts, globals: &mut Globals) {
        let is_library = parts
            .object
            .get("kind")
            .and_then(Node::scalar)
            .is_some_and(|kind| kind.value.contains("Template"));
        let mut templates = Vec::new();
        for statement in &block.statements {
            let word = self.head(statement).word;
            if TEMPLATES.contains(&word) && statement.block.is_some()
                || word == "suspend" && self.is_template(statement)
            {
                let written = self.template_head(statement, globals);
                if let Some(name) = &written.name {
                    globals
                        .templates
                        .insert(name.clone(), written.signature.clone());
                }
                templates.push((statement, written));
            }
        }
        let names: Vec<String> = templates
            .iter()
            .filter_map(|(_, written)| written.name.clone())
            .collect();
        let mut entry = None;
        let mut own = templates.iter().map(|(template, _)| *template).peekable();
        for statement in &block.statements {
            if own
                .next_if(|template| std::ptr::eq(*template, statement))
                .is_some()
            {
                continue;
            }
            self.top_statement(statement, parts, globals, &mut entry);
        }
        let spec = parts.spec.clone();
        let at = block
            .open
            .map_or(0, |open| self.tokens[open].start as usize);
        if entry.is_none() && !is_library && !self.has(&parts.object, &spec, "entrypoint") {
            let first = names.iter().find(|name| *name == "main").or(names.first());
            if let Some(first) = first {
                let at = templates
                    .iter()
                    .find(|(_, written)| written.name.as_ref() == Some(first))
                    .map_or(at..at + 1, |(_, written)| written.name_at.clone());
                let value = build::text(self.span(at.clone()), Style::Plain, first.clone());
                let path: Vec<&str> = spec.iter().copied().chain(["entrypoint"]).collect();
                self.put(&mut parts.object, &path, at, value);
            }
        }
        let mut nodes = Vec::new();
        for (statement, written) in templates {
            nodes.push(self.template(statement, written, globals));
        }
        if !nodes.is_empty() {
            let path: Vec<&str> = spec.iter().copied().chain(["templates"]).collect();
            let span = self.block_span(block);
            self.put(
                &mut parts.object,
                &path,
                at..at + 1,
                build::seq(span, nodes),
            );
        }
    }

    fn has(&self, object: &Node, path: &[&str], field: &str) -> bool {
        let found = path.iter().try_fold(object, |node, key| node.get(key));
        found.is_some_and(|node| node.get(field).is_some())
    }

    /// `suspend NAME` without a block; `suspend true` is a field of a workflow.
    fn is_template(&self, statement: &Statement) -> bool {
        let head = self.head(statement);
        statement.head.len() > 1
            && !matches!(head.text.split_whitespace().nth(1), Some("true" | "false"))
    }

    fn top_statement(
        &mut self,
        statement: &Statement,
        parts: &mut Parts,
        globals: &Globals,
        entry: &mut Option<()>,
    ) {
        if statement.broken {
            return;
        }
        let scope = Scope::global(globals);
        let head = self.head(statement);
        if head.word == "entry" && head.text.split_whitespace().nth(1) == Some("none") {
            *entry = Some(());
            return;
        }
        let spec = parts.spec.clone();
        let mut inner = build::map(self.span(head.range()));
        let handled = match head.word {
            "volume" => {
                self.volume(statement, &scope, &mut inner);
                true
            }
            "claim" => {
                self.claim(statement, &scope, &mut inner);
                true
            }
            "hook" => {
                self.hooks(statement, &scope, &mut inner);
                true
            }
            "use" => {
                self.uses(head, &scope, &mut inner);
                self.no_block(statement, "`use`");
                true
            }
            "retry" => {
                self.retry(statement, &scope, &mut inner);
                true
            }
            "raw" => {
                if let Some(block) = &statement.block {
                    self.fields_into(block, &scope, &mut inner);
                }
                true
            }
            _ => self.shared_statement(statement, &scope, &mut inner),
        };
        if handled {
            self.merge_at(&mut parts.object, &spec, inner);
            return;
        }
        self.top_field(statement, head, parts, &scope);
    }

    fn top_field(
        &mut self,
        statement: &Statement,
        head: Head<'a>,
        parts: &mut Parts,
        scope: &Scope<'_>,
    ) {
        let tables: &[words::Words] = if parts.cron {
            &[words::METADATA, words::CRON, words::SPEC]
        } else {
            &[words::METADATA, words::SPEC]
        };
        let Some((field, at, value)) = self.any_field(statement, head, scope, tables, "a workflow")
        else {
            return;
        };
        let in_metadata = path_of(words::METADATA, head.word).filter(|_| !head.word.ends_with(':'));
        let spec = parts.spec.clone();
        let object = &mut parts.object;
        if let Some(path) = in_metadata {
            let path: Vec<&str> = std::iter::once("metadata").chain(path).collect();
            return self.put(object, &path, at, texts(value));
        }
        if field[0].starts_with(OURS) {
            let path = ["metadata", "labels", &field[0]];
            return self.put(object, &path, at, texts(value));
        }
        if words::OBJECT_FIELDS.contains(&field[0].as_str())
            || matches!(field[0].as_str(), "name" | "generateName")
        {
            let path = if field[0].ends_with("ame") {
                vec!["metadata", &field[0]]
            } else {
                vec![field[0].as_str()]
            };
            return self.put(object, &path, at, value);
        }
        let value = if field[0] == "concurrencyPolicy" {
            capitalised(value)
        } else {
            value
        };
        let cron = parts.cron && words::CRON_FIELDS.contains(&field[0].as_str());
        let outer: &[&str] = if cron { &["spec"] } else { &spec };
        let path: Vec<&str> = outer
            .iter()
            .copied()
            .chain(field.iter().map(String::as_str))
            .collect();
        self.put(object, &path, at, value);
    }

    /// `key: value`, `word value` or `key { … }` as a path and a value.
    pub fn any_field(
        &mut self,
        statement: &Statement,
        head: Head<'a>,
        scope: &Scope<'_>,
        tables: &[words::Words],
        place: &str,
    ) -> Option<(Vec<String>, std::ops::Range<usize>, Node)> {
        let is_entry = statement.block.is_none()
            && (head.word.contains(':')
                || self
                    .token(statement, 1)
                    .is_some_and(|token| token.text(self.text).starts_with(':')));
        if is_entry {
            let (key, at, value) = self.entry_of(statement, scope)?;
            return Some((vec![key], at, value));
        }
        let word = head.word.trim_end_matches(':');
        let known = tables.iter().find_map(|table| path_of(table, word));
        let looks_like_field = !word.is_empty()
            && word
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !looks_like_field {
            let shown: String = head.text.chars().take(30).collect();
            self.faults.error(
                "syntax",
                head.range(),
                format!("`{shown}` is no statement of {place}"),
                "a field is `name: value`",
            );
            return None;
        }
        let value = self.word_value(statement, scope)?;
        let path = match known {
            Some(path) => path.into_iter().map(str::to_owned).collect(),
            None => {
                let field = words::camel(word);
                let near =
                    did_you_mean(word, all_words(tables).into_iter().chain(words::STATEMENTS));
                // A word alone, or with a value, that nothing knows is more likely a slip than a field.
                if !near.is_empty()
                    && !word.contains(char::is_uppercase)
                    && !self.is_field(&field, place)
                {
                    self.faults.error(
                        "unknown-statement",
                        head.word_range(),
                        format!("`{word}` is no statement of {place}"),
                        near,
                    );
                    return None;
                }
                vec![field]
            }
        };
        Some((path, head.word_range(), value))
    }

    fn is_field(&self, field: &str, place: &str) -> bool {
        words::TEMPLATE_FIELDS.contains(&field)
            || words::CRON_FIELDS.contains(&field)
            || words::OBJECT_FIELDS.contains(&field)
            || Body::named(place.rsplit(' ').next().unwrap_or_default())
                .is_some_and(|body| body.owns(field))
    }

    pub fn merge_at(&mut self, object: &mut Node, path: &[&str], map: Node) {
        if let tiphys_spec::NodeKind::Map(entries) = map.kind {
            for entry in entries {
                let at = entry.key_span.range();
                let full: Vec<&str> = path.iter().copied().chain([&*entry.key]).collect();
                self.put(object, &full, at, entry.value);
            }
        }
    }

    /// `claim NAME 1Gi`: a volume that is made for each run.
    fn claim(&mut self, statement: &Statement, scope: &Scope<'_>, into: &mut Node) {
        let head = self.head(statement);
        let Some(parts) = self.read(Rule::claim_statement, head) else {
            return;
        };
        let parts: Vec<_> = parts.collect();
        let span = self.whole(statement);
        let mut claim = build::map(span);
        let modes = match parts.get(2).filter(|part| part.as_rule() == Rule::kind) {
            Some(mode) => build::text(
                self.span(grammar::range(mode, head.base)),
                Style::Plain,
                mode.as_str(),
            ),
            None => build::text(span, Style::Plain, "ReadWriteOnce"),
        };
        for (part, path) in parts.iter().zip([
            &["metadata", "name"][..],
            &["spec", "resources", "requests", "storage"],
        ]) {
            let value = self.text_node(part, head.base, scope);
            self.put(&mut claim, path, grammar::range(part, head.base), value);
        }
        let modes = build::seq(span, vec![modes]);
        self.put(
            &mut claim,
            &["spec", "accessModes"],
            head.word_range(),
            modes,
        );
        if let Some(block) = &statement.block {
            self.fields_into(block, scope, &mut claim);
        }
        self.put(
            into,
            &["volumeClaimTemplates"],
            head.word_range(),
            build::seq(span, vec![claim]),
        );
    }

    /// `use NAME(argument: value)`: the templates of a library.
    fn uses(&mut self, head: Head<'a>, scope: &Scope<'_>, into: &mut Node) {
        let Some(parts) = self.read(Rule::use_statement, head) else {
            return;
        };
        for part in parts {
            let at = grammar::range(&part, head.base);
            match part.as_rule() {
                Rule::cluster => {
                    let value = build::plain(self.span(at.clone()), "true");
                    self.put(into, &["workflowTemplateRef", "clusterScope"], at, value);
                }
                Rule::name => {
                    let name = self.name_node(&part, head.base);
                    self.put(into, &["workflowTemplateRef", "name"], at, name);
                }
                Rule::arguments => {
                    self.arguments(&part, head, scope, None, into);
                }
                _ => {}
            }
        }
    }

    /// Statements that workflows and templates share: locks and metrics.
    pub fn shared_statement(
        &mut self,
        statement: &Statement,
        scope: &Scope<'_>,
        into: &mut Node,
    ) -> bool {
        let head = self.head(statement);
        if !matches!(head.word, "mutex" | "semaphore") {
            let metric = matches!(head.word, "counter" | "gauge" | "histogram");
            return metric && self.metric(statement, scope, into);
        }
        let span = self.whole(statement);
        let mut item = build::map(span);
        match head.word {
            "mutex" => {
                for name in self.texts(head, scope, 1).unwrap_or_default() {
                    self.put(&mut item, &["name"], head.word_range(), name);
                }
            }
            _ => {
                let texts = self.texts(head, scope, 1).unwrap_or_default();
                let keys: &[&str] = match texts.len() {
                    2 => &["name", "key"],
                    0 if statement.block.is_some() => &[],
                    _ => {
                        self.faults.error(
                            "syntax",
                            head.range(),
                            "expected a ConfigMap and a key",
                            "`semaphore CONFIGMAP KEY`",
                        );
                        return true;
                    }
                };
                for (key, text) in keys.iter().zip(texts) {
                    self.put(
                        &mut item,
                        &["configMapKeyRef", key],
                        head.word_range(),
                        text,
                    );
                }
            }
        }
        if let Some(block) = &statement.block {
            self.fields_into(block, scope, &mut item);
        }
        let field = if head.word == "mutex" {
            "mutexes"
        } else {
            "semaphores"
        };
        self.put(
            into,
            &["synchronization", field],
            head.word_range(),
            build::seq(span, vec![item]),
        );
        true
    }

    fn metric(&mut self, statement: &Statement, scope: &Scope<'_>, into: &mut Node) -> bool {
        let head = self.head(statement);
        let Some(parts) = self.read(Rule::metric_statement, head) else {
            return true;
        };
        let kind = head.word;
        let mut item = build::map(self.whole(statement));
        let mut paths = [vec!["name"], vec![kind, "value"], vec!["help"]].into_iter();
        for part in parts {
            if matches!(part.as_rule(), Rule::EOI | Rule::metric_kind) {
                continue;
            }
            if let Some(path) = paths.next() {
                let at = grammar::range(&part, head.base);
                let value = self.text_node(&part, head.base, scope);
                self.put(&mut item, &path, at, value);
            }
        }
        let mut rest = build::map(item.span);
        if let Some(block) = &statement.block {
            for field in block.statements.iter().filter(|field| !field.broken) {
                self.metric_field(field, kind, scope, &mut rest);
            }
        }
        self.merge(&mut item, rest);
        let items = build::seq(item.span, vec![item]);
        self.put(into, &["metrics", "prometheus"], head.word_range(), items);
        true
    }

    fn metric_field(
        &mut self,
        statement: &Statement,
        kind: &str,
        scope: &Scope<'_>,
        into: &mut Node,
    ) {
        let head = self.head(statement);
        let (word, at) = (head.word, head.word_range());
        if word == "labels"
            && let Some(block) = &statement.block
        {
            let mut items = Vec::new();
            for label in &block.statements {
                let line = self.head(label);
                if let Some((name, at, value)) = self.entry(line, scope) {
                    let mut item = build::map(self.span(line.range()));
                    let name = build::text(self.span(at.clone()), Style::Plain, name);
                    self.put(&mut item, &["key"], at.clone(), name);
                    self.put(&mut item, &["value"], at, texts(value));
                    items.push(item);
                }
            }
            let items = build::seq(self.whole(statement), items);
            return self.put(into, &["labels"], at, items);
        }
        if word == "when" {
            if let Some(texts) = self.texts(head, scope, 1) {
                texts
                    .into_iter()
                    .for_each(|text| self.put(into, &["when"], at.clone(), text));
            }
            return;
        }
        let found = self.any_field(statement, head, scope, &[], "a metric");
        if let Some((field, at, value)) = found {
            let path: Vec<&str> = match field[0].as_str() {
                "realtime" | "operation" | "buckets" => vec![kind, &field[0]],
                other => vec![other],
            };
            self.put(into, &path, at, value);
        }
    }
}

/// Labels and annotations are text even where they look like numbers.
pub(crate) fn texts(mut node: Node) -> Node {
    match &mut node.kind {
        tiphys_spec::NodeKind::Scalar(scalar) if scalar.style == Style::Plain => {
            scalar.tag = Some(tiphys_spec::source::CoreTag::Str);
        }
        tiphys_spec::NodeKind::Map(entries) => {
            for entry in entries {
                let value = std::mem::replace(&mut entry.value, build::map(entry.key_span));
                entry.value = texts(value);
            }
        }
        _ => {}
    }
    node
}

fn capitalised(node: Node) -> Node {
    let Some(scalar) = node.scalar() else {
        return node;
    };
    build::text(
        node.span,
        scalar.style,
        words::camel(&format!("-{}", scalar.value)),
    )
}
