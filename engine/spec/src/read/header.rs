//! `apiVersion` and `kind`: what an object says it is.

use std::sync::Arc;

use super::Kind;
use crate::diagnostic::{Diagnostic, Span, nearest};
use crate::path::Path;
use crate::source::{Node, NodeKind, Source};
use crate::types::API_VERSION;

pub(super) struct Header {
    pub api_version: Arc<str>,
    kind: Arc<str>,
}

/// The header of `node`, or that of the list it is an item of.
pub(super) fn of(
    node: &Node,
    list: Option<&Header>,
    source: &Source,
) -> Result<Header, Box<Diagnostic>> {
    if !matches!(node.kind, NodeKind::Map(_)) {
        let fault = Diagnostic::error(
            "not-an-object",
            &source.name,
            "expected an object with `apiVersion` and `kind`",
        );
        return Err(Box::new(fault.at(first_line(node.span, source))));
    }
    Ok(Header {
        kind: field(
            node,
            "kind",
            "missing-kind",
            list.map(|list| &list.kind),
            source,
        )?,
        api_version: field(
            node,
            "apiVersion",
            "missing-api-version",
            list.map(|list| &list.api_version),
            source,
        )?,
    })
}

fn field(
    node: &Node,
    name: &'static str,
    code: &'static str,
    inherited: Option<&Arc<str>>,
    source: &Source,
) -> Result<Arc<str>, Box<Diagnostic>> {
    let written = node.get(name).filter(|value| !value.is_null());
    if let Some(value) = written {
        if let Some(scalar) = value.scalar().filter(|scalar| !scalar.value.is_empty()) {
            return Ok((&*scalar.value).into());
        }
        let fault = Diagnostic::error(
            "wrong-type",
            &source.name,
            format!("`{name}` has to be text"),
        );
        return Err(Box::new(fault.at(value.span).path(Path::root().key(name))));
    }
    if let Some(inherited) = inherited {
        return Ok(Arc::clone(inherited));
    }
    let fault = Diagnostic::error(code, &source.name, format!("the object has no `{name}`"));
    let near = node
        .entries()
        .iter()
        .find(|entry| nearest(&entry.key, [name]).is_some());
    Err(Box::new(match near {
        Some(entry) => fault
            .at(entry.key_span)
            .help(format!("did you mean `{name}` by `{}`?", entry.key)),
        None => fault.at(first_line(node.span, source)),
    }))
}

/// Enough of a document to point at.
fn first_line(span: Span, source: &Source) -> Span {
    let line = source.text[span.range()].lines().next().unwrap_or_default();
    Span::new(span.start, span.start.after(line))
}

impl Header {
    /// The items of a list of objects, with what they inherit: `WorkflowList` and its like leave out what follows from it.
    pub fn items<'n>(&self, node: &'n Node) -> Option<(&'n [Node], Option<Header>)> {
        let kind = self.kind.strip_suffix("List")?;
        let items = match &node.get("items")?.kind {
            NodeKind::Seq(items) => items,
            _ => return None,
        };
        let inherited = Header {
            api_version: Arc::clone(&self.api_version),
            kind: kind.into(),
        };
        Some((items, (!kind.is_empty()).then_some(inherited)))
    }

    /// The kind meant: a slip in its name, or in the version of a kind we know, is reported and read over.
    pub fn kind(&self, node: &Node, source: &Source, diagnostics: &mut Vec<Diagnostic>) -> Kind {
        let at = |key: &str| node.locate(&Path::root().key(key));
        let kind = match Kind::named(&self.kind) {
            Kind::Other(kind) => match self.misspelt() {
                Some(near) => {
                    let fault = Diagnostic::error(
                        "unknown-kind",
                        &source.name,
                        format!("unknown kind `{kind}`"),
                    )
                    .at(at("kind"))
                    .path(Path::root().key("kind"))
                    .help(format!("did you mean `{near}`?"));
                    diagnostics.push(fault);
                    Kind::named(near)
                }
                None => return Kind::Other(kind),
            },
            kind => kind,
        };
        match kind.api_version() {
            Some(wanted) if wanted != &*self.api_version => {
                let message = format!("unknown version `{}` of {kind}", self.api_version);
                let fault = Diagnostic::error("unknown-api-version", &source.name, message)
                    .at(at("apiVersion"))
                    .path(Path::root().key("apiVersion"))
                    .help(format!("did you mean `{wanted}`?"));
                diagnostics.push(fault);
                // The type of a kind of Kubernetes refuses any other version.
                if kind == Kind::ConfigMap {
                    Kind::Other(Arc::clone(&self.kind))
                } else {
                    kind
                }
            }
            _ => kind,
        }
    }

    /// The kind of ours that this one is a slip of; other kinds of other versions are none of our business.
    fn misspelt(&self) -> Option<&'static str> {
        let near = nearest(&self.kind, Kind::NAMES.iter().copied())?;
        let group = |version: &str| version.split_once('/').map(|(group, _)| group.to_owned());
        let (wanted, given) = match near {
            "ConfigMap" => (None, group(&self.api_version)),
            _ => (group(API_VERSION), group(&self.api_version)),
        };
        (wanted == given).then_some(near)
    }
}
