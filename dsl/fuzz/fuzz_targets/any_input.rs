//! No input crashes or hangs the language; no layout, and no way back from what was compiled, changes what a file means.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let compiled = tiphys_dsl::compile("fuzz", bytes);
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let json = |compiled: &tiphys_dsl::Compiled| -> Vec<serde_json::Value> {
        compiled.objects.iter().filter_map(|object| serde_json::to_value(&object.value).ok()).collect()
    };
    if let Ok(laid_out) = tiphys_dsl::format("fuzz", text) {
        let again = tiphys_dsl::compile("fuzz", laid_out.as_bytes());
        assert_eq!(json(&compiled), json(&again));
        assert_eq!(tiphys_dsl::format("fuzz", &laid_out).as_ref(), Ok(&laid_out));
    }
    if compiled.is_sound() {
        let raised = tiphys_dsl::raise(&compiled.objects, &compiled.source);
        let back = tiphys_dsl::compile("fuzz", raised.text.as_bytes());
        assert_eq!(json(&compiled), json(&back), "{}", raised.text);
    }
});
