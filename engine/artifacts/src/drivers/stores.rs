//! The stores behind `s3`, `oss`, `gcs` and `azure`.

use super::{Secrets, fault::told};
use crate::ArtifactError;
use base64::{Engine, engine::general_purpose::STANDARD};
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::{Certificate, ClientOptions, Error, ObjectStore, RetryConfig};
use std::sync::Arc;
use std::time::Duration;
use tiphys_spec as spec;

type Opened = (Option<String>, Arc<dyn ObjectStore>);

/// The key of an artifact, if it has one, and its store; none if it is in no such.
pub(super) fn open(
    artifact: &spec::Artifact,
    secrets: &Secrets<'_>,
) -> Result<Option<Opened>, ArtifactError> {
    let opened = if let Some(s3) = &artifact.s3 {
        (s3.key.clone(), amazon(s3, secrets)?)
    } else if let Some(oss) = &artifact.oss {
        (oss.key.clone(), alibaba(oss, secrets)?)
    } else if let Some(gcs) = &artifact.gcs {
        (gcs.key.clone(), google(gcs, secrets)?)
    } else if let Some(azure) = &artifact.azure {
        (azure.blob.clone(), microsoft(azure, secrets)?)
    } else {
        return Ok(None);
    };
    let (key, store) = opened;
    Ok(Some((key.filter(|key| !key.is_empty()), store)))
}

/// Large ones take long; what counts is that something comes. Who speaks plain HTTP needs no certificates, and an image may have none.
fn patience(insecure: bool) -> ClientOptions {
    ClientOptions::new()
        .with_allow_http(insecure)
        .with_no_system_certificates(insecure)
        .with_timeout_disabled()
        .with_connect_timeout(Duration::from_secs(10))
        .with_read_timeout(Duration::from_secs(60))
}

fn again() -> RetryConfig {
    RetryConfig {
        max_retries: 8,
        retry_timeout: Duration::from_secs(60),
        ..RetryConfig::default()
    }
}

fn unusable(driver: &str, error: &Error) -> ArtifactError {
    ArtifactError::Refused(format!(
        "its {driver} bucket cannot be used: {}",
        told(error)
    ))
}

fn required(driver: &str, field: &str, value: Option<&String>) -> Result<String, ArtifactError> {
    let value = value.filter(|value| !value.is_empty());
    value
        .cloned()
        .ok_or_else(|| ArtifactError::Refused(format!("its {driver} location has no `{field}`")))
}

fn amazon(
    s3: &spec::S3Artifact,
    secrets: &Secrets<'_>,
) -> Result<Arc<dyn ObjectStore>, ArtifactError> {
    let bucket = required("s3", "bucket", s3.bucket.as_ref())?;
    if s3.role_arn.as_deref().is_some_and(|role| !role.is_empty()) {
        return Err(ArtifactError::Refused(
            "`roleARN` is not supported by this version; give the pod's service account the role"
                .to_owned(),
        ));
    }
    let insecure = s3.insecure.unwrap_or(false);
    let endpoint = s3.endpoint.as_deref().unwrap_or("s3.amazonaws.com");
    let mut client = patience(insecure);
    if let Some(ca) = &s3.ca_secret {
        let pem = secrets(ca)?;
        let certificates = Certificate::from_pem_bundle(pem.as_bytes());
        for certificate in certificates.map_err(|error| unusable("s3", &error))? {
            client = client.with_root_certificate(certificate);
        }
    }
    // Keys of the environment, of the service account or of the machine, unless there are others.
    let mut store = AmazonS3Builder::from_env()
        .with_bucket_name(&bucket)
        .with_client_options(client)
        .with_retry(again());
    if let (Some(access), Some(secret), false) = (
        &s3.access_key_secret,
        &s3.secret_key_secret,
        s3.use_sdk_creds.unwrap_or(false),
    ) {
        store = store
            .with_access_key_id(secrets(access)?)
            .with_secret_access_key(secrets(secret)?);
        if let Some(token) = &s3.session_token_secret {
            store = store.with_token(secrets(token)?);
        }
    }
    let region = s3.region.as_deref().filter(|region| !region.is_empty());
    store = store.with_region(region.unwrap_or("us-east-1"));
    if !endpoint.ends_with(".amazonaws.com") {
        let scheme = if insecure { "http" } else { "https" };
        let hosted = s3.addressing_style.as_deref() == Some("virtual-hosted");
        let host = if hosted {
            format!("{bucket}.{endpoint}")
        } else {
            endpoint.to_owned()
        };
        store = store
            .with_endpoint(format!("{scheme}://{host}"))
            .with_virtual_hosted_style_request(hosted);
    }
    if let Some(encryption) = &s3.encryption_options {
        store = encrypted(store, encryption, secrets)?;
    }
    let store = store.build().map_err(|error| unusable("s3", &error))?;
    Ok(Arc::new(store))
}

