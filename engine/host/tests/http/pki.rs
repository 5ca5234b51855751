//! Certificates: one authority, what it signed, and what it did not.

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use std::sync::{Arc, OnceLock};

/// A certificate and its key, PEM.
#[derive(Clone)]
pub struct Pair {
    pub certificate: String,
    pub key: String,
}

pub struct Pki {
    /// The authority's certificate.
    pub root: String,
    /// Signed by the authority, for 127.0.0.1 and localhost.
    pub server: Pair,
    /// The same, of long ago.
    pub expired: Pair,
    /// The same, for another name.
    pub misnamed: Pair,
    /// Signed by nobody else.
    pub lone: Pair,
    pub client: Pair,
    /// A client of nobody's.
    pub stranger: Pair,
}

/// Made once for all cases.
pub fn pki() -> &'static Pki {
    static PKI: OnceLock<Pki> = OnceLock::new();
    PKI.get_or_init(|| {
        let mut params = named("an authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let root = params.self_signed(&key).expect("a certificate").pem();
        let issuer = Issuer::new(params, key);
        let here = &["127.0.0.1", "localhost"];
        let mut old = subject(here);
        (old.not_before, old.not_after) = (date_time_ymd(2000, 1, 1), date_time_ymd(2000, 2, 1));
        Pki {
            root,
            server: signed(&subject(here), &issuer),
            expired: signed(&old, &issuer),
            misnamed: signed(&subject(&["elsewhere.example.test"]), &issuer),
            lone: alone(&subject(here)),
            client: signed(&named("a client"), &issuer),
            stranger: alone(&named("a stranger")),
        }
    })
}

fn subject(names: &[&str]) -> CertificateParams {
    CertificateParams::new(
        names
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<Vec<_>>(),
    )
    .expect("names")
}

fn named(name: &str) -> CertificateParams {
    let mut params = subject(&[]);
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, name);
    params
}

fn signed(params: &CertificateParams, issuer: &Issuer<'_, KeyPair>) -> Pair {
    let key = KeyPair::generate().expect("a key");
    let certificate = params.signed_by(&key, issuer).expect("a certificate").pem();
    Pair {
        certificate,
        key: key.serialize_pem(),
    }
}

fn alone(params: &CertificateParams) -> Pair {
    let key = KeyPair::generate().expect("a key");
    let certificate = params.self_signed(&key).expect("a certificate").pem();
    Pair {
        certificate,
        key: key.serialize_pem(),
    }
}

/// A server with that certificate, that asks for none.
pub fn speaks(pair: &Pair) -> Arc<ServerConfig> {
    let builder = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("versions");
    let (chain, key) = read(pair);
    Arc::new(
        builder
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("a server"),
    )
}

/// A server with that certificate, that wants one that the authority signed.
pub fn demands(pair: &Pair) -> Arc<ServerConfig> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(pki().root.as_bytes()).expect("PEM"))
        .expect("a root");
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider())
        .build()
        .expect("a verifier");
    let builder = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("versions");
    let (chain, key) = read(pair);
    Arc::new(
        builder
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain, key)
            .expect("a server"),
    )
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn read(pair: &Pair) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    let certificate = CertificateDer::from_pem_slice(pair.certificate.as_bytes()).expect("PEM");
    (
        vec![certificate],
        PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).expect("PEM"),
    )
}
