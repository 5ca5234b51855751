//! Artifacts, their storage drivers and repositories.

use crate::types::ArtifactGc;
use k8s_openapi::api::core::v1 as core;
use serde::{Deserialize, Serialize};

/// `ArchiveStrategy` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ArchiveStrategy {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub none: Option<NoneStrategy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tar: Option<TarStrategy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zip: Option<ZipStrategy>,
}

/// `Artifact` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Artifact {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archive: Option<Box<ArchiveStrategy>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archive_logs: Option<bool>,
    #[serde(rename = "artifactGC", skip_serializing_if = "Option::is_none")]
    pub artifact_gc: Option<Box<ArtifactGc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifactory: Option<Box<ArtifactoryArtifact>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub azure: Option<Box<AzureArtifact>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_expression: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gcs: Option<Box<GcsArtifact>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub git: Option<Box<GitArtifact>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub global_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hdfs: Option<Box<HdfsArtifact>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<Box<HttpArtifact>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub optional: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oss: Option<Box<OssArtifact>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin: Option<Box<PluginArtifact>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw: Option<Box<RawArtifact>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recurse_mode: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub s3: Option<Box<S3Artifact>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_path: Option<String>,
}

impl Artifact {
    /// The last part of its key in a repository, where it has no key of its own; `found`: the name of what is at its path. Source: Argo.
    #[must_use]
    pub fn file_name(&self, found: &str) -> String {
        match self.archive.as_deref() {
            Some(archive) if archive.none.is_some() => found.to_owned(),
            Some(archive) if archive.zip.is_some() => format!("{}.zip", self.name),
            _ => format!("{}.tgz", self.name),
        }
    }
}

/// `ArtifactLocation` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ArtifactLocation {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archive_logs: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifactory: Option<Box<ArtifactoryArtifact>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub azure: Option<Box<AzureArtifact>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gcs: Option<Box<GcsArtifact>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub git: Option<Box<GitArtifact>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hdfs: Option<Box<HdfsArtifact>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<Box<HttpArtifact>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oss: Option<Box<OssArtifact>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin: Option<Box<PluginArtifact>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw: Option<Box<RawArtifact>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub s3: Option<Box<S3Artifact>>,
}

/// `ArtifactRepository` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ArtifactRepository {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archive_logs: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifactory: Option<Box<ArtifactoryArtifactRepository>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub azure: Option<Box<AzureArtifactRepository>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gcs: Option<Box<GcsArtifactRepository>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hdfs: Option<Box<HdfsArtifactRepository>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oss: Option<Box<OssArtifactRepository>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin: Option<Box<PluginArtifactRepository>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub s3: Option<Box<S3ArtifactRepository>>,
}

/// `ArtifactoryArtifact` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ArtifactoryArtifact {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_secret: Option<core::SecretKeySelector>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username_secret: Option<core::SecretKeySelector>,
}

/// `ArtifactoryArtifactRepository` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ArtifactoryArtifactRepository {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_format: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_secret: Option<core::SecretKeySelector>,
    #[serde(rename = "repoURL", skip_serializing_if = "Option::is_none")]
    pub repo_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username_secret: Option<core::SecretKeySelector>,
}

/// `AzureArtifact` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct AzureArtifact {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_key_secret: Option<core::SecretKeySelector>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blob: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    #[serde(rename = "useSDKCreds", skip_serializing_if = "Option::is_none")]
    pub use_sdk_creds: Option<bool>,
}

/// `AzureArtifactRepository` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct AzureArtifactRepository {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_key_secret: Option<core::SecretKeySelector>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blob_name_format: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    #[serde(rename = "useSDKCreds", skip_serializing_if = "Option::is_none")]
    pub use_sdk_creds: Option<bool>,
}

/// `BasicAuth` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct BasicAuth {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_secret: Option<core::SecretKeySelector>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username_secret: Option<core::SecretKeySelector>,
}

/// `ClientCertAuth` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ClientCertAuth {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_cert_secret: Option<core::SecretKeySelector>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_key_secret: Option<core::SecretKeySelector>,
}

/// `CreateS3BucketOptions` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct CreateS3BucketOptions {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_locking: Option<bool>,
}

/// `GCSArtifact` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct GcsArtifact {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account_key_secret: Option<core::SecretKeySelector>,
}

/// `GCSArtifactRepository` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct GcsArtifactRepository {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_format: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account_key_secret: Option<core::SecretKeySelector>,
}

/// `GitArtifact` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct GitArtifact {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub depth: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable_submodules: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fetch: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub insecure_ignore_host_key: Option<bool>,
    #[serde(rename = "insecureSkipTLS", skip_serializing_if = "Option::is_none")]
    pub insecure_skip_tls: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_secret: Option<core::SecretKeySelector>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repo: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub single_branch: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssh_private_key_secret: Option<core::SecretKeySelector>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username_secret: Option<core::SecretKeySelector>,
}

