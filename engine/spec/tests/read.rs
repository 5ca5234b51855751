//! Broken texts, and all that is said of each, line by line.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde::Deserialize;
use tiphys_spec::source::Source;
use tiphys_spec::{ObjectValue, Path, decode, read};

/// Reads `text` as a file `f` and compares the diagnostics, one a line.
#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let said: Vec<String> = read("f", text.as_bytes())
        .diagnostics
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(said, expected, "\n{}\n--- of ---\n{text}", said.join("\n"));
}

const HEAD: &str = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\n";

/// As `check`, for what follows the header of a workflow: line 3 is the first of `text`.
#[track_caller]
fn check_workflow(text: &str, expected: &[&str]) {
    check(&format!("{HEAD}{text}"), expected);
}

#[test]
fn syntax() {
    check_workflow(
        "a: b: c\n",
        &[
            "f:3:5: error[syntax]: a second `: ` on one line, or a line that does not line up with its map (put text that holds `: ` in quotes, or correct the indentation)",
        ],
    );
    check_workflow(
        "spec:\n\tentrypoint: a\n",
        &["f:4:2: error[tab]: a tab indents this line (indent with spaces)"],
    );
    check_workflow(
        "spec: \"x\n",
        &["f:3:7: error[syntax]: this quote is never closed"],
    );
    check_workflow(
        "spec: [1,\n",
        &["f:3:7: error[syntax]: this `[` is never closed"],
    );
    check_workflow(
        "spec: [1}\n",
        &["f:3:7: error[syntax]: `[` is closed by `}`"],
    );
    check_workflow(
        "spec:\n  a: 1\n b: 2\n",
        &[
            "f:5:2: error[syntax]: expected a key of the map above (check the indentation, and the quotes of the value before)",
        ],
    );
    check_workflow(
        "spec: @x\n",
        &["f:3:7: error[syntax]: text cannot start with `@` here (put the text in quotes)"],
    );
    check_workflow(
        "spec: \"a\\qb\"\n",
        &[
            "f:3:7: error[syntax]: unknown escape in double quotes (write `\\\\` for a backslash, or use single quotes)",
        ],
    );
    check_workflow(
        "spec: {{x}}-b\n",
        &[
            "f:3:7: error[unquoted-tag]: a value that starts with `{{` is a map, not text (quote it: \"{{x}}-b\")",
        ],
    );
    check_workflow(
        "spec:\n  entrypoint: {{x}}\n",
        &[
            "f:4:15: error[unquoted-tag]: a value that starts with `{{` is a map, not text (quote it: \"{{x}}\")",
        ],
    );
    check_workflow(
        "spec:\n  entrypoint: *.log\n",
        &[
            "f:4:15: error[unknown-alias]: no anchor `&.log` stands before this alias (quote it if text is meant: \"*.log\")",
        ],
    );
    check_workflow(
        "spec: &a [*a]\n",
        &["f:3:11: error[alias-cycle]: an alias stands inside its own anchor"],
    );
    check_workflow(
        "? [a]\n: b\n",
        &["f:3:3: error[unusable-key]: a list or map cannot be a key"],
    );
    check_workflow(
        "<<: a\n",
        &["f:3:5: error[merge]: `<<` merges maps, and this is none"],
    );
    check_workflow(
        "spec: {}\nspec: {}\n",
        &[
            "f:4:1: warning[duplicate-key]: the key `spec` is set twice in this map: what line 3 says is lost (put both under one key)",
        ],
    );
}

#[test]
fn encoding_depth_and_bombs() {
    let said = |bytes: &[u8]| {
        read("f", bytes)
            .diagnostics
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        said(b"a: 1\nb: \xff"),
        ["f:2:4: error[encoding]: the file is not UTF-8 text (save it as UTF-8)"]
    );
    check(
        &"[".repeat(5000),
        &["f:1:129: error[too-deep]: values are nested more than 128 deep"],
    );
    check(
        &"- ".repeat(5000),
        &["f:1:257: error[too-deep]: values are nested more than 128 deep"],
    );
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let below = level - 1;
        bomb += &format!(
            "a{level}: &a{level} [*a{below}{}]\n",
            format!(", *a{below}").repeat(9)
        );
    }
    check(
        &bomb,
        &["f:5:40: error[alias-limit]: aliases expand to too many values"],
    );
    let mut chain = String::from("a0: &a0 [x]\n");
    (1..500).for_each(|n| chain += &format!("a{n}: &a{n} [*a{}]\n", n - 1));
    check(
        &chain,
        &["f:128:14: error[too-deep]: values are nested more than 128 deep"],
    );
}

