//! Statements on a page: comments, indentation, blocks on one line where they fit.

use super::notes::Taken;

/// Columns that a block on one line may take.
const WIDTH: usize = 110;
/// Statements that a block on one line may hold.
const ON_ONE_LINE: usize = 5;

#[derive(Default)]
pub(super) struct Item {
    pub leading: Vec<String>,
    pub trailing: Option<String>,
    pub text: String,
    pub block: Option<Vec<Item>>,
    /// Comments after the last statement of the block.
    pub closing: Vec<String>,
    /// It stands apart from what comes before, unless it takes one line.
    pub apart: bool,
}

impl Item {
    pub fn new(text: impl Into<String>) -> Item {
        Item {
            text: text.into(),
            ..Item::default()
        }
    }

    pub fn block(text: impl Into<String>, block: Vec<Item>) -> Item {
        Item {
            block: Some(block),
            ..Item::new(text)
        }
    }

    pub fn with(mut self, taken: Taken) -> Item {
        let mut leading = taken.leading;
        leading.append(&mut self.leading);
        self.leading = leading;
        match (&self.trailing, taken.trailing) {
            (None, trailing) => self.trailing = trailing,
            (Some(_), Some(other)) => self.leading.push(other),
            _ => {}
        }
        self
    }

    /// The statement on one line of at most `room` columns.
    fn line(&self, room: usize) -> Option<String> {
        if self.text.contains('\n') {
            return None;
        }
        let Some(block) = &self.block else {
            return (self.text.len() <= room.max(WIDTH)).then(|| self.text.clone());
        };
        if !self.closing.is_empty() || block.len() > ON_ONE_LINE {
            return None;
        }
        let mut parts = Vec::new();
        let mut nested = 0;
        for item in block {
            if !item.leading.is_empty() || item.trailing.is_some() || item.is_alone() {
                return None;
            }
            nested += usize::from(item.block.is_some());
            parts.push(item.line(room)?);
        }
        if nested > 0 && block.len() > 3 {
            return None;
        }
        let inside = parts.join("; ");
        let space = if self.text.is_empty() { "" } else { " " };
        let line = match inside.is_empty() {
            true => format!("{}{space}{{}}", self.text),
            false => format!("{}{space}{{ {inside} }}", self.text),
        };
        (line.chars().count() <= room).then_some(line)
    }

    /// Steps and tasks stand on lines of their own.
    fn is_alone(&self) -> bool {
        let first = self.text.split([' ', '(']).next().unwrap_or_default();
        first == "parallel" || self.apart
    }

    pub fn render(&self, depth: usize, out: &mut String) {
        self.leading
            .iter()
            .for_each(|comment| note(comment, depth, out));
        indent(depth, out);
        let room = WIDTH.saturating_sub(2 * depth);
        match (&self.block, self.line(room)) {
            (Some(_), Some(line)) => {
                out.push_str(&line);
                self.end(out);
            }
            (Some(block), None) => {
                lines(&self.text, depth, out);
                out.push_str(if self.text.is_empty() { "{" } else { " {" });
                self.end(out);
                render(block, depth + 1, out);
                self.closing
                    .iter()
                    .for_each(|comment| note(comment, depth + 1, out));
                indent(depth, out);
                out.push_str("}\n");
            }
            (None, _) => {
                lines(&self.text, depth, out);
                self.end(out);
            }
        }
    }

    fn end(&self, out: &mut String) {
        if let Some(comment) = &self.trailing {
            out.push_str(" //");
            out.push_str(comment.trim_end());
        }
        out.push('\n');
    }
}

pub(super) fn render(items: &[Item], depth: usize, out: &mut String) {
    let mut before_is_block = false;
    for (at, item) in items.iter().enumerate() {
        let room = WIDTH.saturating_sub(2 * depth);
        let tall = item.apart && item.line(room).is_none();
        if (at > 1 && tall) || before_is_block {
            out.push('\n');
        }
        before_is_block = tall;
        item.render(depth, out);
    }
}

fn indent(depth: usize, out: &mut String) {
    out.extend(std::iter::repeat_n("  ", depth));
}

fn note(comment: &str, depth: usize, out: &mut String) {
    indent(depth, out);
    out.push_str("//");
    out.push_str(comment.trim_end());
    out.push('\n');
}

/// A text of several lines, all but the first indented here.
fn lines(text: &str, depth: usize, out: &mut String) {
    for (at, line) in text.split('\n').enumerate() {
        if at > 0 {
            out.push('\n');
            if !line.is_empty() {
                indent(depth, out);
            }
        }
        out.push_str(line);
    }
}
