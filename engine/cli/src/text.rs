//! Lines of styled text: measured, clipped and padded by what they take on a screen.

use std::fmt;

use anstyle::Style;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::style::paint;

/// A stretch of text in one style.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Run {
    style: Style,
    text: String,
}

/// One line, without its end. Control characters never get in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line(Vec<Run>);

impl Line {
    pub fn new() -> Line {
        Line::default()
    }

    pub fn plain(text: impl AsRef<str>) -> Line {
        Line::new().then(Style::new(), text)
    }

    #[must_use]
    pub fn then(mut self, style: Style, text: impl AsRef<str>) -> Line {
        self.push(style, text);
        self
    }

    pub fn push(&mut self, style: Style, text: impl AsRef<str>) {
        let text = clean(text.as_ref());
        if !text.is_empty() {
            self.0.push(Run { style, text });
        }
    }

    pub fn append(&mut self, mut other: Line) {
        self.0.append(&mut other.0);
    }

    pub fn width(&self) -> usize {
        self.0.iter().map(|run| run.text.width()).sum()
    }

    /// Filled up with blanks to `width`.
    pub fn pad(&mut self, width: usize) {
        let missing = width.saturating_sub(self.width());
        if missing > 0 {
            self.0.push(Run {
                style: Style::new(),
                text: " ".repeat(missing),
            });
        }
    }

    /// At most `width` columns of it; an ellipsis says that there was more.
    #[must_use]
    pub fn clipped(self, width: usize, utf8: bool) -> Line {
        if self.width() <= width {
            return self;
        }
        let mark = if utf8 { "…" } else { "~" };
        let mut room = width.saturating_sub(1);
        let mut kept = Vec::new();
        for run in self.0 {
            let text = start_of(&run.text, room);
            room -= text.width();
            let whole = text.len() == run.text.len();
            kept.push(Run {
                style: run.style,
                text: text.to_owned(),
            });
            if !whole {
                break;
            }
        }
        if width > 0 {
            kept.push(Run {
                style: Style::new(),
                text: mark.to_owned(),
            });
        }
        Line(kept)
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = self
            .0
            .iter()
            .rposition(|run| !run.text.trim_end().is_empty())
            .map_or(0, |last| last + 1);
        for (position, run) in self.0[..end].iter().enumerate() {
            let text = if position + 1 == end {
                run.text.trim_end()
            } else {
                &run.text
            };
            f.write_str(&paint(run.style, text))?;
        }
        Ok(())
    }
}

/// The longest start of `text` that fits into `width` columns.
fn start_of(text: &str, width: usize) -> &str {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if used > width {
            return &text[..at];
        }
    }
    text
}

/// Without what would move the cursor or change colours: what users wrote must not do that.
pub fn clean(text: &str) -> String {
    if !text.chars().any(char::is_control) {
        return text.to_owned();
    }
    let mut clean = String::with_capacity(text.len());
    for c in anstream::adapter::strip_str(text).to_string().chars() {
        match c {
            '\n' | '\t' if !clean.ends_with(' ') => clean.push(' '),
            c if c.is_control() => {}
            c => clean.push(c),
        }
    }
    clean.trim_end().to_owned()
}

/// At most `width` columns of a text, its middle left out.
pub fn elided(text: &str, width: usize) -> String {
    let count = text.chars().count();
    if count <= width {
        return text.to_owned();
    }
    let half = width.saturating_sub(3) / 2;
    let head: String = text.chars().take(half).collect();
    let tail: String = text.chars().skip(count - half).collect();
    format!("{head}...{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clips_by_columns() {
        let line = Line::plain("● 日本語").then(crate::style::BOLD, "abcdef");
        assert_eq!(line.width(), 14);
        assert_eq!(line.clone().clipped(6, true).width(), 5);
        assert_eq!(
            anstream::adapter::strip_str(&line.clipped(10, true).to_string()).to_string(),
            "● 日本語a…"
        );
        assert_eq!(Line::plain("abc").clipped(0, true).width(), 0);
    }

    #[test]
    fn control_characters_do_not_get_in() {
        assert_eq!(clean("a\u{1b}[31mb\nc\r\u{7}\n"), "ab c");
        assert_eq!(elided("0123456789", 7), "01...89");
    }
}
