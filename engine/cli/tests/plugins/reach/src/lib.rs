//! The template kind `reach`: reaches for the one thing that its body names. The component that the tests use lies beside this
//! folder; `engine/cli/tests/plugins/build` makes it.

use serde::Deserialize;
use tiphys_plugin::serde_json::json;
use tiphys_plugin::{
    Failure, Kind, Manifest, Outcome, Plugin, Request, Wants, config_maps, files, http, log,
    secrets,
};

struct Reach;

tiphys_plugin::export!(Reach);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Body {
    /// A URL.
    Http(String),
    /// A folder's name, and what is below it.
    File(String),
    /// Name and key.
    Secret([String; 2]),
    /// Name and key.
    ConfigMap([String; 2]),
}

impl Plugin for Reach {
    fn manifest() -> Manifest {
        let pair =
            json!({"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 2});
        Manifest::new("reach", env!("CARGO_PKG_VERSION"))
            .description("Reaches for what only a grant gives")
            .kind(
                Kind::new("reach")
                    .description("Reaches for one thing")
                    .schema(json!({
                        "type": "object",
                        "minProperties": 1,
                        "maxProperties": 1,
                        "additionalProperties": false,
                        "properties": {
                            "http": {"type": "string", "description": "A URL"},
                            "file": {"type": "string", "description": "A granted folder's name, and what is below it"},
                            "secret": pair,
                            "configMap": pair,
                        },
                    }))
                    .result("What was found"),
            )
            .wants(Wants::new().http("*.example.test", ["GET"]).secret("token").folder("models").time("10s"))
    }

    fn execute(request: Request) -> Result<Outcome, Failure> {
        log::info("reaching");
        let found = match request.body()? {
            Body::Http(url) => http::get(url).send()?.text()?,
            Body::File(path) => String::from_utf8_lossy(&files::read(&path)?).into_owned(),
            Body::Secret([name, key]) => {
                format!("{} bytes", secrets::get(&name, &key)?.bytes().len())
            }
            Body::ConfigMap([name, key]) => config_maps::get(&name, &key)?,
        };
        Ok(Outcome::done().result(found).into())
    }
}
