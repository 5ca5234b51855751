//! Whatever a plug-in says, the host reads it, or says why not: manifests, schemas of its own making, outcomes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tiphys_host::{Answer, Ending, Grants, Manifest, schema_faults};

fuzz_target!(|data: &[u8]| {
    let Some((first, rest)) = data.split_first() else { return };
    let text = String::from_utf8_lossy(rest).into_owned();
    let (left, right) = text.split_once('\0').unwrap_or((&text, ""));
    let grants = Grants { output: 4096, ..Grants::default() };
    let answer = match first % 6 {
        0 => return manifest(left, right),
        1 => Answer::Done(text),
        2 => Answer::Failed { message: left.to_owned(), retryable: first & 8 != 0, outputs: Some(right.to_owned()) },
        3 => Answer::Pending { after: u64::from(*first) << 56, state: left.to_owned(), message: right.to_owned() },
        4 => Answer::Pod(text),
        _ => Answer::Graph(text),
    };
    match answer.read(&grants) {
        Ok(Ending::Done(value) | Ending::Pod(value) | Ending::Graph(value)) => assert!(value.is_object()),
        Ok(Ending::Pending { after, state, .. }) => assert!(state.len() <= 64 << 10 && !after.is_zero()),
        Ok(Ending::Failed { message, .. } | Ending::Broken { message }) => assert!(message.chars().count() <= 4097),
        Err(breach) => assert!(!breach.to_string().is_empty()),
    }
});

/// A manifest, and a body that its schemas are held against.
fn manifest(text: &str, body: &str) {
    let Ok(manifest) = Manifest::read(text) else { return };
    let body = serde_json::from_str(body).unwrap_or_default();
    for kind in &manifest.kinds {
        if let Ok(schema) = kind.compiled() {
            assert!(schema_faults(&schema, &body).len() <= 100);
        }
    }
}
