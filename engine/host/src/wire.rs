//! The real wire: HTTP by reqwest, addresses judged after resolution.

use crate::lane::Moved;
use crate::world::{Body, HttpError, HttpRequest, HttpResponse};
use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{
    CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, TRAILER, TRANSFER_ENCODING,
};
use reqwest::{Client, Method, Url};
use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::collections::VecDeque;
use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// Sends requests; keeps connections.
#[derive(Default)]
pub struct Wire {
    clients: Mutex<VecDeque<(Settings, Client)>>,
    threads: Threads,
}

/// How many clients with settings of their own are kept.
const CLIENTS: usize = 32;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(10);

/// How long a connection is kept that nobody uses. Common servers close theirs after 2 s and more: a request that is on its way by then
/// is lost.
const IDLE: Duration = Duration::from_millis(1500);

/// How much of a URL's path is shown.
const LONGEST: usize = 500;

/// How many headers a response may have.
const HEADERS: usize = 1000;

/// What makes one client differ from another.
#[derive(Clone, PartialEq, Eq, Default)]
struct Settings {
    private: bool,
    insecure: bool,
    roots: Option<String>,
    identity: Option<(String, String)>,
}

/// One exchange.
pub struct Hop {
    pub request: HttpRequest,
    /// Addresses that are not public may be connected to.
    pub private: bool,
}

impl Wire {
    /// Sends a request, and waits for the response's headers.
    ///
    /// # Errors
    /// The request is none, its address is not to be connected to, or there is no response.
    pub async fn send(&self, hop: Hop) -> Result<HttpResponse, HttpError> {
        let Hop { request, private } = hop;
        let url = parse(&request.url)?;
        if !private
            && let Some(address) = literal(&url)
            && let Some(what) = special(address)
        {
            return Err(HttpError::NotGranted(refused(
                &address.to_string(),
                address,
                what,
            )));
        }
        let client = self.client(Settings {
            private,
            insecure: request.insecure,
            roots: request.roots.clone(),
            identity: request
                .identity
                .as_ref()
                .map(|id| (id.certificate.clone(), id.key.clone())),
        })?;
        let method = method(&request.method)?;
        let shown = show(&url);
        let sends = matches!(method.as_str(), "POST" | "PUT" | "PATCH");
        let mut builder = client
            .request(method, url)
            .headers(headers(&request.headers)?);
        match request.body {
            Some(body) => builder = builder.body(body),
            // What is meant to have a body says that it has none.
            None if sends => builder = builder.header(CONTENT_LENGTH, 0),
            None => {}
        }
        let timeout = request.timeout;
        let sent = within(timeout, &shown, self.threads.run(builder.send())).await?;
        let response = sent.map_err(|error| told(&error, &shown))?;
        Ok(HttpResponse {
            status: response.status().as_u16(),
            headers: response
                .headers()
                .iter()
                .map(|(name, value)| (name.as_str().to_owned(), latin(value.as_bytes())))
                .collect(),
            body: Box::new(Stream {
                response,
                left: Vec::new(),
                at: 0,
                timeout,
                shown,
            }),
        })
    }

