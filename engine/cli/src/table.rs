//! Columns.

use crate::style;
use crate::text::Line;

/// Rows of cells under a head; each column as wide as its widest cell.
pub struct Table {
    head: Vec<&'static str>,
    rows: Vec<Option<Vec<Line>>>,
    gap: usize,
}

impl Table {
    pub fn new(head: &[&'static str], gap: usize) -> Table {
        Table {
            head: head.to_vec(),
            rows: Vec::new(),
            gap,
        }
    }

    pub fn row(&mut self, cells: Vec<Line>) {
        self.rows.push(Some(cells));
    }

    /// A row with nothing in it.
    pub fn space(&mut self) {
        self.rows.push(None);
    }

    /// Head and rows as lines.
    pub fn lines(self, headed: bool) -> Vec<Line> {
        let head: Vec<Line> = self
            .head
            .iter()
            .map(|name| Line::new().then(style::BOLD, name))
            .collect();
        let mut widths = vec![0; self.head.len()];
        for cells in self.rows.iter().flatten().chain(headed.then_some(&head)) {
            for (width, cell) in widths.iter_mut().zip(cells) {
                *width = cell.width().max(*width);
            }
        }
        let laid = |cells: Vec<Line>| {
            let mut line = Line::new();
            for (mut cell, width) in cells.into_iter().zip(&widths) {
                cell.pad(width + self.gap);
                line.append(cell);
            }
            line
        };
        let head = headed.then_some(Some(head));
        head.into_iter()
            .chain(self.rows)
            .map(|row| row.map_or_else(Line::new, laid))
            .collect()
    }
}
