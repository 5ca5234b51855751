//! Credentials out of secrets. What is read here goes into one request, and nowhere else.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use tiphys_plugin::http::{Identity, Request};
use tiphys_plugin::{Failure, Refusal, config_maps, http, log, secrets};

use crate::body::{Auth, BasicAuth, ClientCert, Key, OAuth2, Roots};
use crate::origin;
use crate::plan::Plan;
use crate::retry::Trouble;

/// A secret's text without a line's end at its end, which editors and `echo` leave there.
pub(crate) fn secret(key: &Key) -> Result<String, Failure> {
    let secret = secrets::get(&key.name, &key.key)?;
    let text = secret.text().ok_or_else(|| {
        Failure::new(format!(
            "the key {} of the Secret {} is no text",
            key.key, key.name
        ))
    })?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// A secret that may be absent where its reference says `optional`.
pub(crate) fn optional(key: &Key) -> Result<Option<String>, Failure> {
    match secrets::get(&key.name, &key.key) {
        Err(Refusal::NotFound(_)) if key.optional => Ok(None),
        _ => secret(key).map(Some),
    }
}

/// Trust and the client's own certificate, for every connection.
pub(crate) fn connected(plan: &Plan, trusted: bool, request: Request) -> Result<Request, Failure> {
    let tls = plan.body.tls.as_ref();
    let skip = plan.body.insecure_skip_verify.is_some_and(|flag| flag.0);
    let insecure = skip || tls.and_then(|tls| tls.insecure).is_some_and(|flag| flag.0);
    let mut request = request.insecure(insecure);
    if let Some(roots) = tls.and_then(|tls| tls.roots.as_ref()) {
        request = request.roots(pem(roots)?);
    }
    let auth = plan.body.auth.as_ref().filter(|_| trusted);
    if let Some(cert) = auth.and_then(|auth| auth.client_cert.as_ref()) {
        request = request.identity(identity(cert)?);
    }
    Ok(request)
}

fn pem(roots: &Roots) -> Result<String, Failure> {
    if let Some(pem) = &roots.pem {
        return Ok(pem.clone());
    }
    if let Some(key) = &roots.secret_key_ref {
        return secret(key);
    }
    match &roots.config_map_key_ref {
        Some(key) => Ok(config_maps::get(&key.name, &key.key)?),
        None => Err(Failure::new(
            "tls.roots has none of pem, secretKeyRef, configMapKeyRef",
        )),
    }
}

fn identity(cert: &ClientCert) -> Result<Identity, Failure> {
    Ok(Identity {
        certificate: secret(&cert.client_cert_secret)?,
        key: secret(&cert.client_key_secret)?,
    })
}

/// The value of the header Authorization.
pub(crate) fn authorization(plan: &Plan, auth: &Auth) -> Result<Option<String>, Trouble> {
    if let Some(basic) = &auth.basic_auth {
        return Ok(Some(basic_header(basic)?));
    }
    if let Some(bearer) = &auth.bearer {
        return Ok(Some(format!("Bearer {}", secret(&bearer.token_secret)?)));
    }
    match &auth.oauth2 {
        Some(oauth2) => Ok(Some(format!("Bearer {}", token(plan, oauth2)?))),
        None => Ok(None),
    }
}

fn basic_header(basic: &BasicAuth) -> Result<String, Failure> {
    let user = text_or_secret(basic.username.as_ref(), basic.username_secret.as_ref())?;
    let password = basic.password_secret.as_ref().map(secret).transpose()?;
    Ok(basic_value(&user, &password.unwrap_or_default()))
}

fn basic_value(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

fn text_or_secret(text: Option<&String>, key: Option<&Key>) -> Result<String, Failure> {
    match (text, key) {
        (_, Some(key)) => secret(key),
        (Some(text), None) => Ok(text.clone()),
        (None, None) => Ok(String::new()),
    }
}

#[derive(Deserialize)]
struct Token {
    access_token: Option<String>,
    /// RFC 6749, section 5.2: one of a few words.
    error: Option<String>,
}

/// OAuth2's client credentials (RFC 6749, section 4.4). A token is fetched for each call, and forgotten at its end.
fn token(plan: &Plan, oauth2: &OAuth2) -> Result<String, Trouble> {
    let url = text_or_secret(oauth2.token_url.as_ref(), oauth2.token_url_secret.as_ref())?;
    let id = text_or_secret(oauth2.client_id.as_ref(), oauth2.client_id_secret.as_ref())?;
    let password = secret(&oauth2.client_secret_secret)?;
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "client_credentials");
    if !oauth2.scopes.is_empty() {
        form.append_pair("scope", &oauth2.scopes.join(" "));
    }
    for parameter in &oauth2.endpoint_params {
        form.append_pair(&parameter.key, &parameter.value);
    }
    let mut request = http::post(&*url)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("accept", "application/json")
        .redirects(0);
    if oauth2.credentials_in.as_deref() == Some("body") {
        form.append_pair("client_id", &id);
        form.append_pair("client_secret", &password);
    } else {
        let coded =
            |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        request = request.header("authorization", basic_value(&coded(&id), &coded(&password)));
    }
    let request = connected(plan, true, request.body(form.finish()))?;
    let response = crate::call::timed(plan, request)
        .send()
        .map_err(Trouble::before)?;
    let status = response.status();
    log::info(&format!(
        "POST {} → {status}, for a token",
        origin::shown(&url)
    ));
    let headers = response.headers().to_vec();
    let token: Option<Token> = response.json().ok();
    match token {
        Some(Token {
            access_token: Some(token),
            ..
        }) if (200..300).contains(&status) => Ok(token),
        token => {
            let why = token.and_then(|token| token.error).unwrap_or_default();
            let said = why.chars().filter(|next| next.is_ascii_graphic()).take(60);
            let said: String = said.collect();
            let colon = if said.is_empty() { "" } else { ": " };
            let message =
                format!("the token endpoint answered {status} and gave no token{colon}{said}");
            Err(Trouble::status(
                Failure::new(message).retryable(),
                status,
                &headers,
            ))
        }
    }
}
