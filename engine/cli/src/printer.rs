//! The one way to the terminal: everything that a user sees goes through a [`Printer`].

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anstream::{AutoStream, ColorChoice};
use anstyle::Style;

use crate::args::{Global, When};
use crate::failure::Failure;
use crate::style;

/// Cheap to clone.
#[derive(Clone)]
pub struct Printer {
    color: ColorChoice,
    utf8: bool,
    /// Whoever read standard output has gone.
    closed: Arc<AtomicBool>,
}

impl Printer {
    pub fn new(global: &Global) -> Printer {
        let color = match global.color {
            When::Auto => ColorChoice::Auto,
            When::Always => ColorChoice::Always,
            When::Never => ColorChoice::Never,
        };
        color.write_global();
        Printer {
            color,
            utf8: !global.no_utf8,
            closed: Arc::default(),
        }
    }

    /// Characters beyond ASCII may be written.
    pub fn utf8(&self) -> bool {
        self.utf8
    }

    /// Nobody reads standard output any more.
    pub fn closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// Standard output, or standard error, is a terminal that can be drawn on.
    pub fn live(&self, error: bool) -> bool {
        let terminal = if error {
            io::stderr().is_terminal()
        } else {
            io::stdout().is_terminal()
        };
        terminal && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
    }

    /// A stream that takes colours or not, as the user wants it.
    pub fn stream(&self, error: bool) -> Box<dyn Write + Send> {
        if error {
            Box::new(AutoStream::new(io::stderr(), self.color))
        } else {
            Box::new(AutoStream::new(io::stdout(), self.color))
        }
    }

    /// Text for people, on standard output unless that is kept for an object.
    pub fn say(&self, error: bool, text: impl Display) {
        if error {
            self.note(text)
        } else {
            self.line(text)
        }
    }

    /// How many columns standard output has.
    pub fn width(&self) -> usize {
        size(&io::stdout()).map_or(140, |(columns, _)| columns)
    }

    /// A result, on standard output.
    pub fn line(&self, text: impl Display) {
        self.text(format_args!("{text}\n"));
    }

    /// A result without a line end of its own.
    pub fn text(&self, text: impl Display) {
        let mut out = AutoStream::new(io::stdout().lock(), self.color);
        self.settle(write!(out, "{text}").and_then(|()| out.flush()));
    }

    /// Machine-readable output: bytes as they are.
    pub fn raw(&self, text: &str) {
        let mut out = io::stdout().lock();
        self.settle(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
    }

    fn settle(&self, written: io::Result<()>) {
        // Whatever the fault (a closed pipe, a full disk), there is no better place to tell it; a full disk is told on stderr.
        if let Err(error) = written
            && !self.closed.swap(true, Ordering::Relaxed)
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            self.failure(&Failure::new(format!("write to standard output: {error}")));
        }
    }

    /// Something about the doing rather than a result, on standard error.
    pub fn note(&self, text: impl Display) {
        let mut err = AutoStream::new(io::stderr().lock(), self.color);
        // There is no place left to tell that telling failed.
        let _ = writeln!(err, "{text}");
    }

    pub fn warning(&self, text: impl Display) {
        self.labelled("warning", style::WARNING, &text);
    }

    pub fn error(&self, text: impl Display) {
        self.labelled("error", style::ERROR, &text);
    }

    pub fn hint(&self, text: impl Display) {
        self.labelled("hint", style::HINT, &text);
    }

    pub fn failure(&self, failure: &Failure) {
        self.error(failure);
        if let Some(hint) = &failure.hint {
            self.hint(hint);
        }
    }

    fn labelled(&self, label: &str, style: Style, text: &dyn Display) {
        self.note(format_args!("{}: {text}", style::paint(style, label)));
    }
}

/// Columns and rows of a terminal.
pub fn size(stream: &impl std::os::fd::AsFd) -> Option<(usize, usize)> {
    let (terminal_size::Width(columns), terminal_size::Height(rows)) =
        terminal_size::terminal_size_of(stream)?;
    Some((columns.into(), rows.into()))
}

/// A fault of this program itself, told from wherever it happens.
pub fn bug(text: &str) {
    let mut err = anstream::stderr();
    let label = style::paint(style::ERROR, "bug");
    // There is no place left to tell that telling failed.
    let _ = writeln!(
        err,
        "\x1b[?25h{label}: tiphys {}: {text}",
        env!("CARGO_PKG_VERSION")
    );
    let _ = writeln!(
        err,
        "This is a fault of tiphys, not yours. Please report it with the line above and what you ran."
    );
}
