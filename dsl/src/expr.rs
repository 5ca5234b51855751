//! Expressions: short names become full paths, everything else stays as it was written.

use std::ops::Range;

use crate::fault::Faults;
use crate::grammar::{self, Node, Rule};
use crate::names::{Meaning, Scope};
use crate::types::Type;

/// Words of expr-lang that are no names.
const WORDS: [&str; 15] = [
    "true",
    "false",
    "nil",
    "null",
    "in",
    "not",
    "and",
    "or",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "let",
    "if",
    "else",
];

/// One token of an expression.
struct Token<'i> {
    rule: Rule,
    text: &'i str,
    range: Range<usize>,
    /// Blanks stand before it.
    apart: bool,
}

/// An expression as Argo has it.
#[derive(Debug)]
pub(crate) struct Lowered {
    pub text: String,
    /// What it means, for one bare path.
    pub bare: Option<Meaning>,
    /// It is one literal, of this type.
    pub literal: Option<Type>,
    /// Steps or tasks whose outputs it uses.
    pub tasks: Vec<String>,
}

impl Lowered {
    /// As a tag in a text.
    pub fn tag(&self) -> String {
        match &self.bare {
            Some(_) => format!("{{{{{}}}}}", self.text),
            None => format!("{{{{={}}}}}", self.text),
        }
    }
}

fn flat<'i>(nodes: impl Iterator<Item = Node<'i>>, whole: &'i str, base: usize) -> Vec<Token<'i>> {
    nodes
        .filter(|node| node.as_rule() != Rule::EOI)
        .map(|node| {
            let span = node.as_span();
            Token {
                rule: node.as_rule(),
                text: span.as_str(),
                range: base + span.start()..base + span.end(),
                apart: whole[..span.start()].ends_with(|c: char| c.is_whitespace()),
            }
        })
        .collect()
}

/// Whether the grammar would find one path and nothing else: most holes are that, and need no reading.
fn is_path(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.split('.').all(|part| {
            part.bytes().all(|byte| letter(byte) || byte == b'-')
                && part.bytes().next().is_some_and(letter)
                && part.bytes().next_back().is_some_and(letter)
        })
}

fn alone(text: &str, base: usize) -> Token<'_> {
    Token {
        rule: Rule::path,
        text,
        range: base..base + text.len(),
        apart: false,
    }
}

/// The inside of a `${…}`; `base` is where it stands in the file.
pub(crate) fn hole(
    inside: &str,
    base: usize,
    scope: &Scope<'_>,
    faults: &mut Faults<'_>,
) -> Option<Lowered> {
    if is_path(inside) {
        return lower(&[alone(inside, base)], scope, faults);
    }
    let nodes = grammar::read(Rule::hole_body, inside, base, faults)?;
    lower(&flat(nodes, inside, base), scope, faults)
}

/// As [`hole`], quietly: none for what is no expression with names of this scope in it.
pub(crate) fn quiet(inside: &str, scope: &Scope<'_>) -> Option<Lowered> {
    use pest::Parser as _;
    let tokens = if is_path(inside) {
        vec![alone(inside, 0)]
    } else {
        let mut nodes = grammar::Grammar::parse(Rule::hole_body, inside).ok()?;
        flat(nodes.next()?.into_inner(), inside, 0)
    };
    let mut names = 0;
    let places = crate::place::Places::new(&"".into());
    let name = "".into();
    let mut faults = Faults {
        name: &name,
        places: &places,
        found: Vec::new(),
    };
    for (at, token) in tokens.iter().enumerate() {
        if is_name(&tokens, at) {
            let path: Vec<&str> = token.text.split('.').collect();
            scope.resolve(&path)?;
            names += 1;
        }
    }
    let lowered = lower(&tokens, scope, &mut faults)?;
    let sound = lowered.bare.is_some() || tiphys_expr::Program::parse(&lowered.text).is_ok();
    (names > 0 && sound).then_some(lowered)
}

/// An `expression` pair of a statement whose text is `whole`.
pub(crate) fn expression(
    node: &Node<'_>,
    whole: &str,
    base: usize,
    scope: &Scope<'_>,
    faults: &mut Faults<'_>,
) -> Option<Lowered> {
    lower(&flat(node.clone().into_inner(), whole, base), scope, faults)
}

