//! Artifacts over HTTP. What a URL or a header holds of passwords is in no error.

use super::Secrets;
use crate::ArtifactError;
use k8s_openapi::api::core::v1::SecretKeySelector;
use reqwest::{Body, Client, Method, RequestBuilder, Response, StatusCode, Url};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Duration;
use tiphys_spec as spec;

pub(super) struct Request {
    url: Url,
    headers: Vec<(String, String)>,
    auth: Option<(String, String)>,
}

impl Request {
    pub fn of_http(
        http: &spec::HttpArtifact,
        secrets: &Secrets<'_>,
    ) -> Result<Request, ArtifactError> {
        let headers = http.headers.iter().map(|header| {
            let value = header.value.clone().unwrap_or_default();
            (header.name.clone(), value)
        });
        let mut basic = None;
        if let Some(auth) = &http.auth {
            for (kind, there) in [
                ("clientCert", auth.client_cert.is_some()),
                ("oauth2", auth.oauth2.is_some()),
            ] {
                if there {
                    return Err(ArtifactError::Refused(format!(
                        "http authentication with {kind} is not supported by this version"
                    )));
                }
            }
            if let Some(auth) = &auth.basic_auth {
                basic = credentials(
                    auth.username_secret.as_ref(),
                    auth.password_secret.as_ref(),
                    secrets,
                )?;
            }
        }
        Request::new(http.url.as_deref(), headers.collect(), basic)
    }

    pub fn of_artifactory(
        artifactory: &spec::ArtifactoryArtifact,
        secrets: &Secrets<'_>,
    ) -> Result<Request, ArtifactError> {
        let auth = credentials(
            artifactory.username_secret.as_ref(),
            artifactory.password_secret.as_ref(),
            secrets,
        )?;
        Request::new(artifactory.url.as_deref(), Vec::new(), auth)
    }

    fn new(
        url: Option<&str>,
        headers: Vec<(String, String)>,
        auth: Option<(String, String)>,
    ) -> Result<Request, ArtifactError> {
        let url = url.unwrap_or_default().parse();
        let url =
            url.map_err(|error| ArtifactError::Refused(format!("its `url` is none: {error}")))?;
        Ok(Request { url, headers, auth })
    }

    /// The URL as it may be shown.
    fn shown(&self) -> String {
        let mut url = self.url.clone();
        url.set_query(None);
        // It fails where there can be none.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.to_string()
    }

    fn failed(&self, verb: &Method, reason: impl std::fmt::Display) -> ArtifactError {
        ArtifactError::Remote(format!("{verb} \"{}\": {reason}", self.shown()))
    }

    fn request(&self, verb: &Method) -> Result<RequestBuilder, ArtifactError> {
        let mut client = Client::builder()
            .connect_timeout(Duration::from_secs(30))
            .read_timeout(Duration::from_secs(300));
        if self.url.scheme() == "http" {
            // It needs none, and an image may have none.
            client = client.tls_certs_only([]);
        }
        let client = client
            .build()
            .map_err(|error| self.failed(verb, error.without_url()))?;
        let mut request = client.request(verb.clone(), self.url.clone());
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some((user, password)) = &self.auth {
            request = request.basic_auth(user, Some(password));
        }
        Ok(request)
    }

    async fn send(
        &self,
        verb: &Method,
        request: RequestBuilder,
    ) -> Result<Response, ArtifactError> {
        let answer = request.send().await;
        let answer = answer.map_err(|error| self.failed(verb, why(&error.without_url())))?;
        match answer.status() {
            StatusCode::NOT_FOUND => Err(ArtifactError::NoSuchKey(self.shown())),
            status if status.is_success() => Ok(answer),
            status => Err(self.failed(
                verb,
                format_args!("the server answers with status {}", status.as_u16()),
            )),
        }
    }

    /// Reads into a new file; only the disk bounds its size.
    pub async fn get(&self, to: &Path) -> Result<(), ArtifactError> {
        let verb = Method::GET;
        let mut answer = self.send(&verb, self.request(&verb)?).await?;
        let mut file = File::create(to).map_err(|error| ArtifactError::at(to, error))?;
        loop {
            let piece = answer.chunk().await;
            let piece = piece.map_err(|error| self.failed(&verb, why(&error.without_url())))?;
            let Some(piece) = piece else { return Ok(()) };
            file.write_all(&piece)
                .map_err(|error| ArtifactError::at(to, error))?;
        }
    }

    pub async fn put(&self, file: &Path) -> Result<(), ArtifactError> {
        let verb = Method::PUT;
        let at = |error| ArtifactError::at(file, error);
        let body = tokio::fs::File::open(file).await.map_err(at)?;
        let length = body.metadata().await.map_err(at)?.len();
        let request = self.request(&verb)?.header("content-length", length);
        self.send(&verb, request.body(Body::from(body)))
            .await
            .map(drop)
    }
}

/// The last cause: what went wrong, and not where.
fn why(error: &reqwest::Error) -> String {
    let mut last: &dyn std::error::Error = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}

fn credentials(
    username: Option<&SecretKeySelector>,
    password: Option<&SecretKeySelector>,
    secrets: &Secrets<'_>,
) -> Result<Option<(String, String)>, ArtifactError> {
    if username.is_none() && password.is_none() {
        return Ok(None);
    }
    let read = |selector: Option<_>| selector.map_or(Ok(String::new()), secrets);
    Ok(Some((read(username)?, read(password)?)))
}
