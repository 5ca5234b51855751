//! Templates: what they take, what they do, what they give.

use std::ops::Range;
use std::rc::Rc;

use tiphys_spec::Node;
use tiphys_spec::source::Style;

use super::Lower;
use super::object::texts;
use super::signature::Inputs;
use super::value::OURS;
use crate::build;
use crate::grammar::{self, Node as Pair, Rule};
use crate::names::{Globals, Scope, Signature};
use crate::outline::{Block, Statement};
use crate::words::{self, Body};

/// A template whose head has been read.
pub(crate) struct Written<'a> {
    pub body: Body,
    pub name: Option<String>,
    pub name_at: Range<usize>,
    pub signature: Signature,
    pub inputs: Inputs,
    /// `in IMAGE`
    pub image: Option<Pair<'a>>,
}

impl<'a> Lower<'a, '_> {
    pub fn template_head(&mut self, statement: &Statement, globals: &Globals) -> Written<'a> {
        let head = self.head(statement);
        let mut written = Written {
            body: Body::named(head.word).unwrap_or(Body::Template),
            name: None,
            name_at: head.word_range(),
            signature: Signature::default(),
            inputs: Inputs::default(),
            image: None,
        };
        if let Some(block) = &statement.block {
            self.outputs_of(block, &mut written.signature);
        }
        if statement.broken {
            // Its name is known all the same: calls of it are not to blame.
            let name = self
                .token(statement, 1)
                .map(|token| token.text(self.text).trim_matches(['"', '\'']).to_owned());
            written.name = name;
            written.signature.open = true;
            return written;
        }
        let Some(parts) = self.read(Rule::template_statement, head) else {
            let name = self
                .token(statement, 1)
                .map(|token| token.text(self.text).to_owned());
            written.name = name;
            written.signature.open = true;
            return written;
        };
        for part in parts {
            match part.as_rule() {
                Rule::name => {
                    let (name, at) = self.name(&part, head.base);
                    written.name = Some(name);
                    written.name_at = at;
                }
                Rule::parameters => {
                    let scope = Scope::global(globals);
                    written.inputs = self.inputs(&part, head.base, &scope, &mut written.signature);
                }
                Rule::image => written.image = Some(part),
                _ => {}
            }
        }
        if written.name.is_none() {
            self.faults.error(
                "no-name",
                head.word_range(),
                "this template has no name",
                format!("write `{} NAME {{ … }}`", head.word),
            );
        }
        written
    }

    pub fn template(
        &mut self,
        statement: &Statement,
        written: Written<'a>,
        globals: &Globals,
    ) -> Node {
        let head = self.head(statement);
        let mut node = build::map(self.whole(statement));
        if let Some(name) = &written.name {
            let value = build::text(
                self.span(written.name_at.clone()),
                Style::Plain,
                name.clone(),
            );
            self.put(&mut node, &["name"], written.name_at.clone(), value);
        }
        self.put_inputs(&mut node, "inputs", head.word_range(), written.inputs);
        // The template's own signature, as its calls see it; one that is defined twice may not be this one.
        let scope = Scope::of(globals, &written.signature);
        self.template_body(statement, written.body, &scope, &mut node);
        if let Some(image) = &written.image {
            self.image(image, head.base, written.body, &scope, &mut node);
        }
        node
    }

    /// `in IMAGE` behind the name of a container or script.
    pub fn image(
        &mut self,
        pair: &Pair<'a>,
        base: usize,
        body: Body,
        scope: &Scope<'_>,
        node: &mut Node,
    ) {
        let at = grammar::range(pair, base);
        let path: Vec<&str> = body.field().into_iter().chain(["image"]).collect();
        if !body.is_container() {
            self.faults.error(
                "misplaced",
                at,
                format!("a {} runs in no image", named(body)),
                "only containers and scripts do",
            );
            return;
        }
        for image in pair.clone().into_inner() {
            let value = self.text_node(&image, base, scope);
            self.put(node, &path, at.clone(), value);
        }
    }

    /// The block of a template, into its node.
    pub fn template_body(
        &mut self,
        statement: &Statement,
        body: Body,
        scope: &Scope<'_>,
        node: &mut Node,
    ) {
        let word_at = self.head(statement).word_range();
        let span = self.whole(statement);
        let mut inner = build::map(span);
        let mut scope = scope.clone();
        if let (Body::Steps | Body::Dag, Some(block)) = (body, &statement.block) {
            scope.root = if body == Body::Steps {
                "steps"
            } else {
                "tasks"
            };
            scope.tasks = Rc::new(self.tasks_of(block));
            scope.looped = Rc::new(self.loops_of(block));
        }
        if let Some(block) = &statement.block {
            match body {
                Body::Steps => {
                    let groups = self.steps(block, body, &scope, &mut inner, node);
                    self.put(node, &["steps"], word_at, build::seq(span, groups));
                    self.merge(node, inner);
                    return;
                }
                Body::Dag => self.dag(block, &scope, &mut inner, node),
                Body::ContainerSet => self.set(block, &scope, &mut inner, node),
                _ => self.statements(block, body, &scope, &mut inner, node),
            }
        } else if body == Body::Suspend {
            inner = build::map(span);
        }
        match body.field() {
            Some(field) => self.put(node, &[field], word_at, inner),
            None => self.merge(node, inner),
        }
    }

    fn statements(
        &mut self,
        block: &Block,
        body: Body,
        scope: &Scope<'_>,
        inner: &mut Node,
        node: &mut Node,
    ) {
        for statement in block
            .statements
            .iter()
            .filter(|statement| !statement.broken)
        {
            self.template_statement(statement, body, scope, inner, node);
        }
    }

    /// One statement of a template that is no step: into its body or itself.
    pub fn template_statement(
        &mut self,
        statement: &Statement,
        body: Body,
        scope: &Scope<'_>,
        inner: &mut Node,
        node: &mut Node,
    ) {
        let head = self.head(statement);
        if body.is_container() && self.container_statement(statement, body, scope, inner) {
            return;
        }
        match (head.word, body) {
            ("raw", Body::Inner) => {
                if let Some(block) = &statement.block {
                    self.fields_into(block, scope, inner);
                }
            }
            ("raw", _) => {
                if let Some(block) = &statement.block {
                    self.fields_into(block, scope, node);
                }
            }
            ("out", _) => self.out(statement, scope, node),
            ("retry", Body::ContainerSet) if statement.block.is_none() => {
                self.retry(statement, scope, inner)
            }
            ("retry", _) => self.retry(statement, scope, node),
            ("volume", _) => self.volume(statement, scope, node),
            ("mount", Body::ContainerSet) => {
                self.container_statement(statement, body, scope, inner);
            }
            ("sidecar" | "init", _) => self.beside(statement, scope, node),
            ("memoize", _) if statement.block.is_none() => self.memoize(statement, scope, node),
            _ if self.shared_statement(statement, scope, node) => {}
            _ => self.template_field(statement, body, scope, inner, node),
        }
    }

    fn template_field(
        &mut self,
        statement: &Statement,
        body: Body,
        scope: &Scope<'_>,
        inner: &mut Node,
        node: &mut Node,
    ) {
        let head = self.head(statement);
        let tables = [body.words(), words::TEMPLATE];
        let place = match body {
            Body::Inner => "a container".to_owned(),
            other => format!("a {}", named(other)),
        };
        let Some((field, at, value)) = self.any_field(statement, head, scope, &tables, &place)
        else {
            return;
        };
        if field[0].starts_with(OURS) {
            return self.put(node, &["metadata", "labels", &field[0]], at, texts(value));
        }
        let path: Vec<&str> = field.iter().map(String::as_str).collect();
        let is_word = !head.word.contains(':');
        let bodily = is_word && body.words().iter().any(|(word, _)| *word == head.word)
            || body.owns(path[0])
                && !(is_word && words::TEMPLATE.iter().any(|(word, _)| *word == head.word));
        let value = if is_word
            && matches!(
                head.word,
                "image" | "workdir" | "labels" | "annotations" | "node-selector"
            ) {
            texts(value)
        } else {
            value
        };
        self.put(if bodily { inner } else { node }, &path, at, value);
    }

    /// `memoize KEY in CONFIGMAP for 1h`.
    fn memoize(&mut self, statement: &Statement, scope: &Scope<'_>, node: &mut Node) {
        let head = self.head(statement);
        let Some(parts) = self.read(Rule::words_statement, head) else {
            return;
        };
        let parts: Vec<_> = parts.filter(|part| part.as_rule() != Rule::EOI).collect();
        let words: Vec<&str> = parts.iter().map(|part| part.as_str()).collect();
        let shape = matches!(
            words.as_slice(),
            [_, _, "in", _] | [_, _, "in", _, "for", _]
        );
        if !shape {
            self.faults.error(
                "syntax",
                head.range(),
                "this does not say what to remember, and where",
                "`memoize KEY in CONFIGMAP for 1h`",
            );
            return;
        }
        let paths: [&[&str]; 3] = [
            &["memoize", "key"],
            &["memoize", "cache", "configMap", "name"],
            &["memoize", "maxAge"],
        ];
        for (part, path) in [1, 3, 5].iter().filter_map(|at| parts.get(*at)).zip(paths) {
            let value = self.text_node(part, head.base, scope);
            self.put(node, path, grammar::range(part, head.base), value);
        }
    }

    /// A named container inside of a template.
    fn inner_container(&mut self, statement: &Statement, scope: &Scope<'_>) -> Option<Node> {
        let head = self.head(statement);
        let mut container = build::map(self.whole(statement));
        let parts: Vec<_> = self.read(Rule::template_statement, head)?.collect();
        let found = |rule| parts.iter().find(|part| part.as_rule() == rule);
        let name = found(Rule::name);
        match name {
            Some(name) => {
                let value = self.name_node(name, head.base);
                self.put(
                    &mut container,
                    &["name"],
                    grammar::range(name, head.base),
                    value,
                );
            }
            None => self.faults.error(
                "no-name",
                head.word_range(),
                "this container has no name",
                "",
            ),
        }
        let mut template = build::map(container.span);
        if let Some(block) = &statement.block {
            self.statements_of_inner(block, scope, &mut container, &mut template);
        }
        if let Some(image) = found(Rule::image) {
            self.image(image, head.base, Body::Inner, scope, &mut container);
        }
        Some(container)
    }

    fn statements_of_inner(
        &mut self,
        block: &Block,
        scope: &Scope<'_>,
        container: &mut Node,
        template: &mut Node,
    ) {
        for statement in block
            .statements
            .iter()
            .filter(|statement| !statement.broken)
        {
            let head = self.head(statement);
            if head.word == "after" {
                if let Some(names) = self.texts(head, scope, 1) {
                    let names = build::seq(self.span(head.range()), names);
                    self.put(container, &["dependencies"], head.word_range(), names);
                }
                continue;
            }
            if matches!(
                head.word,
                "out" | "retry" | "volume" | "sidecar" | "init" | "mutex" | "semaphore" | "memoize"
            ) {
                let message = format!(
                    "`{}` belongs to the template, not to one of its containers",
                    head.word
                );
                self.faults.error(
                    "misplaced",
                    head.word_range(),
                    message,
                    "write it one block further out",
                );
                continue;
            }
            self.template_statement(statement, Body::Inner, scope, container, template);
        }
    }

    fn beside(&mut self, statement: &Statement, scope: &Scope<'_>, node: &mut Node) {
        let head = self.head(statement);
        let field = if head.word == "sidecar" {
            "sidecars"
        } else {
            "initContainers"
        };
        if let Some(container) = self.inner_container(statement, scope) {
            let items = build::seq(container.span, vec![container]);
            self.put(node, &[field], head.word_range(), items);
        }
    }

    fn set(&mut self, block: &Block, scope: &Scope<'_>, inner: &mut Node, node: &mut Node) {
        for statement in block
            .statements
            .iter()
            .filter(|statement| !statement.broken)
        {
            let head = self.head(statement);
            match head.word {
                "container" if statement.block.is_some() => {
                    if let Some(container) = self.inner_container(statement, scope) {
                        let items = build::seq(container.span, vec![container]);
                        self.put(inner, &["containers"], head.word_range(), items);
                    }
                }
                _ => self.template_statement(statement, Body::ContainerSet, scope, inner, node),
            }
        }
    }
}

fn named(body: Body) -> &'static str {
    match body {
        Body::ContainerSet => "container-set",
        Body::Template | Body::Inner => "template",
        other => other.field().unwrap_or("template"),
    }
}
