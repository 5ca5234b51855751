//! Cases as files: `tests/cases/*.yaml` hold a workflow and, after a line `# ---`, the tree that it ends with. `UPDATE=1` rewrites the trees.

mod support;

use std::path::Path;
use support::{Act, tree};

/// What a pod does stands in its script: lines `exit N`, `result TEXT`, `out NAME=VALUE`, `sleep N`, `error TEXT`.
fn act(intent: &tiphys_core::PodIntent) -> Act {
    let text = intent
        .template
        .container
        .as_ref()
        .and_then(|c| c.args.as_ref())
        .map(|a| a.join("\n"))
        .unwrap_or_default();
    let mut act = Act {
        seconds: 1,
        ..Act::default()
    };
    for line in text.lines() {
        match line.trim().split_once(' ') {
            Some(("exit", code)) => act.code = code.parse().expect("a number"),
            Some(("result", text)) => act.result = Some(text.to_owned()),
            Some(("sleep", text)) => act.seconds = text.parse().expect("a number"),
            Some(("error", text)) => act.error = Some(text.to_owned()),
            Some(("out", text)) => act.parameters.extend(
                text.split_once('=')
                    .map(|(k, v)| (k.to_owned(), v.to_owned())),
            ),
            _ => {}
        }
    }
    act
}

#[test]
fn every_case_ends_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder")
        .map(|f| f.expect("an entry").path())
        .collect();
    files.sort();
    let (mut bad, count) = (Vec::new(), files.len());
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a file");
        let (yaml, want) = text.split_once("# ---\n").unwrap_or((&text, ""));
        let got = tree(yaml, &act);
        let want: String = want
            .lines()
            .map(|line| line.strip_prefix("# ").unwrap_or(line))
            .collect::<Vec<_>>()
            .join("\n");
        if std::env::var_os("UPDATE").is_some() {
            let lines: String = got.lines().map(|line| format!("# {line}\n")).collect();
            std::fs::write(
                &file,
                format!(
                    "{}# ---\n{lines}",
                    yaml.strip_suffix('\n')
                        .map_or(yaml.to_owned(), |y| format!("{y}\n"))
                ),
            )
            .expect("written");
        } else if got != want {
            bad.push(format!("{}\nwant:\n{want}\ngot:\n{got}\n", file.display()));
        }
    }
    assert!(bad.is_empty(), "{}", bad.join("\n"));
    println!("{count} cases end as written");
}
