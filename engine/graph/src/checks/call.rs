//! Steps, tasks and hooks: names, loops, conditions.

use crate::lower::{Raw, written};
use crate::origin::At;
use crate::planner::Planner;
use crate::scope::{Callee, Names};
use tiphys_expr::{Text, when};
use tiphys_spec::{LifecycleHook, Sequence};

impl Planner<'_> {
    pub(crate) fn check_call(
        &mut self,
        at: At<'_>,
        raw: &Raw<'_>,
        callee: &Callee,
        _names: &Names<'_>,
    ) {
        self.check_call_name(at, raw);
        let loops = [
            ("withItems", !raw.with_items.is_empty()),
            ("withParam", raw.with_param.is_some()),
            ("withSequence", raw.with_sequence.is_some()),
        ];
        let loops: Vec<&str> = loops
            .into_iter()
            .filter(|(_, there)| *there)
            .map(|(name, _)| name)
            .collect();
        if let [_, second, ..] = loops.as_slice() {
            let reason = format!(
                "{} `{}` has more than one loop: {}",
                raw.what,
                raw.name,
                loops.join(", ")
            );
            self.report(at.key(second).key_error("two-loops", reason));
        }
        if let Some(param) = raw.with_param {
            self.check_list(at.key("withParam"), param);
        }
        if let Some(sequence) = raw.with_sequence {
            self.check_sequence(at.key("withSequence"), sequence);
        }
        self.check_arguments(at, raw, callee.target.as_ref());
    }

    /// Parses a condition. One with tags is read only as far as its expressions go.
    pub(crate) fn when(&mut self, at: At<'_>, raw: &str, names: &Names<'_>) -> Text {
        let text = self.text(at, raw, names);
        let broken = text.tags().iter().any(
            |tag| matches!(&tag.kind, tiphys_expr::TagKind::Expression(parsed) if parsed.is_err()),
        );
        if !broken && let Err(error) = when::check(&text) {
            let message = match error {
                when::WhenError::Invalid { message, .. } => {
                    format!("when cannot be read: {message}")
                }
                when::WhenError::Failed { message, .. } => {
                    format!("when cannot be evaluated: {message}")
                }
                when::WhenError::NotBoolean { got, .. } => {
                    format!("when must give true or false, not {got}")
                }
            };
            self.report(at.error("when-syntax", message));
        }
        text
    }

    fn check_list(&mut self, at: At<'_>, param: &str) {
        let parsed = serde_json::from_str::<serde_json::Value>(param);
        if !param.contains("{{") && !parsed.is_ok_and(|value| value.is_array()) {
            self.report(
                at.error("loop-list", "withParam must give a JSON list")
                    .help("write a list such as [\"a\", \"b\"], or a tag"),
            );
        }
    }

    fn check_sequence(&mut self, at: At<'_>, sequence: &Sequence) {
        match (&sequence.count, &sequence.end) {
            (Some(_), Some(_)) => self.report(
                at.key("end")
                    .key_error("sequence-ends", "a sequence has either count or end"),
            ),
            (None, None) => self.report(at.error("sequence-ends", "a sequence needs count or end")),
            _ => {}
        }
        for (field, value) in [
            ("count", &sequence.count),
            ("start", &sequence.start),
            ("end", &sequence.end),
        ] {
            let Some(text) = value
                .as_ref()
                .map(written)
                .filter(|text| !text.contains("{{"))
            else {
                continue;
            };
            match text.parse::<i64>() {
                Err(_) => self.report(at.key(field).error(
                    "sequence-number",
                    format!("{field} must be a whole number, not `{text}`"),
                )),
                Ok(count) if field == "count" && count < 0 => {
                    self.report(
                        at.key(field)
                            .warning("sequence-number", "a negative count counts down from start"),
                    );
                }
                Ok(_) => {}
            }
        }
        if let Some(format) = sequence
            .format
            .as_deref()
            .filter(|format| !format.is_empty() && !format.contains("{{"))
            && let Some(reason) = format_fault(format)
        {
            self.report(
                at.key("format")
                    .error("sequence-format", reason)
                    .help("write it as %d, %03d or %x"),
            );
        }
    }

    pub(crate) fn check_hook(&mut self, at: At<'_>, name: &str, hook: &LifecycleHook) {
        if name != "exit" && hook.expression.as_deref().is_none_or(str::is_empty) {
            let fault = at.error(
                "hook-expression",
                format!("hook `{name}` needs an expression: only the exit hook goes without"),
            );
            self.report(
                fault.help("say when it runs, such as expression: steps.a.status == \"Running\""),
            );
        }
    }
}

/// What is wrong with a printf format of one whole number.
fn format_fault(format: &str) -> Option<String> {
    let mut verbs = 0;
    let mut rest = format;
    while let Some((_, after)) = rest.split_once('%') {
        let after = after.trim_start_matches([
            '#', '0', '-', '+', ' ', '1', '2', '3', '4', '5', '6', '7', '8', '9', '.',
        ]);
        match after.chars().next() {
            Some('%') => {}
            Some('b' | 'c' | 'd' | 'o' | 'O' | 'q' | 'x' | 'X' | 'U' | 'v') => verbs += 1,
            Some(other) => return Some(format!("`%{other}` does not print a whole number")),
            None => return Some("the format ends in the middle of a verb".to_owned()),
        }
        rest = after
            .get(after.chars().next().map_or(0, char::len_utf8)..)
            .unwrap_or_default();
    }
    match verbs {
        1 => None,
        0 => Some("the format does not print the number".to_owned()),
        more => Some(format!(
            "the format prints {more} numbers, and there is one"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::format_fault;

    #[test]
    fn formats() {
        for good in ["%d", "testuser%02X", "100%% of %03d", "%-5d|"] {
            assert_eq!(format_fault(good), None, "{good}");
        }
        for bad in ["", "abc", "%s", "%", "%d %d", "%é"] {
            assert!(format_fault(bad).is_some(), "{bad}");
        }
    }
}