/// A path that names something of ours: no function, no member, no key of a map, no word of the language.
fn is_name(tokens: &[Token<'_>], at: usize) -> bool {
    let token = &tokens[at];
    if !matches!(token.rule, Rule::path | Rule::reserved_path) || WORDS.contains(&token.text) {
        return false;
    }
    let before = at.checked_sub(1).map(|before| &tokens[before]);
    let after = tokens.get(at + 1);
    let member =
        before.is_some_and(|before| matches!(before.text, "." | "?." | "#") && !token.apart);
    let called = after.is_some_and(|after| after.rule == Rule::open_paren && !after.apart);
    let key = after.is_some_and(|after| after.text == ":")
        && before.is_some_and(|before| matches!(before.rule, Rule::open_brace | Rule::comma));
    let local = before.is_some_and(|before| before.text == "let")
        || tokens[..at].windows(2).any(|pair| {
            pair[0].text == "let"
                && pair[1].text == token.text.split('.').next().unwrap_or_default()
        });
    !(member || called || key || local)
}

fn lower(tokens: &[Token<'_>], scope: &Scope<'_>, faults: &mut Faults<'_>) -> Option<Lowered> {
    let mut lowered = Lowered {
        text: String::new(),
        bare: None,
        literal: None,
        tasks: Vec::new(),
    };
    let mut failed = false;
    for (at, token) in tokens.iter().enumerate() {
        if at > 0 && token.apart {
            lowered.text.push(' ');
        }
        if !is_name(tokens, at) {
            lowered.text.push_str(token.text);
            continue;
        }
        let Some(meaning) = named(token, scope, faults) else {
            failed = true;
            continue;
        };
        if let Some(task) = &meaning.task
            && !lowered.tasks.contains(task)
        {
            lowered.tasks.push(task.clone());
        }
        if tokens.len() == 1 {
            lowered.text = meaning.path.join(".");
            lowered.bare = Some(meaning);
        } else {
            lowered.text.push_str(&in_expression(&meaning.path));
        }
    }
    if let [one] = tokens {
        lowered.literal = literal(one);
    }
    if let ([minus, number], "-") = (tokens, tokens[0].text) {
        lowered.literal = literal(number).filter(|_| minus.range.end == number.range.start);
    }
    if lowered.bare.is_none() && lowered.literal.is_none() && !failed {
        check(&lowered.text, tokens, faults);
    }
    (!failed).then_some(lowered)
}

fn named(token: &Token<'_>, scope: &Scope<'_>, faults: &mut Faults<'_>) -> Option<Meaning> {
    let path: Vec<&str> = token.text.split('.').collect();
    if let Some(meaning) = scope.resolve(&path) {
        return Some(meaning);
    }
    let (code, message, help) = scope.why_not(&path);
    faults.error(code, token.range.clone(), message, help);
    None
}

fn literal(token: &Token<'_>) -> Option<Type> {
    match (token.rule, token.text) {
        (Rule::string | Rule::raw | Rule::fence, _) => Some(Type::String),
        (Rule::number, text) if text.contains(['.', 'e', 'E']) => Some(Type::Float),
        (Rule::number, _) => Some(Type::Int),
        (_, "true" | "false") => Some(Type::Bool),
        _ => None,
    }
}

/// Syntax is expr-lang's to judge; its place is only known where the text is as written, so the whole is pointed at.
fn check(text: &str, tokens: &[Token<'_>], faults: &mut Faults<'_>) {
    let Err(error) = tiphys_expr::Program::parse(text) else {
        return;
    };
    let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else {
        return;
    };
    let help = match &error.suggestion {
        Some(near) => format!("did you mean `{near}`?"),
        None => String::new(),
    };
    let message = format!("the expression cannot be read: {}", error.message);
    faults.error(
        "expression-syntax",
        first.range.start..last.range.end,
        message,
        help,
    );
}

/// A path as expr-lang writes it: names that are no identifiers in brackets.
pub(crate) fn in_expression(path: &[String]) -> String {
    let mut text = String::new();
    for (at, part) in path.iter().enumerate() {
        let plain = part
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && !part.starts_with(|c: char| c.is_ascii_digit());
        match (at, plain) {
            (0, _) => text.push_str(part),
            (_, true) => {
                text.push('.');
                text.push_str(part);
            }
            (_, false) => {
                text.push_str("['");
                text.push_str(part);
                text.push_str("']");
            }
        }
    }
    text
}

const COMPARISONS: [&str; 6] = ["==", "!=", "<", "<=", ">", ">="];

/// A `when`: comparisons of names with literals become Argo's conditions, anything more an expression in a tag.
pub(crate) fn when(
    node: &Node<'_>,
    whole: &str,
    base: usize,
    scope: &Scope<'_>,
    faults: &mut Faults<'_>,
) -> Option<Lowered> {
    let tokens = flat(node.clone().into_inner(), whole, base);
    let simple = tokens
        .iter()
        .enumerate()
        .all(|(at, token)| match token.rule {
            Rule::path => is_name(&tokens, at) || matches!(token.text, "true" | "false"),
            Rule::string | Rule::raw | Rule::number | Rule::open_paren | Rule::close_paren => true,
            Rule::punct => {
                COMPARISONS.contains(&token.text) || matches!(token.text, "&&" | "||" | "!" | "-")
            }
            _ => false,
        });
    if !simple {
        let lowered = lower(&tokens, scope, faults)?;
        return Some(Lowered {
            text: lowered.tag(),
            ..lowered
        });
    }
    let mut condition = Condition {
        tokens: &tokens,
        scope,
        lowered: Lowered {
            text: String::new(),
            bare: None,
            literal: None,
            tasks: Vec::new(),
        },
    };
    let mut sound = true;
    for at in 0..tokens.len() {
        sound &= condition.token(at, faults).is_some();
    }
    sound.then_some(condition.lowered)
}

struct Condition<'a, 'g> {
    tokens: &'a [Token<'a>],
    scope: &'a Scope<'g>,
    lowered: Lowered,
}

impl Condition<'_, '_> {
    fn token(&mut self, at: usize, faults: &mut Faults<'_>) -> Option<()> {
        let token = &self.tokens[at];
        if at > 0 && token.apart {
            self.lowered.text.push(' ');
        }
        if !is_name(self.tokens, at) {
            self.lowered.text.push_str(token.text);
            return Some(());
        }
        let path: Vec<&str> = token.text.split('.').collect();
        let other = self.compared_with(at);
        let Some(meaning) = self.scope.resolve(&path) else {
            let is_word = path.len() == 1
                && other.is_some_and(|other| {
                    self.is_known(other) || self.tokens[other].text.contains('.')
                });
            if is_word {
                self.lowered.text.push_str(token.text);
                return Some(());
            }
            named(token, self.scope, faults);
            return None;
        };
        self.judge(&meaning, other, faults);
        let quote = other
            .map(|other| &self.tokens[other])
            .and_then(|other| match other.rule {
                Rule::string => Some("\""),
                Rule::raw => Some("'"),
                _ => None,
            });
        let quote = quote.unwrap_or_default();
        let tag = meaning.path.join(".");
        self.lowered
            .text
            .push_str(&format!("{quote}{{{{{tag}}}}}{quote}"));
        if let Some(task) = meaning.task
            && !self.lowered.tasks.contains(&task)
        {
            self.lowered.tasks.push(task);
        }
        Some(())
    }

    fn is_known(&self, at: usize) -> bool {
        let path: Vec<&str> = self.tokens[at].text.split('.').collect();
        is_name(self.tokens, at) && self.scope.resolve(&path).is_some()
    }

    /// The operand on the other side of a comparison.
    fn compared_with(&self, at: usize) -> Option<usize> {
        let compares = |at: usize| {
            self.tokens
                .get(at)
                .is_some_and(|token| COMPARISONS.contains(&token.text))
        };
        if compares(at + 1) {
            return (at + 2 < self.tokens.len()).then_some(at + 2);
        }
        let before = at.checked_sub(2)?;
        compares(before + 1).then_some(before)
    }

    /// A choice that does not exist, a word where a number has to be.
    fn judge(&self, meaning: &Meaning, other: Option<usize>, faults: &mut Faults<'_>) {
        let (Some(of), Some(other)) = (&meaning.of, other.map(|other| &self.tokens[other])) else {
            return;
        };
        let text = match other.rule {
            Rule::string | Rule::raw => other.text[1..other.text.len() - 1].to_owned(),
            Rule::number => other.text.to_owned(),
            Rule::path
                if !other.text.contains('.') && self.scope.resolve(&[other.text]).is_none() =>
            {
                other.text.to_owned()
            }
            _ => return,
        };
        if !of.admits(&text) && *of != Type::Json {
            let choices: &[String] = match of {
                Type::Enum(choices) => choices,
                _ => &[],
            };
            let help = crate::fault::did_you_mean(&text, choices.iter().map(String::as_str));
            let name = meaning.path.last().map_or("", String::as_str);
            faults.error(
                "wrong-type",
                other.range.clone(),
                format!("`{name}` is {of}, so it is never `{text}`"),
                help,
            );
        }
    }
}

/// An `after`: names of tasks, their results in small letters.
pub(crate) fn after(node: &Node<'_>, whole: &str, base: usize) -> String {
    let tokens = flat(node.clone().into_inner(), whole, base);
    let mut text = String::new();
    for (at, token) in tokens.iter().enumerate() {
        if at > 0 && token.apart {
            text.push(' ');
        }
        match (token.rule, token.text.split_once('.')) {
            (Rule::path, Some((task, result))) => {
                text.push_str(task);
                text.push('.');
                text.push_str(&result_named(result));
            }
            _ => text.push_str(token.text),
        }
    }
    text
}

/// `any-succeeded` → `AnySucceeded`.
pub(crate) fn result_named(result: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or(String::new(), |first| {
            first.to_ascii_uppercase().to_string() + letters.as_str()
        })
    };
    result.split('-').map(capital).collect()
}