    fn client(&self, settings: Settings) -> Result<Client, HttpError> {
        let mut clients = self
            .clients
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((_, client)) = clients.iter().find(|(known, _)| *known == settings) {
            return Ok(client.clone());
        }
        let client = Client::builder()
            .tls_backend_preconfigured(tls(&settings)?)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            .pool_idle_timeout(IDLE)
            .http1_max_headers(HEADERS)
            // A proxy would connect to what was refused here.
            .no_proxy()
            .dns_resolver(Arc::new(Resolver {
                private: settings.private,
            }))
            .user_agent(concat!("tiphys/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| HttpError::Invalid(chain(&error)))?;
        if clients.len() == CLIENTS {
            clients.pop_front();
        }
        clients.push_back((settings, client.clone()));
        Ok(client)
    }
}

/// Connections have threads of their own. A server that says `100 Continue` without an end keeps a thread busy for a second at a time:
/// that is to be none of those that everything else runs on, and no reason why time-outs come late.
#[derive(Default)]
struct Threads(OnceLock<Option<Runtime>>);

impl Threads {
    async fn run<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> T {
        let runtime = self.0.get_or_init(|| {
            let built = Builder::new_multi_thread()
                .worker_threads(2)
                .thread_name("http")
                .enable_all()
                .build();
            built
                .inspect_err(|error| tracing::warn!("failed to start threads for HTTP: {error}"))
                .ok()
        });
        match runtime {
            Some(runtime) => Moved(runtime.spawn(work)).end().await,
            None => work.await,
        }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(Some(runtime)) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

async fn within<F: Future>(
    timeout: Option<Duration>,
    shown: &str,
    future: F,
) -> Result<F::Output, HttpError> {
    match timeout {
        None => Ok(future.await),
        Some(limit) => tokio::time::timeout(limit, future)
            .await
            .map_err(|_| HttpError::Timeout(format!("{shown} did not answer within {limit:?}"))),
    }
}

struct Stream {
    response: reqwest::Response,
    left: Vec<u8>,
    at: usize,
    timeout: Option<Duration>,
    shown: String,
}

#[async_trait]
impl Body for Stream {
    async fn read(&mut self, limit: usize) -> Result<Vec<u8>, HttpError> {
        while self.at == self.left.len() {
            let chunk = within(self.timeout, &self.shown, self.response.chunk()).await?;
            match chunk.map_err(|error| told(&error, &self.shown))? {
                Some(bytes) => (self.left, self.at) = (bytes.into(), 0),
                None => return Ok(Vec::new()),
            }
        }
        let end = self.left.len().min(self.at.saturating_add(limit.max(1)));
        let piece = self.left[self.at..end].to_vec();
        self.at = end;
        Ok(piece)
    }
}

fn method(name: &str) -> Result<Method, HttpError> {
    match Method::from_bytes(name.to_ascii_uppercase().as_bytes()) {
        // It would open a tunnel: whatever went through it would be of no method and to no host that was granted.
        Ok(Method::CONNECT) => Err(HttpError::Invalid(
            "`CONNECT` is no method that plug-ins have".to_owned(),
        )),
        Ok(method) => Ok(method),
        Err(_) => Err(HttpError::Invalid(format!(
            "`{}` is no method",
            printable(name)
        ))),
    }
}

fn headers(pairs: &[(String, String)]) -> Result<HeaderMap, HttpError> {
    let mut map = HeaderMap::with_capacity(pairs.len());
    for (name, value) in pairs {
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
            HttpError::Invalid(format!("`{}` is no name for a header", printable(name)))
        })?;
        // The value may be a secret: it is not shown.
        let bytes: Option<Vec<u8>> = value
            .chars()
            .map(|c| u8::try_from(u32::from(c)).ok())
            .collect();
        let value = bytes
            .and_then(|bytes| HeaderValue::from_bytes(&bytes).ok())
            .ok_or_else(|| {
                HttpError::Invalid(format!(
                    "the value of header `{key}` has characters that no header may have"
                ))
            })?;
        map.append(key, value);
    }
    // Where a request ends is for the wire to say: otherwise one that is not granted could be hidden in the body of one that is.
    for own in [CONTENT_LENGTH, TRANSFER_ENCODING, TRAILER] {
        map.remove(own);
    }
    Ok(map)
}

fn latin(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

fn printable(text: &str) -> String {
    text.chars()
        .take(80)
        .flat_map(char::escape_default)
        .collect()
}

fn parse(url: &str) -> Result<Url, HttpError> {
    let parsed = Url::parse(url).map_err(|error| {
        HttpError::Invalid(format!(
            "`{}` is no URL: {error}",
            printable(url.split('?').next().unwrap_or_default())
        ))
    })?;
    match parsed.scheme() {
        "http" | "https" if parsed.has_host() => Ok(parsed),
        other => Err(HttpError::Invalid(format!(
            "the URL's scheme is `{other}`, not http or https"
        ))),
    }
}

/// Host (an IPv6 address without brackets) and port of a URL.
pub(crate) fn place(url: &str) -> Result<(String, u16), HttpError> {
    let url = parse(url)?;
    let host = url
        .host_str()
        .unwrap_or_default()
        .trim_start_matches('[')
        .trim_end_matches(']')
        .to_owned();
    let port = url.port_or_known_default().unwrap_or(80);
    Ok((host, port))
}

/// Where a reference leads from a URL (RFC 3986, section 5).
pub(crate) fn join(base: &str, reference: &str) -> Result<String, HttpError> {
    let place = printable(reference.split(['?', '#']).next().unwrap_or_default());
    let url = parse(base)?
        .join(reference)
        .map_err(|error| HttpError::Redirect(format!("redirected to `{place}`: {error}")))?;
    match parse(url.as_str()) {
        Ok(url) => Ok(url.into()),
        Err(HttpError::Invalid(reason)) => Err(HttpError::Redirect(format!(
            "redirected to `{place}`: {reason}"
        ))),
        Err(error) => Err(error),
    }
}

/// A URL for messages.
pub(crate) fn shown(url: &str) -> String {
    parse(url).map(|url| show(&url)).unwrap_or_default()
}

/// A URL for messages: without user, password, query and fragment, which may be secret.
fn show(url: &Url) -> String {
    let port = url
        .port()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    // A URL is ASCII; one without an end leaves no room for what is said about it.
    let path = url.path();
    let (path, more) = match path.get(..LONGEST) {
        Some(start) => (start, "…"),
        None => (path, ""),
    };
    format!(
        "{}://{}{port}{path}{more}",
        url.scheme(),
        url.host_str().unwrap_or_default()
    )
}

fn literal(url: &Url) -> Option<IpAddr> {
    url.host_str()?
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse()
        .ok()
}

/// Resolves names, and leaves out what may not be connected to.
struct Resolver {
    private: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let private = self.private;
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0))
                .await
                .map_err(|error| Unresolved(format!("{host}: {error}")))?
                .collect();
            // One bad address spoils the name: the next lookup could give that one alone.
            if !private
                && let Some((address, what)) = found
                    .iter()
                    .find_map(|a| special(a.ip()).map(|what| (a.ip(), what)))
            {
                return Err(Refused(refused(&host, address, what)).into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

fn refused(host: &str, address: IpAddr, what: &str) -> String {
    format!(
        "{host} is at {address}, {what}: only a grant that names the host itself allows that, as `--allow-http {host}` does"
    )
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Refused(String);

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Unresolved(String);

/// Of a network of one's own: RFC 1918, RFC 4193.
const PRIVATE: &str = "a private address";
/// Of a provider's network: RFC 6598.
const SHARED: &str = "a shared address";

/// Whether an address leads to this machine, or to nobody in particular: one that is neither public nor of a network.
#[must_use]
pub fn astray(address: IpAddr) -> Option<&'static str> {
    special(address).filter(|what| ![PRIVATE, SHARED].contains(what))
}

/// What kind of address that is which is not public; none for a public one. From the IANA registries of special-purpose addresses.
#[must_use]
pub fn special(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(v4) => special_v4(v4),
        IpAddr::V6(v6) => special_v6(v6),
    }
}

fn special_v4(address: Ipv4Addr) -> Option<&'static str> {
    let [a, b, c, _] = address.octets();
    Some(match (a, b, c) {
        (0, ..) => "an address of this host",
        (10, ..) | (172, 16..=31, _) | (192, 168, _) => PRIVATE,
        (100, 64..=127, _) => SHARED,
        (127, ..) => "a loopback address",
        (169, 254, _) => "a link-local address, where clouds keep their metadata",
        (192, 0, 0)
        | (192, 0, 2)
        | (198, 18..=19, _)
        | (198, 51, 100)
        | (203, 0, 113)
        | (192, 88, 99) => "a reserved address",
        (224..=239, ..) => "a multicast address",
        (240..=255, ..) => "a reserved address",
        _ => return None,
    })
}

fn special_v6(address: Ipv6Addr) -> Option<&'static str> {
    let s = address.segments();
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        special_v4(Ipv4Addr::new(a, b, c, d))
    };
    match s {
        [0, 0, 0, 0, 0, 0, 0, 1] => Some("a loopback address"),
        [0, 0, 0, 0, 0, 0xffff | 0, high, low] => {
            embedded(high, low).or(Some("a reserved address").filter(|_| s[5] == 0))
        }
        // NAT64 (RFC 6052) and 6to4 (RFC 3056) carry an IPv4 address.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low),
        [0x64, 0xff9b, 1, ..] => Some(PRIVATE),
        [0x2002, high, low, ..] => embedded(high, low),
        [0x2001, 0, ..] | [0x2001, 0xdb8, ..] | [0x100, 0, 0, 0, ..] => Some("a reserved address"),
        [0xfc00..=0xfdff, ..] => Some(PRIVATE),
        [0xfe80..=0xfeff, ..] => Some("a link-local address"),
        [0xff00..=0xffff, ..] => Some("a multicast address"),
        _ => None,
    }
}

