//! The golden cases of a plug-in's folder `tests`, run against it as it is compiled natively.

use serde_json::{Map, Number, Value};
use tiphys_plugin::Plugin;
use tiphys_spec::source::{Meaning, Node, NodeKind, Source};

pub(crate) fn run<P: Plugin>(crate_folder: &str) {
    let folder = std::path::Path::new(crate_folder).join("tests");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let name = path.display().to_string();
        let mut faults = Vec::new();
        let source = Source::parse(&name, &std::fs::read(&path).unwrap(), &mut faults);
        assert!(faults.is_empty(), "{name}: {faults:?}");
        println!("{name}");
        tiphys_plugin::test::cases::<P>(&json(&source.documents[0]));
        count += 1;
    }
    assert!(count > 0, "there are no golden cases in {crate_folder}");
}

fn json(node: &Node) -> Value {
    match &node.kind {
        NodeKind::Seq(items) => items.iter().map(json).collect(),
        NodeKind::Map(entries) => {
            let entry =
                |entry: &tiphys_spec::source::Entry| (entry.key.to_string(), json(&entry.value));
            Value::Object(entries.iter().map(entry).collect::<Map<_, _>>())
        }
        NodeKind::Scalar(scalar) => match scalar.meaning() {
            Meaning::Null => Value::Null,
            Meaning::Bool(flag) => flag.into(),
            Meaning::Int(number) => number.into(),
            Meaning::Uint(number) => number.into(),
            Meaning::Float(number) => Number::from_f64(number).map_or(Value::Null, Value::Number),
            Meaning::Text(text) => text.into(),
        },
    }
}
