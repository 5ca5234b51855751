//! The template kind `greet`.

use serde::Deserialize;
use tiphys_plugin::serde_json::{Value, json};
use tiphys_plugin::{Failure, Fault, Kind, Manifest, Outcome, Plugin, Request, log};

struct Component;

tiphys_plugin::export!(Component);

#[derive(Deserialize)]
struct Body {
    name: String,
    #[serde(default = "hello")]
    salutation: String,
}

fn hello() -> String {
    "Hello".to_owned()
}

impl Plugin for Component {
    fn manifest() -> Manifest {
        // Ask for hosts, secrets, folders … with `.wants(Wants::new().http("api.example.com", ["GET"]))`.
        Manifest::new("greet", env!("CARGO_PKG_VERSION")).kind(
            Kind::new("greet")
                .description("Says hello to someone")
                .schema(json!({
                    "type": "object",
                    "required": ["name"],
                    "additionalProperties": false,
                    "properties": {
                        "name": {"type": "string", "description": "Whom to say hello to"},
                        "salutation": {"type": "string", "description": "The first word"},
                    },
                }))
                .result("The whole sentence"),
        )
    }

    fn validate(_kind: &str, body: &Value) -> Vec<Fault> {
        match body["name"].as_str() {
            Some("") => vec![Fault::new("/name", "a name is wanted")],
            _ => Vec::new(),
        }
    }

    fn execute(request: Request) -> Result<Outcome, Failure> {
        let body: Body = request.body()?;
        log::info(&format!("for {}", body.name));
        let sentence = format!("{}, {}!", body.salutation, body.name);
        Ok(Outcome::done().result(sentence).into())
    }
}
