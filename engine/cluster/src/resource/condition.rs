//! `successCondition` and `failureCondition` of a resource template: Kubernetes' label selectors, whose keys are gjson paths into the object.
//! Source: Argo.

/// Requirements, all of which must hold.
#[derive(Debug)]
pub(crate) struct Condition(Vec<Requirement>);

#[derive(Debug)]
struct Requirement {
    path: String,
    test: Test,
}

#[derive(Debug)]
enum Test {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    Absent,
    Greater(f64),
    Less(f64),
}

impl Condition {
    /// Reads `a.b == x, c != y, d in (e, f), g > 1, h, !i`.
    ///
    /// # Errors
    /// Names the requirement that is none.
    pub(crate) fn parse(text: &str) -> Result<Condition, String> {
        let requirements = parts(text).into_iter().map(requirement);
        Ok(Condition(requirements.collect::<Result<_, _>>()?))
    }

    /// Whether every requirement holds; none of no requirements does.
    pub(crate) fn all(&self, object: &str) -> bool {
        !self.0.is_empty() && self.0.iter().all(|requirement| requirement.holds(object))
    }

    /// The first requirement that holds, in words.
    pub(crate) fn any(&self, object: &str) -> bool {
        self.0.iter().any(|requirement| requirement.holds(object))
    }
}

impl Requirement {
    fn holds(&self, object: &str) -> bool {
        let found = gjson::get(object, &self.path);
        let text = found.exists().then(|| found.str().to_owned());
        let number = || text.as_deref().and_then(|text| text.parse::<f64>().ok());
        match &self.test {
            Test::In(values) => text.as_ref().is_some_and(|text| values.contains(text)),
            Test::NotIn(values) => text.as_ref().is_none_or(|text| !values.contains(text)),
            Test::Exists => text.is_some(),
            Test::Absent => text.is_none(),
            Test::Greater(than) => number().is_some_and(|number| number > *than),
            Test::Less(than) => number().is_some_and(|number| number < *than),
        }
    }
}

/// At commas that are in no parentheses and no quotes.
fn parts(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut quoted, mut start) = (Vec::new(), 0, false, 0);
    for (at, letter) in text.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            '(' | '[' if !quoted => depth += 1,
            ')' | ']' if !quoted => depth -= 1,
            ',' if depth == 0 && !quoted => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    let parts = parts.into_iter().map(str::trim);
    parts.filter(|part| !part.is_empty()).collect()
}

fn requirement(text: &str) -> Result<Requirement, String> {
    let bad =
        || format!("`{text}` is no requirement; write for example `status.phase == Succeeded`");
    let one = |path: &str, test: Test| {
        let path = path.trim();
        if path.is_empty() {
            return Err(bad());
        }
        Ok(Requirement {
            path: path.to_owned(),
            test,
        })
    };
    let value = |text: &str| vec![text.trim().trim_matches('"').to_owned()];
    for (word, negated) in [(" notin ", true), (" in ", false)] {
        if let Some((path, values)) = text.split_once(word) {
            let values = values
                .trim()
                .strip_prefix('(')
                .and_then(|list| list.strip_suffix(')'));
            let values = values.ok_or_else(bad)?.split(',').flat_map(value).collect();
            return one(
                path,
                if negated {
                    Test::NotIn(values)
                } else {
                    Test::In(values)
                },
            );
        }
    }
    // Comparisons inside a query of the path, as in `a.#(b=="c").d`, are the path's.
    let outside = |operator: &str| {
        let mut depth = 0;
        text.char_indices().find_map(|(at, letter)| {
            match letter {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            (depth == 0 && text[at..].starts_with(operator))
                .then(|| (&text[..at], &text[at + operator.len()..]))
        })
    };
    for operator in ["!=", "==", "=", ">", "<"] {
        let Some((path, right)) = outside(operator) else {
            continue;
        };
        let number = || right.trim().parse::<f64>().map_err(|_| bad());
        return match operator {
            "!=" => one(path, Test::NotIn(value(right))),
            ">" => one(path, Test::Greater(number()?)),
            "<" => one(path, Test::Less(number()?)),
            _ => one(path, Test::In(value(right))),
        };
    }
    match text.strip_prefix('!') {
        Some(path) => one(path, Test::Absent),
        None => one(text, Test::Exists),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_are_held_against_an_object() {
        let object = r#"{"status": {"phase": "Succeeded", "succeeded": 3, "conditions": [{"type": "Ready", "status": "True"}]}}"#;
        for (text, want) in [
            ("status.phase == Succeeded", true),
            ("status.phase=Failed", false),
            ("status.phase != Failed", true),
            ("status.succeeded > 2", true),
            ("status.succeeded > 2, status.phase == Succeeded", true),
            ("status.succeeded > 3", false),
            ("status.succeeded < 4", true),
            ("status.phase in (Failed, Succeeded)", true),
            ("status.phase notin (Failed, Error)", true),
            ("status.failed", false),
            ("!status.failed", true),
            (r#"status.conditions.#(type=="Ready").status == True"#, true),
        ] {
            assert_eq!(Condition::parse(text).unwrap().all(object), want, "{text}");
        }
        assert!(
            Condition::parse("status.failed > 0, status.phase == Succeeded")
                .unwrap()
                .any(object)
        );
    }

    #[test]
    fn what_is_no_requirement_is_named() {
        for text in ["status.succeeded > many", "== a", "a in b"] {
            let fault = Condition::parse(text).unwrap_err();
            assert!(fault.contains(text), "{fault}");
        }
    }
}
