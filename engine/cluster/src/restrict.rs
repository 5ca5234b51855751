//! `workflowRestrictions`: only what templates say is run, and a workflow may say no more than which, with what arguments, and the like.
//! Source: Argo's `templateReferencing`.

use crate::refuse::Fault;
use serde_json::Value;

/// What a workflow may say of itself beside its `workflowTemplateRef`.
const ALLOWED: [&str; 13] = [
    "activeDeadlineSeconds",
    "archiveLogs",
    "arguments",
    "artifactGC",
    "entrypoint",
    "metrics",
    "podGC",
    "priority",
    "shutdown",
    "suspend",
    "ttlStrategy",
    "volumeClaimGC",
    "workflowMetadata",
];
/// What `artifactGC` may not say then: whose rights a pod has, and what it is.
const NOT_OF_GC: [&str; 3] = ["podMetadata", "podSpecPatch", "serviceAccountName"];

/// How workflows refer to templates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Referencing {
    /// They must.
    Strict,
    /// They must, and what they refer to must be the same whenever the workflow is taken up.
    Secure,
}

/// What workflows are kept to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restrictions {
    /// None: workflows may say what they like.
    pub referencing: Option<Referencing>,
    /// Further fields that a workflow may set.
    pub allowed: Vec<String>,
}

impl Restrictions {
    /// Holds a workflow's own spec against them.
    ///
    /// # Errors
    /// It says what it may not.
    pub(crate) fn check(&self, spec: &Value) -> Result<(), Fault> {
        if self.referencing.is_none() {
            return Ok(());
        }
        let only = "the controller's workflowRestrictions.templateReferencing";
        let refuse = |reason: String| Err(Fault::Invalid(reason));
        if spec["workflowTemplateRef"]["name"].as_str().is_none() {
            return refuse(format!("spec.workflowTemplateRef is needed, by {only}"));
        }
        let given = spec.as_object().into_iter().flatten();
        let set = given.filter(|(_, value)| !value.is_null());
        for (field, value) in set {
            let known = field == "workflowTemplateRef"
                || ALLOWED.contains(&field.as_str())
                || self.allowed.contains(field);
            if !known {
                return refuse(format!("spec.{field} may not be set, by {only}"));
            }
            let own = NOT_OF_GC.iter().find(|part| value.get(**part).is_some());
            if let Some(own) = own.filter(|_| field == "artifactGC") {
                return refuse(format!("spec.artifactGC.{own} may not be set, by {only}"));
            }
        }
        Ok(())
    }

    pub(crate) fn secure(&self) -> bool {
        self.referencing == Some(Referencing::Secure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_workflow_may_say_which_template_and_little_else() {
        let strict = Restrictions {
            referencing: Some(Referencing::Strict),
            allowed: vec!["nodeSelector".to_owned()],
        };
        let by = json!({"name": "t"});
        for (spec, fault) in [
            (
                json!({"workflowTemplateRef": by, "arguments": {}, "suspend": true}),
                None,
            ),
            (json!({"workflowTemplateRef": by, "nodeSelector": {}}), None),
            (
                json!({"workflowTemplateRef": by, "podSpecPatch": null}),
                None,
            ),
            (
                json!({"templates": []}),
                Some("spec.workflowTemplateRef is needed"),
            ),
            (
                json!({"workflowTemplateRef": by, "serviceAccountName": "root"}),
                Some("spec.serviceAccountName may not be set"),
            ),
            (
                json!({"workflowTemplateRef": by, "artifactGC": {"podSpecPatch": "{}"}}),
                Some("spec.artifactGC.podSpecPatch may not be set"),
            ),
        ] {
            let got = strict.check(&spec);
            match (got, fault) {
                (Ok(()), None) => {}
                (Err(Fault::Invalid(reason)), Some(part)) => {
                    assert!(reason.contains(part), "{reason}");
                }
                (got, _) => panic!("{spec}: {got:?}"),
            }
            assert_eq!(Restrictions::default().check(&spec), Ok(()));
        }
    }
}
