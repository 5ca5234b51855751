//! What a `.flow` text defines and where it is used, read from its tokens alone: fast enough for every key that is pressed,
//! and as good as the text is, however broken. Nothing is judged here; that is [`compile`](crate::compile)'s business.

mod at;
mod call;
mod define;
pub mod docs;
mod fields;
mod offer;
mod path;
mod refer;
mod signature;

use std::ops::Range;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::fault::Faults;
use crate::outline::{self, Block};
use crate::place::Places;
use crate::scan::{self, Token};

pub use at::{Place, Spot};
pub use offer::{Form, Offer, modifiers, statements};

/// A name that a text gives to something.
#[derive(Clone, Debug, PartialEq)]
pub struct Symbol {
    pub kind: SymbolKind,
    pub name: String,
    /// Bytes of the name.
    pub at: Range<usize>,
    /// Bytes of all that is defined.
    pub whole: Range<usize>,
    /// The object or template that it belongs to: an index into the symbols.
    pub owner: Option<usize>,
    /// How it is written: `max_tries: int = 3`, `container crunch(n: int)`.
    pub detail: String,
    /// The comments above it.
    pub doc: String,
    /// It has a value where none is given.
    pub optional: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SymbolKind {
    Workflow,
    Library,
    ClusterLibrary,
    Cron,
    /// An object of another kind.
    Object,
    Template,
    Parameter,
    Artifact,
    OutParameter,
    OutArtifact,
    /// A step or task; `calls` of the index says what it calls. One without a name of its own is called as its template.
    Task,
    /// The name that a loop gives to its items.
    Item,
    /// A volume of a template or workflow.
    Volume,
}

/// A place where a name is used.
#[derive(Clone, Debug, PartialEq)]
pub struct Use {
    pub at: Range<usize>,
    pub target: Target,
}

/// What a name that is used stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// Something of this text: an index into the symbols.
    Symbol(usize),
    /// Something of a library, wherever that is.
    Foreign(Foreign),
    /// Something that every run has: `workflow.name`, `task.status`.
    Known(String),
    /// Nothing that is known.
    Missing,
}

/// A library, a template of it, or what that takes or gives.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Foreign {
    pub cluster: bool,
    pub library: String,
    pub template: Option<String>,
    pub member: Option<(SymbolKind, String)>,
}

/// Names of an object or of a template.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Its own symbol; none for a template without a name.
    pub symbol: Option<usize>,
    pub range: Range<usize>,
    /// The kind of template, `steps` and such; empty for objects.
    pub body: String,
    pub inputs: FxHashMap<String, usize>,
    pub artifacts: FxHashMap<String, usize>,
    pub outputs: FxHashMap<String, usize>,
    pub tasks: FxHashMap<String, usize>,
    pub templates: FxHashMap<String, usize>,
    /// It is written as fields, at least in part: there may be more than is seen.
    pub open: bool,
}

/// All names of a text.
#[derive(Clone, Debug, Default)]
pub struct Index {
    pub symbols: Vec<Symbol>,
    /// In the order of the text.
    pub uses: Vec<Use>,
    pub objects: Vec<Scope>,
    /// Templates, each with the object it is in.
    pub templates: Vec<(usize, Scope)>,
    /// What a step or task calls.
    pub calls: FxHashMap<usize, Target>,
}

/// A text cut into statements.
pub struct Outline {
    text: Arc<str>,
    tokens: Vec<Token>,
    file: Block,
}

impl Outline {
    #[must_use]
    pub fn new(text: &Arc<str>) -> Outline {
        let name: Arc<str> = "".into();
        // Faults are compile's to tell; their places are not needed.
        let places = Places::new(&"".into());
        let mut faults = Faults {
            name: &name,
            places: &places,
            found: Vec::new(),
        };
        let tokens = scan::tokens(text, &mut faults);
        let file = outline::outline(text, &tokens, &mut faults);
        Outline {
            text: Arc::clone(text),
            tokens,
            file,
        }
    }

    /// Every name that is defined or used.
    #[must_use]
    pub fn index(&self) -> Index {
        let mut index = Index::default();
        let defined = define::define(self, &mut index);
        refer::refer(self, &defined, &mut index);
        index.uses.sort_by_key(|name| (name.at.start, name.at.end));
        index
    }

    fn words(&self, range: &Range<usize>) -> &[Token] {
        &self.tokens[range.clone()]
    }

