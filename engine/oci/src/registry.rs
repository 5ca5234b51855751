//! Talking to registries.

use crate::key::{PrivateKey, PublicKey};
use crate::place::Place;
use crate::signature::{self, payload};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use oci_client::Client;
use oci_client::client::{ClientConfig, ClientProtocol, Config, ImageLayer};
use oci_client::errors::{OciDistributionError, OciErrorCode};
use oci_client::manifest::{OciImageManifest, WASM_CONFIG_MEDIA_TYPE};
use oci_client::secrets::RegistryAuth;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::time::Duration;

/// The layer of the CNCF's layout, and the one that came before it.
const LAYERS: [&str; 2] = [
    "application/wasm",
    "application/vnd.wasm.content.layer.v1+wasm",
];

/// A plug-in's component may be so large.
const LARGEST: usize = 256 << 20;

/// A registry that is silent for so long says nothing any more.
const CONNECT: Duration = Duration::from_secs(10);
const READ: Duration = Duration::from_secs(30);

const SIGNATURE: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
const ANNOTATION: &str = "dev.cosignproject.cosign/signature";

/// Who one is to a registry.
#[derive(Clone, Default)]
pub enum Credentials {
    #[default]
    Anonymous,
    Basic {
        user: String,
        password: String,
    },
}

/// A fragment that fits after "failed to ".
#[derive(Debug, thiserror::Error)]
pub enum OciError {
    #[error("{what} {place}: {source}")]
    Registry {
        what: &'static str,
        place: String,
        #[source]
        source: Box<OciDistributionError>,
    },
    #[error("pull {place}: it is no WASM component (its layers are {found})")]
    NotWasm { place: String, found: String },
    #[error("read the configuration of {place}: {reason}")]
    NotAnImage { place: String, reason: String },
    #[error("pull {place}: its content has the digest {found}, not {wanted}")]
    Damaged {
        place: String,
        wanted: String,
        found: String,
    },
    #[error("verify {place}: it has no signature")]
    Unsigned { place: String },
    #[error("verify {place}: none of its {count} signatures is of this key")]
    NotOurs { place: String, count: usize },
}

impl OciError {
    /// Whether another time may have another answer.
    #[must_use]
    pub fn passing(&self) -> bool {
        let OciError::Registry { source, .. } = self else {
            return false;
        };
        match &**source {
            OciDistributionError::RequestError(_) | OciDistributionError::IoError(_) => true,
            OciDistributionError::ServerError { code, .. } => *code == 429 || *code >= 500,
            OciDistributionError::RegistryError { envelope, .. } => envelope
                .errors
                .iter()
                .any(|error| error.code == OciErrorCode::Toomanyrequests),
            _ => false,
        }
    }
}

/// What was pulled.
#[derive(Debug)]
pub struct Pulled {
    pub component: Vec<u8>,
    /// By digest, whatever was asked for.
    pub place: Place,
}

/// A client.
pub struct Registry {
    plain: Client,
    tls: Client,
    auth: RegistryAuth,
}

