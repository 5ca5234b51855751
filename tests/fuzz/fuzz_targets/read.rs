//! Any bytes read to objects and diagnostics; what reads without a fault is written and reads equal again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tiphys_spec::read::read;
use tiphys_spec::write;

fuzz_target!(|bytes: &[u8]| {
    let first = read("fuzz.yaml", bytes);
    if !first.is_sound() {
        return;
    }
    for object in &first.objects {
        let text = write::to_yaml(&object.value).expect("an object that was read can be written");
        let again = read("again.yaml", text.as_bytes());
        assert!(again.is_sound(), "{text}\n{:?}", again.diagnostics);
        let json = |value| write::to_json(value).expect("an object that was read can be written");
        assert_eq!(json(&object.value), json(&again.objects[0].value), "{text}");
    }
});
