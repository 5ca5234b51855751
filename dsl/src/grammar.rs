//! The rules of `flow.pest`, and what they say of a text that does not fit.

use std::ops::Range;

use pest::Parser as _;
use pest::error::{ErrorVariant, InputLocation};
use pest::iterators::{Pair, Pairs};

use crate::fault::Faults;

#[derive(pest_derive::Parser)]
#[grammar = "flow.pest"]
pub(crate) struct Grammar;

pub(crate) type Node<'i> = Pair<'i, Rule>;
pub(crate) type Nodes<'i> = Pairs<'i, Rule>;

/// Reads `text` by `rule`; what is wrong is told, its place counted from `base`.
pub(crate) fn read<'i>(
    rule: Rule,
    text: &'i str,
    base: usize,
    faults: &mut Faults<'_>,
) -> Option<Nodes<'i>> {
    let error = match Grammar::parse(rule, text) {
        Ok(mut pairs) => return pairs.next().map(Pair::into_inner),
        Err(error) => error,
    };
    let at = match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    };
    let end = at
        + text[at..]
            .find(|c: char| c.is_whitespace() || "(){}[],;".contains(c))
            .unwrap_or(text.len() - at);
    let end = if end == at {
        at + text[at..].chars().next().map_or(0, char::len_utf8)
    } else {
        end
    };
    let message = match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => expected(positives, &text[at..end]),
        ErrorVariant::CustomError { message } => message.clone(),
    };
    faults.error("syntax", base + at..base + end, message, shape(rule));
    None
}

fn expected(rules: &[Rule], found: &str) -> String {
    let mut words: Vec<&str> = rules.iter().filter_map(|rule| called(*rule)).collect();
    words.sort_unstable();
    words.dedup();
    let found = match found.trim() {
        "" => "the end of the statement".to_owned(),
        found => format!("`{}`", found.chars().take(40).collect::<String>()),
    };
    // A word that is expected and found was the end of what fits: something is missing behind it.
    let missing = words
        .iter()
        .any(|word| word.contains(&found) && found.len() > 3);
    match words.as_slice() {
        _ if missing => format!("something is missing after {found}"),
        ["a text" | "a name"]
            if found.starts_with('`') && found[1..].starts_with(|c: char| c.is_alphanumeric()) =>
        {
            format!("{found} does not fit here, or something is missing after it")
        }
        [] => format!("{found} does not fit here"),
        [one] => format!("expected {one}, found {found}"),
        [many @ .., last] => format!("expected {} or {last}, found {found}", many.join(", ")),
    }
}

/// What a rule is to a person; nothing for rules that only say how others are put together.
fn called(rule: Rule) -> Option<&'static str> {
    Some(match rule {
        Rule::word | Rule::string | Rule::raw | Rule::fence => "a text",
        Rule::name => "a name",
        Rule::ident => "a word",
        Rule::kind_of | Rule::simple_type | Rule::list_type | Rule::enum_type => "a type",
        Rule::path | Rule::expression | Rule::number => "a value",
        Rule::map => "`{…}`",
        Rule::list => "`[…]`",
        Rule::key => "a field",
        Rule::arguments => "`(…)`",
        Rule::call | Rule::target => "a call",
        Rule::parameters => "`(…)`",
        Rule::when | Rule::after => "`when`, `for`, `after`",
        Rule::EOI => "the end of the statement",
        _ => return None,
    })
}

/// How a statement that rule reads looks.
fn shape(rule: Rule) -> &'static str {
    match rule {
        Rule::workflow_statement => "a workflow is `workflow NAME(parameter: type = value) { … }`",
        Rule::library_statement => {
            "a library is `library NAME { … }` or `cluster library NAME { … }`"
        }
        Rule::cron_statement => "a cron is `cron NAME \"0 3 * * *\" in \"Europe/Berlin\" { … }`",
        Rule::template_statement => {
            "a template is `container NAME(input: type, file at /path) in IMAGE { … }`"
        }
        Rule::task_statement => {
            "a call is `name = template(input: value) when … for x in … after …`"
        }
        Rule::modifier_statement => {
            "in a call's block stand `when`, `for`, `after`, `continue on`, `on-exit`, `hook` and fields"
        }
        Rule::out_statement => "an output is `out NAME = file(\"/path\")` or `out NAME at /path`",
        Rule::hook_statement => "a hook is `hook NAME = template(…) if CONDITION`",
        Rule::retry_statement => "a retry is `retry 3 on error backoff 2s x2 max 1m if CONDITION`",
        Rule::mount_statement => "a mount is `mount VOLUME at /path sub NAME`",
        Rule::volume_statement => {
            "a volume is `volume NAME empty`, `volume NAME claim CLAIM` or `volume NAME { … }`"
        }
        Rule::claim_statement => "a claim is `claim NAME 1Gi`",
        Rule::metric_statement => "a metric is `counter NAME = \"1\" \"what it counts\" { … }`",
        Rule::use_statement => "`use NAME` or `use cluster NAME`",
        Rule::entry_statement => {
            "a field is `name: value`; text with blanks or brackets needs quotes"
        }
        Rule::word_statement => "text with blanks or brackets needs quotes",
        _ => "",
    }
}

/// Where a pair stands in the file.
pub(crate) fn range(node: &Node<'_>, base: usize) -> Range<usize> {
    let span = node.as_span();
    base + span.start()..base + span.end()
}