    fn token(&self, token: &Token) -> &str {
        token.text(&self.text)
    }
}

impl Index {
    #[must_use]
    pub fn of(text: &Arc<str>) -> Index {
        Outline::new(text).index()
    }

    /// What is used, or defined, where `offset` is.
    #[must_use]
    pub fn at(&self, offset: usize) -> Option<(Range<usize>, Target)> {
        let covers = |range: &Range<usize>| range.start <= offset && offset <= range.end;
        let after = self.uses.partition_point(|name| name.at.start <= offset);
        // Names are short and do not overlap but for calls: a few before are enough.
        let used = self.uses[..after]
            .iter()
            .rev()
            .take(8)
            .find(|name| covers(&name.at));
        if let Some(used) = used {
            return Some((used.at.clone(), used.target.clone()));
        }
        let defined = self
            .symbols
            .iter()
            .position(|symbol| covers(&symbol.at) && !symbol.name.is_empty())?;
        Some((self.symbols[defined].at.clone(), Target::Symbol(defined)))
    }

    /// The template around a place.
    #[must_use]
    pub fn template_at(&self, offset: usize) -> Option<&(usize, Scope)> {
        // Of templates inside of others, the inner one comes later.
        self.templates
            .iter()
            .rev()
            .find(|(_, scope)| scope.range.start <= offset && offset <= scope.range.end)
    }

    /// The object around a place.
    #[must_use]
    pub fn object_at(&self, offset: usize) -> Option<&Scope> {
        self.objects
            .iter()
            .find(|scope| scope.range.start <= offset && offset <= scope.range.end)
    }

    /// The names of the template that `symbol` is.
    #[must_use]
    pub fn scope_of(&self, symbol: usize) -> Option<&Scope> {
        self.templates
            .iter()
            .map(|(_, scope)| scope)
            .chain(&self.objects)
            .find(|scope| scope.symbol == Some(symbol))
    }

    /// What of this text a name of a library means.
    #[must_use]
    pub fn find(&self, foreign: &Foreign) -> Option<usize> {
        let kind = if foreign.cluster {
            SymbolKind::ClusterLibrary
        } else {
            SymbolKind::Library
        };
        let is_it = |scope: &&Scope| {
            let symbol = scope.symbol.map(|symbol| &self.symbols[symbol]);
            symbol.is_some_and(|symbol| symbol.kind == kind && symbol.name == foreign.library)
        };
        let library = self.objects.iter().find(is_it)?;
        let Some(template) = &foreign.template else {
            return library.symbol;
        };
        let template = *library.templates.get(template)?;
        let Some((kind, name)) = &foreign.member else {
            return Some(template);
        };
        let scope = self.scope_of(template)?;
        match kind {
            SymbolKind::OutParameter | SymbolKind::OutArtifact => scope.outputs.get(name).copied(),
            SymbolKind::Artifact => scope.artifacts.get(name).copied(),
            _ => scope
                .inputs
                .get(name)
                .or_else(|| scope.artifacts.get(name))
                .copied(),
        }
    }

    /// How others name something of this text; none for what nobody else can name.
    #[must_use]
    pub fn foreign(&self, symbol: usize) -> Option<Foreign> {
        let it = self.symbols.get(symbol)?;
        let library = |owner: usize| {
            let owner = self.symbols.get(owner)?;
            let cluster = owner.kind == SymbolKind::ClusterLibrary;
            (cluster || owner.kind == SymbolKind::Library).then(|| Foreign {
                cluster,
                library: owner.name.clone(),
                template: None,
                member: None,
            })
        };
        match it.kind {
            SymbolKind::Library | SymbolKind::ClusterLibrary => library(symbol),
            SymbolKind::Template => Some(Foreign {
                template: Some(it.name.clone()),
                ..library(it.owner?)?
            }),
            SymbolKind::Parameter
            | SymbolKind::Artifact
            | SymbolKind::OutParameter
            | SymbolKind::OutArtifact => {
                let template = self
                    .symbols
                    .get(it.owner?)
                    .filter(|owner| owner.kind == SymbolKind::Template)?;
                Some(Foreign {
                    template: Some(template.name.clone()),
                    member: Some((it.kind, it.name.clone())),
                    ..library(template.owner?)?
                })
            }
            _ => None,
        }
    }
}
