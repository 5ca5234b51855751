//! HTTP requests: host and method granted, redirects followed here, each as a request of its own.

use super::PIECE;
use crate::abi::http;
use crate::grants::Named;
use crate::guest::Guest;
use crate::wire::{join, place};
use crate::world::{Body, HttpError, HttpRequest, HttpResponse, Identity};
use std::time::Duration;
use wasmtime::component::Resource;

/// A response whose body is still to be read.
pub struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    url: String,
    body: Box<dyn Body>,
}

impl http::Host for Guest {
    async fn send(&mut self, request: http::Request) -> wasmtime::Result<Result<Resource<Response>, http::Error>> {
        match self.follow(request).await {
            Ok(response) => Ok(Ok(self.table.push(response)?)),
            Err(error) => Ok(Err(error.into())),
        }
    }
}

impl http::HostResponse for Guest {
    async fn status(&mut self, this: Resource<Response>) -> wasmtime::Result<u16> {
        Ok(self.table.get(&this)?.status)
    }

    async fn headers(&mut self, this: Resource<Response>) -> wasmtime::Result<Vec<(String, String)>> {
        Ok(self.table.get(&this)?.headers.clone())
    }

    async fn url(&mut self, this: Resource<Response>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.url.clone())
    }

    async fn read(&mut self, this: Resource<Response>, limit: u32) -> wasmtime::Result<Result<Vec<u8>, http::Error>> {
        let response = self.table.get_mut(&this)?;
        let bytes = match response.body.read(limit.min(PIECE) as usize).await {
            Ok(bytes) => bytes,
            Err(error) => return Ok(Err(error.into())),
        };
        self.usage.download += bytes.len() as u64;
        if self.usage.download > self.grants.download {
            let limit = crate::size::show(self.grants.download);
            return Ok(Err(http::Error::Limit(format!("more than {limit} were downloaded (limit `download`)"))));
        }
        Ok(Ok(bytes))
    }

    async fn drop(&mut self, this: Resource<Response>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl Guest {
    async fn follow(&mut self, request: http::Request) -> Result<Response, HttpError> {
        let options = request.options;
        let mut hop = HttpRequest {
            method: request.method,
            url: request.url,
            headers: request.headers,
            body: request.body,
            timeout: options.timeout.map(Duration::from_millis),
            insecure: options.insecure,
            roots: options.roots,
            identity: options.identity.map(|identity| Identity { certificate: identity.certificate, key: identity.key }),
        };
        let mut left = options.redirects.min(20);
        loop {
            let response = self.exchange(&hop).await?;
            let target = match response.status {
                301 | 302 | 303 | 307 | 308 if options.redirects > 0 => value(&response.headers, "location"),
                _ => None,
            };
            let Some(target) = target else {
                return Ok(Response { status: response.status, headers: response.headers, url: hop.url, body: response.body });
            };
            if left == 0 {
                return Err(HttpError::Redirect(format!("more than {} from {}", options.redirects, hop.url)));
            }
            left -= 1;
            redirect(&mut hop, response.status, target)?;
        }
    }

    async fn exchange(&mut self, hop: &HttpRequest) -> Result<HttpResponse, HttpError> {
        let (host, port) = place(&hop.url)?;
        let method = hop.method.to_ascii_uppercase();
        let shown = if matches!(port, 80 | 443) { host.clone() } else { format!("{host}:{port}") };
        let named = self.grants.http(&method, &host, port);
        let (Some(world), Some(named)) = (self.world.clone(), named) else {
            return Err(HttpError::NotGranted(self.missing(
                &format!("send {method} to {shown}"),
                &format!("`--allow-http {shown}` or `http: [{{host: {shown:?}}}]` in a grants file"),
            )));
        };
        self.usage.requests += 1;
        if self.usage.requests > self.grants.requests {
            return Err(HttpError::Limit(format!("more than {} requests in one call (limit `requests`)", self.grants.requests)));
        }
        world.exchange(hop.clone(), named == Named::Itself).await
    }
}

/// The request that a redirect asks for (RFC 9110, section 15.4): 303, and by old custom 301 and 302 after a POST, become GET; what
/// is meant for one host alone does not go on to another.
fn redirect(hop: &mut HttpRequest, status: u16, target: &str) -> Result<(), HttpError> {
    let url = join(&hop.url, target)?;
    let stays = place(&url)? == place(&hop.url)? && url.starts_with("https:") == hop.url.starts_with("https:");
    if hop.url.starts_with("https:") && !url.starts_with("https:") {
        return Err(HttpError::Redirect(format!("from {} to {url}: from https to http", hop.url)));
    }
    let post = hop.method.eq_ignore_ascii_case("POST");
    let head = hop.method.eq_ignore_ascii_case("HEAD");
    if (status == 303 && !head) || (post && matches!(status, 301 | 302)) {
        "GET".clone_into(&mut hop.method);
        hop.body = None;
        hop.headers.retain(|(name, _)| !name.to_ascii_lowercase().starts_with("content-"));
    }
    if !stays {
        let own = ["authorization", "cookie", "proxy-authorization", "host"];
        hop.headers.retain(|(name, _)| !own.contains(&name.to_ascii_lowercase().as_str()));
        hop.identity = None;
    }
    hop.url = url;
    Ok(())
}

fn value<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

impl From<HttpError> for http::Error {
    fn from(error: HttpError) -> http::Error {
        match error {
            HttpError::NotGranted(text) => http::Error::NotGranted(text),
            HttpError::Invalid(text) => http::Error::Invalid(text),
            HttpError::Dns(text) => http::Error::Dns(text),
            HttpError::Connect(text) => http::Error::Connect(text),
            HttpError::Tls(text) => http::Error::Tls(text),
            HttpError::Timeout(text) => http::Error::Timeout(text),
            HttpError::Broken(text) => http::Error::Broken(text),
            HttpError::Redirect(text) => http::Error::Redirect(text),
            HttpError::Limit(text) => http::Error::Limit(text),
        }
    }
}
