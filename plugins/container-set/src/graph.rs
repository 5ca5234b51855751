//! Cycles among dependencies.

/// A cycle, as indices in the order of its edges, if there is one. `edges[a]` are those that `a` depends on.
pub(crate) fn cycle(edges: &[Vec<usize>]) -> Option<Vec<usize>> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Closed,
    }
    let mut marks = vec![Mark::New; edges.len()];
    for start in 0..edges.len() {
        // A path of (node, next edge): no recursion, however long the chain is.
        let mut path = vec![(start, 0)];
        while let Some((node, next)) = path.last_mut() {
            let node = *node;
            if marks[node] == Mark::Closed {
                path.pop();
                continue;
            }
            marks[node] = Mark::Open;
            let Some(&to) = edges[node].get(*next) else {
                marks[node] = Mark::Closed;
                path.pop();
                continue;
            };
            *next += 1;
            match marks[to] {
                Mark::New => path.push((to, 0)),
                Mark::Open => {
                    let nodes = path.iter().map(|(node, _)| *node);
                    return Some(nodes.skip_while(|node| *node != to).collect());
                }
                Mark::Closed => {}
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::cycle;

    #[test]
    fn a_diamond_is_none_and_a_ring_is_one() {
        assert_eq!(cycle(&[vec![], vec![0], vec![0], vec![1, 2]]), None);
        assert_eq!(
            cycle(&[vec![3], vec![2], vec![1], vec![]]),
            Some(vec![1, 2])
        );
        assert_eq!(cycle(&[vec![0]]), Some(vec![0]));
        assert_eq!(cycle(&[]), None);
    }
}
