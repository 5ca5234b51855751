//! What stands in the brackets behind a name: parameters and artifacts, with their types.

use std::ops::Range;

use pest::Parser as _;
use tiphys_spec::Node;
use tiphys_spec::source::Style;

use super::Lower;
use crate::build;
use crate::fault::did_you_mean;
use crate::grammar::{self, Grammar, Node as Pair, Rule};
use crate::names::{Globals, Input, Scope, Signature};
use crate::outline::{Block, Statement};
use crate::scan::Kind;
use crate::types::{NAMES, Type};

/// Parameters and artifacts as lists of nodes.
#[derive(Default)]
pub(crate) struct Inputs {
    pub parameters: Vec<Node>,
    pub artifacts: Vec<Node>,
}

impl<'a> Lower<'a, '_> {
    pub fn inputs(
        &mut self,
        pair: &Pair<'a>,
        base: usize,
        scope: &Scope<'_>,
        signature: &mut Signature,
    ) -> Inputs {
        let mut inputs = Inputs::default();
        for part in pair.clone().into_inner() {
            if part.as_rule() == Rule::artifact {
                inputs
                    .artifacts
                    .push(self.artifact(&part, base, scope, signature));
            } else {
                inputs
                    .parameters
                    .push(self.parameter(&part, base, scope, signature));
            }
        }
        inputs
    }

    /// Puts the lists where they belong.
    pub fn put_inputs(&mut self, into: &mut Node, field: &str, at: Range<usize>, inputs: Inputs) {
        let span = self.span(at.clone());
        for (kind, items) in [
            ("parameters", inputs.parameters),
            ("artifacts", inputs.artifacts),
        ] {
            if !items.is_empty() {
                self.put(into, &[field, kind], at.clone(), build::seq(span, items));
            }
        }
    }

    fn parameter(
        &mut self,
        pair: &Pair<'a>,
        base: usize,
        scope: &Scope<'_>,
        signature: &mut Signature,
    ) -> Node {
        let range = grammar::range(pair, base);
        let mut node = build::map(self.span(range.clone()));
        let mut input = Input {
            name: String::new(),
            of: None,
            provided: false,
        };
        let mut field = "value";
        for part in pair.clone().into_inner() {
            match part.as_rule() {
                Rule::name => {
                    let (name, at) = self.name(&part, base);
                    input.name.clone_from(&name);
                    let value = build::text(self.span(at.clone()), Style::Plain, name);
                    self.put(&mut node, &["name"], at, value);
                }
                Rule::kind_of => {
                    input.of = self.type_of(&part, base);
                    if let Some(Type::Enum(choices)) = &input.of {
                        let at = grammar::range(&part, base);
                        let span = self.span(at.clone());
                        let items = choices
                            .iter()
                            .map(|choice| build::text(span, Style::Plain, choice.clone()));
                        let items = build::seq(span, items.collect());
                        self.put(&mut node, &["enum"], at, items);
                    }
                }
                Rule::assign_default => field = "default",
                Rule::default => {
                    input.provided = true;
                    self.default(&part, base, scope, field, input.of.as_ref(), &mut node);
                }
                Rule::map => {
                    input.provided |=
                        part.as_str().contains("value") || part.as_str().contains("default");
                    let map = self.map(&part, base, scope);
                    self.merge(&mut node, map);
                }
                _ => {}
            }
        }
        if signature.parameter(&input.name).is_some() || signature.artifact(&input.name).is_some() {
            self.faults.error(
                "twice",
                range,
                format!("there is another input `{}`", input.name),
                "give one of them another name",
            );
        }
        signature.parameters.push(input);
        node
    }

    /// The value of a parameter where none is given.
    pub fn default(
        &mut self,
        pair: &Pair<'a>,
        base: usize,
        scope: &Scope<'_>,
        field: &str,
        of: Option<&Type>,
        node: &mut Node,
    ) {
        let Some(inner) = pair.clone().into_inner().next() else {
            return;
        };
        let range = grammar::range(&inner, base);
        match inner.as_rule() {
            Rule::function => {
                let from = self.function(&inner, base, scope);
                self.put(node, &["valueFrom"], range, from);
            }
            Rule::list => {
                let value = self.value(&inner, base, scope);
                let text = json(&value);
                self.fits(of, &text, range.clone());
                let text = build::text(self.span(range.clone()), Style::Plain, text);
                self.put(node, &[field], range, text);
            }
            _ => {
                let value = self.value(&inner, base, scope);
                if let Some(scalar) = value.scalar() {
                    self.fits(of, &scalar.value.clone(), range.clone());
                }
                self.put(node, &[field], range, value);
            }
        }
    }

    /// Reports a text that is not of its type. What has tags in it is known at run time only.
    pub fn fits(&mut self, of: Option<&Type>, text: &str, range: Range<usize>) {
        let Some(of) = of.filter(|of| !text.contains("{{") && !of.admits(text)) else {
            return;
        };
        let help = match of {
            Type::Enum(choices) => match did_you_mean(text, choices.iter().map(String::as_str)) {
                help if help.is_empty() => format!("it is one of {}", choices.join(", ")),
                help => help,
            },
            Type::Duration => "durations are `30s`, `5m`, `1h30m`".to_owned(),
            Type::List(_) => "lists are `[1, 2]`".to_owned(),
            _ => String::new(),
        };
        let short: String = text.chars().take(40).collect();
        self.faults
            .error("wrong-type", range, format!("`{short}` is no {of}"), help);
    }

    fn artifact(
        &mut self,
        pair: &Pair<'a>,
        base: usize,
        scope: &Scope<'_>,
        signature: &mut Signature,
    ) -> Node {
        let range = grammar::range(pair, base);
        let mut node = build::map(self.span(range.clone()));
        let mut input = Input {
            name: String::new(),
            of: None,
            provided: false,
        };
        for part in pair.clone().into_inner() {
            let at = grammar::range(&part, base);
            match part.as_rule() {
                Rule::artifact_mark => {}
                Rule::name => {
                    let (name, at) = self.name(&part, base);
                    input.name.clone_from(&name);
                    let value = build::text(self.span(at.clone()), Style::Plain, name);
                    self.put(&mut node, &["name"], at, value);
                }
                Rule::optional => {
                    input.provided = true;
                    let value = build::plain(self.span(at.clone()), "true");
                    self.put(&mut node, &["optional"], at, value);
                }
                Rule::map => {
                    input.provided = true;
                    let map = self.map(&part, base, scope);
                    self.merge(&mut node, map);
                }
                _ => {
                    let path = self.text_node(&part, base, scope);
                    self.put(&mut node, &["path"], at, path);
                }
            }
        }
        if signature.parameter(&input.name).is_some() || signature.artifact(&input.name).is_some() {
            // An artifact and a parameter may share a name in a workflow that is brought over; two artifacts may not.
            if signature.artifact(&input.name).is_some() {
                self.faults.error(
                    "twice",
                    range,
                    format!("there is another input `{}`", input.name),
                    "give one of them another name",
                );
            }
        }
        signature.artifacts.push(input);
        node
    }

    pub fn merge(&mut self, into: &mut Node, map: Node) {
        if let tiphys_spec::NodeKind::Map(entries) = map.kind {
            for entry in entries {
                let at = entry.key_span.range();
                self.put(into, &[&entry.key], at, entry.value);
            }
        }
    }

    pub fn type_of(&mut self, pair: &Pair<'_>, base: usize) -> Option<Type> {
        let inner = pair.clone().into_inner().next()?;
        match inner.as_rule() {
            Rule::list_type => {
                let item = inner.into_inner().next()?;
                Some(Type::List(Box::new(self.type_of(&item, base)?)))
            }
            Rule::enum_type => {
                let choices: Vec<String> = inner
                    .into_inner()
                    .map(|choice| {
                        let at = grammar::range(&choice, base).start;
                        crate::text::letters(choice.as_str(), at, &mut self.faults)
                    })
                    .collect();
                Some(Type::Enum(choices))
            }
            _ => {
                let found = Type::named(inner.as_str());
                if found.is_none() {
                    let range = grammar::range(&inner, base);
                    let help = match inner.as_str() {
                        "artifact" => "write `artifact NAME`".to_owned(),
                        other => match did_you_mean(other, NAMES) {
                            help if help.is_empty() => {
                                format!("the types are {}", NAMES.join(", "))
                            }
                            help => help,
                        },
                    };
                    self.faults.error(
                        "unknown-type",
                        range,
                        format!("there is no type `{}`", inner.as_str()),
                        help,
                    );
                }
                found
            }
        }
    }

    /// What the `out` statements of a block give, read quietly: they are judged when it is their turn.
    pub fn outputs_of(&self, block: &Block, signature: &mut Signature) {
        for statement in block
            .statements
            .iter()
            .filter(|statement| !statement.broken)
        {
            let head = self.head(statement);
            match head.word {
                "outputs:" | "outputs" | "inputs:" | "inputs" | "raw" => signature.open = true,
                "out" => match self.plain_output(statement) {
                    Some((name, of)) => {
                        signature.out_parameters.insert(name.to_owned(), of);
                    }
                    None => self.output_of(head.text, signature),
                },
                _ => {}
            }
        }
    }

    /// `out NAME = …` and `out NAME: type = …` by their tokens alone; what is wrong behind the `=` is told elsewhere.
    fn plain_output(&self, statement: &Statement) -> Option<(&'a str, Option<Type>)> {
        let word = |index| {
            let token = self.token(statement, index)?;
            (token.kind == Kind::Word).then(|| token.text(self.text))
        };
        let (name, of) = match (word(1)?, word(2)?) {
            (name, "=") => (name, None),
            (name, of) if word(3) == Some("=") => (name.strip_suffix(':')?, Some(Type::named(of)?)),
            _ => return None,
        };
        let plain = name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        (plain && !name.is_empty()).then_some((name, of))
    }

    fn output_of(&self, text: &str, signature: &mut Signature) {
        let Ok(mut pairs) = Grammar::parse(Rule::out_statement, text) else {
            signature.open = true;
            return;
        };
        let out = pairs.next().and_then(|pair| pair.into_inner().next());
        let Some(out) = out else { return };
        let mut of = None;
        let mut name = String::new();
        for part in out.clone().into_inner() {
            match part.as_rule() {
                Rule::name => part
                    .as_str()
                    .trim_matches(['"', '\''])
                    .clone_into(&mut name),
                Rule::kind_of => of = quiet_type(&part),
                _ => {}
            }
        }
        if out.as_rule() == Rule::out_artifact {
            signature.out_artifacts.insert(name);
        } else {
            signature.out_parameters.insert(name, of);
        }
    }

    pub fn open_globals(&self, globals: &mut Globals, signature: Signature) {
        globals.parameters.extend(signature.parameters);
        globals.artifacts.extend(signature.artifacts);
    }
}

fn quiet_type(pair: &Pair<'_>) -> Option<Type> {
    let inner = pair.clone().into_inner().next()?;
    match inner.as_rule() {
        Rule::list_type => Some(Type::List(Box::new(quiet_type(
            &inner.into_inner().next()?,
        )?))),
        Rule::enum_type => None,
        _ => Type::named(inner.as_str()),
    }
}

/// A value as compact JSON.
pub(crate) fn json(node: &Node) -> String {
    use tiphys_spec::NodeKind;
    match &node.kind {
        NodeKind::Scalar(scalar) if scalar.tag.is_none() && scalar.style == Style::Plain => {
            scalar.value.to_string()
        }
        NodeKind::Scalar(scalar) => serde_json::Value::from(&*scalar.value).to_string(),
        NodeKind::Seq(items) => {
            format!("[{}]", items.iter().map(json).collect::<Vec<_>>().join(","))
        }
        NodeKind::Map(entries) => {
            let shown = entries.iter().map(|entry| {
                let key = serde_json::Value::from(&*entry.key);
                format!("{key}:{}", json(&entry.value))
            });
            format!("{{{}}}", shown.collect::<Vec<_>>().join(","))
        }
    }
}