/// What went wrong, and with whom: reqwest says it in its chain of causes.
fn told(error: &reqwest::Error, shown: &str) -> HttpError {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(inner) = cause {
        if let Some(refused) = inner.downcast_ref::<Refused>() {
            return HttpError::NotGranted(refused.0.clone());
        }
        if let Some(unresolved) = inner.downcast_ref::<Unresolved>() {
            return HttpError::Dns(unresolved.0.clone());
        }
        if let Some(tls) = tls_error(inner) {
            return HttpError::Tls(format!("{shown}: {tls}"));
        }
        cause = inner.source();
    }
    let reason = innermost(error);
    let text = format!("{shown}: {reason}");
    if error.is_timeout() {
        HttpError::Timeout(text)
    } else if error.is_connect() {
        HttpError::Connect(text)
    } else if error.is_builder() {
        HttpError::Invalid(text)
    } else {
        HttpError::Broken(text)
    }
}

/// rustls says its errors through io errors.
fn tls_error(error: &(dyn Error + 'static)) -> Option<String> {
    if let Some(tls) = error.downcast_ref::<rustls::Error>() {
        return Some(tls.to_string());
    }
    let io = error.downcast_ref::<std::io::Error>()?;
    io.get_ref()?
        .downcast_ref::<rustls::Error>()
        .map(ToString::to_string)
}

fn innermost(error: &dyn Error) -> String {
    let mut last: &dyn Error = error;
    while let Some(inner) = last.source() {
        last = inner;
    }
    last.to_string()
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

fn tls(settings: &Settings) -> Result<ClientConfig, HttpError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let invalid = |what: &str| HttpError::Invalid(format!("{what} is no PEM that can be used"));
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| HttpError::Tls(error.to_string()))?;
    let builder = if settings.insecure {
        builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anyone(provider)))
    } else {
        let mut roots = RootCertStore::empty();
        match &settings.roots {
            Some(pem) => {
                for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                    let certificate = certificate.map_err(|_| invalid("`roots`"))?;
                    roots.add(certificate).map_err(|_| invalid("`roots`"))?;
                }
                if roots.is_empty() {
                    return Err(invalid("`roots`"));
                }
            }
            None => {
                let found = rustls_native_certs::load_native_certs();
                roots.add_parsable_certificates(found.certs);
            }
        }
        builder.with_root_certificates(roots)
    };
    match &settings.identity {
        None => Ok(builder.with_no_client_auth()),
        Some((certificate, key)) => {
            let chain: Result<Vec<_>, _> =
                CertificateDer::pem_slice_iter(certificate.as_bytes()).collect();
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes())
                .map_err(|_| invalid("the identity's key"))?;
            builder
                .with_client_auth_cert(
                    chain.map_err(|_| invalid("the identity's certificate"))?,
                    key,
                )
                .map_err(|error| {
                    HttpError::Invalid(format!("the client certificate cannot be used: {error}"))
                })
        }
    }
}

