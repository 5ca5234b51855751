//! `flags` of a resource template: words for kubectl, of which those are understood that make sense without it.

/// What the flags say.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Flags {
    /// Words that are no flags: a kind and a name.
    pub words: Vec<String>,
    pub selector: Option<String>,
    pub namespace: Option<String>,
    pub field_manager: Option<String>,
    pub validate: Option<bool>,
    pub force: bool,
    pub ignore_not_found: bool,
    pub grace_period: Option<u32>,
    pub cascade: Option<String>,
}

impl Flags {
    /// Reads them.
    ///
    /// # Errors
    /// Names the first that is not understood.
    pub(crate) fn parse(flags: &[String]) -> Result<Flags, String> {
        let mut read = Flags::default();
        // `kind/name` and `kind name` alike; flags may stand in one text, as Argo lets them.
        let mut words = flags
            .iter()
            .flat_map(|flag| flag.split_whitespace())
            .peekable();
        while let Some(word) = words.next() {
            let Some(flag) = word.strip_prefix('-') else {
                let parts = word.split('/').map(str::to_owned);
                read.words.extend(parts);
                continue;
            };
            let (name, given) = match flag.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (flag, None),
            };
            let name = name.trim_start_matches('-');
            let mut value = || {
                let value = given.clone().or_else(|| words.next().map(str::to_owned));
                value.ok_or_else(|| format!("flag `{word}` of the resource template has no value"))
            };
            let yes = given.as_deref() != Some("false");
            match name {
                "l" | "selector" => read.selector = Some(value()?),
                "n" | "namespace" => read.namespace = Some(value()?),
                "field-manager" => read.field_manager = Some(value()?),
                "grace-period" => {
                    let text = value()?;
                    let seconds = text
                        .parse()
                        .map_err(|_| format!("flag `{word}`: `{text}` is no number of seconds"))?;
                    read.grace_period = Some(seconds);
                }
                "cascade" => read.cascade = given.clone().or_else(|| Some("background".to_owned())),
                "validate" => {
                    read.validate = Some(!matches!(given.as_deref(), Some("false" | "ignore")))
                }
                "force" | "force-conflicts" => read.force |= yes,
                "ignore-not-found" => read.ignore_not_found = yes,
                // What these order is what happens anyway.
                "server-side" | "wait" | "now" => {}
                _ => {
                    return Err(format!(
                        "flag `{word}` of the resource template is not understood: flags are --selector, --namespace, --field-manager, --grace-period, --cascade, --validate, --force, --ignore-not-found, and a kind and a name"
                    ));
                }
            }
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(flags: &[&str]) -> Result<Flags, String> {
        Flags::parse(
            &flags
                .iter()
                .map(|flag| (*flag).to_owned())
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn flags_are_read_as_kubectl_reads_them() {
        let read = parse(&["configmap", "--selector", "a=b", "--validate=false"]).unwrap();
        assert_eq!(read.words, ["configmap"]);
        assert_eq!(read.selector.as_deref(), Some("a=b"));
        assert_eq!(read.validate, Some(false));
        assert_eq!(parse(&["pod/main"]).unwrap().words, ["pod", "main"]);
        assert_eq!(
            parse(&["--grace-period=0 --force"]).unwrap().grace_period,
            Some(0)
        );
        assert!(
            parse(&["--recursive"])
                .unwrap_err()
                .contains("`--recursive`")
        );
        assert!(parse(&["-l"]).unwrap_err().contains("no value"));
    }
}
