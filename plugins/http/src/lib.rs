//! HTTP templates.

use serde::Deserialize;
use tiphys_plugin::{Failure, Kind, Manifest, Outcome, Plugin, Request, Wants, http, secrets};

struct Http;

tiphys_plugin::export!(Http);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    url: String,
    #[serde(default = "get")]
    method: String,
    #[serde(default)]
    headers: Vec<Header>,
    body: Option<String>,
    #[serde(default)]
    insecure_skip_verify: bool,
    timeout_seconds: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Header {
    name: String,
    value: Option<String>,
    value_from: Option<ValueFrom>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ValueFrom {
    secret_key_ref: Key,
}

#[derive(Deserialize)]
struct Key {
    name: String,
    key: String,
}

fn get() -> String {
    "GET".to_owned()
}

impl Plugin for Http {
    fn manifest() -> Manifest {
        Manifest::new("http", env!("CARGO_PKG_VERSION"))
            .description("One HTTP request")
            .kind(Kind::new("http").result("The response's body"))
            .wants(Wants::new().http("*", ["*"]).secret("*").memory("64Mi"))
    }

    fn execute(request: Request) -> Result<Outcome, Failure> {
        let body: Body = request.body()?;
        let mut call = http::request(body.method, body.url).insecure(body.insecure_skip_verify);
        for header in body.headers {
            let value = match header.value_from {
                Some(from) => secrets::get(&from.secret_key_ref.name, &from.secret_key_ref.key)?
                    .text()
                    .unwrap_or_default()
                    .to_owned(),
                None => header.value.unwrap_or_default(),
            };
            call = call.header(header.name, value);
        }
        if let Some(text) = body.body {
            call = call.body(text);
        }
        if let Some(seconds) = body.timeout_seconds {
            call = call.timeout(std::time::Duration::from_secs(seconds));
        }
        let response = call.send()?;
        let (status, ok) = (response.status(), response.ok());
        let done = Outcome::done().result(response.text()?);
        if ok {
            Ok(done.into())
        } else {
            let message = format!("received non-2xx response code: {status}");
            Err(Failure::new(message).retryable().outputs(done))
        }
    }
}