/// `HDFSArtifact` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct HdfsArtifact {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_transfer_protection: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub force: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hdfs_user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub krb_c_cache_secret: Option<core::SecretKeySelector>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub krb_config_config_map: Option<core::ConfigMapKeySelector>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub krb_keytab_secret: Option<core::SecretKeySelector>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub krb_realm: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub krb_service_principal_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub krb_username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// `HDFSArtifactRepository` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct HdfsArtifactRepository {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_transfer_protection: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub force: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hdfs_user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub krb_c_cache_secret: Option<core::SecretKeySelector>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub krb_config_config_map: Option<core::ConfigMapKeySelector>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub krb_keytab_secret: Option<core::SecretKeySelector>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub krb_realm: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub krb_service_principal_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub krb_username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_format: Option<String>,
}

/// `HTTPArtifact` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct HttpArtifact {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth: Option<Box<HttpAuth>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<Header>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub save_stream_via_file: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// `HTTPAuth` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct HttpAuth {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basic_auth: Option<Box<BasicAuth>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_cert: Option<Box<ClientCertAuth>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oauth2: Option<Box<OAuth2Auth>>,
}

/// `Header` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Header {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// `NoneStrategy` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct NoneStrategy {}

/// `OAuth2Auth` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct OAuth2Auth {
    #[serde(rename = "clientIDSecret", skip_serializing_if = "Option::is_none")]
    pub client_id_secret: Option<core::SecretKeySelector>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret_secret: Option<core::SecretKeySelector>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub endpoint_params: Vec<OAuth2EndpointParam>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    #[serde(rename = "tokenURLSecret", skip_serializing_if = "Option::is_none")]
    pub token_url_secret: Option<core::SecretKeySelector>,
}

/// `OAuth2EndpointParam` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct OAuth2EndpointParam {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// `OSSArtifact` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct OssArtifact {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_key_secret: Option<core::SecretKeySelector>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create_bucket_if_not_present: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifecycle_rule: Option<OssLifecycleRule>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_key_secret: Option<core::SecretKeySelector>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_token: Option<String>,
    #[serde(rename = "useSDKCreds", skip_serializing_if = "Option::is_none")]
    pub use_sdk_creds: Option<bool>,
}

/// `OSSArtifactRepository` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct OssArtifactRepository {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_key_secret: Option<core::SecretKeySelector>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create_bucket_if_not_present: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_format: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifecycle_rule: Option<OssLifecycleRule>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_key_secret: Option<core::SecretKeySelector>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_token: Option<String>,
    #[serde(rename = "useSDKCreds", skip_serializing_if = "Option::is_none")]
    pub use_sdk_creds: Option<bool>,
}

/// `OSSLifecycleRule` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct OssLifecycleRule {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mark_deletion_after_days: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mark_infrequent_access_after_days: Option<i64>,
}

/// `PluginArtifact` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct PluginArtifact {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configuration: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_timeout_seconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// `PluginArtifactRepository` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct PluginArtifactRepository {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configuration: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_format: Option<String>,
}

/// `RawArtifact` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct RawArtifact {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
}

/// `S3Artifact` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct S3Artifact {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_key_secret: Option<Box<core::SecretKeySelector>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addressing_style: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_secret: Option<Box<core::SecretKeySelector>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create_bucket_if_not_present: Option<Box<CreateS3BucketOptions>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encryption_options: Option<Box<S3EncryptionOptions>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub insecure: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    #[serde(rename = "roleARN", skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_key_secret: Option<Box<core::SecretKeySelector>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_token_secret: Option<Box<core::SecretKeySelector>>,
    #[serde(rename = "useSDKCreds", skip_serializing_if = "Option::is_none")]
    pub use_sdk_creds: Option<bool>,
}

/// `S3ArtifactRepository` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct S3ArtifactRepository {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_key_secret: Option<Box<core::SecretKeySelector>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addressing_style: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_secret: Option<Box<core::SecretKeySelector>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create_bucket_if_not_present: Option<Box<CreateS3BucketOptions>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encryption_options: Option<Box<S3EncryptionOptions>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub insecure: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_format: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_prefix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    #[serde(rename = "roleARN", skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_key_secret: Option<Box<core::SecretKeySelector>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_token_secret: Option<Box<core::SecretKeySelector>>,
    #[serde(rename = "useSDKCreds", skip_serializing_if = "Option::is_none")]
    pub use_sdk_creds: Option<bool>,
}

/// `S3EncryptionOptions` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct S3EncryptionOptions {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_encryption: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kms_encryption_context: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kms_key_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_side_customer_key_secret: Option<core::SecretKeySelector>,
}

/// `TarStrategy` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct TarStrategy {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compression_level: Option<i64>,
}

/// `ZipStrategy` of `argoproj.io/v1alpha1`; field names and meanings as in Argo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ZipStrategy {}
