//! The picture as a tree of lines.

use anstyle::Style;

use super::model::{Inner, Item, Picture};
use crate::style::{BOLD, DIM, LOGS};
use crate::text::Line;

/// The lines of the picture, without colours where they are not wanted by whoever prints them.
pub fn tree(picture: &Picture, utf8: bool) -> Vec<Line> {
    let mut drawing = Drawing {
        rows: Vec::new(),
        utf8,
    };
    drawing.item(&picture.main, String::new(), "", None);
    for hook in &picture.hooks {
        drawing.rows.push(Default::default());
        drawing.item(hook, String::new(), "", None);
    }
    drawing.lines()
}

struct Drawing {
    /// Name with its lead, template, what there is to say.
    rows: Vec<(Line, Line, Line)>,
    utf8: bool,
}

impl Drawing {
    fn item(&mut self, item: &Item, lead: String, below: &str, after: Option<String>) {
        let name = Line::new()
            .then(DIM, self.glyphs(&lead))
            .then(BOLD, &item.name);
        let called = if item.template.is_empty() || item.template == item.name {
            item.kind.clone()
        } else {
            format!("{} ({})", item.template, item.kind)
        };
        let notes: Vec<String> = after
            .into_iter()
            .chain(item.notes.iter().cloned())
            .collect();
        self.rows.push((
            name,
            Line::new().then(LOGS[0], called),
            Line::new().then(Style::new(), notes.join("; ")),
        ));
        if let Some(inner) = &item.inner {
            self.inner(inner, below);
        }
    }

    fn inner(&mut self, inner: &Inner, below: &str) {
        let count = inner.items.len();
        // By layer; a DAG's order within one is kept.
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_by_key(|index| inner.ranks[*index]);
        for (position, index) in order.iter().enumerate() {
            let rank = inner.ranks[*index];
            let first = position == 0 || inner.ranks[order[position - 1]] != rank;
            let end = position + 1 == count || inner.ranks[order[position + 1]] != rank;
            let last_group = rank == inner.ranks[order[count - 1]];
            let (lead, stem) = match (inner.steps, first, end) {
                (false, ..) => (
                    if position + 1 == count {
                        "└─ "
                    } else {
                        "├─ "
                    }
                    .to_owned(),
                    if position + 1 == count {
                        "   "
                    } else {
                        "│  "
                    }
                    .to_owned(),
                ),
                (true, true, true) => (
                    format!("{}─── ", tee(last_group)),
                    format!("{}    ", bar(last_group)),
                ),
                (true, first, end) => {
                    let outer = if first {
                        format!("{}─", tee(last_group))
                    } else {
                        format!("{} ", bar(last_group))
                    };
                    let inner = if first { "┬" } else { tee(end) };
                    (
                        format!("{outer}{inner}─ "),
                        format!("{} {}  ", bar(last_group), bar(end)),
                    )
                }
            };
            let after = after(inner, *index);
            self.item(
                &inner.items[*index],
                format!("{below}{lead}"),
                &format!("{below}{stem}"),
                after,
            );
        }
    }

    fn glyphs(&self, lead: &str) -> String {
        if self.utf8 {
            return lead.to_owned();
        }
        lead.replace('├', "+")
            .replace('└', "`")
            .replace('│', "|")
            .replace(['─', '┬'], "-")
    }

    fn lines(self) -> Vec<Line> {
        let width = |pick: fn(&(Line, Line, Line)) -> &Line| {
            self.rows
                .iter()
                .map(|row| pick(row).width())
                .max()
                .unwrap_or(0)
        };
        let (names, templates) = (width(|row| &row.0), width(|row| &row.1));
        let laid = |(mut name, mut template, notes): (Line, Line, Line)| {
            name.pad(names + 2);
            template.pad(templates + 2);
            name.append(template);
            name.append(notes);
            name
        };
        self.rows.into_iter().map(laid).collect()
    }
}

fn tee(last: bool) -> &'static str {
    if last { "└" } else { "├" }
}

fn bar(last: bool) -> &'static str {
    if last { " " } else { "│" }
}

/// What a task of a DAG waits for.
fn after(inner: &Inner, index: usize) -> Option<String> {
    let one = |edge: &super::model::Edge| {
        let name = &inner.items[edge.from].name;
        if edge.label.is_empty() {
            name.clone()
        } else {
            format!("{name} ({})", edge.label)
        }
    };
    let names: Vec<String> = inner
        .edges
        .iter()
        .filter(|edge| edge.to == index)
        .map(one)
        .collect();
    (!names.is_empty()).then(|| format!("after {}", names.join(", ")))
}
