//! Cases as files: `tests/cases/*.yaml` hold a workflow and, after a line `# ---`, the tree that it ends with. `UPDATE=1` rewrites the trees.

mod support;

use std::path::Path;
use support::{Act, World, at, plan_of};
use tiphys_core::{Command, PodIntent, RetryOptions, Run, Selector, resubmit, retry};
use tiphys_graph::plan::Plan;

/// What a pod does stands in its arguments or its script: lines `exit N`, `result TEXT`, `out NAME=VALUE`, `sleep N`, `error TEXT`.
fn act(intent: &PodIntent) -> Act {
    let args = intent
        .template
        .container
        .as_ref()
        .and_then(|c| c.args.as_ref());
    let source = intent
        .template
        .script
        .as_ref()
        .and_then(|script| script.source.clone());
    let text = args
        .map(|args| args.join("\n"))
        .or(source)
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

/// The last word of a line is what it orders: `# at 3 suspend`, `unsuspend`, `resume [NAME=VALUE]`, `stop [SELECTOR]`, `terminate`, `set PHASE`.
fn order(words: &[&str]) -> Command {
    let selector =
        |text: Option<&&str>| text.map(|text| Selector::parse(text).expect("a selector"));
    match words {
        ["suspend"] => Command::Suspend,
        ["unsuspend"] => Command::Unsuspend,
        ["resume", given @ ..] => {
            let given = given.iter().filter_map(|text| text.split_once('='));
            let outputs = given
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
            Command::Resume {
                selector: None,
                outputs,
                message: None,
            }
        }
        ["stop", rest @ ..] => Command::Stop {
            selector: selector(rest.first()),
            message: None,
        },
        ["terminate"] => Command::Terminate,
        ["fail", which] => Command::SetNode {
            selector: Selector::parse(which).expect("a selector"),
            outputs: Default::default(),
            message: Some("set by hand".into()),
            phase: Some(tiphys_spec::NodePhase::Failed),
        },
        other => panic!("no such order: {other:?}"),
    }
}

/// Runs a case: its orders, then `# then retry` or `# then resubmit [memoized]`, with pods that succeed the second time.
fn tree(yaml: &str) -> String {
    let plan = plan_of(yaml);
    let mut world = World::new(&plan, &act);
    for line in yaml
        .lines()
        .rev()
        .filter_map(|line| line.strip_prefix("# at "))
    {
        let words: Vec<&str> = line.split(' ').collect();
        world
            .orders
            .push((at(words[0].parse().expect("seconds")), order(&words[1..])));
    }
    world.go();
    let Some(then) = yaml.lines().find_map(|line| line.strip_prefix("# then ")) else {
        return world.tree();
    };
    let mended = |intent: &PodIntent| Act {
        code: 0,
        error: None,
        ..act(intent)
    };
    let (first, status) = (world.tree(), world.run.status());
    let (plan, status, extra): (Plan, _, _) = if then == "retry" {
        let (status, extra) =
            retry(&status, world.run.extra(), &RetryOptions::default()).expect("it failed");
        (plan.clone(), status, extra)
    } else {
        let mut workflow = (*plan.workflow).clone();
        workflow.status = Some(status);
        let new = resubmit(&workflow, "new", then.ends_with("memoized"), &[]).expect("it failed");
        let mut again = plan.clone();
        again.workflow = new.clone().into();
        (again, new.status.unwrap_or_default(), Default::default())
    };
    let mut world = World::new(&plan, &mended);
    world.run = Run::restore(&plan, &status, &extra, 1);
    world.go();
    format!("{first}\n-- {then}\n{}", world.tree())
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
        let got = tree(yaml);
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

/// A file for this would be as long as the recursion.
#[test]
fn a_recursion_that_does_not_end_is_ended() {
    let plan = plan_of(
        "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {generateName: t-}\nspec:\n  entrypoint: main\n  templates:\n  - name: main\n    steps:\n    - - {name: a, template: main}\n",
    );
    let mut world = World::new(&plan, &act);
    world.go();
    let refused = world
        .run
        .nodes()
        .find(|node| node.phase == Some(tiphys_spec::NodePhase::Error));
    let message = refused
        .and_then(|node| node.message.as_deref())
        .unwrap_or_default();
    assert!(
        message.starts_with("step group deemed errored") || message.contains("100 levels deep"),
        "{message}"
    );
    assert_eq!(world.run.phase(), tiphys_spec::WorkflowPhase::Failed);
}
