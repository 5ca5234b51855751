//! Which variables an expression mentions, and how it would take their absence.

use crate::ast::{Kind, Node, Segment};
use crate::program::Reference;

/// All references in the order of the text.
pub(crate) fn of(root: &Node) -> Vec<Reference> {
    let mut found = Vec::new();
    walk(root, false, &mut found);
    found.sort_by_key(|reference| reference.offset);
    found
}

fn walk(node: &Node, guarded: bool, found: &mut Vec<Reference>) {
    match &node.kind {
        Kind::Path(segments) => found.push(reference(node, segments, guarded, false)),
        Kind::Coalesce(left, right) => {
            walk(left, true, found);
            walk(right, guarded, found);
        }
        Kind::Member {
            base,
            key,
            optional,
        } => {
            walk(key, guarded, found);
            match (&base.kind, &key.kind) {
                (Kind::Path(segments), key) => {
                    let dynamic = !matches!(key, Kind::Literal(_));
                    found.push(reference(base, segments, guarded || *optional, dynamic));
                }
                _ => walk(base, guarded || *optional, found),
            }
        }
        _ => node
            .children()
            .into_iter()
            .for_each(|child| walk(child, guarded, found)),
    }
}

fn reference(node: &Node, segments: &[Segment], guarded: bool, dynamic: bool) -> Reference {
    Reference {
        path: segments
            .iter()
            .map(|segment| segment.name.to_string())
            .collect(),
        offset: node.at as usize,
        guarded: guarded || segments.iter().any(|segment| segment.optional),
        dynamic,
    }
}

#[cfg(test)]
mod tests {
    use crate::program::Program;

    fn check(source: &str, expected: &str) {
        let program = Program::parse(source).unwrap();
        let shown: Vec<String> = program
            .refs()
            .iter()
            .map(|r| {
                format!(
                    "{}@{}{}{}",
                    r.path.join("."),
                    r.offset,
                    if r.guarded { " guarded" } else { "" },
                    if r.dynamic { " dynamic" } else { "" }
                )
            })
            .collect();
        assert_eq!(shown.join(", "), expected, "{source}");
    }

    #[test]
    fn both_spellings_of_a_path_are_one() {
        check(
            "steps['a-b'].outputs.result + steps.c.ip",
            "steps.a-b.outputs.result@0, steps.c.ip@30",
        );
    }

    #[test]
    fn guards() {
        check("a.b ?? c.d", "a.b@0 guarded, c.d@7");
        check("a?.b == a.c", "a.b@0 guarded, a.c@8");
    }

    #[test]
    fn computed_members_are_dynamic() {
        check(
            "steps[inputs.parameters.x].outputs.result",
            "steps@0 dynamic, inputs.parameters.x@6",
        );
        check("let x = a.b; map(c.d, # + x)", "a.b@8, c.d@17");
    }
}
