//! Shapes of graphs, as the YAML of one DAG.

use std::fmt::Write;

/// How tasks hang together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Each after the one before.
    Chain,
    /// One, then all, then one.
    Fan,
    /// Layers, each task after two of the layer above.
    Lattice,
    /// Each after up to three that are a little earlier.
    Random,
}

impl Shape {
    pub const ALL: [Self; 4] = [Self::Chain, Self::Fan, Self::Lattice, Self::Random];

    /// What a task comes after.
    fn before(self, task: usize, count: usize) -> Vec<usize> {
        let width = (1..).find(|width| width * width >= count).unwrap_or(1);
        match self {
            _ if task == 0 => Vec::new(),
            Self::Chain => vec![task - 1],
            Self::Fan if task + 1 == count => (1..task).collect(),
            Self::Fan => vec![0],
            Self::Lattice if task < width => Vec::new(),
            Self::Lattice => {
                let (layer, at) = (task / width - 1, task % width);
                let mut above = vec![layer * width + at, layer * width + (at + 1) % width];
                above.dedup();
                above
            }
            Self::Random => {
                let mut number = (task as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
                let mut all = Vec::new();
                for _ in 0..1 + number % 3 {
                    number ^= number << 13;
                    number ^= number >> 7;
                    number ^= number << 17;
                    all.push(task - 1 - usize::try_from(number % 100).unwrap_or(0).min(task - 1));
                }
                all.sort_unstable();
                all.dedup();
                all
            }
        }
    }

    /// A workflow of one DAG with `count` tasks.
    #[must_use]
    pub fn yaml(self, count: usize) -> String {
        let mut text = String::from(
            "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: wf, namespace: ns, uid: u}\nspec:\n  entrypoint: main\n  templates:\n  - name: work\n    inputs: {parameters: [{name: m}]}\n    container: {image: busybox, command: [echo], args: [\"{{inputs.parameters.m}}\"]}\n  - name: main\n    dag:\n      tasks:\n",
        );
        for task in 0..count {
            let before: Vec<String> = self
                .before(task, count)
                .iter()
                .map(|other| format!("t{other}"))
                .collect();
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "      - name: t{task}\n        template: work\n        arguments: {{parameters: [{{name: m, value: \"v{task}\"}}]}}"
            );
            if !before.is_empty() {
                let _ = writeln!(text, "        dependencies: [{}]", before.join(", "));
            }
        }
        text
    }
}
