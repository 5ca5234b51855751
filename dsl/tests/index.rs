//! Names of texts: what each stands for.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use tiphys_dsl::index::{Index, Outline, Place, Spot, SymbolKind, Target};

const TEXT: &str = r#"
// Flips a coin.
workflow coinflip(max_tries: int = 3, day: string) {
  on-exit notify
  entry main
  hook done = notify() if workflow.status == "Succeeded"
  volume work empty

  // Once more and once more.
  steps main {
    flip = flip-coin(tries: max_tries)
    parallel {
      heads() when flip.result == "heads"
      again = main() when flip.result == tails && day != ""
    }
    all = shared/say(text: x) for x in flip.sides
  }

  script flip-coin(tries: int, artifact coin at /coin) {
    image python:${day}
    mount work at /work
    python ```
      print("${tries} $${no} ${coin.path}")
    ```
    out sides: list<string> = file("/tmp/sides")
    out artifact log at /tmp/log
  }

  dag d {
    a = flip-coin(tries: 1)
    b = heads() after a.succeeded { when: "${a.sides}" }
    out sum = a.sides
  }

  container heads { image busybox; run echo ${workflow.name} }
  container notify { image busybox; run true }
}

library shared { container say(text) { image busybox; run echo "${text}" } }
"#;

fn index() -> (Index, &'static str) {
    (Index::of(&Arc::from(TEXT)), TEXT)
}

/// The name at the `nth` place where `context` is written, `|` in it before the name.
fn target(context: &str) -> String {
    let (index, text) = index();
    let (before, after) = context.split_once('|').unwrap();
    let at = text
        .find(&format!("{before}{after}"))
        .unwrap_or_else(|| panic!("{context}"))
        + before.len();
    match index.at(at + 1) {
        Some((_, Target::Symbol(symbol))) => {
            let symbol = &index.symbols[symbol];
            format!("{:?} {}", symbol.kind, symbol.detail)
        }
        Some((_, Target::Foreign(foreign))) => {
            let found = index
                .find(&foreign)
                .map(|symbol| index.symbols[symbol].detail.clone());
            format!("foreign {}", found.unwrap_or_default())
        }
        Some((_, Target::Known(path))) => format!("known {path}"),
        Some((_, Target::Missing)) => "missing".to_owned(),
        None => "nothing".to_owned(),
    }
}

#[test]
fn every_name_stands_for_what_it_should() {
    for (context, expected) in [
        ("on-exit |notify", "Template container notify"),
        ("entry |main", "Template steps main"),
        (
            "flip = |flip-coin",
            "Template script flip-coin(tries: int, artifact coin at /coin)",
        ),
        ("flip-coin(|tries: max", "Parameter tries: int"),
        ("tries: |max_tries", "Parameter max_tries: int = 3"),
        (
            "when |flip.result",
            "Task flip = flip-coin(tries: max_tries)",
        ),
        ("when flip.|result", "known task.result"),
        ("&& |day", "Parameter day: string"),
        ("all = |shared/", "foreign library shared"),
        ("shared/|say", "foreign container say(text)"),
        ("say(|text: x", "foreign text"),
        (
            "say(text: |x",
            "Item all = shared/say(text: x) for x in flip.sides",
        ),
        (
            "in flip.|sides",
            "OutParameter out sides: list<string> = file(\"/tmp/sides\")",
        ),
        ("done = |notify()", "Template container notify"),
        ("if |workflow.status", "known workflow.status"),
        ("python:${|day", "Parameter day: string"),
        ("mount |work", "Volume volume work empty"),
        ("\"${|tries}", "Parameter tries: int"),
        ("$${|no}", "nothing"),
        ("${|coin.path", "Artifact artifact coin at /coin"),
        ("after |a.succ", "Task a = flip-coin(tries: 1)"),
        ("after a.|succ", "known result.succeeded"),
        (
            "${a.|sides}",
            "OutParameter out sides: list<string> = file(\"/tmp/sides\")",
        ),
        (
            "sum = a.|sides",
            "OutParameter out sides: list<string> = file(\"/tmp/sides\")",
        ),
        ("echo ${|workflow.name", "known workflow.name"),
        ("\"${|text}", "Parameter text"),
    ] {
        assert_eq!(target(context), expected, "{context}");
    }
}

#[test]
fn comments_above_are_the_documentation() {
    let (index, _) = index();
    let doc = |name| {
        index
            .symbols
            .iter()
            .find(|symbol| symbol.name == name)
            .unwrap()
            .doc
            .clone()
    };
    assert_eq!(doc("coinflip"), "Flips a coin.");
    assert_eq!(doc("main"), "Once more and once more.");
    let kinds: Vec<SymbolKind> = index
        .symbols
        .iter()
        .filter(|symbol| symbol.name == "heads")
        .map(|symbol| symbol.kind)
        .collect();
    assert_eq!(kinds, [SymbolKind::Task, SymbolKind::Template]);
}