#[test]
fn headers() {
    check(
        "kind: Workflow\n",
        &["f:1:1: error[missing-api-version]: the object has no `apiVersion`"],
    );
    check(
        "apiVersion: v1\nKind: ConfigMap\n",
        &["f:2:1: error[missing-kind]: the object has no `kind` (did you mean `kind` by `Kind`?)"],
    );
    check(
        "- a\n",
        &["f:1:1: error[not-an-object]: expected an object with `apiVersion` and `kind`"],
    );
    check(
        "apiVersion: v1\nkind: [a]\n",
        &["f:2:7: error[wrong-type]: `kind` has to be text"],
    );
    check(
        "apiVersion: argoproj.io/v1alpha1\nkind: Workfow\n",
        &["f:2:7: error[unknown-kind]: unknown kind `Workfow` (did you mean `Workflow`?)"],
    );
    check(
        "apiVersion: argoproj.io/v1\nkind: CronWorkflow\n",
        &[
            "f:1:13: error[unknown-api-version]: unknown version `argoproj.io/v1` of CronWorkflow (did you mean `argoproj.io/v1alpha1`?)",
        ],
    );
    check(
        "apiVersion: v2\nkind: ConfigMap\n",
        &[
            "f:1:13: error[unknown-api-version]: unknown version `v2` of ConfigMap (did you mean `v1`?)",
        ],
    );
    check(
        "apiVersion: argoproj.io/v1alpha1\nkind: Sensor\nspec: {a: [1, null]}\n",
        &[],
    );
    check("# nothing\n---\n---\n", &[]);
}

