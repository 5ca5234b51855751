use super::*;
use serde_json::json;

/// Name, type, phase, boundary, children, second of start.
type Entry<'a> = (&'a str, &'a str, &'a str, &'a str, &'a [&'a str], u32);

/// Nodes from a short list.
fn nodes(list: &[Entry<'_>]) -> BTreeMap<String, NodeStatus> {
    let node = |(name, kind, phase, boundary, children, start): &Entry<'_>| {
        let display = name
            .rsplit_once(['.', ']'])
            .map_or(*name, |(_, tail)| if tail.is_empty() { name } else { tail });
        let mut value = json!({"id": name, "name": name, "displayName": display, "type": kind, "phase": phase, "children": children,
            "startedAt": format!("2026-01-01T00:00:{start:02}Z")});
        if !boundary.is_empty() {
            value["boundaryID"] = json!(boundary);
        }
        ((*name).to_owned(), serde_json::from_value(value).unwrap())
    };
    list.iter().map(node).collect()
}

#[track_caller]
fn check(list: &[Entry<'_>], look: &Look<'_>, want: &str) {
    let nodes = nodes(list);
    let icon = |node: &NodeStatus| crate::style::icon(node, look.utf8);
    let draw = |rows: Vec<Row<'_>>| {
        rows.iter()
            .map(|row| format!("{}{} {}\n", row.lead, icon(row.node), row.node.display_name))
            .collect::<String>()
    };
    let got: Vec<String> = rows("w", &nodes, look).into_iter().map(draw).collect();
    assert_eq!(format!("\n{}", got.join("\n")), want);
}

const ALL: Look<'static> = Look {
    utf8: true,
    omitted: false,
    keep: &|_| true,
};

#[test]
fn step_groups_only_indent() {
    check(
        &[
            ("w", "Steps", "Running", "", &["w[0]"], 0),
            ("w[0]", "StepGroup", "Succeeded", "w", &["w[0].a"], 0),
            ("w[0].a", "Pod", "Succeeded", "w", &["w[1]"], 1),
            (
                "w[1]",
                "StepGroup",
                "Running",
                "w",
                &["w[1].c", "w[1].b"],
                2,
            ),
            ("w[1].c", "Steps", "Running", "w", &["w[1].c[0]"], 3),
            (
                "w[1].c[0]",
                "StepGroup",
                "Running",
                "w[1].c",
                &["w[1].c[0].x"],
                3,
            ),
            ("w[1].c[0].x", "Pod", "Failed", "w[1].c", &[], 3),
            ("w[1].b", "Suspend", "Running", "w", &[], 3),
            ("w[1].d", "Pod", "Skipped", "w", &[], 3),
        ],
        &ALL,
        "
 ● w
 ├─── ✔ a
 └─┬─ ǁ b
   ├─ ● c
   │  └─── ✖ x
   └─ ○ d
",
    );
}

#[test]
fn tasks_hang_under_their_dag_whatever_expands_them() {
    check(
        &[
            ("w", "DAG", "Failed", "", &["w.a"], 0),
            (
                "w.a",
                "TaskGroup",
                "Succeeded",
                "w",
                &["w.a(0:x)", "w.a(10:z)", "w.a(2:y)"],
                0,
            ),
            ("w.a(0:x)", "Pod", "Succeeded", "w", &[], 1),
            ("w.a(10:z)", "Pod", "Succeeded", "w", &[], 1),
            ("w.a(2:y)", "Pod", "Succeeded", "w", &[], 1),
            ("w.b", "Skipped", "Omitted", "w", &[], 2),
            ("w.c", "Pod", "Error", "w", &[], 2),
        ],
        &ALL,
        "
 ✖ w
 ├─ ✔ a(0:x)
 ├─ ✔ a(2:y)
 ├─ ✔ a(10:z)
 └─ ⚠ c
",
    );
}

#[test]
fn a_retry_with_one_attempt_is_that_attempt() {
    let list: &[Entry<'_>] = &[
        ("w", "DAG", "Failed", "", &["w.a", "w.b"], 0),
        ("w.a", "Retry", "Succeeded", "w", &["w.a(0)"], 0),
        ("w.a(0)", "Pod", "Succeeded", "w", &[], 0),
        ("w.b", "Retry", "Failed", "w", &["w.b(0)", "w.b(1)"], 1),
        ("w.b(0)", "Pod", "Failed", "w", &[], 1),
        ("w.b(1)", "Pod", "Failed", "w", &[], 2),
        ("w.c", "Skipped", "Omitted", "w", &[], 9),
        ("w.onExit", "Pod", "Succeeded", "", &[], 10),
    ];
    check(
        list,
        &ALL,
        "
 ✖ w
 ├─ ✔ a(0)
 └─ ✖ b
    ├─ ✖ b(0)
    └─ ✖ b(1)

 ✔ onExit
",
    );
    check(
        list,
        &Look {
            utf8: false,
            omitted: true,
            keep: &|node| {
                node.phase == Some(NodePhase::Failed) || node.phase == Some(NodePhase::Omitted)
            },
        },
        "
 Failed w
 +- Failed b
 |  +- Failed b(0)
 |  `- Failed b(1)
 `- Omitted c
",
    );
}

#[test]
fn records_that_go_in_circles_end() {
    check(
        &[
            ("w", "DAG", "Running", "x", &["x"], 0),
            ("x", "DAG", "Running", "w", &["w"], 0),
        ],
        &ALL,
        "\n ● w\n └─ ● x\n",
    );
}