/// The spot at `|`.
fn spot(text: &str) -> (Place, Spot, String) {
    let at = text.find('|').unwrap();
    let text: Arc<str> = text.replacen('|', "", 1).into();
    let (place, spot, word) = Outline::new(&text).at(at);
    (place, spot, text[word].to_owned())
}

#[test]
fn places_are_known_while_statements_are_half_written() {
    let steps = || Place::Template("steps".to_owned());
    let path = |path: &[&str]| Spot::Expression {
        path: path.iter().map(|part| (*part).to_owned()).collect(),
    };
    for (inside, place, expected, word) in [
        ("fl|", steps(), Spot::Statement, "fl"),
        ("|", steps(), Spot::Statement, ""),
        ("a = |", steps(), Spot::Target, ""),
        ("a = fli|", steps(), Spot::Target, "fli"),
        ("a = lib/|", steps(), Spot::Target, ""),
        ("flip(tries: ma|", steps(), path(&[]), "ma"),
        ("flip(tries: a.|)", steps(), path(&["a"]), ""),
        ("flip(x: 1) wh|", steps(), Spot::Modifier, "wh"),
        ("flip(x: 1) when a.re|", steps(), path(&["a"]), "re"),
        ("flip(x: 1) after |", steps(), Spot::After, ""),
        ("flip() { on-exit | }", Place::Call, Spot::Template, ""),
        ("parallel { fl| }", Place::Parallel, Spot::Statement, "fl"),
        ("parallel {\n a = |\n }", Place::Parallel, Spot::Target, ""),
        ("out x = |", steps(), Spot::Source, ""),
        ("// no|", steps(), Spot::Nothing, "no"),
        ("a = \"${x.|}\"", steps(), path(&["x"]), ""),
    ] {
        let text = format!(
            "workflow w {{\n  steps main {{\n    {inside}\n  }}\n  container flip(tries) {{ image x }}\n}}\n"
        );
        assert_eq!(spot(&text), (place, expected, word.to_owned()), "{inside}");
    }
    for inside in ["flip(|", "flip(tr|", "flip(tries: 1, |", "a = flip(|)"] {
        let text = format!(
            "workflow w {{\n  steps main {{\n    {inside}\n  }}\n  container flip(tries) {{ image x }}\n}}\n"
        );
        assert!(
            matches!(spot(&text).1, Spot::Argument { .. }),
            "{inside}: {:?}",
            spot(&text)
        );
    }
    for (text, expected) in [
        ("|", (Place::File, Spot::Statement)),
        ("work|", (Place::File, Spot::Statement)),
        ("workflow w(a: |", (Place::File, Spot::Type)),
        (
            "workflow w { entry | }",
            (Place::Object("workflow".to_owned()), Spot::Template),
        ),
        (
            "workflow w {\n  use |\n}",
            (Place::Object("workflow".to_owned()), Spot::Library),
        ),
        (
            "workflow w {\n  labels {\n    |\n  }\n}",
            (Place::Fields(vec!["labels".to_owned()]), Spot::Statement),
        ),
        (
            "workflow w {\n  container c(x: |) {\n  }\n}",
            (Place::Object("workflow".to_owned()), Spot::Type),
        ),
        (
            "workflow w {\n  container c {\n    im|\n",
            (Place::Template("container".to_owned()), Spot::Statement),
        ),
    ] {
        let (place, found, _) = spot(text);
        assert_eq!((place, found), expected, "{text}");
    }
}

#[test]
fn no_text_is_too_broken() {
    for length in 0..TEXT.len() {
        let Some(text) = TEXT.get(..length) else {
            continue;
        };
        let text: Arc<str> = text.into();
        let outline = Outline::new(&text);
        let index = outline.index();
        for at in [0, length / 2, length] {
            let _ = (outline.at(at), index.at(at));
        }
    }
    for text in [
        "${",
        "a = b/(",
        "workflow (",
        "out",
        "workflow w { out }",
        "workflow w { steps s { = ( } }",
        "workflow w { dag d { a=( } }",
        "é(é",
        "workflow é { steps m { é = é/é(é: é) after é } }",
    ] {
        let text: Arc<str> = text.into();
        let outline = Outline::new(&text);
        let _ = outline.index();
        for at in 0..=text.len() + 1 {
            let _ = outline.at(at);
        }
    }
}