impl Registry {
    #[must_use]
    pub fn new(credentials: &Credentials) -> Registry {
        // Whoever was first has chosen for the process; there is only one to choose from here.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = |protocol| {
            Client::new(ClientConfig {
                protocol,
                platform_resolver: Some(Box::new(crate::image::variant)),
                connect_timeout: Some(CONNECT),
                read_timeout: Some(READ),
                ..ClientConfig::default()
            })
        };
        let auth = match credentials {
            Credentials::Anonymous => RegistryAuth::Anonymous,
            Credentials::Basic { user, password } => {
                RegistryAuth::Basic(user.clone(), password.clone())
            }
        };
        Registry {
            plain: client(ClientProtocol::Http),
            tls: client(ClientProtocol::Https),
            auth,
        }
    }

    fn client(&self, place: &Place) -> &Client {
        if place.local() {
            &self.plain
        } else {
            &self.tls
        }
    }

    /// Pushes a component; where it is now, by digest.
    ///
    /// # Errors
    /// The registry does not take it.
    pub async fn push(
        &self,
        place: &Place,
        component: Vec<u8>,
        annotations: BTreeMap<String, String>,
    ) -> Result<Place, OciError> {
        let layer = ImageLayer::new(component, LAYERS[0].to_owned(), None);
        let config = Config::new(
            Bytes::from_static(b"{}"),
            WASM_CONFIG_MEDIA_TYPE.to_owned(),
            None,
        );
        let digest = self
            .put("push", place, vec![layer], config, Some(annotations))
            .await?;
        Ok(place.at(&digest))
    }

    async fn put(
        &self,
        what: &'static str,
        place: &Place,
        layers: Vec<ImageLayer>,
        config: Config,
        annotations: Option<BTreeMap<String, String>>,
    ) -> Result<String, OciError> {
        let manifest = OciImageManifest::build(&layers, &config, annotations);
        let client = self.client(place);
        let failed = |source| failed(what, place, source);
        client
            .push(&place.0, &layers, config, &self.auth, Some(manifest))
            .await
            .map_err(failed)?;
        client
            .fetch_manifest_digest(&place.0, &self.auth)
            .await
            .map_err(failed)
    }

    /// Pulls a component, and checks that it is what its digest says.
    ///
    /// # Errors
    /// It is not there, is no component, or is not what its digest says.
    pub async fn pull(&self, place: &Place) -> Result<Pulled, OciError> {
        let client = self.client(place);
        let failed = |source| failed("pull", place, source);
        let (manifest, digest) = client
            .pull_image_manifest(&place.0, &self.auth)
            .await
            .map_err(failed)?;
        if let Some(wanted) = place.digest().filter(|wanted| *wanted != digest) {
            return Err(OciError::Damaged {
                place: place.to_string(),
                wanted: wanted.to_owned(),
                found: digest,
            });
        }
        let layer = manifest
            .layers
            .iter()
            .find(|layer| LAYERS.contains(&layer.media_type.as_str()));
        let Some(layer) =
            layer.filter(|layer| usize::try_from(layer.size).is_ok_and(|size| size <= LARGEST))
        else {
            let found: Vec<&str> = manifest
                .layers
                .iter()
                .map(|layer| layer.media_type.as_str())
                .collect();
            return Err(OciError::NotWasm {
                place: place.to_string(),
                found: found.join(", "),
            });
        };
        let mut component = Vec::new();
        client
            .pull_blob(&place.0, layer, &mut component)
            .await
            .map_err(failed)?;
        let found = digest_of(&component);
        if found != layer.digest {
            return Err(OciError::Damaged {
                place: place.to_string(),
                wanted: layer.digest.clone(),
                found,
            });
        }
        Ok(Pulled {
            component,
            place: place.at(&digest),
        })
    }

    /// The configuration of the image at a place.
    pub(crate) async fn configuration(&self, place: &Place) -> Result<String, OciError> {
        let client = self.client(place);
        let found = client.pull_manifest_and_config(&place.0, &self.auth).await;
        let (_, _, text) = found.map_err(|source| OciError::Registry {
            what: "look up image",
            place: place.0.whole(),
            source: Box::new(source),
        })?;
        Ok(text)
    }

    /// The digest of what a place names.
    ///
    /// # Errors
    /// There is nothing.
    pub async fn digest(&self, place: &Place) -> Result<String, OciError> {
        match place.digest() {
            Some(digest) => Ok(digest.to_owned()),
            None => self
                .client(place)
                .fetch_manifest_digest(&place.0, &self.auth)
                .await
                .map_err(|source| failed("look up", place, source)),
        }
    }

    /// Signs what a place names; its earlier signatures stay.
    ///
    /// # Errors
    /// There is nothing to sign, or the registry does not take the signature.
    pub async fn sign(&self, place: &Place, key: &PrivateKey) -> Result<Place, OciError> {
        let digest = self.digest(place).await?;
        let beside = place.signatures(&digest);
        let text = payload(&place.name(), &digest);
        let mut layers = self.signatures(&beside).await?;
        let annotation = BTreeMap::from([(
            ANNOTATION.to_owned(),
            STANDARD.encode(key.sign(text.as_bytes())),
        )]);
        layers.push(ImageLayer::new(
            text.into_bytes(),
            SIGNATURE.to_owned(),
            Some(annotation),
        ));
        let config = Config::oci_v1(Bytes::from_static(b"{}"), None);
        self.put("sign", &beside, layers, config, None).await?;
        Ok(place.at(&digest))
    }

    /// Checks that what a place names is signed with a key.
    ///
    /// # Errors
    /// It is not, or there is nothing.
    pub async fn verify(&self, place: &Place, key: &PublicKey) -> Result<Place, OciError> {
        let digest = self.digest(place).await?;
        let layers = self.signatures(&place.signatures(&digest)).await?;
        let whole = || place.at(&digest).to_string();
        if layers.is_empty() {
            return Err(OciError::Unsigned { place: whole() });
        }
        let ours = |layer: &ImageLayer| {
            let text = layer.annotations.as_ref()?.get(ANNOTATION)?;
            let signature = STANDARD.decode(text).ok()?;
            (signature::is_of(&layer.data, &digest) && key.verifies(&layer.data, &signature))
                .then_some(())
        };
        match layers.iter().find_map(ours) {
            Some(()) => Ok(place.at(&digest)),
            None => Err(OciError::NotOurs {
                place: whole(),
                count: layers.len(),
            }),
        }
    }

    /// The signatures at a place; none where there is nothing.
    async fn signatures(&self, place: &Place) -> Result<Vec<ImageLayer>, OciError> {
        let client = self.client(place);
        let manifest = match client.pull_image_manifest(&place.0, &self.auth).await {
            Ok((manifest, _)) => manifest,
            Err(error) if absent(&error) => return Ok(Vec::new()),
            Err(source) => return Err(failed("read the signatures of", place, source)),
        };
        let mut layers = Vec::new();
        for descriptor in manifest
            .layers
            .iter()
            .filter(|layer| layer.media_type == SIGNATURE && layer.size < 1 << 16)
        {
            let mut data = Vec::new();
            client
                .pull_blob(&place.0, descriptor, &mut data)
                .await
                .map_err(|source| failed("read the signatures of", place, source))?;
            layers.push(ImageLayer::new(
                data,
                SIGNATURE.to_owned(),
                descriptor.annotations.clone(),
            ));
        }
        Ok(layers)
    }
}

fn failed(what: &'static str, place: &Place, source: OciDistributionError) -> OciError {
    OciError::Registry {
        what,
        place: place.to_string(),
        source: Box::new(source),
    }
}

fn absent(error: &OciDistributionError) -> bool {
    match error {
        OciDistributionError::ImageManifestNotFoundError(_) => true,
        OciDistributionError::ServerError { code, .. } => *code == 404,
        OciDistributionError::RegistryError { envelope, .. } => envelope
            .errors
            .iter()
            .any(|error| format!("{:?}", error.code).contains("Unknown")),
        _ => false,
    }
}

fn digest_of(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold("sha256:".to_owned(), |text, byte| {
            format!("{text}{byte:02x}")
        })
}
