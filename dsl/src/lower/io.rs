//! Outputs, retries and hooks.

use std::ops::Range;

use tiphys_spec::Node;
use tiphys_spec::source::Style;

use super::{Head, Lower};
use crate::build;
use crate::expr;
use crate::fault::did_you_mean;
use crate::grammar::{self, Node as Pair, Rule};
use crate::names::Scope;
use crate::outline::Statement;

impl<'a> Lower<'a, '_> {
    /// `out NAME = …` and `out artifact NAME …`, into the outputs of `template`.
    pub fn out(&mut self, statement: &Statement, scope: &Scope<'_>, template: &mut Node) {
        let head = self.head(statement);
        let Some(out) = self
            .read(Rule::out_statement, head)
            .and_then(|mut parts| parts.next())
        else {
            return;
        };
        let mut node = build::map(self.whole(statement));
        let kind = if out.as_rule() == Rule::out_artifact {
            self.out_artifact(&out, head, scope, &mut node);
            "artifacts"
        } else {
            self.out_parameter(&out, head, scope, &mut node);
            "parameters"
        };
        if let Some(block) = &statement.block {
            self.fields_into(block, scope, &mut node);
        }
        let items = build::seq(node.span, vec![node]);
        self.put(template, &["outputs", kind], head.word_range(), items);
    }

    fn out_artifact(
        &mut self,
        pair: &Pair<'a>,
        head: Head<'a>,
        scope: &Scope<'_>,
        node: &mut Node,
    ) {
        for part in pair.clone().into_inner() {
            let at = grammar::range(&part, head.base);
            match part.as_rule() {
                Rule::artifact_mark => {}
                Rule::name => {
                    let name = self.name_node(&part, head.base);
                    self.put(node, &["name"], at, name);
                }
                Rule::expression => {
                    let lowered =
                        expr::expression(&part, head.text, head.base, scope, &mut self.faults);
                    let Some(lowered) = lowered else { continue };
                    let (field, text) = match &lowered.bare {
                        Some(_) => ("from", lowered.tag()),
                        None => ("fromExpression", lowered.text),
                    };
                    let value = build::text(self.span(at.clone()), Style::Plain, text);
                    self.put(node, &[field], at, value);
                }
                Rule::optional => {
                    let value = build::plain(self.span(at.clone()), "true");
                    self.put(node, &["optional"], at, value);
                }
                Rule::plain => {
                    let value = build::map(self.span(at.clone()));
                    self.put(node, &["archive", "none"], at, value);
                }
                Rule::give => self.give(part, head.base, node),
                _ => {
                    let path = self.text_node(&part, head.base, scope);
                    self.put(node, &["path"], at, path);
                }
            }
        }
    }

    fn give(&mut self, pair: Pair<'a>, base: usize, node: &mut Node) {
        for name in pair.into_inner() {
            let at = grammar::range(&name, base);
            let value = self.name_node(&name, base);
            self.put(node, &["globalName"], at, value);
        }
    }

    fn out_parameter(
        &mut self,
        pair: &Pair<'a>,
        head: Head<'a>,
        scope: &Scope<'_>,
        node: &mut Node,
    ) {
        let mut of = None;
        for part in pair.clone().into_inner() {
            let at = grammar::range(&part, head.base);
            match part.as_rule() {
                Rule::name => {
                    let name = self.name_node(&part, head.base);
                    self.put(node, &["name"], at, name);
                }
                Rule::kind_of => of = self.type_of(&part, head.base),
                Rule::source => self.source(&part, head.base, scope, node),
                Rule::expression => {
                    let lowered =
                        expr::expression(&part, head.text, head.base, scope, &mut self.faults);
                    let Some(lowered) = lowered else { continue };
                    let (field, text) = match &lowered.bare {
                        Some(_) => ("parameter", lowered.tag()),
                        None => ("expression", lowered.text),
                    };
                    let value = build::text(self.span(at.clone()), Style::Plain, text);
                    self.put(node, &["valueFrom", field], at, value);
                }
                Rule::fallback => {
                    for default in part.into_inner() {
                        let mut from = build::map(self.span(at.clone()));
                        self.default(
                            &default,
                            head.base,
                            scope,
                            "default",
                            of.as_ref(),
                            &mut from,
                        );
                        self.put(node, &["valueFrom"], at.clone(), from);
                    }
                }
                Rule::give => self.give(part, head.base, node),
                _ => {}
            }
        }
    }

    /// `file("/path")`, `json("$.x")`, `jq(".x")`, `supplied()`, `configmap(NAME, KEY)`, `event("payload")`.
    fn source(&mut self, pair: &Pair<'a>, base: usize, scope: &Scope<'_>, node: &mut Node) {
        let range = grammar::range(pair, base);
        let mut parts = pair.clone().into_inner();
        let Some(called) = parts.next() else { return };
        let texts: Vec<Node> = parts
            .map(|part| self.text_node(&part, base, scope))
            .collect();
        let fields: &[&str] = match called.as_str() {
            "file" => &["path"],
            "json" => &["jsonPath"],
            "jq" => &["jqFilter"],
            "event" => &["event"],
            "configmap" => &["name", "key"],
            _ => &[],
        };
        if fields.len() != texts.len() {
            let message = format!(
                "`{}` takes {} text{}",
                called.as_str(),
                fields.len(),
                if fields.len() == 1 { "" } else { "s" }
            );
            self.faults.error(
                "wrong-source",
                range,
                message,
                "such as `file(\"/tmp/x\")` or `configmap(NAME, KEY)`",
            );
            return;
        }
        let span = self.span(range.clone());
        if fields.is_empty() {
            self.put(node, &["valueFrom", "supplied"], range, build::map(span));
            return;
        }
        for (field, text) in fields.iter().zip(texts) {
            match called.as_str() {
                "configmap" => self.put(
                    node,
                    &["valueFrom", "configMapKeyRef", field],
                    range.clone(),
                    text,
                ),
                _ => self.put(node, &["valueFrom", field], range.clone(), text),
            }
        }
    }

    /// `retry 3 on error backoff 2s x2 max 1m if …`.
    pub fn retry(&mut self, statement: &Statement, scope: &Scope<'_>, into: &mut Node) {
        let head = self.head(statement);
        let Some(parts) = self.read(Rule::retry_statement, head) else {
            return;
        };
        let mut retry = build::map(self.whole(statement));
        for part in parts {
            let at = grammar::range(&part, head.base);
            match part.as_rule() {
                Rule::limit => {
                    for limit in part.into_inner() {
                        let value = self.value(&limit, head.base, scope);
                        self.put(&mut retry, &["limit"], at.clone(), value);
                    }
                }
                Rule::policy => {
                    if let Some(word) = part.clone().into_inner().next()
                        && let Some(policy) = self.policy(word.as_str(), at.clone())
                    {
                        let value = build::text(self.span(at.clone()), Style::Plain, policy);
                        self.put(&mut retry, &["retryPolicy"], at, value);
                    }
                }
                Rule::backoff => self.backoff(&part, head.base, scope, &mut retry),
                Rule::condition => self.condition(&part, head, scope, &mut retry),
                _ => {}
            }
        }
        if let Some(block) = &statement.block {
            self.fields_into(block, scope, &mut retry);
        }
        self.put(into, &["retryStrategy"], head.word_range(), retry);
    }

    fn policy(&mut self, word: &str, at: Range<usize>) -> Option<&'static str> {
        let policy = POLICIES
            .iter()
            .find(|(known, _)| *known == word)
            .map(|(_, policy)| *policy);
        if policy.is_none() {
            let help = match did_you_mean(word, POLICIES.iter().map(|(known, _)| *known)) {
                help if help.is_empty() => {
                    "it is `on failure`, `on error`, `on transient` or `on always`".to_owned()
                }
                help => help,
            };
            self.faults.error(
                "unknown-policy",
                at,
                format!("`{word}` is nothing to retry on"),
                help,
            );
        }
        policy
    }

    fn backoff(&mut self, pair: &Pair<'a>, base: usize, scope: &Scope<'_>, retry: &mut Node) {
        let mut field = "duration";
        for part in pair.clone().into_inner() {
            let at = grammar::range(&part, base);
            match part.as_rule() {
                Rule::factor => {
                    let value = build::plain(self.span(at.clone()), &part.as_str()[1..]);
                    self.put(retry, &["backoff", "factor"], at, value);
                }
                Rule::cap => {
                    for cap in part.into_inner() {
                        let value = self.value(&cap, base, scope);
                        self.put(retry, &["backoff", "cap"], at.clone(), value);
                    }
                }
                _ => {
                    let value = self.value(&part, base, scope);
                    self.put(retry, &["backoff", field], at, value);
                    field = "maxDuration";
                }
            }
        }
    }

    /// `if EXPRESSION`, into the field `expression`; a quoted text is taken as it stands.
    pub fn condition(
        &mut self,
        pair: &Pair<'a>,
        head: Head<'a>,
        scope: &Scope<'_>,
        into: &mut Node,
    ) {
        let Some(expression) = pair.clone().into_inner().next() else {
            return;
        };
        let at = grammar::range(&expression, head.base);
        if let Some(value) = self.quoted(&expression, head, scope) {
            self.put(into, &["expression"], at, value);
            return;
        }
        if let Some(lowered) =
            expr::expression(&expression, head.text, head.base, scope, &mut self.faults)
        {
            let text = match &lowered.bare {
                Some(meaning) => expr::in_expression(&meaning.path),
                None => lowered.text,
            };
            let value = build::text(self.span(at.clone()), Style::Plain, text);
            self.put(into, &["expression"], at, value);
        }
    }

    /// The text of an expression that is one quoted text.
    pub fn quoted(
        &mut self,
        expression: &Pair<'a>,
        head: Head<'a>,
        scope: &Scope<'_>,
    ) -> Option<Node> {
        let mut tokens = expression.clone().into_inner();
        let first = tokens.next()?;
        let quoted = matches!(first.as_rule(), Rule::string | Rule::raw | Rule::fence);
        (quoted && tokens.next().is_none()).then(|| self.text_node(&first, head.base, scope))
    }
}

pub(crate) const POLICIES: [(&str, &str); 4] = [
    ("failure", "OnFailure"),
    ("error", "OnError"),
    ("transient", "OnTransientError"),
    ("always", "Always"),
];
