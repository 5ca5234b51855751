//! Boxes in rows, with as few crossings and bends as a few sweeps find: the layered layout of Sugiyama, in its plainest form.
//!
//! Long edges get a point in every row that they cross. Rows are ordered by the mean place of neighbours, above and below in
//! turn; places follow from the same means, kept apart by the least squares that keep the order.

/// A box to place, and where it was placed.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    pub rank: usize,
    pub width: f64,
    pub height: f64,
    /// Centre.
    pub x: f64,
    /// Top.
    pub y: f64,
    /// Top and bottom of its row.
    pub row: (f64, f64),
}

/// A laid-out graph.
#[derive(Debug, Default)]
pub struct Layout {
    pub cells: Vec<Cell>,
    /// For each edge the points it runs through, in each row that it crosses.
    pub bends: Vec<Vec<(f64, f64, f64)>>,
    pub width: f64,
    pub height: f64,
}

const GAP_X: f64 = 28.0;
const GAP_Y: f64 = 46.0;
const SWEEPS: usize = 12;

/// Places `cells`, whose sizes and rows are given; every edge leads to a later row.
pub fn place(cells: Vec<Cell>, edges: &[(usize, usize)]) -> Layout {
    let real = cells.len();
    let mut graph = Graph {
        cells,
        above: Vec::new(),
        below: Vec::new(),
        rows: Vec::new(),
    };
    let chains = graph.connect(edges);
    graph.order();
    graph.spread();
    graph.stack(real, chains)
}

struct Graph {
    cells: Vec<Cell>,
    above: Vec<Vec<usize>>,
    below: Vec<Vec<usize>>,
    /// Cells of each row, left to right.
    rows: Vec<Vec<usize>>,
}

impl Graph {
    /// Links neighbours, with a point in every row that a long edge crosses; gives those points.
    fn connect(&mut self, edges: &[(usize, usize)]) -> Vec<Vec<usize>> {
        let mut links = Vec::new();
        let mut chains = Vec::new();
        for (from, to) in edges {
            let (mut last, mut chain) = (*from, Vec::new());
            for rank in self.cells[*from].rank + 1..self.cells[*to].rank {
                self.cells.push(Cell {
                    rank,
                    width: 2.0,
                    ..Cell::default()
                });
                chain.push(self.cells.len() - 1);
                links.push((last, self.cells.len() - 1));
                last = self.cells.len() - 1;
            }
            links.push((last, *to));
            chains.push(chain);
        }
        self.above = vec![Vec::new(); self.cells.len()];
        self.below = self.above.clone();
        for (from, to) in links {
            self.below[from].push(to);
            self.above[to].push(from);
        }
        let count = self
            .cells
            .iter()
            .map(|cell| cell.rank + 1)
            .max()
            .unwrap_or(0);
        self.rows = vec![Vec::new(); count];
        for (index, cell) in self.cells.iter().enumerate() {
            self.rows[cell.rank].push(index);
        }
        chains
    }

    /// Orders each row by the mean place of its neighbours.
    fn order(&mut self) {
        let mut place = vec![0.0; self.cells.len()];
        let mut best = (usize::MAX, self.rows.clone());
        for sweep in 0..SWEEPS {
            self.number(&mut place);
            let crossings = self.crossings(&place);
            if crossings < best.0 {
                best = (crossings, self.rows.clone());
            }
            if crossings == 0 {
                break;
            }
            let down = sweep.is_multiple_of(2);
            let count = self.rows.len();
            for step in 0..count {
                let row = if down { step } else { count - 1 - step };
                let neighbours = if down { &self.above } else { &self.below };
                let mut keyed: Vec<(f64, usize)> = self.rows[row]
                    .iter()
                    .map(|cell| {
                        (
                            mean(&neighbours[*cell], &place).unwrap_or(place[*cell]),
                            *cell,
                        )
                    })
                    .collect();
                keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
                self.rows[row] = keyed.into_iter().map(|(_, cell)| cell).collect();
                for (position, cell) in self.rows[row].iter().enumerate() {
                    place[*cell] = position as f64;
                }
            }
        }
        self.rows = best.1;
    }

    fn number(&self, place: &mut [f64]) {
        for row in &self.rows {
            for (position, cell) in row.iter().enumerate() {
                place[*cell] = position as f64;
            }
        }
    }

    fn crossings(&self, place: &[f64]) -> usize {
        let mut count = 0;
        for row in &self.rows {
            let ends = row.iter().flat_map(|from| {
                self.below[*from]
                    .iter()
                    .map(|to| (place[*from], place[*to]))
            });
            let ends: Vec<(f64, f64)> = ends.collect();
            // Beyond this a picture is no longer read edge by edge.
            if ends.len() > 400 {
                continue;
            }
            for (index, a) in ends.iter().enumerate() {
                count += ends[index + 1..]
                    .iter()
                    .filter(|b| (a.0 - b.0) * (a.1 - b.1) < 0.0)
                    .count();
            }
        }
        count
    }

    /// Gives every cell a centre: as near to the mean of its neighbours as the order and the gaps allow.
    fn spread(&mut self) {
        for row in self.rows.clone() {
            let mut x = 0.0;
            for cell in &row {
                self.cells[*cell].x = x + self.cells[*cell].width / 2.0;
                x += self.cells[*cell].width + GAP_X;
            }
        }
        let count = self.rows.len();
        for sweep in 0..2 * SWEEPS {
            for step in 0..count {
                let row = if sweep.is_multiple_of(2) {
                    step
                } else {
                    count - 1 - step
                };
                self.settle(row, sweep);
            }
        }
    }

