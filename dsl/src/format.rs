//! One layout for every file. There are no options; what a text says never changes, for its tokens stay what they are.

use std::ops::Range;

use tiphys_spec::Diagnostic;

use crate::compile::parse;
use crate::fault::Faults;
use crate::outline::{Block, Statement};
use crate::place::Places;
use crate::scan::{Kind, Token};
use crate::text;

/// Columns that a block on one line may take.
const WIDTH: usize = 110;

/// Lays a text out. Line ends inside of brackets stay where they are, and a block written on one line stays on one where it
/// fits; everything else has one form.
///
/// # Errors
/// A quote or bracket that is not closed: what belongs to what is not known.
pub fn format(name: &str, text: &str) -> Result<String, Vec<Diagnostic>> {
    let (name, shared) = (name.into(), text.into());
    let places = Places::new(&shared);
    let mut faults = Faults {
        name: &name,
        places: &places,
        found: Vec::new(),
    };
    let (tokens, file) = parse(text, &mut faults);
    if !faults.found.is_empty() {
        return Err(faults.found);
    }
    let mut page = Page {
        text,
        tokens: &tokens,
        out: String::with_capacity(text.len()),
    };
    page.statements(&file, 0);
    Ok(page.out)
}

struct Page<'t> {
    text: &'t str,
    tokens: &'t [Token],
    out: String,
}

impl Page<'_> {
    fn indent(&mut self, depth: usize) {
        self.out.extend(std::iter::repeat_n("  ", depth));
    }

    fn comment(&self, at: usize) -> &str {
        self.tokens[at].text(self.text).trim_end()
    }

    fn own_line(&mut self, at: usize, depth: usize) {
        self.indent(depth);
        let comment = self.comment(at).to_owned();
        self.out.push_str(&comment);
        self.out.push('\n');
    }

    fn statements(&mut self, block: &Block, depth: usize) {
        for (number, statement) in block.statements.iter().enumerate() {
            let apart = statement.blank_before || depth == 0;
            if number > 0 && apart {
                self.out.push('\n');
            }
            for comment in &statement.leading {
                self.own_line(*comment, depth);
            }
            self.indent(depth);
            self.statement(statement, depth);
            if let Some(comment) = statement.trailing {
                self.behind(comment);
            }
            self.out.push('\n');
        }
        if block.blank_before_closing && !block.closing.is_empty() && !block.statements.is_empty() {
            self.out.push('\n');
        }
        for comment in &block.closing {
            self.own_line(*comment, depth);
        }
    }

    fn behind(&mut self, comment: usize) {
        let comment = self.comment(comment).to_owned();
        self.out.push(' ');
        self.out.push_str(&comment);
    }

    fn statement(&mut self, statement: &Statement, depth: usize) {
        let column = 2 * depth;
        if let Some(line) = self.line(statement, WIDTH.saturating_sub(column)) {
            self.out.push_str(&line);
            return;
        }
        let head = self.head(statement.head.clone(), depth);
        self.out.push_str(&head);
        let Some(block) = &statement.block else {
            return;
        };
        if !head.is_empty() {
            self.out.push(' ');
        }
        self.out.push('{');
        if let Some(comment) = block.opening {
            self.behind(comment);
        }
        self.out.push('\n');
        self.statements(block, depth + 1);
        self.indent(depth);
        self.out.push('}');
    }

    /// The statement on one line, where it was on one and fits.
    fn line(&self, statement: &Statement, room: usize) -> Option<String> {
        let head = self.head(statement.head.clone(), 0);
        if head.contains('\n') {
            return None;
        }
        let Some(block) = &statement.block else {
            return Some(head);
        };
        let space = if head.is_empty() { "" } else { " " };
        if block.statements.is_empty() && block.closing.is_empty() && block.opening.is_none() {
            return Some(format!("{head}{space}{{}}"));
        }
        if !block.inline || block.opening.is_some() || !block.closing.is_empty() {
            return None;
        }
        let mut parts = Vec::new();
        for inner in &block.statements {
            if !inner.leading.is_empty() || inner.trailing.is_some() {
                return None;
            }
            parts.push(self.line(inner, room)?);
        }
        let line = format!("{head}{space}{{ {} }}", parts.join("; "));
        (line.chars().count() <= room).then_some(line)
    }

    /// The tokens of a head with one blank where there were some, lines inside of brackets indented.
    fn head(&self, range: Range<usize>, depth: usize) -> String {
        let mut head = Head {
            out: String::new(),
            depth,
            levels: Vec::new(),
            opened_on_line: false,
            fresh: false,
        };
        let tokens = &self.tokens[range];
        for (at, token) in tokens.iter().enumerate() {
            let before = at.checked_sub(1).map(|before| &tokens[before]);
            let apart = before.is_some_and(|before| before.end < token.start);
            head.token(token, before, apart, self.text);
        }
        head.out
    }
}

struct Head {
    out: String,
    depth: usize,
    /// For each open bracket, whether it indents the lines in it.
    levels: Vec<bool>,
    opened_on_line: bool,
    /// A line has just begun.
    fresh: bool,
}

impl Head {
    fn indent(&self) -> usize {
        self.depth + self.levels.iter().filter(|indents| **indents).count()
    }

    fn token(&mut self, token: &Token, before: Option<&Token>, apart: bool, text: &str) {
        if token.kind == Kind::Newline {
            self.fresh |= !self.out.is_empty();
            return;
        }
        if let Kind::Close(_) = token.kind {
            self.levels.pop();
        }
        if std::mem::take(&mut self.fresh) {
            let kept = self.out.trim_end_matches(' ').len();
            self.out.truncate(kept);
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n("  ", self.indent()));
            self.opened_on_line = false;
        } else if wants_blank(token, before, apart) {
            self.out.push(' ');
        }
        match token.kind {
            Kind::Fence => self.fence(token.text(text)),
            Kind::Comment => self.out.push_str(token.text(text).trim_end()),
            _ => self.out.push_str(token.text(text)),
        }
        if let Kind::Open(_) = token.kind {
            self.levels.push(!self.opened_on_line);
            self.opened_on_line = true;
        }
    }

    /// A block of code, indented as the line it starts on.
    fn fence(&mut self, written: &str) {
        let ticks: String = written.chars().take_while(|c| *c == '`').collect();
        let inside = &written[ticks.len()..];
        if !inside.starts_with('\n') && !inside.starts_with("\r\n") {
            self.out.push_str(written);
            return;
        }
        let indent = "  ".repeat(self.indent());
        self.out.push_str(&ticks);
        let code = text::fence_text(written);
        for line in code.split('\n') {
            self.out.push('\n');
            if !line.is_empty() {
                self.out.push_str(&indent);
                self.out.push_str(line);
            }
        }
        if code.is_empty() || code.ends_with('\n') {
            self.out.push_str(&indent);
        }
        self.out.push_str(&ticks);
    }
}

/// Inside of brackets nothing stands apart from them; elsewhere there is a blank where there was one.
fn wants_blank(token: &Token, before: Option<&Token>, apart: bool) -> bool {
    let Some(before) = before else { return false };
    match (before.kind, token.kind) {
        (Kind::Open(_), _) | (_, Kind::Close(_) | Kind::Comma) => false,
        (_, Kind::Comment) | (Kind::Comma, _) => true,
        _ => apart,
    }
}
