//! Boxes inside boxes: the size and place of every item, innermost first.

use super::dot::pairs;
use super::layered::{Cell, Layout, place};
use super::model::{Inner, Item};

pub const TITLE: f64 = 15.0;
pub const LINE: f64 = 16.0;
const PAD: f64 = 12.0;
const INSET: f64 = 18.0;

/// An item with its size, and what is inside with its place.
pub struct Drawn<'p> {
    pub item: &'p Item,
    pub lines: Vec<String>,
    pub width: f64,
    pub height: f64,
    pub inside: Option<Inside<'p>>,
}

pub struct Inside<'p> {
    /// Left top of each, relative to the item's own.
    pub items: Vec<(f64, f64, Drawn<'p>)>,
    /// Where groups of steps meet: centres.
    pub joints: Vec<(f64, f64)>,
    pub edges: Vec<Curve>,
}

/// An edge: the points it runs through, and what it says.
pub struct Curve {
    pub points: Vec<(f64, f64)>,
    pub label: String,
    /// It leads to a joint: no arrow head.
    pub open: bool,
}

impl<'p> Drawn<'p> {
    pub fn of(item: &'p Item) -> Drawn<'p> {
        let mut lines = Vec::new();
        if !item.template.is_empty() && item.template != item.name {
            lines.push(item.template.clone());
        }
        lines.extend(item.notes.iter().cloned());
        for line in &mut lines {
            *line = crate::text::elided(line, 44);
        }
        let text = lines
            .iter()
            .map(|line| text_width(line, 11.0))
            .fold(1.06 * text_width(&item.name, 13.0), f64::max);
        let head = 2.0 * PAD + TITLE + lines.len() as f64 * LINE;
        let mut drawn = Drawn {
            item,
            lines,
            width: (text + 2.0 * PAD).max(84.0),
            height: head,
            inside: None,
        };
        if let Some(inner) = item.inner.as_ref().filter(|inner| !inner.items.is_empty()) {
            drawn.open(inner, head);
        }
        drawn
    }

    fn open(&mut self, inner: &'p Inner, head: f64) {
        let children: Vec<Drawn<'p>> = inner.items.iter().map(Drawn::of).collect();
        let mut cells: Vec<Cell> = children
            .iter()
            .zip(&inner.ranks)
            .map(|(child, rank)| Cell {
                rank: 2 * rank,
                width: child.width,
                height: child.height,
                ..Cell::default()
            })
            .collect();
        let mut links = Links::default();
        if inner.steps {
            links.steps(inner, &mut cells)
        } else {
            links.dag(inner, &mut cells)
        }
        let layout = place(cells, &links.edges);
        self.width = self.width.max(layout.width + 2.0 * INSET);
        self.height = head + layout.height + INSET;
        let (left, top) = ((self.width - layout.width) / 2.0, head);
        let joints = layout.cells[children.len()..]
            .iter()
            .map(|cell| (left + cell.x, top + cell.y))
            .collect();
        let edges = links.curves(&layout, left, top, children.len());
        let corner = |cell: &Cell| (left + cell.x - cell.width / 2.0, top + cell.y);
        let items = children
            .into_iter()
            .zip(&layout.cells)
            .map(|(child, cell)| (corner(cell).0, corner(cell).1, child))
            .collect();
        self.inside = Some(Inside {
            items,
            joints,
            edges,
        });
    }
}

#[derive(Default)]
struct Links {
    edges: Vec<(usize, usize)>,
    labels: Vec<String>,
}

impl Links {
    fn link(&mut self, from: usize, to: usize, label: &str) {
        self.edges.push((from, to));
        self.labels.push(label.to_owned());
    }

    fn dag(&mut self, inner: &Inner, cells: &mut [Cell]) {
        cells.iter_mut().for_each(|cell| cell.rank /= 2);
        for (from, to, label) in pairs(inner) {
            self.link(from, to, label);
        }
    }

    /// Two groups of several steps each meet in a point between them, so that not every step is tied to every other.
    fn steps(&mut self, inner: &Inner, cells: &mut Vec<Cell>) {
        let last = inner.ranks.last().copied().unwrap_or(0);
        let group =
            |rank: usize| (0..inner.items.len()).filter(move |index| inner.ranks[*index] == rank);
        let mut shift = 0;
        for rank in 0..=last {
            for index in group(rank) {
                cells[index].rank = rank + shift;
            }
            if group(rank).count() > 1 && group(rank + 1).count() > 1 {
                shift += 1;
                cells.push(Cell {
                    rank: rank + shift,
                    width: 8.0,
                    height: 0.01,
                    ..Cell::default()
                });
                let joint = cells.len() - 1;
                group(rank).for_each(|from| self.link(from, joint, ""));
                group(rank + 1).for_each(|to| self.link(joint, to, ""));
            } else {
                group(rank).for_each(|from| group(rank + 1).for_each(|to| self.link(from, to, "")));
            }
        }
    }

    fn curves(self, layout: &Layout, left: f64, top: f64, real: usize) -> Vec<Curve> {
        let mut curves = Vec::new();
        for (((from, to), label), bends) in self.edges.iter().zip(self.labels).zip(&layout.bends) {
            let (start, end) = (&layout.cells[*from], &layout.cells[*to]);
            // Straight through what is left of the own row, so that no taller neighbour is crossed.
            let mut points = vec![(start.x, start.y + start.height), (start.x, start.row.1)];
            for (x, above, below) in bends {
                points.extend([(*x, *above), (*x, *below)]);
            }
            points.extend([(end.x, end.row.0), (end.x, end.y)]);
            points.dedup_by(|a, b| (a.0 - b.0).abs() < 0.1 && (a.1 - b.1).abs() < 0.1);
            let points = points
                .into_iter()
                .map(|(x, y)| (left + x, top + y))
                .collect();
            let open = *to >= real;
            curves.push(Curve {
                points,
                label,
                open,
            });
        }
        curves
    }
}

/// How wide a text is, near enough, in a sans-serif face of this size.
pub fn text_width(text: &str, size: f64) -> f64 {
    let one = |c: char| match c {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | ' ' => 0.33,
        'f' | 't' | 'r' | '-' | '(' | ')' | '[' | ']' | '/' => 0.42,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '=' | '!' | '+' => 0.96,
        c if c.is_ascii_uppercase() => 0.74,
        c if c.is_ascii() => 0.65,
        _ => 1.0,
    };
    text.chars().map(one).sum::<f64>() * size
}
