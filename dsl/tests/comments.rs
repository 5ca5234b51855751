//! Real workflows to `.flow` and on to YAML again: the same data, and every comment still there.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod corpus;

use corpus::{files, read_yaml};

#[test]
fn comments_come_back_to_yaml() {
    let (mut count, mut comments, mut faults) = (0, 0, Vec::new());
    for path in files() {
        let (name, _, read) = read_yaml(&path);
        if read.objects.iter().any(|object| !object.complete) || read.objects.is_empty() {
            continue;
        }
        let raised = tiphys_dsl::raise(&read.objects, &read.source);
        let compiled = tiphys_dsl::compile("x.flow", raised.text.as_bytes());
        let text = tiphys_dsl::yaml(&compiled.objects, &compiled.source).unwrap();
        let back = tiphys_spec::read("x.yaml", text.as_bytes());
        let json = |object: &tiphys_spec::Object| serde_json::to_value(&object.value).unwrap();
        let (before, after): (Vec<_>, Vec<_>) = (
            read.objects.iter().map(json).collect(),
            back.objects.iter().map(json).collect(),
        );
        if before != after {
            faults.push(format!("{name}: not equal"));
        }
        let texts = |source: &tiphys_spec::Source| {
            let mut texts: Vec<String> = source
                .comments
                .iter()
                .map(|comment| comment.text.trim().to_owned())
                .collect();
            texts.sort();
            texts
        };
        if texts(&read.source) != texts(&back.source) {
            faults.push(format!(
                "{name}: {} comments and then {}",
                read.source.comments.len(),
                back.source.comments.len()
            ));
        }
        count += 1;
        comments += read.source.comments.len();
    }
    println!("files {count}  comments {comments}");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
