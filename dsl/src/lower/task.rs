//! Steps and tasks: calls, their arguments, and when they run.

use std::ops::Range;

use rustc_hash::{FxHashMap, FxHashSet};
use tiphys_spec::Node;
use tiphys_spec::source::Style;

use super::signature::json;
use super::{Head, Lower};
use crate::build;
use crate::expr::{self, Lowered};
use crate::fault::did_you_mean;
use crate::grammar::{self, Node as Pair, Rule};
use crate::names::{Scope, Signature};
use crate::outline::{Block, Statement};
use crate::scan::Kind;
use crate::types::Type;
use crate::words::Body;

/// A step or task under construction.
struct Task {
    node: Node,
    /// Tasks whose outputs it uses.
    used: Vec<String>,
    /// It says what it waits for.
    explicit: bool,
}

impl<'a> Lower<'a, '_> {
    /// The names of the steps or tasks in a block, with the templates they call.
    pub fn tasks_of(&self, block: &Block) -> FxHashMap<String, Option<String>> {
        let mut tasks = FxHashMap::default();
        for statement in &block.statements {
            if self.head(statement).word == "parallel" {
                if let Some(block) = &statement.block {
                    tasks.extend(self.tasks_of(block));
                }
            } else if self.is_task(statement) {
                let (name, template) = self.called(statement);
                tasks.insert(name, template);
            }
        }
        tasks
    }

    /// The names of those that run in a loop.
    pub fn loops_of(&self, block: &Block) -> FxHashSet<String> {
        let mut looped = FxHashSet::default();
        for statement in &block.statements {
            if self.head(statement).word == "parallel" {
                looped.extend(
                    statement
                        .block
                        .iter()
                        .flat_map(|block| self.loops_of(block)),
                );
                continue;
            }
            let says_for = |range: &Range<usize>| {
                self.tokens[range.clone()]
                    .iter()
                    .any(|token| token.text(self.text) == "for")
            };
            let block = statement.block.as_ref();
            if says_for(&statement.head)
                || block
                    .is_some_and(|block| block.statements.iter().any(|line| says_for(&line.head)))
            {
                looped.insert(self.called(statement).0);
            }
        }
        looped
    }

    /// `name = …` or `template(…)`.
    fn is_task(&self, statement: &Statement) -> bool {
        let (first, second) = (self.token(statement, 0), self.token(statement, 1));
        let (Some(first), Some(second)) = (first, second) else {
            return false;
        };
        if second.kind == Kind::Word && second.text(self.text) == "=" {
            return true;
        }
        let called = |a: &crate::scan::Token, b: &crate::scan::Token| {
            b.kind == Kind::Open(b'(') && a.end == b.start
        };
        let third = self.token(statement, 2);
        called(first, second)
            || first.text(self.text) == "cluster"
                && third.is_some_and(|third| called(second, third))
    }

    fn called(&self, statement: &Statement) -> (String, Option<String>) {
        let text = |index| {
            let token = self.token(statement, index);
            token.map_or("", |token| token.text(self.text).trim_matches(['"', '\'']))
        };
        let labelled = text(1) == "=";
        let target = if labelled { text(2) } else { text(0) };
        let calls = self
            .token(statement, if labelled { 3 } else { 1 })
            .is_some_and(|token| token.kind == Kind::Open(b'('));
        let template = (calls && !target.contains('/')).then(|| target.to_owned());
        let name = if labelled {
            text(0)
        } else if target == "cluster" && !calls {
            text(1).rsplit('/').next().unwrap_or_default()
        } else {
            target.rsplit('/').next().unwrap_or_default()
        };
        (name.to_owned(), template)
    }

    pub fn steps(
        &mut self,
        block: &Block,
        body: Body,
        scope: &Scope<'_>,
        inner: &mut Node,
        node: &mut Node,
    ) -> Vec<Node> {
        let mut groups = Vec::new();
        for statement in block
            .statements
            .iter()
            .filter(|statement| !statement.broken)
        {
            let head = self.head(statement);
            if head.text == "parallel" {
                let Some(block) = &statement.block else {
                    self.faults.error(
                        "no-block",
                        head.range(),
                        "this parallel has no block",
                        "write `parallel { … }`",
                    );
                    continue;
                };
                let group = block.statements.iter().filter(|step| !step.broken);
                let steps: Vec<Node> = group
                    .filter_map(|step| self.task(step, scope))
                    .map(|task| task.node)
                    .collect();
                groups.push(build::seq(self.whole(statement), steps));
            } else if self.is_task(statement) {
                let task = self.task(statement, scope);
                groups.extend(task.map(|task| build::seq(task.node.span, vec![task.node])));
            } else if self.may_be_call(statement) {
                self.no_brackets(head);
            } else if self.is_colon_call(statement) {
                self.colon_call(head);
            } else {
                self.template_statement(statement, body, scope, inner, node);
            }
        }
        groups
    }

    /// A word alone that no statement starts with.
    fn may_be_call(&self, statement: &Statement) -> bool {
        let head = self.head(statement);
        statement.head.len() == 1
            && statement.block.is_none()
            && !matches!(head.word, "daemon" | "fail-fast" | "raw" | "out" | "retry")
            && !head.word.contains(':')
    }

    /// `name: template(…)`
    fn is_colon_call(&self, statement: &Statement) -> bool {
        let ends = self
            .token(statement, 0)
            .is_some_and(|token| token.text(self.text).ends_with(':'));
        ends && self
            .token(statement, 2)
            .is_some_and(|token| token.kind == Kind::Open(b'('))
    }

    fn colon_call(&mut self, head: Head<'_>) {
        let name = head.word.trim_end_matches(':');
        let help = format!("a call with a name is `{name} = template()`");
        self.faults.error(
            "syntax",
            head.word_range(),
            "a colon gives a field its value, not a call its name",
            help,
        );
    }

    fn no_brackets(&mut self, head: Head<'_>) {
        let help = format!("a call is `{}()`", head.word);
        self.faults.error(
            "no-brackets",
            head.range(),
            format!("`{}` is no statement of steps or dag", head.word),
            help,
        );
    }

    pub fn dag(&mut self, block: &Block, scope: &Scope<'_>, inner: &mut Node, node: &mut Node) {
        let mut tasks = Vec::new();
        for statement in block
            .statements
            .iter()
            .filter(|statement| !statement.broken)
        {
            let head = self.head(statement);
            if head.word == "parallel" && statement.block.is_some() {
                self.faults.error(
                    "parallel-in-dag",
                    head.word_range(),
                    "a dag has no `parallel`",
                    "tasks of a dag run side by side unless one waits for another",
                );
            } else if self.is_task(statement) {
                tasks.extend(self.task(statement, scope));
            } else if self.may_be_call(statement) {
                self.no_brackets(head);
            } else if self.is_colon_call(statement) {
                self.colon_call(head);
            } else {
                self.template_statement(statement, Body::Dag, scope, inner, node);
            }
        }
        let listed = tasks
            .iter()
            .any(|task| task.node.get("dependencies").is_some());
        let span = self.block_span(block);
        let nodes = tasks
            .into_iter()
            .map(|task| self.implied(task, listed))
            .collect();
        let at = block
            .open
            .map_or(0, |open| self.tokens[open].start as usize);
        self.put(inner, &["tasks"], at..at + 1, build::seq(span, nodes));
    }

    /// Using an output is waiting for it.
    fn implied(&mut self, mut task: Task, listed: bool) -> Node {
        if task.explicit || task.used.is_empty() {
            return task.node;
        }
        let span = task.node.span;
        let at = span.start.offset as usize;
        if listed {
            let names = task
                .used
                .into_iter()
                .map(|name| build::text(span, Style::Plain, name))
                .collect();
            self.put(
                &mut task.node,
                &["dependencies"],
                at..at + 1,
                build::seq(span, names),
            );
        } else {
            let depends = build::text(span, Style::Plain, task.used.join(" && "));
            self.put(&mut task.node, &["depends"], at..at + 1, depends);
        }
        task.node
    }

    fn task(&mut self, statement: &Statement, scope: &Scope<'_>) -> Option<Task> {
        let head = self.head(statement);
        if !self.is_task(statement) {
            if head.word.is_empty() || statement.head.len() == 1 {
                self.no_brackets(head);
            } else {
                self.read(Rule::task_statement, head);
            }
            return None;
        }
        let mut task = Task {
            node: build::map(self.whole(statement)),
            used: Vec::new(),
            explicit: false,
        };
        let (_, template) = self.called(statement);
        let inline = template.is_none() && statement.block.is_some() && self.is_inline(statement);
        let pairs = self.read(
            if inline {
                Rule::inline_statement
            } else {
                Rule::task_statement
            },
            head,
        )?;
        let pairs: Vec<Pair<'a>> = pairs.collect();
        let scope = &self.looped(&pairs, statement, scope);
        for pair in &pairs {
            match pair.as_rule() {
                Rule::label => {
                    for name in pair.clone().into_inner() {
                        let value = self.name_node(&name, head.base);
                        self.put(
                            &mut task.node,
                            &["name"],
                            grammar::range(&name, head.base),
                            value,
                        );
                    }
                }
                Rule::kind => {
                    let image = pairs.iter().find(|part| part.as_rule() == Rule::image);
                    self.inline(statement, (pair, image), head, scope, &mut task);
                }
                Rule::call => {
                    let named = task.node.get("name").is_some();
                    let used = self.call(pair, head, scope, &mut task.node, !named);
                    task.used.extend(used);
                }
                Rule::EOI | Rule::image => {}
                _ => self.modifier(pair, head, scope, &mut task),
            }
        }
        if let Some(block) = statement.block.as_ref().filter(|_| !inline) {
            for statement in block
                .statements
                .iter()
                .filter(|statement| !statement.broken)
            {
                self.modifiers(statement, scope, &mut task);
            }
        }
        let own = task
            .node
            .get("name")
            .and_then(Node::scalar)
            .map(|name| name.value.to_string());
        let mut seen: Vec<String> = Vec::new();
        for name in std::mem::take(&mut task.used) {
            if Some(&name) != own.as_ref()
                && !seen.contains(&name)
                && scope.tasks.contains_key(&name)
            {
                seen.push(name);
            }
        }
        task.used = seen;
        Some(task)
    }

    /// `name = container { … }`
    fn is_inline(&self, statement: &Statement) -> bool {
        let word = |index| match self.token(statement, index) {
            Some(token) if token.kind == Kind::Word => token.text(self.text),
            _ => "",
        };
        let bare = statement.head.len() == 3;
        !word(2).is_empty() && (bare || statement.head.len() == 5 && word(3) == "in")
    }

    fn inline(
        &mut self,
        statement: &Statement,
        (pair, image): (&Pair<'a>, Option<&Pair<'a>>),
        head: Head<'a>,
        scope: &Scope<'_>,
        task: &mut Task,
    ) {
        let at = grammar::range(pair, head.base);
        let Some(body) = Body::named(pair.as_str()) else {
            let help = match did_you_mean(pair.as_str(), crate::outline::TEMPLATES) {
                help if help.is_empty() => format!("a call is `{}()`", pair.as_str()),
                help => help,
            };
            self.faults.error(
                "unknown-kind",
                at,
                format!("`{}` is no kind of template", pair.as_str()),
                help,
            );
            return;
        };
        let mut template = build::map(task.node.span);
        let signature = Signature::default();
        let own = Scope::of(scope.globals, &signature);
        self.template_body(statement, body, &own, &mut template);
        if let Some(image) = image {
            self.image(image, head.base, body, &own, &mut template);
        }
        self.put(&mut task.node, &["inline"], at, template);
    }

    /// The scope with the loop's name in it.
    fn looped<'g>(
        &self,
        pairs: &[Pair<'a>],
        statement: &Statement,
        scope: &Scope<'g>,
    ) -> Scope<'g> {
        let head_loop = pairs.iter().find(|pair| pair.as_rule() == Rule::r#for);
        let name = head_loop
            .and_then(|pair| pair.clone().into_inner().next())
            .map(|name| name.as_str().to_owned());
        let in_block = || {
            let block = statement.block.as_ref()?;
            let line = block
                .statements
                .iter()
                .find(|line| self.head(line).word == "for")?;
            Some(self.token(line, 1)?.text(self.text).to_owned())
        };
        match name.or_else(in_block) {
            Some(name) => scope.looping(&name),
            None => scope.clone(),
        }
    }

    fn modifiers(&mut self, statement: &Statement, scope: &Scope<'_>, task: &mut Task) {
        let head = self.head(statement);
        match head.word {
            "when" | "for" | "after" | "continue" | "on-exit" | "hook" => {
                self.no_block(statement, "a modifier");
                for pair in self
                    .read(Rule::modifier_statement, head)
                    .into_iter()
                    .flatten()
                {
                    if pair.as_rule() != Rule::EOI {
                        self.modifier(&pair, head, scope, task);
                    }
                }
            }
            "raw" => {
                if let Some(block) = &statement.block {
                    self.fields_into(block, scope, &mut task.node);
                    task.explicit |= task.node.get("depends").is_some()
                        || task.node.get("dependencies").is_some();
                }
            }
            _ => {
                if let Some((field, at, value)) =
                    self.any_field(statement, head, scope, &[], "a call")
                {
                    task.explicit |= matches!(field[0].as_str(), "depends" | "dependencies");
                    let path: Vec<&str> = field.iter().map(String::as_str).collect();
                    self.put(&mut task.node, &path, at, value);
                }
            }
        }
    }

    /// The target and arguments of a call; gives the tasks whose outputs the arguments use.
    pub fn call(
        &mut self,
        pair: &Pair<'a>,
        head: Head<'a>,
        scope: &Scope<'_>,
        node: &mut Node,
        name_it: bool,
    ) -> Vec<String> {
        let mut used = Vec::new();
        let mut template = None;
        for part in pair.clone().into_inner() {
            match part.as_rule() {
                Rule::target => template = self.target(&part, head.base, node, name_it),
                Rule::arguments => {
                    let signature = template.as_ref().and_then(|name: &(String, Range<usize>)| {
                        let found = scope.globals.templates.get(&name.0);
                        if found.is_none() {
                            self.unknown_template(name, scope);
                        }
                        found
                    });
                    used = self.arguments(&part, head, scope, signature, node);
                }
                _ => {}
            }
        }
        used
    }

    fn unknown_template(&mut self, (name, at): &(String, Range<usize>), scope: &Scope<'_>) {
        let templates = scope.globals.templates.keys().map(String::as_str);
        let help = did_you_mean(name, templates);
        if !help.is_empty() {
            self.faults.error(
                "unknown-template",
                at.clone(),
                format!("there is no template `{name}`"),
                help,
            );
        }
    }

    /// Gives the name of a template of the same object.
    fn target(
        &mut self,
        pair: &Pair<'a>,
        base: usize,
        node: &mut Node,
        name_it: bool,
    ) -> Option<(String, Range<usize>)> {
        let parts: Vec<Pair<'a>> = pair.clone().into_inner().collect();
        let cluster = parts.first().filter(|part| part.as_rule() == Rule::cluster);
        let names: Vec<&Pair<'a>> = parts
            .iter()
            .filter(|part| part.as_rule() == Rule::name)
            .collect();
        let last = names.last()?;
        let at = grammar::range(last, base);
        if name_it {
            let name = self.name_node(last, base);
            self.put(node, &["name"], at.clone(), name);
        }
        if let [library, template] = names.as_slice() {
            for (field, part) in [("name", library), ("template", template)] {
                let value = self.name_node(part, base);
                self.put(
                    node,
                    &["templateRef", field],
                    grammar::range(part, base),
                    value,
                );
            }
            if let Some(cluster) = cluster {
                let at = grammar::range(cluster, base);
                let value = build::plain(self.span(at.clone()), "true");
                self.put(node, &["templateRef", "clusterScope"], at, value);
            }
            return None;
        }
        let (name, at) = self.name(last, base);
        let value = build::text(self.span(at.clone()), Style::Plain, name.clone());
        self.put(node, &["template"], at.clone(), value);
        Some((name, at))
    }

    pub fn arguments(
        &mut self,
        pair: &Pair<'a>,
        head: Head<'a>,
        scope: &Scope<'_>,
        signature: Option<&Signature>,
        node: &mut Node,
    ) -> Vec<String> {
        let (mut parameters, mut artifacts, mut used) = (Vec::new(), Vec::new(), Vec::new());
        let range = grammar::range(pair, head.base);
        for argument in pair.clone().into_inner() {
            let (item, artifact, tasks) = self.argument(&argument, head, scope, signature);
            let name = item
                .get("name")
                .and_then(Node::scalar)
                .map(|name| name.value.to_string());
            let others = if artifact { &artifacts } else { &parameters };
            let same = |other: &Node| {
                other
                    .get("name")
                    .and_then(Node::scalar)
                    .map(|name| name.value.to_string())
                    == name
            };
            if name.as_deref() != Some("") && others.iter().any(same) {
                let at = grammar::range(&argument, head.base);
                self.faults.error(
                    "twice",
                    at,
                    format!("`{}` is given twice", name.unwrap_or_default()),
                    "keep one of them",
                );
            }
            used.extend(tasks);
            if artifact {
                artifacts.push(item)
            } else {
                parameters.push(item)
            }
        }
        let span = self.span(range.clone());
        for (kind, items) in [("parameters", parameters), ("artifacts", artifacts)] {
            if !items.is_empty() {
                self.put(
                    node,
                    &["arguments", kind],
                    range.clone(),
                    build::seq(span, items),
                );
            }
        }
        used
    }

    fn argument(
        &mut self,
        pair: &Pair<'a>,
        head: Head<'a>,
        scope: &Scope<'_>,
        signature: Option<&Signature>,
    ) -> (Node, bool, Vec<String>) {
        let mut item = build::map(self.span(grammar::range(pair, head.base)));
        let mut artifact = false;
        let mut wanted = None;
        let mut name = String::new();
        let mut used = Vec::new();
        if let Some(first) = pair
            .clone()
            .into_inner()
            .next()
            .filter(|first| first.as_rule() == Rule::expression)
        {
            name = self.unnamed(&first, head, signature);
            if let Some(signature) = signature {
                artifact |=
                    signature.artifact(&name).is_some() && signature.parameter(&name).is_none();
                wanted = signature
                    .parameter(&name)
                    .and_then(|input| input.of.clone());
            }
            let value = build::text(item.span, Style::Plain, name.clone());
            self.put(
                &mut item,
                &["name"],
                grammar::range(&first, head.base),
                value,
            );
        }
        for part in pair.clone().into_inner() {
            let at = grammar::range(&part, head.base);
            match part.as_rule() {
                Rule::artifact_mark => artifact = true,
                Rule::name => {
                    let (text, at) = self.name(&part, head.base);
                    if let Some(signature) = signature {
                        artifact |= signature.artifact(&text).is_some()
                            && signature.parameter(&text).is_none();
                        wanted = signature
                            .parameter(&text)
                            .and_then(|input| input.of.clone());
                    }
                    let value = build::text(self.span(at.clone()), Style::Plain, text.clone());
                    self.put(&mut item, &["name"], at, value);
                    name = text;
                }
                Rule::map if artifact => {
                    let map = self.map(&part, head.base, scope);
                    self.merge(&mut item, map);
                }
                Rule::map => {
                    let value = self.map(&part, head.base, scope);
                    let text = json(&value);
                    self.fits(wanted.as_ref(), &text, at.clone());
                    let value = build::text(self.span(at.clone()), Style::Plain, text);
                    self.put(&mut item, &["value"], at, value);
                }
                _ => {
                    let input = Wanted {
                        name: &name,
                        of: wanted.as_ref(),
                        declared: signature
                            .is_some_and(|signature| signature.artifact(&name).is_some()),
                    };
                    used.extend(self.given(&part, head, scope, &input, &mut artifact, &mut item));
                }
            }
        }
        (item, artifact, used)
    }

    /// The input that an argument without a name is for: the one that is called as the value is, or the only one.
    fn unnamed(
        &mut self,
        value: &Pair<'a>,
        head: Head<'a>,
        signature: Option<&Signature>,
    ) -> String {
        match implied_input(value.as_str().trim(), signature) {
            Some(name) => name,
            None => {
                let help = match signature {
                    Some(signature) if signature.inputs().next().is_some() => {
                        let names: Vec<&str> = signature
                            .inputs()
                            .map(|input| input.name.as_str())
                            .collect();
                        format!("it takes {}", names.join(", "))
                    }
                    Some(_) => "it takes nothing".to_owned(),
                    None => "write `name: value`".to_owned(),
                };
                self.faults.error(
                    "unnamed-argument",
                    grammar::range(value, head.base),
                    "this argument needs a name",
                    help,
                );
                String::new()
            }
        }
    }

    /// The value of an argument.
    fn given(
        &mut self,
        part: &Pair<'a>,
        head: Head<'a>,
        scope: &Scope<'_>,
        wanted: &Wanted<'_>,
        artifact: &mut bool,
        item: &mut Node,
    ) -> Vec<String> {
        let at = grammar::range(part, head.base);
        let tokens: Vec<Pair<'a>> = part.clone().into_inner().collect();
        if let [one] = tokens.as_slice()
            && matches!(one.as_rule(), Rule::string | Rule::raw | Rule::fence)
        {
            if *artifact && wanted.declared {
                self.faults.error(
                    "wrong-type",
                    at,
                    format!("`{}` is an artifact, not a text", wanted.name),
                    "give an output artifact, or `{raw: {data: …}}`",
                );
                return Vec::new();
            }
            let said = crate::text::say(one.as_str(), at.start, scope, &mut self.faults);
            self.fits(wanted.of, &said.text, at.clone());
            let value = build::text(self.span(at.clone()), said.style, said.text);
            self.put(item, &["value"], at, value);
            return said.tasks;
        }
        let written = part.as_str().trim();
        if tokens
            .first()
            .is_some_and(|first| first.as_rule() == Rule::open_bracket)
            && let Ok(list) = serde_json::from_str::<serde_json::Value>(written)
        {
            let text = list.to_string();
            self.fits(wanted.of, &text, at.clone());
            let value = build::text(self.span(at.clone()), Style::Plain, text);
            self.put(item, &["value"], at, value);
            return Vec::new();
        }
        let Some(lowered) = expr::expression(part, head.text, head.base, scope, &mut self.faults)
        else {
            return Vec::new();
        };
        self.lowered(&lowered, at, wanted, artifact, item);
        lowered.tasks
    }

    fn lowered(
        &mut self,
        lowered: &Lowered,
        at: Range<usize>,
        wanted: &Wanted<'_>,
        artifact: &mut bool,
        item: &mut Node,
    ) {
        let span = self.span(at.clone());
        if lowered.literal.is_some() {
            self.fits(wanted.of, &lowered.text, at.clone());
            return self.put(item, &["value"], at, build::plain(span, &lowered.text));
        }
        if let Some(meaning) = &lowered.bare {
            if meaning.artifact && !*artifact && wanted.of.is_some() {
                let message = format!(
                    "`{}` is {}, and this is an artifact",
                    wanted.name,
                    wanted.of.map_or(String::new(), Type::to_string)
                );
                return self.faults.error("wrong-type", at, message, "");
            }
            if let (Some(of), Some(given)) = (wanted.of, &meaning.of)
                && !of.takes(given)
            {
                let message = format!("`{}` is {of}, and this is {given}", wanted.name);
                return self.faults.error("wrong-type", at, message, "");
            }
            *artifact |= meaning.artifact;
        }
        let field = match (*artifact, &lowered.bare) {
            (true, Some(_)) => "from",
            (true, None) => "fromExpression",
            (false, _) => "value",
        };
        let text = if field == "fromExpression" {
            lowered.text.clone()
        } else {
            lowered.tag()
        };
        self.put(item, &[field], at, build::text(span, Style::Plain, text));
    }

    /// `hook NAME = template(…) if …` of a workflow.
    pub fn hooks(&mut self, statement: &Statement, scope: &Scope<'_>, into: &mut Node) {
        self.no_block(statement, "a hook");
        let head = self.head(statement);
        for pair in self.read(Rule::hook_statement, head).into_iter().flatten() {
            if pair.as_rule() == Rule::hook {
                self.hook(&pair, head, scope, into);
            }
        }
    }

    fn hook(&mut self, pair: &Pair<'a>, head: Head<'a>, scope: &Scope<'_>, into: &mut Node) {
        let at = grammar::range(pair, head.base);
        let mut hook = build::map(self.span(at));
        let mut name = None;
        for part in pair.clone().into_inner() {
            match part.as_rule() {
                Rule::name => name = Some(self.name(&part, head.base)),
                Rule::call => {
                    self.call(&part, head, scope, &mut hook, false);
                }
                Rule::condition => self.condition(&part, head, scope, &mut hook),
                _ => {}
            }
        }
        if let Some((name, at)) = name {
            self.put(into, &["hooks", &name], at, hook);
        }
    }

    fn modifier(&mut self, pair: &Pair<'a>, head: Head<'a>, scope: &Scope<'_>, task: &mut Task) {
        let at = grammar::range(pair, head.base);
        let word_at =
            at.start..at.start + pair.as_str().split_whitespace().next().map_or(1, str::len);
        match pair.as_rule() {
            Rule::when => self.when(pair, head, scope, task),
            Rule::r#for => self.looping(pair, head, scope, task),
            Rule::after => self.after(pair, head, scope, task),
            Rule::r#continue => {
                for part in pair.clone().into_inner() {
                    let field = if part.as_rule() == Rule::failed {
                        "failed"
                    } else {
                        "error"
                    };
                    let value = build::plain(self.span(at.clone()), "true");
                    self.put(
                        &mut task.node,
                        &["continueOn", field],
                        word_at.clone(),
                        value,
                    );
                }
            }
            Rule::on_exit => {
                for part in pair.clone().into_inner() {
                    let value = self.name_node(&part, head.base);
                    self.put(&mut task.node, &["onExit"], word_at.clone(), value);
                }
            }
            Rule::hook => self.hook(pair, head, scope, &mut task.node),
            _ => {}
        }
    }

    fn when(&mut self, pair: &Pair<'a>, head: Head<'a>, scope: &Scope<'_>, task: &mut Task) {
        let Some(expression) = pair.clone().into_inner().next() else {
            return;
        };
        let at = grammar::range(&expression, head.base);
        let mut tokens = expression.clone().into_inner();
        let quoted = tokens
            .next()
            .filter(|first| matches!(first.as_rule(), Rule::string | Rule::raw | Rule::fence));
        if let Some(text) = quoted.filter(|_| tokens.next().is_none()) {
            let said = crate::text::say(text.as_str(), at.start, scope, &mut self.faults);
            task.used.extend(said.tasks);
            let value = build::text(self.span(at.clone()), said.style, said.text);
            return self.put(&mut task.node, &["when"], at, value);
        }
        if let Some(lowered) =
            expr::when(&expression, head.text, head.base, scope, &mut self.faults)
        {
            task.used.extend(lowered.tasks);
            let value = build::text(self.span(at.clone()), Style::Plain, lowered.text);
            self.put(&mut task.node, &["when"], at, value);
        }
    }

    fn looping(&mut self, pair: &Pair<'a>, head: Head<'a>, scope: &Scope<'_>, task: &mut Task) {
        // The list itself is made before there is an item.
        let scope = &Scope {
            item: None,
            ..scope.clone()
        };
        let Some(over) = pair.clone().into_inner().nth(1) else {
            return;
        };
        let at = grammar::range(&over, head.base);
        match over.as_rule() {
            Rule::list => {
                let items = self.value(&over, head.base, scope);
                self.put(&mut task.node, &["withItems"], at, items);
            }
            Rule::range => {
                for (field, bound) in ["start", "end"].into_iter().zip(over.into_inner()) {
                    self.bound(&bound, field, head, scope, task);
                }
            }
            Rule::sequence => {
                for entry in over.into_inner() {
                    let mut parts = entry.into_inner();
                    if let (Some(key), Some(value)) = (parts.next(), parts.next()) {
                        let (name, at) = self.name(&key, head.base);
                        let value = self.value(&value, head.base, scope);
                        self.put(&mut task.node, &["withSequence", &name], at, value);
                    }
                }
            }
            _ => {
                if let Some(value) = self.quoted(&over, head, scope) {
                    return self.put(&mut task.node, &["withParam"], at, value);
                }
                if let Some(lowered) =
                    expr::expression(&over, head.text, head.base, scope, &mut self.faults)
                {
                    if let Some(meaning) = &lowered.bare
                        && let Some(of) = meaning
                            .of
                            .as_ref()
                            .filter(|of| !matches!(of, Type::List(_) | Type::Json | Type::String))
                    {
                        let name = meaning.path.last().map_or("", String::as_str);
                        self.faults.error(
                            "wrong-type",
                            at,
                            format!("`{name}` is {of}, not a list"),
                            "loops go over lists and ranges: `for i in 1..3`",
                        );
                        return;
                    }
                    let value = build::text(self.span(at.clone()), Style::Plain, lowered.tag());
                    task.used.extend(lowered.tasks);
                    self.put(&mut task.node, &["withParam"], at, value);
                }
            }
        }
    }

    fn bound(
        &mut self,
        pair: &Pair<'a>,
        field: &str,
        head: Head<'a>,
        scope: &Scope<'_>,
        task: &mut Task,
    ) {
        let Some(inner) = pair.clone().into_inner().next() else {
            return;
        };
        let at = grammar::range(&inner, head.base);
        let text = match inner.as_rule() {
            Rule::number => inner.as_str().to_owned(),
            Rule::string => {
                crate::text::say(inner.as_str(), at.start, scope, &mut self.faults).text
            }
            _ => match expr::hole(inner.as_str(), at.start, scope, &mut self.faults) {
                Some(lowered) => {
                    let tag = lowered.tag();
                    task.used.extend(lowered.tasks);
                    tag
                }
                None => return,
            },
        };
        let value = build::text(self.span(at.clone()), Style::Plain, text);
        self.put(&mut task.node, &["withSequence", field], at, value);
    }

    fn after(&mut self, pair: &Pair<'a>, head: Head<'a>, scope: &Scope<'_>, task: &mut Task) {
        task.explicit = true;
        let Some(what) = pair.clone().into_inner().next() else {
            return;
        };
        let at = grammar::range(&what, head.base);
        if scope.root == "steps" {
            self.faults.error(
                "after-in-steps",
                at,
                "steps run one after the other and have no `after`",
                "write a `dag`, or change the order",
            );
            return;
        }
        match what.as_rule() {
            Rule::none => {}
            Rule::list => {
                let names = self.value(&what, head.base, scope);
                self.put(&mut task.node, &["dependencies"], at, names);
            }
            Rule::string => {
                let text = self.text_node(&what, head.base, scope);
                self.put(&mut task.node, &["depends"], at, text);
            }
            _ => {
                let text = expr::after(&what, head.text, head.base);
                let value = build::text(self.span(at.clone()), Style::Plain, text);
                self.put(&mut task.node, &["depends"], at, value);
            }
        }
    }
}

/// The input that a value without a name is for.
pub(crate) fn implied_input(value: &str, signature: Option<&Signature>) -> Option<String> {
    let is_name = !value.is_empty()
        && value
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        && !value.starts_with(|c: char| c.is_ascii_digit());
    let Some(signature) = signature.filter(|signature| !signature.open) else {
        return is_name.then(|| value.to_owned());
    };
    if is_name && signature.inputs().any(|input| input.name == value) {
        return Some(value.to_owned());
    }
    let mut inputs = signature.inputs();
    let only = inputs.next()?;
    inputs.next().is_none().then(|| only.name.clone())
}

/// What an argument is for.
struct Wanted<'s> {
    name: &'s str,
    of: Option<&'s Type>,
    /// The template takes an artifact of this name.
    declared: bool,
}
