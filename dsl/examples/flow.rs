//! `flow FILE…`: what files compile to, and what is wrong with them. For people who work on the language.
#![allow(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used)]

fn main() {
    for path in std::env::args().skip(1) {
        let compiled = tiphys_dsl::compile(&path, &std::fs::read(&path).unwrap());
        for fault in &compiled.diagnostics {
            eprintln!("{fault}");
        }
        for object in &compiled.objects {
            println!("{}---", tiphys_spec::write::to_yaml(&object.value).unwrap());
        }
    }
}
