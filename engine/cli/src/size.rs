//! How long texts are: lines, and characters that are no blanks.

use anstyle::Style;

use crate::table::Table;
use crate::text::Line;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    pub lines: usize,
    pub characters: usize,
}

impl Size {
    pub fn of(text: &str) -> Size {
        Size {
            lines: text.lines().count(),
            characters: text.chars().filter(|c| !c.is_whitespace()).count(),
        }
    }
}

/// A file before and after.
pub struct Row {
    pub name: String,
    pub from: Size,
    pub to: Size,
}

impl Row {
    /// Every file, and all of them together where there are several.
    pub fn table(rows: &[Row]) -> Vec<Line> {
        let mut table = Table::new(&["FILE", "LINES", "CHARACTERS"], 3);
        rows.iter().for_each(|row| table.row(row.cells()));
        if rows.len() > 1 {
            table.row(Row::sum(rows).cells());
        }
        table.lines(true)
    }

    fn sum(rows: &[Row]) -> Row {
        let sum = |pick: fn(&Row) -> Size| {
            let add = |a: Size, b: Size| Size {
                lines: a.lines + b.lines,
                characters: a.characters + b.characters,
            };
            rows.iter().map(pick).fold(Size::default(), add)
        };
        Row {
            name: "in all".to_owned(),
            from: sum(|row| row.from),
            to: sum(|row| row.to),
        }
    }

    fn cells(&self) -> Vec<Line> {
        let plain = |text: &str| Line::new().then(Style::new(), text);
        let side = |from: usize, to: usize| {
            let share = 100.0 * to as f64 / from.max(1) as f64;
            plain(&format!("{from} → {to} ({share:.1} %)"))
        };
        vec![
            plain(&self.name),
            side(self.from.lines, self.to.lines),
            side(self.from.characters, self.to.characters),
        ]
    }
}
