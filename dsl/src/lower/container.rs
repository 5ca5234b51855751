//! Commands, environment, mounts, resources: what containers have.

use tiphys_spec::source::Style;
use tiphys_spec::{Node, NodeKind};

use super::{Head, Lower};
use crate::build;
use crate::grammar::{self, Rule};
use crate::names::Scope;
use crate::outline::Statement;
use crate::scan::Kind;
use crate::words::{Body, STATEMENTS, TEMPLATE, interpreter};

impl<'a> Lower<'a, '_> {
    /// A statement of a container; false when it is none.
    pub fn container_statement(
        &mut self,
        statement: &Statement,
        body: Body,
        scope: &Scope<'_>,
        into: &mut Node,
    ) -> bool {
        let head = self.head(statement);
        match head.word {
            "run" => self.run(statement, head, scope, into),
            "command" | "args" => self.list(statement, head, scope, into),
            "source" => self.code(statement, head, body, scope, into),
            "env" if statement.block.is_some() => self.env(statement, scope, into),
            "cpu" | "memory" | "storage" => self.resource(statement, head, scope, into),
            "mount" => self.mount(statement, head, scope, into),
            _ => return self.interpreted(statement, head, body, scope, into),
        }
        true
    }

    /// `run program argument …`
    fn run(&mut self, statement: &Statement, head: Head<'a>, scope: &Scope<'_>, into: &mut Node) {
        self.no_block(statement, "`run`");
        let Some(mut texts) = self.texts_of(statement, scope, 1) else {
            return;
        };
        if texts.is_empty() {
            self.faults.error(
                "syntax",
                head.range(),
                "expected a program after `run`",
                "such as `run echo \"hello\"`",
            );
            return;
        }
        let rest = texts.split_off(1);
        self.commanded(head, texts, rest, into);
    }

    fn commanded(&mut self, head: Head<'a>, command: Vec<Node>, args: Vec<Node>, into: &mut Node) {
        let span = self.span(head.range());
        for (field, texts) in [("command", command), ("args", args)] {
            if texts.is_empty() {
                continue;
            }
            if into.get(field).is_some() {
                let help = "one `run`, `command`, `args` or block of code says what to run";
                self.faults.error(
                    "twice",
                    head.range(),
                    format!("`{field}` is given twice"),
                    help,
                );
                continue;
            }
            self.put(into, &[field], head.word_range(), build::seq(span, texts));
        }
    }

    fn list(&mut self, statement: &Statement, head: Head<'a>, scope: &Scope<'_>, into: &mut Node) {
        self.no_block(statement, "a command");
        if let Some(texts) = self.texts_of(statement, scope, 1) {
            let (command, args) = if head.word == "command" {
                (texts, Vec::new())
            } else {
                (Vec::new(), texts)
            };
            self.commanded(head, command, args, into);
        }
    }

    fn code(
        &mut self,
        statement: &Statement,
        head: Head<'a>,
        body: Body,
        scope: &Scope<'_>,
        into: &mut Node,
    ) {
        self.no_block(statement, "code");
        if body != Body::Script {
            self.faults.error(
                "misplaced",
                head.range(),
                "only a script has `source`",
                "write `sh`, `python` or `run`",
            );
            return;
        }
        if let Some(texts) = self.texts_of(statement, scope, 1) {
            for text in texts {
                self.put(into, &["source"], head.word_range(), text);
            }
        }
    }

    /// `sh "…"`, `python ```…```, and in a script any command before a text.
    fn interpreted(
        &mut self,
        statement: &Statement,
        head: Head<'a>,
        body: Body,
        scope: &Scope<'_>,
        into: &mut Node,
    ) -> bool {
        let last = statement
            .head
            .clone()
            .next_back()
            .map(|last| self.tokens[last]);
        let quoted = last.is_some_and(|token| {
            matches!(
                self.text.as_bytes()[token.start as usize],
                b'"' | b'\'' | b'`'
            )
        });
        let option = interpreter(head.word);
        let starts = !head.word.is_empty() || body == Body::Script;
        if statement.block.is_some()
            || !quoted
            || !starts
            || head.word.ends_with(':')
            || STATEMENTS.contains(&head.word)
            || TEMPLATE.iter().any(|(word, _)| *word == head.word)
        {
            return false;
        }
        if body == Body::Script {
            let fenced =
                last.is_some_and(|token| self.text.as_bytes()[token.start as usize] == b'`');
            if !fenced && option.is_none() {
                return false;
            }
            if let Some(mut texts) = self.texts_of(statement, scope, 0) {
                let source = texts.pop();
                self.commanded(head, texts, Vec::new(), into);
                if let Some(source) = source {
                    self.put(into, &["source"], head.word_range(), source);
                }
            }
            return true;
        }
        let options = statement.head.len().saturating_sub(2);
        let optioned = self
            .token(statement, 1)
            .is_some_and(|token| token.text(self.text).starts_with('-'));
        let Some(option) = option.filter(|_| options == 0 || options == 1 && optioned) else {
            return false;
        };
        if let Some(mut texts) = self.texts_of(statement, scope, 0) {
            let code = texts.split_off(1 + options);
            if options == 0 {
                texts.push(build::text(
                    self.span(head.word_range()),
                    Style::Plain,
                    option,
                ));
            }
            self.commanded(head, texts, code, into);
        }
        true
    }

    fn env(&mut self, statement: &Statement, scope: &Scope<'_>, into: &mut Node) {
        let head = self.head(statement);
        let Some(block) = &statement.block else {
            return;
        };
        let mut items = Vec::new();
        for field in block.statements.iter().filter(|field| !field.broken) {
            let line = self.head(field);
            let Some((name, at, value)) = self.entry_of(field, scope) else {
                continue;
            };
            let mut item = build::map(self.span(line.range()));
            let key = build::text(self.span(at.clone()), Style::Plain, name);
            self.put(&mut item, &["name"], at.clone(), key);
            match value.kind {
                NodeKind::Scalar(scalar) => {
                    let style = scalar.style;
                    self.put(
                        &mut item,
                        &["value"],
                        at,
                        build::text(value.span, style, scalar.value),
                    );
                }
                _ => self.put(&mut item, &["valueFrom"], at, value),
            }
            items.push(item);
        }
        let items = build::seq(self.whole(statement), items);
        self.put(into, &["env"], head.word_range(), items);
    }

    /// `cpu 100m` asks for as much, `cpu ..1` allows as much, `cpu 100m..1` does both.
    fn resource(
        &mut self,
        statement: &Statement,
        head: Head<'a>,
        scope: &Scope<'_>,
        into: &mut Node,
    ) {
        self.no_block(statement, "a resource");
        let tokens = self.tokens;
        let [_, amount] = &tokens[statement.head.clone()] else {
            let help = format!(
                "`{0} 1` asks, `{0} ..2` allows, `{0} 1..2` does both",
                head.word
            );
            self.faults.error(
                "syntax",
                head.range(),
                format!("expected one amount after `{}`", head.word),
                help,
            );
            return;
        };
        let name = if head.word == "storage" {
            "ephemeral-storage"
        } else {
            head.word
        };
        let range = amount.range();
        let split = if amount.kind == Kind::Word {
            amount.text(self.text).split_once("..")
        } else {
            None
        };
        let amounts = split.map_or(vec![amount.text(self.text)], |(asked, allowed)| {
            vec![asked, allowed]
        });
        for amount in amounts
            .into_iter()
            .map(|amount| amount.trim_matches(['"', '\'']))
        {
            if !amount.is_empty() && !amount.contains("${") && !is_quantity(amount) {
                let help = "amounts are `100m`, `2`, `1.5`, `64Mi`, `1Gi`";
                self.faults.error(
                    "quantity",
                    range.clone(),
                    format!("`{amount}` is no amount"),
                    help,
                );
            }
        }
        let Some((asked, allowed)) = split else {
            let value = self.token_node(amount, scope);
            self.put(into, &["resources", "requests", name], range, value);
            return;
        };
        for (field, text) in [("requests", asked), ("limits", allowed)] {
            if !text.is_empty() {
                let said = crate::text::say(text, range.start, scope, &mut self.faults);
                let value = build::text(self.span(range.clone()), Style::Plain, said.text);
                self.put(into, &["resources", field, name], range.clone(), value);
            }
        }
    }

    fn mount(&mut self, statement: &Statement, head: Head<'a>, scope: &Scope<'_>, into: &mut Node) {
        let Some(parts) = self.read(Rule::mount_statement, head) else {
            return;
        };
        let mut node = build::map(self.whole(statement));
        let mut fields = ["name", "mountPath"].into_iter();
        for part in parts {
            let at = grammar::range(&part, head.base);
            match part.as_rule() {
                Rule::EOI => {}
                Rule::sub => {
                    for text in part.into_inner() {
                        let value = self.text_node(&text, head.base, scope);
                        self.put(&mut node, &["subPath"], at.clone(), value);
                    }
                }
                _ => {
                    if let Some(field) = fields.next() {
                        let value = self.text_node(&part, head.base, scope);
                        self.put(&mut node, &[field], at, value);
                    }
                }
            }
        }
        if let Some(block) = &statement.block {
            self.fields_into(block, scope, &mut node);
        }
        let items = build::seq(node.span, vec![node]);
        self.put(into, &["volumeMounts"], head.word_range(), items);
    }

    /// `volume NAME empty`, `volume NAME claim CLAIM`, `volume NAME { … }`.
    pub fn volume(&mut self, statement: &Statement, scope: &Scope<'_>, into: &mut Node) {
        let head = self.head(statement);
        let Some(parts) = self.read(Rule::volume_statement, head) else {
            return;
        };
        let mut node = build::map(self.whole(statement));
        let mut path: Vec<&str> = vec!["name"];
        for part in parts {
            let at = grammar::range(&part, head.base);
            match part.as_rule() {
                Rule::EOI => {}
                Rule::empty => {
                    let value = build::map(self.span(at.clone()));
                    self.put(&mut node, &["emptyDir"], at, value);
                }
                Rule::volume_kind => {
                    path = match part.as_str() {
                        "claim" => vec!["persistentVolumeClaim", "claimName"],
                        "secret" => vec!["secret", "secretName"],
                        _ => vec!["configMap", "name"],
                    };
                }
                _ => {
                    let value = self.text_node(&part, head.base, scope);
                    self.put(&mut node, &path, at, value);
                }
            }
        }
        if let Some(block) = &statement.block {
            self.fields_into(block, scope, &mut node);
        }
        let items = build::seq(node.span, vec![node]);
        self.put(into, &["volumes"], head.word_range(), items);
    }
}

/// Kubernetes' idea of an amount.
fn is_quantity(text: &str) -> bool {
    let digits = text.trim_start_matches(['+', '-']);
    let end = digits
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(digits.len());
    let (number, unit) = digits.split_at(end);
    let exponent = || {
        let rest = unit.strip_prefix(['e', 'E']).unwrap_or_default();
        !rest.is_empty()
            && rest
                .trim_start_matches(['+', '-'])
                .bytes()
                .all(|byte| byte.is_ascii_digit())
    };
    number.parse::<f64>().is_ok()
        && (matches!(
            unit,
            "" | "n"
                | "u"
                | "m"
                | "k"
                | "M"
                | "G"
                | "T"
                | "P"
                | "E"
                | "Ki"
                | "Mi"
                | "Gi"
                | "Ti"
                | "Pi"
                | "Ei"
        ) || exponent())
}
