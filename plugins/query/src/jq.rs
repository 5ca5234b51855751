//! jq, by the crate jaq: the language of `jqFilter`.

use std::fmt::Write as _;

use crate::clock;
use jaq_core::load::{self, Arena, File, Loader};
use jaq_core::native::{self, bome, run, v};
use jaq_core::{
    Compiler, Ctx, DataT, Error, Native, RunPtr, ValT as _, Vars, compile, data, unwrap_valr,
};
use jaq_json::Val;
use serde_json::Value;

type Data = data::JustLut<Val>;

/// Most values that a filter may give.
const MOST: usize = 1_000_000;

/// A filter, ready to run.
pub struct Filter(compile::Filter<Native<Data>>);

impl std::fmt::Debug for Filter {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Filter(…)")
    }
}

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// What is wrong with it, in one line.
    pub fn parse(source: &str) -> Result<Filter, String> {
        let defs = jaq_core::defs()
            .chain(jaq_std::defs())
            .chain(jaq_json::defs());
        let arena = Arena::default();
        let file = File {
            code: source,
            path: (),
        };
        let modules = Loader::new(defs)
            .load(&arena, file)
            .map_err(|errors| unreadable(source, errors))?;
        // Later functions take the place of earlier ones of the same name.
        let theirs = jaq_core::funs()
            .chain(jaq_std::funs())
            .chain(jaq_json::funs())
            .filter(|(name, _, _)| !OURS.contains(name));
        Compiler::default()
            .with_funs(theirs.chain(ours()))
            .compile(modules)
            .map(Filter)
            .map_err(unknown)
    }

    /// What the filter gives for an input.
    ///
    /// # Errors
    /// The filter's own `error`, or an operation that does not fit its operands.
    pub fn values(&self, input: &Value) -> Result<Vec<Value>, String> {
        let input = jaq_json::read::parse_single(input.to_string().as_bytes())
            .map_err(|error| error.to_string())?;
        let ctx = Ctx::<Data>::new(&self.0.lut, Vars::new([]));
        let mut found = Vec::new();
        for value in self.0.id.run((ctx, input)).map(unwrap_valr) {
            let value = value.map_err(|error| said(&error))?;
            if found.len() == MOST {
                return Err(format!("the filter gives more than {MOST} values"));
            }
            let text = value.to_string();
            let value = serde_json::from_str(&text);
            found.push(value.map_err(|_| format!("{text} has no JSON form"))?);
        }
        Ok(found)
    }

    /// The same as text: strings bare, one value a line, as `jq -r` prints it.
    ///
    /// # Errors
    /// As [`Filter::values`].
    pub fn text(&self, input: &Value) -> Result<Option<String>, String> {
        let values = self.values(input)?;
        let lines: Vec<String> = values.iter().map(crate::text).collect();
        Ok((!lines.is_empty()).then(|| lines.join("\n")))
    }
}

/// What an error says: `error("no luck")` says no luck.
fn said(error: &Error<Val>) -> String {
    let text = error.to_string();
    serde_json::from_str(&text).unwrap_or(text)
}

/// What a component has not: the environment, a clock of its own, an end of the process.
const OURS: [&str; 3] = ["env", "now", "halt"];

fn ours<D: DataT>() -> impl Iterator<Item = native::Fun<D>>
where
    for<'a> D::V<'a>: jaq_std::ValT,
{
    let ours: [native::Filter<RunPtr<D>>; 3] = [
        ("env", v(0), |_| bome(D::V::from_map([]))),
        ("now", v(0), |_| {
            bome(Ok(D::V::from(clock::now() as f64 / 1000.0)))
        }),
        ("halt", v(1), |_| {
            bome(Err(Error::str("halt has no place here")))
        }),
    ];
    ours.into_iter().map(run)
}

fn unreadable(source: &str, errors: load::Errors<&str, ()>) -> String {
    let place = |found: &str| match found.is_empty() {
        true => "at the end".to_owned(),
        false => format!(
            "at byte {}",
            (found.as_ptr() as usize).saturating_sub(source.as_ptr() as usize)
        ),
    };
    let mut said = format!("{source:?} is not a jq filter");
    for (_, error) in errors {
        let detail = match error {
            load::Error::Io(found) => found.into_iter().next().map(|(_, reason)| reason),
            load::Error::Lex(found) => found
                .first()
                .map(|(expected, at)| format!("{} expected {}", expected.as_str(), place(at))),
            load::Error::Parse(found) => found
                .first()
                .map(|(expected, at)| format!("{} expected {}", expected.as_str(), place(at))),
        };
        if let Some(detail) = detail {
            let _ = write!(said, ": {detail}");
            break;
        }
    }
    said
}

fn unknown(errors: compile::Errors<&str, ()>) -> String {
    let found = errors.into_iter().flat_map(|(_, errors)| errors).next();
    match found {
        Some((name, what)) => format!("jq knows no {} {name}", what.as_str()),
        None => "the jq filter cannot be compiled".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn values(filter: &str, input: Value) -> Result<Vec<Value>, String> {
        Filter::parse(filter)?.values(&input)
    }

    #[test]
    fn filters_of_all_sorts() {
        let input = json!({"items": [{"n": "a", "v": 1}, {"n": "b", "v": 2.5}]});
        for (filter, expected) in [
            (".items[].n", json!(["a", "b"])),
            (".items | map(.v) | add", json!([3.5])),
            (
                r#".items[] | select(.n | test("^B$"; "i")) | .v"#,
                json!([2.5]),
            ),
            (
                r#"[.items[] | "\(.n)=\(.v)"] | join(",")"#,
                json!(["a=1,b=2.5"]),
            ),
            ("1700000000 | todate", json!(["2023-11-14T22:13:20Z"])),
            (r#""aGk=" | @base64d"#, json!(["hi"])),
            ("12345678901234567890", json!([12345678901234567890u64])),
            ("env", json!([{}])),
            ("try halt catch .", json!(["halt has no place here"])),
            ("empty", json!([])),
        ] {
            assert_eq!(
                values(filter, input.clone()),
                Ok(expected.as_array().unwrap().clone()),
                "{filter}"
            );
        }
    }

    #[test]
    fn text_is_that_of_jq_with_raw_strings() {
        let filter = Filter::parse(".[]").unwrap();
        assert_eq!(
            filter.text(&json!(["a", 1, null])),
            Ok(Some("a\n1\nnull".to_owned()))
        );
        assert_eq!(filter.text(&json!([])), Ok(None));
    }

    #[test]
    fn the_clock_is_the_hosts() {
        let now = tiphys_plugin::test::Host::new()
            .now(1_500)
            .run(|| values("now", json!(null)));
        assert_eq!(now, Ok(vec![json!(1.5)]));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (filter, says) in [
            (".a[", "is not a jq filter"),
            (".a | nope", "jq knows no filter nope"),
            ("$x", "jq knows no variable $x"),
        ] {
            let error = Filter::parse(filter).unwrap_err();
            assert!(error.contains(says), "{filter}: {error}");
        }
        let error = values(r#"error("no luck")"#, json!(null)).unwrap_err();
        assert_eq!(error, "no luck");
        assert!(values(".a.b", json!({"a": 1})).is_err());
    }
}
