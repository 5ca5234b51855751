//! Statements that can begin at a place.

use super::at::Place;
use super::docs::{self, field, line};
use crate::words::{self, Body, Words};

/// How a statement goes on behind its first word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `word value`
    Word,
    /// `field: value`
    Field,
    /// `word NAME { … }` or `word { … }`
    Block,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    pub word: String,
    pub line: &'static str,
    pub form: Form,
}

const SHARED: [&str; 7] = [
    "mutex",
    "semaphore",
    "counter",
    "gauge",
    "histogram",
    "raw",
    "volume",
];
const OF_OBJECTS: [&str; 5] = ["claim", "hook", "retry", "use", "entry"];
const OF_TEMPLATES: [&str; 5] = ["out", "retry", "sidecar", "init", "memoize"];
const OF_CONTAINERS: [&str; 10] = [
    "run", "sh", "python", "command", "args", "env", "mount", "cpu", "memory", "storage",
];
const MODIFIERS: [&str; 6] = ["when", "for", "after", "continue", "on-exit", "hook"];

/// What a statement at `place` can begin with; names of templates are not among it.
#[must_use]
pub fn statements(place: &Place) -> Vec<Offer> {
    let mut offers = Offers(Vec::new());
    match place {
        Place::File => {
            for (word, line) in docs::BLOCKS {
                let word = if *word == "cluster" {
                    "cluster library"
                } else {
                    word
                };
                offers.add(word, line, Form::Block);
            }
        }
        Place::Object(kind) => object(kind, &mut offers),
        Place::Template(kind) => template(Body::named(kind).unwrap_or(Body::Template), &mut offers),
        Place::Container => {
            offers.words(&OF_CONTAINERS);
            offers.table(words::CONTAINER);
            offers.words(&["after"]);
        }
        Place::Parallel => {}
        Place::Call => {
            offers.words(&MODIFIERS);
            offers.words(&["raw"]);
        }
        Place::Fields(path) if path.len() == 1 && path[0] == "raw" => {
            offers.fields(words::TEMPLATE_FIELDS)
        }
        Place::Fields(_) => {}
    }
    offers.0
}

/// What can follow a call.
#[must_use]
pub fn modifiers() -> Vec<Offer> {
    let mut offers = Offers(Vec::new());
    offers.words(&MODIFIERS);
    offers.0
}

fn object(kind: &str, offers: &mut Offers) {
    for (word, line) in docs::TEMPLATES {
        offers.add(word, line, Form::Block);
    }
    offers.words(&OF_OBJECTS);
    offers.words(&SHARED);
    offers.table(words::METADATA);
    if kind == "cron" {
        offers.table(words::CRON);
    }
    offers.table(words::SPEC);
}

fn template(body: Body, offers: &mut Offers) {
    match body {
        Body::Steps => offers.add(
            "parallel",
            line(docs::WORDS, "parallel").unwrap_or_default(),
            Form::Block,
        ),
        Body::ContainerSet => offers.add("container", "One of the containers", Form::Block),
        _ => {}
    }
    if body.is_container() {
        offers.words(&OF_CONTAINERS);
    }
    offers.table(body.words());
    offers.words(&OF_TEMPLATES);
    offers.words(&SHARED);
    offers.table(words::TEMPLATE);
    let own = docs::FIELDS
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| body.field().is_some() && body.owns(name) && body != Body::Plugin);
    offers.fields(own.collect::<Vec<_>>());
    offers.fields(words::TEMPLATE_FIELDS);
}

struct Offers(Vec<Offer>);

impl Offers {
    fn add(&mut self, word: &str, line: &'static str, form: Form) {
        if !self.0.iter().any(|offer| offer.word == word) {
            self.0.push(Offer {
                word: word.to_owned(),
                line,
                form,
            });
        }
    }

    fn words(&mut self, words: &[&str]) {
        for word in words {
            let block = matches!(*word, "env" | "sidecar" | "init" | "raw");
            self.add(
                word,
                line(docs::WORDS, word).unwrap_or_default(),
                if block { Form::Block } else { Form::Word },
            );
        }
    }

    fn table(&mut self, table: Words) {
        for (word, path) in table {
            let block = matches!(
                *word,
                "labels" | "annotations" | "node-selector" | "pod-labels" | "pod-annotations"
            );
            let text = line(docs::WORDS, word)
                .or_else(|| field(path))
                .unwrap_or_default();
            self.add(word, text, if block { Form::Block } else { Form::Word });
        }
    }

    /// Fields that no shorter word stands for.
    fn fields(&mut self, fields: impl IntoIterator<Item = &'static str>) {
        for name in fields {
            let stands_for = |offer: &Offer| words::camel(&offer.word) == name;
            let written = matches!(
                name,
                "name"
                    | "inputs"
                    | "outputs"
                    | "metrics"
                    | "sidecars"
                    | "initContainers"
                    | "volumes"
                    | "retryStrategy"
            );
            if !written && !self.0.iter().any(stands_for) {
                self.add(name, field(name).unwrap_or_default(), Form::Field);
            }
        }
    }
}
