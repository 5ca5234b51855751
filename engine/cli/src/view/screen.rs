//! Lines at the foot of a terminal that are drawn again and again in place.

use std::io::Write;

use crate::printer::{self, Printer};
use crate::text::Line;

const HIDE_CURSOR: &str = "\x1b[?25l";
const SHOW_CURSOR: &str = "\x1b[?25h";
/// Terminals that know this draw what is between at once; others ignore it.
const BEGIN: &str = "\x1b[?2026h";
const END: &str = "\x1b[?2026l";
const CLEAR_LINE: &str = "\x1b[K";
const CLEAR_BELOW: &str = "\x1b[J";

/// Draws on standard output or standard error.
pub struct Screen {
    stream: Box<dyn Write + Send>,
    error: bool,
    utf8: bool,
    /// Width of each line that stands there.
    drawn: Vec<usize>,
}

impl Screen {
    pub fn new(printer: &Printer, error: bool) -> Screen {
        Screen {
            stream: printer.stream(error),
            error,
            utf8: printer.utf8(),
            drawn: Vec::new(),
        }
    }

    /// Columns and rows; what a terminal that does not tell is taken to have.
    pub fn size(&self) -> (usize, usize) {
        let size = if self.error {
            printer::size(&std::io::stderr())
        } else {
            printer::size(&std::io::stdout())
        };
        size.filter(|(columns, rows)| *columns > 0 && *rows > 0)
            .unwrap_or((80, 24))
    }

    /// Puts `lines` in the place of those drawn before, and `above` over them for good.
    pub fn draw(&mut self, above: &[String], lines: Vec<Line>) {
        let (columns, _) = self.size();
        let lines: Vec<Line> = lines
            .into_iter()
            .map(|line| line.clipped(columns.saturating_sub(1).max(1), self.utf8))
            .collect();
        let mut text = format!("{BEGIN}{HIDE_CURSOR}{}", self.back(columns));
        for line in above {
            text.push_str(&format!("{line}{CLEAR_LINE}\r\n"));
        }
        for line in &lines {
            text.push_str(&format!("{line}{CLEAR_LINE}\r\n"));
        }
        text.push_str(&format!("{CLEAR_BELOW}{END}"));
        self.drawn = lines.iter().map(Line::width).collect();
        self.write(&text);
    }

    /// Leaves what stands there and gives the terminal back.
    pub fn finish(&mut self) {
        self.drawn.clear();
        self.write(SHOW_CURSOR);
    }

    /// Back to the first of the lines drawn; those that a narrowed terminal has wrapped count for what they take now.
    fn back(&self, columns: usize) -> String {
        let rows: usize = self
            .drawn
            .iter()
            .map(|width| width.saturating_sub(1) / columns.max(1) + 1)
            .sum();
        if rows == 0 {
            "\r".to_owned()
        } else {
            format!("\r\x1b[{rows}A")
        }
    }

    fn write(&mut self, text: &str) {
        // A terminal that has gone away has nobody before it who could be told.
        let _ = self
            .stream
            .write_all(text.as_bytes())
            .and_then(|()| self.stream.flush());
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if !self.drawn.is_empty() {
            self.finish();
        }
    }
}

/// For an end without time to tidy up.
pub fn show_cursor() {
    let mut err = std::io::stderr();
    if std::io::IsTerminal::is_terminal(&err) {
        let _ = err.write_all(SHOW_CURSOR.as_bytes());
    }
}