#[test]
fn fields_and_types() {
    check_workflow(
        "spec:\n  templtes: []\n  zzz: 1\n",
        &[
            "f:4:3: error[unknown-field]: unknown field `templtes` (did you mean `templates`?)",
            "f:5:3: error[unknown-field]: unknown field `zzz`",
        ],
    );
    check_workflow(
        "spec:\n  entrypoint: 3\n  suspend: \"true\"\n  parallelism: \"3\"\n  priority: 1.5\n  templates: x\n",
        &[
            "f:4:15: error[wrong-type]: expected text, found the number `3` (quote it: \"3\")",
            "f:5:12: error[wrong-type]: expected a boolean, found the text `true` (remove the quotes: true)",
            "f:6:16: error[wrong-type]: expected a whole number, found the text `3` (remove the quotes: 3)",
            "f:7:13: error[wrong-type]: expected a whole number, found the number `1.5`",
            "f:8:14: error[wrong-type]: expected a list, found the text `x`",
        ],
    );
    check_workflow(
        "spec:\n  entrypoint: yes\n  templates: [{container: {ports: [{containerPort: 99999999999}]}}]\n",
        &[
            "f:4:15: warning[yaml-boolean]: `yes` without quotes is a boolean to Argo and Kubernetes (quote it: \"yes\")",
            "f:5:52: error[wrong-type]: expected a whole number from -2147483648 to 2147483647, found the number `99999999999`",
        ],
    );
    check_workflow(
        "spec:\n  templates:\n  - name: a\n    container:\n      image: x\n      imagePullPolcy: Always\n      args: [1, a, {b: c}, [d]]\n      command: sh\n  - [b]\n",
        &[
            "f:8:7: error[unknown-field]: unknown field `imagePullPolcy` (did you mean `imagePullPolicy`?)",
            "f:9:14: error[wrong-type]: expected text, found the number `1` (quote it: \"1\")",
            "f:9:20: error[wrong-type]: expected text, found a map",
            "f:9:28: error[wrong-type]: expected text, found a list",
            "f:10:16: error[wrong-type]: expected a list, found the text `sh`",
            "f:11:5: error[wrong-type]: expected a map, found a list",
        ],
    );
    check_workflow(
        "metadata:\n  creationTimestamp: yesterday\n  labels: {a: 1}\nspec:\n  activeDeadlineSeconds: null\n",
        &[
            "f:4:22: error[invalid-value]: the text `yesterday` is not valid here: failed to parse four digit integer as year: invalid digit, expected 0-9 but got y",
            "f:5:15: error[wrong-type]: expected text, found the number `1` (quote it: \"1\")",
        ],
    );
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Small {
    name: String,
    count: i64,
    port: Option<IntOrString>,
    strategy: Option<Strategy>,
    inner: Vec<Inner>,
    labels: BTreeMap<String, String>,
    share: Option<f64>,
}

#[derive(Debug, PartialEq, Deserialize)]
enum Strategy {
    OnSuccess,
    OnCompletion,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Inner {
    id: i64,
    note: Option<String>,
}

#[track_caller]
fn small(text: &str, expected: &[&str]) -> Option<Small> {
    let mut said = Vec::new();
    let source = Source::parse("f", text.as_bytes(), &mut said);
    let value = decode(&source.documents[0], &source, &mut said);
    tiphys_spec::diagnostic::sort(&mut said);
    let said: Vec<String> = said
        .iter()
        .map(|d| {
            format!(
                "{}: {d}",
                d.path.as_ref().map(ToString::to_string).unwrap_or_default()
            )
        })
        .collect();
    assert_eq!(said, expected, "\n{}", said.join("\n"));
    value
}

#[test]
fn finds_every_fault_and_keeps_the_rest() {
    let value = small(
        "name: q\nstrategy: OnSucess\ncount: true\nport: 1.5\ninner:\n- id: x\n- {note: a}\n- {id: 3}\nshare: .5\nlabels: {a: null, b: 'c'}\n",
        &[
            "strategy: f:2:11: error[unknown-value]: `OnSucess` is not one of `OnSuccess`, `OnCompletion` (did you mean `OnSuccess`?)",
            "count: f:3:8: error[wrong-type]: expected a whole number, found the boolean `true`",
            "port: f:4:7: error[wrong-type]: expected a whole number or text, found the number `1.5`",
            "inner[0].id: f:6:7: error[wrong-type]: expected a whole number, found the text `x`",
            "inner[1]: f:7:3: error[missing-field]: the field `id` is missing",
        ],
    );
    let value = value.unwrap();
    assert_eq!(
        (value.name.as_str(), value.count, value.share),
        ("q", 0, Some(0.5))
    );
    assert_eq!(
        value.inner,
        [],
        "a list without its required parts is left out"
    );
    assert_eq!(
        value.labels,
        [("a".into(), String::new()), ("b".into(), "c".into())].into()
    );
}

#[test]
fn reads_lenient_forms() {
    let value = small(
        "name: '30'\ncount: 3.0\nport: 0x10\nstrategy: OnCompletion\nlabels: {x: y}\n",
        &[
            "labels.x: f:5:13: warning[yaml-boolean]: `y` without quotes is a boolean to Argo and Kubernetes (quote it: \"y\")",
        ],
    );
    let value = value.unwrap();
    assert_eq!(
        (value.count, value.port, value.strategy),
        (3, Some(IntOrString::Int(16)), Some(Strategy::OnCompletion))
    );
    let value = small(
        "{\"name\":\"\\ud83d\\ude00\\/\",\n\t\"count\":\t5, \"inner\": null}",
        &[],
    )
    .unwrap();
    assert_eq!((value.name.as_str(), value.count), ("😀/", 5));
    assert_eq!(
        small(
            "[]",
            &[": f:1:1: error[wrong-type]: expected a map, found a list"]
        ),
        None
    );
}

#[test]
fn bounds_the_faults_it_tells() {
    let text: String = (0..500).map(|n| format!("k{n}: 1\n")).collect();
    let mut said = Vec::new();
    let source = Source::parse("f", text.as_bytes(), &mut said);
    decode::<Small>(&source.documents[0], &source, &mut said);
    assert_eq!(said.len(), 201);
    assert_eq!(
        said[200].to_string(),
        "f:500:8: error[too-many-faults]: there are more faults than the 200 given"
    );
}

#[test]
fn anchors_merges_and_documents() {
    let text = "base: &b {x: 1, y: 2}\nmore: &m\n  z: 3\nall:\n  <<: [*b, *m]\n  y: 9\nagain: *b\n---\nsecond: 1 # trailing\n# own\n";
    let mut said = Vec::new();
    let source = Source::parse("f", text.as_bytes(), &mut said);
    assert_eq!(said, []);
    let value: serde_json::Value = decode(&source.documents[0], &source, &mut said).unwrap();
    assert_eq!(value["all"], serde_json::json!({"y": 9, "x": 1, "z": 3}));
    assert_eq!(value["again"], serde_json::json!({"x": 1, "y": 2}));
    let again = source.documents[0].get("again").unwrap();
    assert_eq!(
        (
            again.span.start.line,
            again.alias.as_ref().unwrap().start.line
        ),
        (1, 7)
    );
    assert_eq!(source.documents.len(), 2);
    let comments: Vec<_> = source
        .comments
        .iter()
        .map(|c| (&*c.text, c.own_line, c.span.start.line))
        .collect();
    assert_eq!(comments, [(" trailing", false, 9), (" own", true, 10)]);
    let broken = read("f", b"a: [\n---\napiVersion: v1\nkind: ConfigMap\n");
    assert_eq!(
        (broken.objects.len(), broken.diagnostics.len()),
        (1, 1),
        "{:?}",
        broken.diagnostics
    );
}

#[test]
fn flattens_lists() {
    let text = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n- apiVersion: argoproj.io/v1alpha1\n  kind: WorkflowList\n  items: [{metadata: {name: b}}]\n";
    let read = read("f", text.as_bytes());
    assert_eq!(read.diagnostics, []);
    let kinds: Vec<_> = read
        .objects
        .iter()
        .map(|object| object.kind.as_str())
        .collect();
    assert_eq!(kinds, ["ConfigMap", "Workflow"]);
    let ObjectValue::ConfigMap(map) = &read.objects[0].value else {
        panic!("{:?}", read.objects[0])
    };
    assert_eq!(map.metadata.name.as_deref(), Some("a"));
    assert_eq!(
        read.objects[1]
            .node
            .locate(&"metadata.name".parse().unwrap())
            .start
            .line,
        7
    );
}

#[test]
fn locates_values_and_keys() {
    let mut said = Vec::new();
    let source = Source::parse(
        "f",
        b"spec:\n  templates:\n  - name: a\n    container: {image: x}\n",
        &mut said,
    );
    let at = |path: &str| source.locate(0, &path.parse::<Path>().unwrap());
    let key = |path: &str| source.locate_key(0, &path.parse::<Path>().unwrap());
    let text = |span: tiphys_spec::Span| &source.text[span.range()];
    assert_eq!(text(at("spec.templates[0].container.image")), "x");
    assert_eq!(
        text(at("spec.templates[0].container.command[1]")),
        "{image: x}"
    );
    assert_eq!(text(key("spec.templates[0].container.image")), "image");
    assert_eq!(text(key("spec.templates[0].name")), "name");
    assert_eq!(
        text(at("spec.templates[0]")),
        "name: a\n    container: {image: x}"
    );
    assert_eq!(at("nothing").start.line, 1);
}

/// The place of `what` inside the value of `v`, as `line:column text`.
#[track_caller]
fn inside(text: &str, what: &str) -> String {
    let mut said = Vec::new();
    let source = Source::parse("f", text.as_bytes(), &mut said);
    let node = source.documents[0].get("v").unwrap();
    let value = &node.scalar().unwrap().value;
    let start = value
        .find(what)
        .unwrap_or_else(|| panic!("{what:?} not in {value:?}"));
    let span = source.within(node, start..start + what.len());
    format!("{} {}", span.start, &source.text[span.range()])
}

#[test]
fn locates_inside_scalars() {
    let tag = "{{x.y}}";
    let table = [
        ("v: a {{x.y}} b\n", "1:6 {{x.y}}"),
        ("v: a\n   b {{x.y}}\n", "2:6 {{x.y}}"),
        ("v: 'it''s {{x.y}}'\n", "1:11 {{x.y}}"),
        ("v: \"\\t\\u00e9 \\\"é {{x.y}}\"\n", "1:18 {{x.y}}"),
        ("v: \"a\\\n   \\n {{x.y}}\"\n", "2:7 {{x.y}}"),
        ("v: |\n  a\n\n    {{x.y}}\n", "4:5 {{x.y}}"),
        ("v: |2-\n    a\n  {{x.y}}\n", "3:3 {{x.y}}"),
        ("v: >-\n  a\n  b\n\n  c {{x.y}}\n", "5:5 {{x.y}}"),
        ("{\"v\": \"\\ud83d\\ude00 {{x.y}}\"}", "1:21 {{x.y}}"),
    ];
    for (text, expected) in table {
        assert_eq!(inside(text, tag), expected, "{text}");
    }
}

#[test]
fn reads_windows_files() {
    let text =
        "\u{feff}name: a # why\r\nlabels:\r\n  x: |\r\n    1\r\n    2\r\n  y: \"b\r\n    c\"\r\n";
    let mut said = Vec::new();
    let source = Source::parse("f", text.as_bytes(), &mut said);
    let value: Small = decode(&source.documents[0], &source, &mut said).unwrap();
    assert_eq!(said, []);
    assert_eq!(
        (&*value.name, &*value.labels["x"], &*value.labels["y"]),
        ("a", "1\n2\n", "b c")
    );
    assert_eq!(
        (&*source.comments[0].text, source.comments[0].own_line),
        (" why", false)
    );
    assert_eq!(
        source.documents[0]
            .get("labels")
            .unwrap()
            .get("y")
            .unwrap()
            .span
            .start
            .line,
        6
    );
}
