//! Which kind of object a word or a manifest means: the API server is asked.

use crate::client::{code, patiently, told};
use kube::api::ApiResource;
use kube::core::GroupVersion;
use kube::core::discovery::v2::APIGroupDiscovery;
use kube::discovery::{Scope, pinned_kind};
use kube::{Client, Error};

/// A kind, and whether its objects are in a namespace.
#[derive(Clone, Debug)]
pub(crate) struct Kind {
    pub resource: ApiResource,
    pub namespaced: bool,
}

/// The kind of `apiVersion` and `kind`.
pub(crate) async fn of_manifest(
    client: &Client,
    version: &str,
    kind: &str,
) -> Result<Kind, String> {
    let missing =
        || format!("there is no kind `{kind}` in version `{version}`; is its CRD installed?");
    let wanted: GroupVersion = version
        .parse()
        .map_err(|_| format!("apiVersion `{version}` is none"))?;
    let wanted = wanted.with_kind(kind);
    match patiently("look up a kind", || pinned_kind(client, &wanted)).await {
        Ok((resource, known)) => Ok(Kind {
            resource,
            namespaced: known.scope == Scope::Namespaced,
        }),
        Err(Error::Discovery(_)) => Err(missing()),
        Err(error) if code(&error) == Some(404) => Err(missing()),
        Err(error) => Err(told(&error)),
    }
}

/// The kind that a word means for kubectl: `pod`, `pods`, `po`, `Pod`, `pods.example.com`.
pub(crate) async fn of_word(client: &Client, word: &str) -> Result<Kind, String> {
    let wanted = word.to_lowercase();
    let found = all(client).await?.into_iter().find(|(kind, names)| {
        let group = &kind.resource.group;
        let fits = |name: &String| *name == wanted || format!("{name}.{group}") == wanted;
        names.iter().any(fits)
    });
    let (kind, _) =
        found.ok_or_else(|| format!("there is no kind `{word}`; is its CRD installed?"))?;
    Ok(kind)
}

/// Every kind, the core's first, preferred versions before others, each with the names that it goes by.
async fn all(client: &Client) -> Result<Vec<(Kind, Vec<String>)>, String> {
    let unknown =
        |error: kube::Error| format!("the kinds of the cluster are not known: {}", told(&error));
    let core = patiently("list kinds", || client.list_core_api_versions_aggregated())
        .await
        .map_err(unknown)?;
    let others = patiently("list kinds", || client.list_api_groups_aggregated())
        .await
        .map_err(unknown)?;
    Ok(core
        .items
        .into_iter()
        .chain(others.items)
        .flat_map(of_group)
        .collect())
}

fn of_group(group: APIGroupDiscovery) -> Vec<(Kind, Vec<String>)> {
    let name = group
        .metadata
        .and_then(|metadata| metadata.name)
        .unwrap_or_default();
    let mut kinds = Vec::new();
    for version in group.versions {
        let of = version.version.unwrap_or_default();
        for resource in version.resources {
            let plural = resource.resource.unwrap_or_default();
            let kind = resource
                .response_kind
                .and_then(|kind| kind.kind)
                .unwrap_or_default();
            let mut names = resource.short_names;
            names.extend(resource.singular_resource);
            names.extend([plural.clone(), kind.to_lowercase()]);
            let api_version = if name.is_empty() {
                of.clone()
            } else {
                format!("{name}/{of}")
            };
            let known = ApiResource {
                group: name.clone(),
                version: of.clone(),
                api_version,
                kind,
                plural,
            };
            let namespaced = resource.scope.as_deref() == Some("Namespaced");
            kinds.push((
                Kind {
                    resource: known,
                    namespaced,
                },
                names,
            ));
        }
    }
    kinds
}
