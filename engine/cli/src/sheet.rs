//! YAML that is no workflow (golden cases, grants, bodies of templates), read with places: what is wrong in it is told as it is of
//! workflows.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use tiphys_spec::{self as spec, Diagnostic, Node, NodeKind, Source};

use crate::command::counted;
use crate::failure::Failure;
use crate::files::Faults;
use crate::printer::Printer;
use crate::report;

/// A text, and what was found wrong in it.
pub struct Sheet {
    source: Arc<Source>,
    faults: Vec<Diagnostic>,
}

impl Sheet {
    pub fn parse(name: &str, bytes: &[u8]) -> Sheet {
        let mut faults = Vec::new();
        let source = Arc::new(Source::parse(name, bytes, &mut faults));
        Sheet { source, faults }
    }

    /// One tree per document.
    pub fn documents(&self) -> Vec<Arc<Node>> {
        self.source.documents.clone()
    }

    /// A value of the text as a type.
    pub fn decode<T: DeserializeOwned>(&mut self, node: &Node) -> Option<T> {
        spec::decode(node, &self.source, &mut self.faults)
    }

    /// Something is wrong at a JSON pointer below `node`, or at the nearest thing there is.
    pub fn fault(
        &mut self,
        node: &Node,
        pointer: &str,
        code: &'static str,
        message: impl Into<String>,
    ) {
        let span = pointed(node, pointer).span;
        self.faults
            .push(Diagnostic::error(code, &self.source.name, message).at(span));
    }

    /// Tells what is wrong. Errors end the command: it could not "accept" `what`.
    pub fn settle(self, what: &str, printer: &Printer) -> Result<(), Failure> {
        let mut faults = Faults {
            diagnostics: self.faults,
            sources: vec![self.source],
        };
        faults.settle();
        report::tell(&faults, printer);
        match faults
            .diagnostics
            .iter()
            .filter(|fault| fault.is_error())
            .count()
        {
            0 => Ok(()),
            count => Err(Failure::new(format!(
                "accept {what}: {}",
                counted(count, "error")
            ))),
        }
    }
}

fn pointed<'n>(node: &'n Node, pointer: &str) -> &'n Node {
    let mut node = node;
    for token in pointer.split('/').skip(1) {
        let key = token.replace("~1", "/").replace("~0", "~");
        let next = match &node.kind {
            NodeKind::Map(_) => node.get(&key),
            NodeKind::Seq(items) => key.parse::<usize>().ok().and_then(|at| items.get(at)),
            NodeKind::Scalar(_) => None,
        };
        match next {
            Some(next) => node = next,
            None => break,
        }
    }
    node
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_lead_to_the_nearest_thing() {
        let sheet = Sheet::parse("body", b"a/b: [{c: 1}]\nd: 2\n");
        let document = sheet.documents().remove(0);
        let place = |pointer| pointed(&document, pointer).span.start.to_string();
        assert_eq!(place(""), "1:1");
        assert_eq!(place("/a~1b/0/c"), "1:11");
        assert_eq!(place("/a~1b/0/x/y"), "1:7");
        assert_eq!(place("/d"), "2:4");
    }
}