/// Accepts any certificate, as `insecureSkipVerify` asks; the handshake's signatures are checked all the same.
#[derive(Debug)]
struct Anyone(Arc<rustls::crypto::CryptoProvider>);

impl rustls::client::danger::ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &rustls::pki_types::ServerName<'_>,
        _: &[u8],
        _: rustls::pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_to_this_machine_leads_astray_and_a_network_of_ones_own_does_not() {
        for (address, want) in [
            ("127.0.0.1", true),
            ("169.254.169.254", true),
            ("0.0.0.0", true),
            ("::1", true),
            ("::ffff:169.254.169.254", true),
            ("64:ff9b::169.254.169.254", true),
            ("fe80::1", true),
            ("10.0.0.1", false),
            ("::ffff:10.0.0.1", false),
            ("100.64.0.1", false),
            ("fd00::1", false),
            ("1.1.1.1", false),
        ] {
            let address = address.parse().expect("an address");
            assert_eq!(astray(address).is_some(), want, "{address}");
        }
    }

    #[test]
    fn addresses_that_are_not_public() {
        let special = |text: &str| special(text.parse().expect("an address")).is_some();
        for bad in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "fd00:ec2::254",
            "fe80::1",
            "ff02::1",
            "::127.0.0.1",
        ] {
            assert!(special(bad), "{bad}");
        }
        for good in [
            "1.1.1.1",
            "8.8.8.8",
            "172.32.0.1",
            "2606:4700::1111",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
        ] {
            assert!(!special(good), "{good}");
        }
    }

    #[test]
    fn urls_for_messages_hide_what_may_be_secret() {
        let url = parse("https://user:pass@a.test:8443/x?token=1#f").expect("a URL");
        assert_eq!(show(&url), "https://a.test:8443/x");
        assert_eq!(
            place("http://[::1]:9/x").expect("a place"),
            ("::1".to_owned(), 9)
        );
        assert!(matches!(parse("ftp://a.test"), Err(HttpError::Invalid(_))));
        // Every spelling of an address is that address.
        for odd in [
            "http://2130706433/",
            "http://0x7f.1/",
            "http://127.1/",
            "http://0177.0.0.1/",
        ] {
            assert_eq!(place(odd).expect("a place").0, "127.0.0.1", "{odd}");
        }
    }
}