    fn settle(&mut self, row: usize, sweep: usize) {
        let centres: Vec<f64> = self.cells.iter().map(|cell| cell.x).collect();
        let row = self.rows[row].clone();
        let wanted = |cell: usize| {
            let (up, down) = (
                mean(&self.above[cell], &centres),
                mean(&self.below[cell], &centres),
            );
            match (up, down) {
                (Some(up), Some(down)) if sweep + 2 >= 2 * SWEEPS => f64::midpoint(up, down),
                (Some(up), Some(down)) => {
                    if sweep.is_multiple_of(2) {
                        up
                    } else {
                        down
                    }
                }
                (one, other) => one.or(other).unwrap_or(centres[cell]),
            }
        };
        let mut offset = 0.0;
        let mut offsets = Vec::new();
        for (position, cell) in row.iter().enumerate() {
            if position > 0 {
                offset +=
                    (self.cells[row[position - 1]].width + self.cells[*cell].width) / 2.0 + GAP_X;
            }
            offsets.push(offset);
        }
        let free: Vec<f64> = row
            .iter()
            .zip(&offsets)
            .map(|(cell, offset)| wanted(*cell) - offset)
            .collect();
        for ((cell, offset), x) in row.iter().zip(offsets).zip(rising(&free)) {
            self.cells[*cell].x = x + offset;
        }
    }

    fn stack(mut self, real: usize, chains: Vec<Vec<usize>>) -> Layout {
        let left = self
            .cells
            .iter()
            .map(|cell| cell.x - cell.width / 2.0)
            .fold(f64::INFINITY, f64::min);
        let right = self
            .cells
            .iter()
            .map(|cell| cell.x + cell.width / 2.0)
            .fold(f64::NEG_INFINITY, f64::max);
        let mut y = 0.0;
        for row in &self.rows {
            let height = row
                .iter()
                .map(|cell| self.cells[*cell].height)
                .fold(0.0, f64::max);
            for cell in row {
                let cell = &mut self.cells[*cell];
                cell.x -= left;
                cell.row = (y, y + height);
                cell.y = if cell.height > 0.0 {
                    y + (height - cell.height) / 2.0
                } else {
                    y
                };
                // A point of a long edge is as tall as its row.
                cell.height = if cell.height > 0.0 {
                    cell.height
                } else {
                    height
                };
            }
            y += height + GAP_Y;
        }
        let point = |cell: &usize| {
            (
                self.cells[*cell].x,
                self.cells[*cell].y,
                self.cells[*cell].y + self.cells[*cell].height,
            )
        };
        let bends = chains
            .iter()
            .map(|chain| chain.iter().map(point).collect())
            .collect();
        let width = if right > left { right - left } else { 0.0 };
        self.cells.truncate(real);
        Layout {
            cells: self.cells,
            bends,
            width,
            height: (y - GAP_Y).max(0.0),
        }
    }
}

fn mean(cells: &[usize], place: &[f64]) -> Option<f64> {
    (!cells.is_empty())
        .then(|| cells.iter().map(|cell| place[*cell]).sum::<f64>() / cells.len() as f64)
}

/// The numbers nearest to `wanted` (by squares) that never fall.
fn rising(wanted: &[f64]) -> Vec<f64> {
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    for value in wanted {
        let mut block = (*value, 1);
        while let Some(last) = blocks.last().copied().filter(|last| last.0 > block.0) {
            let count = last.1 + block.1;
            block = (
                (last.0 * last.1 as f64 + block.0 * block.1 as f64) / count as f64,
                count,
            );
            blocks.pop();
        }
        blocks.push(block);
    }
    blocks
        .into_iter()
        .flat_map(|(value, count)| std::iter::repeat_n(value, count))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(ranks: &[usize]) -> Vec<Cell> {
        ranks
            .iter()
            .map(|rank| Cell {
                rank: *rank,
                width: 100.0,
                height: 40.0,
                ..Cell::default()
            })
            .collect()
    }

    #[test]
    fn a_diamond_is_even() {
        let layout = place(cells(&[0, 1, 1, 2]), &[(0, 1), (0, 2), (1, 3), (2, 3)]);
        let x: Vec<f64> = layout.cells.iter().map(|cell| cell.x.round()).collect();
        assert_eq!((x[0], x[3]), (114.0, 114.0));
        assert_eq!((x[1], x[2]), (50.0, 178.0));
        assert_eq!((layout.width.round(), layout.height), (228.0, 212.0));
    }

    #[test]
    fn no_two_boxes_meet() {
        let ranks: Vec<usize> = (0..60).map(|index| index / 10).collect();
        let edges: Vec<(usize, usize)> = (0..50)
            .flat_map(|from| {
                [
                    (from, from + 10),
                    (from, (from * 7) % 10 + (from / 10 + 1) * 10),
                ]
            })
            .chain([(0, 59), (3, 45)])
            .collect();
        let layout = place(cells(&ranks), &edges);
        for (index, a) in layout.cells.iter().enumerate() {
            for b in layout.cells[index + 1..]
                .iter()
                .filter(|b| b.rank == a.rank)
            {
                assert!((a.x - b.x).abs() >= 100.0 + GAP_X - 0.01);
            }
        }
        assert_eq!(layout.bends[100].len(), 4);
    }

    #[test]
    fn nothing_is_placed_nowhere() {
        let layout = place(Vec::new(), &[]);
        assert_eq!((layout.width, layout.height), (0.0, 0.0));
    }
}
