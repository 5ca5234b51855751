//! `$(NAME)` as Kubernetes replaces it in commands, arguments and variables.

/// Replaces each `$(NAME)` that `find` knows. `$$` is a `$`, so `$$(NAME)` stays `$(NAME)`; what is not known stays as it is.
pub(super) fn expand<'a>(text: &str, find: impl Fn(&str) -> Option<&'a str>) -> String {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        expanded.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            expanded.push('$');
            rest = after;
        } else if let Some((name, after)) = rest
            .strip_prefix('(')
            .and_then(|inner| inner.split_once(')'))
        {
            match find(name) {
                Some(value) => expanded.push_str(value),
                None => expanded.extend(["$(", name, ")"]),
            }
            rest = after;
        } else {
            expanded.push('$');
        }
    }
    expanded.push_str(rest);
    expanded
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_are_replaced_as_kubernetes_does() {
        let find = |name: &str| (name == "A").then_some("x$(A)");
        for (text, expanded) in [
            ("$(A)", "x$(A)"),
            ("-$(A)-$(B)-", "-x$(A)-$(B)-"),
            ("$$(A)", "$(A)"),
            ("$$$(A)", "$x$(A)"),
            ("$A $", "$A $"),
            ("$(A", "$(A"),
            ("$$$$", "$$"),
        ] {
            assert_eq!(super::expand(text, find), expanded, "{text}");
        }
    }
}
