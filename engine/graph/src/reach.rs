//! Order and reach in a DAG, in time that grows with its edges.

use petgraph::Direction::{Incoming, Outgoing};
use petgraph::graph::DiGraph;

/// The tasks in an order where dependencies come first; or cycles, each of their tasks waiting for the next.
pub(crate) fn sort(graph: &DiGraph<u32, ()>) -> Result<Vec<u32>, Vec<Vec<u32>>> {
    let count = graph.node_count();
    let mut waiting: Vec<usize> = graph
        .node_indices()
        .map(|node| graph.neighbors_directed(node, Incoming).count())
        .collect();
    let mut order: Vec<u32> = (0..count as u32)
        .filter(|task| waiting[*task as usize] == 0)
        .collect();
    let mut done = 0;
    while let Some(&task) = order.get(done) {
        done += 1;
        // Neighbours come last added first; the order of the text reads better.
        let mut ready: Vec<u32> = Vec::new();
        for next in graph.neighbors(task.into()) {
            waiting[next.index()] -= 1;
            if waiting[next.index()] == 0 {
                ready.push(next.index() as u32);
            }
        }
        order.extend(ready.into_iter().rev());
    }
    if order.len() == count {
        Ok(order)
    } else {
        Err(cycles(graph))
    }
}

/// One cycle for each knot of tasks that wait for one another, in the order of the text.
fn cycles(graph: &DiGraph<u32, ()>) -> Vec<Vec<u32>> {
    let mut cycles = Vec::new();
    let mut knot = vec![usize::MAX; graph.node_count()];
    for (number, tasks) in petgraph::algo::kosaraju_scc(graph).into_iter().enumerate() {
        tasks.iter().for_each(|task| knot[task.index()] = number);
        let first = tasks.iter().min().copied();
        let alone = tasks.len() == 1 && first.is_some_and(|task| !graph.contains_edge(task, task));
        if let (false, Some(first)) = (alone, first) {
            cycles.push(cycle(graph, &knot, first.index()));
        }
    }
    cycles.sort_unstable();
    cycles
}

/// A cycle inside the knot of `first`.
fn cycle(graph: &DiGraph<u32, ()>, knot: &[usize], first: usize) -> Vec<u32> {
    let mut position = rustc_hash::FxHashMap::default();
    let mut walk: Vec<u32> = Vec::new();
    let mut at = Some(first as u32);
    while let Some(task) = at {
        if let Some(start) = position.insert(task, walk.len()) {
            return walk.split_off(start);
        }
        walk.push(task);
        let waits = graph
            .neighbors_directed(task.into(), Incoming)
            .map(|on| on.index());
        at = waits
            .filter(|on| knot[*on] == knot[first])
            .min()
            .map(|on| on as u32);
    }
    walk
}

/// For each task, whether some target needs it.
pub(crate) fn needed(graph: &DiGraph<u32, ()>, targets: &[u32]) -> Vec<bool> {
    let mut needed = vec![false; graph.node_count()];
    let mut open: Vec<u32> = targets.to_vec();
    while let Some(task) = open.pop() {
        if !std::mem::replace(&mut needed[task as usize], true) {
            open.extend(
                graph
                    .neighbors_directed(task.into(), Incoming)
                    .map(|on| on.index() as u32),
            );
        }
    }
    needed
}

