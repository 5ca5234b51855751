//! HTTP requests: host and method granted, redirects followed here, each as a request of its own.

use super::PIECE;
use crate::abi::http;
use crate::grants::Named;
use crate::guest::Guest;
use crate::wire::{join, place, shown};
use crate::world::{Body, HttpError, HttpRequest, HttpResponse, Identity};
use std::time::Duration;
use wasmtime::component::Resource;

/// How many redirects are followed at most.
const REDIRECTS: u32 = 20;

/// A response whose body is still to be read.
pub struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    url: String,
    body: Box<dyn Body>,
}

impl http::Host for Guest {
    async fn send(
        &mut self,
        request: http::Request,
    ) -> wasmtime::Result<Result<Resource<Response>, http::Error>> {
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

    async fn headers(
        &mut self,
        this: Resource<Response>,
    ) -> wasmtime::Result<Vec<(String, String)>> {
        Ok(self.table.get(&this)?.headers.clone())
    }

    async fn url(&mut self, this: Resource<Response>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.url.clone())
    }

    async fn read(
        &mut self,
        this: Resource<Response>,
        limit: u32,
    ) -> wasmtime::Result<Result<Vec<u8>, http::Error>> {
        let response = self.table.get_mut(&this)?;
        let bytes = match response.body.read(limit.min(PIECE) as usize).await {
            Ok(bytes) => bytes,
            Err(error) => return Ok(Err(error.into())),
        };
        self.usage.download += bytes.len() as u64;
        if self.usage.download > self.grants.download {
            let limit = crate::size::show(self.grants.download);
            return Ok(Err(http::Error::Limit(format!(
                "more than {limit} were downloaded (limit `download`)"
            ))));
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
            identity: options.identity.map(|identity| Identity {
                certificate: identity.certificate,
                key: identity.key,
            }),
        };
        let most = options.redirects.min(REDIRECTS);
        let mut left = most;
        loop {
            let response = self.exchange(&hop).await?;
            let target = match response.status {
                301 | 302 | 303 | 307 | 308 if options.redirects > 0 => {
                    value(&response.headers, "location")
                }
                _ => None,
            };
            let Some(target) = target else {
                return Ok(Response {
                    status: response.status,
                    headers: response.headers,
                    url: hop.url,
                    body: response.body,
                });
            };
            if left == 0 {
                return Err(HttpError::Redirect(format!(
                    "more than {most} redirects, the last from {}",
                    shown(&hop.url)
                )));
            }
            left -= 1;
            redirect(&mut hop, response.status, target, &self.told)?;
        }
    }

    async fn exchange(&mut self, hop: &HttpRequest) -> Result<HttpResponse, HttpError> {
        let (host, port) = place(&hop.url)?;
        let method = hop.method.to_ascii_uppercase();
        let shown = if matches!(port, 80 | 443) {
            host.clone()
        } else {
            format!("{host}:{port}")
        };
        let named = self.grants.http(&method, &host, port);
        let (Some(world), Some(named)) = (self.world.clone(), named) else {
            return Err(HttpError::NotGranted(self.missing(
                &format!("send {method} to {shown}"),
                &format!(
                    "`--allow-http {shown}` or `http: [{{host: {shown:?}}}]` in a PluginGrant"
                ),
            )));
        };
        self.usage.requests += 1;
        if self.usage.requests > self.grants.requests {
            return Err(HttpError::Limit(format!(
                "more than {} requests in one call (limit `requests`)",
                self.grants.requests
            )));
        }
        world.exchange(hop.clone(), named == Named::Itself).await
    }
}

/// The request that a redirect asks for (RFC 9110, section 15.4): 303, and by old custom 301 and 302 after a POST, become GET; what
/// is meant for one host alone, and what has a secret in it that was `told` to the plug-in, does not go on to another.
fn redirect(
    hop: &mut HttpRequest,
    status: u16,
    target: &str,
    told: &[String],
) -> Result<(), HttpError> {
    let url = join(&hop.url, target)?;
    let stays = place(&url)? == place(&hop.url)?
        && url.starts_with("https:") == hop.url.starts_with("https:");
    if hop.url.starts_with("https:") && !url.starts_with("https:") {
        return Err(HttpError::Redirect(format!(
            "redirected from {} to {}, from https to http",
            shown(&hop.url),
            shown(&url)
        )));
    }
    let post = hop.method.eq_ignore_ascii_case("POST");
    let head = hop.method.eq_ignore_ascii_case("HEAD");
    if (status == 303 && !head) || (post && matches!(status, 301 | 302)) {
        "GET".clone_into(&mut hop.method);
        hop.body = None;
        hop.headers
            .retain(|(name, _)| !name.to_ascii_lowercase().starts_with("content-"));
    }
    if !stays {
        let own = ["authorization", "cookie", "proxy-authorization", "host"];
        let secret = |text: &str| told.iter().any(|secret| text.contains(secret.as_str()));
        hop.headers.retain(|(name, value)| {
            !own.contains(&name.to_ascii_lowercase().as_str()) && !secret(value)
        });
        hop.identity = None;
        if hop
            .body
            .as_deref()
            .is_some_and(|body| secret(&String::from_utf8_lossy(body)))
        {
            return Err(HttpError::Redirect(format!(
                "redirected from {} to {}, and the body has a secret in it",
                shown(&hop.url),
                shown(&url)
            )));
        }
    }
    hop.url = url;
    Ok(())
}

fn value<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_redirect_takes_a_secret_to_another_host() {
        let hop = || HttpRequest {
            method: "POST".to_owned(),
            url: "https://a.test/x?q".to_owned(),
            headers: vec![
                ("x-key".to_owned(), "s3cr3t".to_owned()),
                ("x-plain".to_owned(), "1".to_owned()),
            ],
            body: Some(b"key=s3cr3t".to_vec()),
            timeout: None,
            insecure: false,
            roots: None,
            identity: None,
        };
        let told = ["s3cr3t".to_owned()];
        let mut same = hop();
        redirect(&mut same, 307, "/y", &told).expect("the same host");
        assert_eq!((same.headers.len(), same.body.is_some()), (2, true));
        let mut without = hop();
        redirect(&mut without, 303, "https://b.test/", &told).expect("no body goes on");
        assert_eq!(without.headers, [("x-plain".to_owned(), "1".to_owned())]);
        let error = redirect(&mut hop(), 308, "https://b.test/?r", &told)
            .expect_err("a body with a secret");
        assert_eq!(error, HttpError::Redirect("redirected from https://a.test/x to https://b.test/, and the body has a secret in it".to_owned()));
    }
}
