//! Artifacts over HTTP. What a URL or a header holds of passwords is in no error.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tiphys_spec as spec;
use ureq::Agent;
use ureq::http::{Response, StatusCode};

use super::ArtifactError;
use super::location::secret;
use crate::submitted::Submitted;

pub(super) struct Request {
    url: String,
    headers: Vec<(String, String)>,
}

impl Request {
    pub(super) fn of_http(
        http: &spec::HttpArtifact,
        submitted: &Submitted,
    ) -> Result<Request, ArtifactError> {
        let url = http.url.clone().unwrap_or_default();
        let mut headers: Vec<_> = http
            .headers
            .iter()
            .map(|header| {
                (
                    header.name.clone(),
                    header.value.clone().unwrap_or_default(),
                )
            })
            .collect();
        if let Some(auth) = &http.auth {
            if auth.client_cert.is_some() || auth.oauth2.is_some() {
                let kind = if auth.oauth2.is_some() {
                    "oauth2"
                } else {
                    "clientCert"
                };
                return Err(ArtifactError::Refused(format!(
                    "http authentication with {kind} is not supported on one machine"
                )));
            }
            if let Some(basic) = &auth.basic_auth {
                headers.extend(basic_auth(
                    basic.username_secret.as_ref(),
                    basic.password_secret.as_ref(),
                    submitted,
                )?);
            }
        }
        Ok(Request { url, headers })
    }

    pub(super) fn of_artifactory(
        artifactory: &spec::ArtifactoryArtifact,
        submitted: &Submitted,
    ) -> Result<Request, ArtifactError> {
        let url = artifactory.url.clone().unwrap_or_default();
        let auth = basic_auth(
            artifactory.username_secret.as_ref(),
            artifactory.password_secret.as_ref(),
            submitted,
        )?;
        Ok(Request {
            url,
            headers: auth.into_iter().collect(),
        })
    }

    /// The URL as it may be shown.
    fn shown(&self) -> String {
        let plain = self.url.split('?').next().unwrap_or_default();
        match plain.split_once("://") {
            Some((scheme, rest)) => {
                let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
                let host = host.rsplit('@').next().unwrap_or_default();
                format!("{scheme}://{host}/{path}")
            }
            None => plain.to_owned(),
        }
    }

    fn failed(&self, verb: &str, reason: impl std::fmt::Display) -> ArtifactError {
        ArtifactError::Remote(format!("{verb} \"{}\": {reason}", self.shown()))
    }
}

fn basic_auth(
    username: Option<&k8s_openapi::api::core::v1::SecretKeySelector>,
    password: Option<&k8s_openapi::api::core::v1::SecretKeySelector>,
    submitted: &Submitted,
) -> Result<Option<(String, String)>, ArtifactError> {
    if username.is_none() && password.is_none() {
        return Ok(None);
    }
    let read = |selector: Option<_>| {
        selector.map_or(Ok(String::new()), |selector| secret(submitted, selector))
    };
    let pair = format!("{}:{}", read(username)?, read(password)?);
    Ok(Some((
        "Authorization".to_owned(),
        format!("Basic {}", STANDARD.encode(pair)),
    )))
}

fn agent() -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .timeout_connect(Some(Duration::from_secs(30)))
        .timeout_recv_response(Some(Duration::from_secs(300)))
        .build()
        .into()
}

/// Reads into a new file; only the disk bounds its size.
pub(super) fn get(request: &Request, to: &Path) -> Result<(), ArtifactError> {
    let mut call = agent().get(&request.url);
    for (name, value) in &request.headers {
        call = call.header(name, value);
    }
    let response = call.call().map_err(|error| request.failed("Get", error))?;
    let response = checked(request, "Get", response)?;
    let mut file = File::create(to).map_err(|error| ArtifactError::at(to, error))?;
    let mut body = response.into_body();
    io::copy(&mut body.as_reader(), &mut file)
        .map(drop)
        .map_err(|error| request.failed("Get", error))
}

pub(super) fn put(request: &Request, file: &Path) -> Result<(), ArtifactError> {
    let body = File::open(file).map_err(|error| ArtifactError::at(file, error))?;
    let mut call = agent().put(&request.url);
    for (name, value) in &request.headers {
        call = call.header(name, value);
    }
    let response = call
        .send(&body)
        .map_err(|error| request.failed("Put", error))?;
    checked(request, "Put", response).map(drop)
}

fn checked<T>(
    request: &Request,
    verb: &str,
    response: Response<T>,
) -> Result<Response<T>, ArtifactError> {
    match response.status() {
        StatusCode::NOT_FOUND => Err(request.failed(verb, "there is no such file (status 404)")),
        status if status.is_success() => Ok(response),
        status => Err(request.failed(
            verb,
            format!("the server answers with status {}", status.as_u16()),
        )),
    }
}
