//! A `.flow` text to objects, as [`tiphys_spec::read`] does it for YAML.

use std::sync::Arc;

use tiphys_spec::source::Comment;
use tiphys_spec::{Diagnostic, Mark, Object, Read, Source, Span, diagnostic, read};

use crate::fault::Faults;
use crate::lower::Lower;
use crate::outline::{self, Block};
use crate::place::Places;
use crate::scan::{self, Kind, Token};

/// All that a file holds, and all that is wrong with it, in the order of its text.
#[derive(Clone, Debug)]
pub struct Compiled {
    pub objects: Vec<Object>,
    pub diagnostics: Vec<Diagnostic>,
    /// Its trees are the objects'; its comments are the file's.
    pub source: Arc<Source>,
}

impl Compiled {
    /// True when nothing is wrong; warnings may remain.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        !diagnostic::has_errors(&self.diagnostics)
    }
}

impl From<Compiled> for Read {
    fn from(compiled: Compiled) -> Read {
        Read {
            objects: compiled.objects,
            diagnostics: compiled.diagnostics,
            source: compiled.source,
        }
    }
}

/// Compiles a file: every block, every fault. `name` is what diagnostics call it.
#[must_use]
pub fn compile(name: &str, bytes: &[u8]) -> Compiled {
    let name: Arc<str> = name.into();
    let text = match decoded(&name, bytes) {
        Ok(text) => text,
        Err(fault) => return unreadable(&name, bytes, *fault),
    };
    let places = Places::new(&text);
    let mut faults = Faults {
        name: &name,
        places: &places,
        found: Vec::new(),
    };
    let (tokens, file) = parse(&text, &mut faults);
    let comments = comments(&text, &tokens, &places);
    let mut lower = Lower {
        text: &text,
        tokens: &tokens,
        faults,
    };
    let documents: Vec<_> = lower.file(&file).into_iter().map(Arc::new).collect();
    let mut diagnostics = lower.faults.found;
    let source = Source {
        name: Arc::clone(&name),
        text: Arc::clone(&text),
        documents,
        comments,
    };
    let mut objects = Vec::new();
    for (document, node) in source.documents.iter().enumerate() {
        objects.extend(read::object(document, node, &source, &mut diagnostics));
    }
    diagnostic::sort(&mut diagnostics);
    diagnostics.dedup();
    // An object with a fault of syntax in it is not all that was meant.
    for object in &mut objects {
        let range = object.node.span.range();
        let inside = |fault: &Diagnostic| {
            fault.is_error()
                && fault
                    .span
                    .is_some_and(|span| range.contains(&span.range().start))
        };
        object.complete &= !diagnostics.iter().any(inside);
    }
    Compiled {
        objects,
        diagnostics,
        source: Arc::new(source),
    }
}

pub(crate) fn parse(text: &str, faults: &mut Faults<'_>) -> (Vec<Token>, Block) {
    let tokens = scan::tokens(text, faults);
    let file = outline::outline(text, &tokens, faults);
    (tokens, file)
}

fn decoded(name: &Arc<str>, bytes: &[u8]) -> Result<Arc<str>, Box<Diagnostic>> {
    if u32::try_from(bytes.len()).is_err() {
        let fault = Diagnostic::error("too-large", name, "the file is larger than 4 GiB");
        return Err(Box::new(fault));
    }
    std::str::from_utf8(bytes).map(Arc::from).map_err(|error| {
        let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        let fault = Diagnostic::error("encoding", name, "the file is not UTF-8 text")
            .at(Span::at(Mark::START.after(&before)))
            .help("save it as UTF-8");
        Box::new(fault)
    })
}

fn unreadable(name: &Arc<str>, bytes: &[u8], fault: Diagnostic) -> Compiled {
    let source = Source {
        name: Arc::clone(name),
        text: String::from_utf8_lossy(bytes).into(),
        documents: Vec::new(),
        comments: Vec::new(),
    };
    Compiled {
        objects: Vec::new(),
        diagnostics: vec![fault],
        source: Arc::new(source),
    }
}

fn comments(text: &str, tokens: &[Token], places: &Places) -> Vec<Comment> {
    let own_line = |at: usize| at == 0 || tokens[at - 1].kind == Kind::Newline;
    let comment = |(at, token): (usize, &Token)| Comment {
        span: places.span(token.start as usize, token.end as usize),
        text: token.text(text)[2..].into(),
        own_line: own_line(at),
    };
    tokens
        .iter()
        .enumerate()
        .filter(|(_, token)| token.kind == Kind::Comment)
        .map(comment)
        .collect()
}
