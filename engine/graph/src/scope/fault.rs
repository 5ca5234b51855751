//! What a reference comes to, and why it comes to nothing.

use tiphys_spec::diagnostic::nearest;

/// What a reference comes to.
pub(crate) enum Verdict {
    Fine,
    /// Its root is none of ours: it is left in the text.
    Foreign,
    Fault(Fault),
    /// Fine if task `asked` comes before task `asking`.
    Ancestor {
        asking: u32,
        asked: u32,
    },
    /// Fine if some template publishes an output under that name.
    Published {
        kind: &'static str,
        name: String,
    },
    /// Fine where the workflow has ended.
    AfterEnd,
}

pub(crate) struct Fault {
    pub code: &'static str,
    pub reason: String,
    pub help: Option<String>,
    /// Argo accepts it as well, and leaves it in the text.
    pub lenient: bool,
}

impl Fault {
    pub fn verdict(code: &'static str, reason: impl Into<String>) -> Verdict {
        Verdict::Fault(Fault {
            code,
            reason: reason.into(),
            help: None,
            lenient: false,
        })
    }

    /// With a "did you mean" for the last part of the name, `prefix` being what stands before it.
    pub fn near<'c>(
        code: &'static str,
        reason: String,
        prefix: &str,
        written: &str,
        known: impl Iterator<Item = &'c str> + Clone,
    ) -> Verdict {
        let help = nearest(written, known.clone())
            .map(|near| format!("did you mean `{prefix}{near}`?"))
            .or_else(|| {
                let dashed = known.clone().find(|name| {
                    name.strip_prefix(written)
                        .is_some_and(|rest| rest.starts_with('-'))
                })?;
                let prefix = prefix.trim_end_matches('.');
                Some(format!(
                    "a name with a dash needs brackets: `{prefix}['{dashed}']`"
                ))
            });
        Verdict::Fault(Fault {
            code,
            reason,
            help,
            lenient: false,
        })
    }
}
