//! `nodeFieldSelector`: which nodes an order means.

use tiphys_spec::NodeStatus;

/// Comma-separated `field=value`, `field==value` or `field!=value`; all must hold. Fields as Argo's: `displayName`, `templateName`,
/// `templateRef.name`, `templateRef.template`, `phase`, `name`, `id`, `inputs.parameters.<name>.value`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    terms: Vec<Term>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    field: String,
    value: String,
    equal: bool,
}

impl Selector {
    /// # Errors
    /// Names the term that is no comparison, or the field that is not known.
    pub fn parse(text: &str) -> Result<Self, String> {
        let terms = text
            .split(',')
            .map(str::trim)
            .filter(|term| !term.is_empty())
            .map(Term::parse)
            .collect::<Result<Vec<_>, _>>()?;
        if terms.is_empty() {
            return Err("the selector is empty; write for example displayName=approve".to_owned());
        }
        Ok(Self { terms })
    }

    /// Whether all terms hold for the node.
    #[must_use]
    pub fn matches(&self, node: &NodeStatus) -> bool {
        self.terms.iter().all(|term| term.matches(node))
    }
}

impl Term {
    fn parse(text: &str) -> Result<Self, String> {
        let (field, value, equal) = if let Some((field, value)) = text.split_once("!=") {
            (field, value, false)
        } else if let Some((field, value)) = text.split_once("==").or_else(|| text.split_once('='))
        {
            (field, value, true)
        } else {
            return Err(format!("`{text}` is no comparison; write field=value"));
        };
        let field = field.trim();
        let known = [
            "displayName",
            "templateName",
            "templateRef.name",
            "templateRef.template",
            "phase",
            "name",
            "id",
        ];
        if !known.contains(&field) && parameter(field).is_none() {
            return Err(format!(
                "`{field}` is no field of a node; use one of {}, inputs.parameters.<name>.value",
                known.join(", ")
            ));
        }
        Ok(Self {
            field: field.to_owned(),
            value: value.trim().to_owned(),
            equal,
        })
    }

    fn matches(&self, node: &NodeStatus) -> bool {
        let reference = node.template_ref.as_deref();
        let found = match self.field.as_str() {
            "displayName" => Some(node.display_name.as_str()),
            "templateName" => node.template_name.as_deref(),
            "templateRef.name" => reference.and_then(|r| r.name.as_str().into()),
            "templateRef.template" => reference.and_then(|r| r.template.as_deref()),
            "phase" => node.phase.map(tiphys_spec::NodePhase::as_str),
            "name" => Some(node.name.as_str()),
            "id" => Some(node.id.as_str()),
            other => parameter(other).and_then(|name| {
                let inputs = node.inputs.as_deref()?;
                inputs
                    .parameters
                    .iter()
                    .find(|p| p.name == name)?
                    .value
                    .as_deref()
            }),
        };
        (found.unwrap_or_default() == self.value) == self.equal
    }
}

fn parameter(field: &str) -> Option<&str> {
    field
        .strip_prefix("inputs.parameters.")?
        .strip_suffix(".value")
}