/// For each pair (asking, asked), whether the asked task comes before the asking one. Answers 64 asked tasks at a time, within
/// the stretch of the order that they span.
pub(crate) fn before(graph: &DiGraph<u32, ()>, order: &[u32], pairs: &[(u32, u32)]) -> Vec<bool> {
    let mut place = vec![0u32; order.len()];
    for (at, task) in order.iter().enumerate() {
        place[*task as usize] = at as u32;
    }
    let mut answers = vec![false; pairs.len()];
    let mut by_asked: Vec<usize> = (0..pairs.len()).collect();
    by_asked.sort_by_key(|pair| (place[pairs[*pair].1 as usize], pairs[*pair].1));
    let mut marks = vec![0u64; order.len()];
    let mut rest = by_asked.as_slice();
    while !rest.is_empty() {
        let mut asked: Vec<u32> = Vec::with_capacity(64);
        let mut taken = 0;
        for pair in rest {
            let one = pairs[*pair].1;
            if asked.last() != Some(&one) {
                if asked.len() == 64 {
                    break;
                }
                asked.push(one);
            }
            taken += 1;
        }
        let (batch, tail) = rest.split_at(taken);
        rest = tail;
        let start = asked.first().map_or(0, |task| place[*task as usize]) as usize;
        let end = batch
            .iter()
            .map(|pair| place[pairs[*pair].0 as usize])
            .max()
            .map_or(start, |end| end as usize);
        for (bit, task) in asked.iter().enumerate() {
            marks[*task as usize] |= 1 << bit;
        }
        let stretch = order.get(start..=end).unwrap_or_default();
        for task in stretch {
            let mark = marks[*task as usize];
            if mark != 0 {
                for next in graph.neighbors_directed((*task).into(), Outgoing) {
                    marks[next.index()] |= mark;
                }
            }
        }
        let mut bit = 0;
        for pair in batch {
            let (asking, one) = pairs[*pair];
            while asked[bit] != one {
                bit += 1;
            }
            answers[*pair] = asking != one && marks[asking as usize] & (1 << bit) != 0;
        }
        for task in stretch {
            for next in graph.neighbors_directed((*task).into(), Outgoing) {
                marks[next.index()] = 0;
            }
            marks[*task as usize] = 0;
        }
        for task in &asked {
            marks[*task as usize] = 0;
        }
    }
    answers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(count: u32, edges: &[(u32, u32)]) -> DiGraph<u32, ()> {
        let mut graph = DiGraph::new();
        for task in 0..count {
            graph.add_node(task);
        }
        for (from, to) in edges {
            graph.add_edge((*from).into(), (*to).into(), ());
        }
        graph
    }

    #[test]
    fn orders_and_names_cycles() {
        assert_eq!(
            sort(&graph(4, &[(2, 1), (1, 0), (2, 3)])),
            Ok(vec![2, 1, 3, 0])
        );
        assert_eq!(
            sort(&graph(4, &[(0, 1), (1, 2), (2, 1), (2, 3)])),
            Err(vec![vec![1, 2]])
        );
        assert_eq!(sort(&graph(1, &[(0, 0)])), Err(vec![vec![0]]));
        let knots = graph(6, &[(0, 1), (1, 0), (1, 2), (3, 4), (4, 5), (5, 3)]);
        assert_eq!(sort(&knots), Err(vec![vec![0, 1], vec![3, 5, 4]]));
        assert_eq!(needed(&graph(3, &[(0, 1)]), &[1]), [true, true, false]);
    }

    #[test]
    fn answers_as_a_plain_search_does() {
        let mut seed = 7u32;
        let mut random = |below: u32| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) % below
        };
        let count = 200;
        let edges: Vec<(u32, u32)> = (0..300)
            .map(|_| (random(count), random(count)))
            .filter(|(a, b)| a != b)
            .map(|(a, b)| (a.min(b), a.max(b)))
            .collect();
        let graph = graph(count, &edges);
        let order = sort(&graph).unwrap();
        let pairs: Vec<(u32, u32)> = (0..1000).map(|_| (random(count), random(count))).collect();
        let plain = |&(asking, asked): &(u32, u32)| {
            let mut open: Vec<u32> = graph
                .neighbors_directed(asking.into(), Incoming)
                .map(|n| n.index() as u32)
                .collect();
            let mut seen = vec![false; count as usize];
            while let Some(task) = open.pop() {
                if !std::mem::replace(&mut seen[task as usize], true) {
                    open.extend(
                        graph
                            .neighbors_directed(task.into(), Incoming)
                            .map(|n| n.index() as u32),
                    );
                }
            }
            seen[asked as usize]
        };
        assert_eq!(
            before(&graph, &order, &pairs),
            pairs.iter().map(plain).collect::<Vec<_>>()
        );
    }
}