fn encrypted(
    store: AmazonS3Builder,
    encryption: &spec::S3EncryptionOptions,
    secrets: &Secrets<'_>,
) -> Result<AmazonS3Builder, ArtifactError> {
    if encryption
        .kms_encryption_context
        .as_deref()
        .is_some_and(|context| !context.is_empty())
    {
        return Err(ArtifactError::Refused(
            "`encryptionOptions.kmsEncryptionContext` is not supported by this version".to_owned(),
        ));
    }
    if let Some(key) = &encryption.server_side_customer_key_secret {
        return Ok(store.with_ssec_encryption(STANDARD.encode(secrets(key)?)));
    }
    if let Some(key) = encryption
        .kms_key_id
        .as_deref()
        .filter(|key| !key.is_empty())
    {
        return Ok(store.with_sse_kms_encryption(key));
    }
    if encryption.enable_encryption == Some(true) {
        let key = "aws_server_side_encryption".parse::<AmazonS3ConfigKey>();
        let key = key.map_err(|error| unusable("s3", &error))?;
        return Ok(store.with_config(key, "AES256"));
    }
    Ok(store)
}

/// It understands S3's requests.
fn alibaba(
    oss: &spec::OssArtifact,
    secrets: &Secrets<'_>,
) -> Result<Arc<dyn ObjectStore>, ArtifactError> {
    let bucket = required("oss", "bucket", oss.bucket.as_ref())?;
    let endpoint = required("oss", "endpoint", oss.endpoint.as_ref())?;
    let (scheme, host) = endpoint.split_once("://").unwrap_or(("https", &endpoint));
    let region = host.split('.').next().unwrap_or_default();
    let mut store = AmazonS3Builder::from_env()
        .with_bucket_name(&bucket)
        .with_endpoint(format!("{scheme}://{bucket}.{host}"))
        .with_virtual_hosted_style_request(true)
        .with_region(region)
        .with_client_options(patience(scheme == "http"))
        .with_retry(again());
    if let (Some(access), Some(secret)) = (&oss.access_key_secret, &oss.secret_key_secret) {
        store = store
            .with_access_key_id(secrets(access)?)
            .with_secret_access_key(secrets(secret)?);
    }
    if let Some(token) = oss
        .security_token
        .as_deref()
        .filter(|token| !token.is_empty())
    {
        store = store.with_token(token);
    }
    let store = store.build().map_err(|error| unusable("oss", &error))?;
    Ok(Arc::new(store))
}

fn google(
    gcs: &spec::GcsArtifact,
    secrets: &Secrets<'_>,
) -> Result<Arc<dyn ObjectStore>, ArtifactError> {
    let bucket = required("gcs", "bucket", gcs.bucket.as_ref())?;
    let mut store = GoogleCloudStorageBuilder::from_env()
        .with_bucket_name(bucket)
        .with_client_options(patience(false))
        .with_retry(again());
    if let Some(key) = &gcs.service_account_key_secret {
        store = store.with_service_account_key(secrets(key)?);
    }
    let store = store.build().map_err(|error| unusable("gcs", &error))?;
    Ok(Arc::new(store))
}

fn microsoft(
    azure: &spec::AzureArtifact,
    secrets: &Secrets<'_>,
) -> Result<Arc<dyn ObjectStore>, ArtifactError> {
    let container = required("azure", "container", azure.container.as_ref())?;
    let endpoint = required("azure", "endpoint", azure.endpoint.as_ref())?;
    let (scheme, host) = endpoint.split_once("://").unwrap_or(("https", &endpoint));
    // https://ACCOUNT.blob.core.windows.net
    let account = host.split(['.', '/', ':']).next().unwrap_or_default();
    let mut store = MicrosoftAzureBuilder::from_env()
        .with_account(account)
        .with_container_name(container)
        .with_endpoint(format!("{scheme}://{}", host.trim_end_matches('/')))
        .with_client_options(patience(scheme == "http"))
        .with_retry(again());
    if let (Some(key), false) = (
        &azure.account_key_secret,
        azure.use_sdk_creds.unwrap_or(false),
    ) {
        store = store.with_access_key(secrets(key)?);
    }
    let store = store.build().map_err(|error| unusable("azure", &error))?;
    Ok(Arc::new(store))
}
