//! What goes on inside, for those who ask: `-v`, `-vv` or `TIPHYS_LOG`. Nothing otherwise.

use tracing_subscriber::EnvFilter;

use crate::args::Global;

/// Begins to log to standard error, if asked to.
pub fn begin(global: &Global) {
    let asked = std::env::var("TIPHYS_LOG")
        .ok()
        .filter(|filter| !filter.is_empty());
    let filter = match (global.verbose, asked) {
        (0, None) => return,
        (0, Some(filter)) => EnvFilter::new(filter),
        (1, _) => EnvFilter::new("warn,tiphys_cli=debug,tiphys_local=debug,tiphys_core=debug"),
        _ => EnvFilter::new("debug,tiphys_cli=trace,tiphys_local=trace,tiphys_core=trace"),
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
}
