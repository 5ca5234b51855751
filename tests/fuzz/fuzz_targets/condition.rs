//! Any text as `when` and as `depends`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tiphys_expr::{Depends, Text, duration, format, when};

fuzz_target!(|text: &str| {
    let _ = when::evaluate(text);
    let _ = when::check(&Text::parse(text));
    if let Ok(depends) = Depends::parse(text) {
        let _ = depends.evaluate(|index, result| index % 2 == 0 || result.is_none());
    }
    if let Ok(nanos) = duration::parse_or_seconds(text) {
        let shown = duration::format(nanos);
        assert_eq!(duration::parse(&shown).ok(), Some(nanos), "{shown}");
    }
    let _ = format::sequence(text, 7);
});
