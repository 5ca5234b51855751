//! What a plug-in is, and what it asks for.

use serde::Serialize;
use serde_json::{Map, Value};

/// What `describe` says.
///
/// ```
/// use tiphys_plugin::{Kind, Manifest, Wants};
/// use tiphys_plugin::serde_json::json;
///
/// let manifest = Manifest::new("greet", "1.2.0")
///     .description("Greets people")
///     .kind(Kind::new("greet").schema(json!({"type": "object"})))
///     .wants(Wants::new().http("api.example.test", ["GET"]).memory("64Mi"));
/// let json = serde_json::to_value(&manifest).unwrap();
/// assert_eq!(json["kinds"][0]["name"], "greet");
/// assert_eq!(json["wants"]["http"][0]["host"], "api.example.test");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Manifest {
    name: String,
    version: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    kinds: Vec<Kind>,
    wants: Wants,
}

impl Manifest {
    /// A plug-in's name and its own version.
    pub fn new(name: impl Into<String>, version: impl Into<String>) -> Manifest {
        Manifest {
            name: name.into(),
            version: version.into(),
            description: String::new(),
            kinds: Vec::new(),
            wants: Wants::default(),
        }
    }

    /// One line about it.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Manifest {
        self.description = text.into();
        self
    }

    /// Adds a kind of template.
    #[must_use]
    pub fn kind(mut self, kind: Kind) -> Manifest {
        self.kinds.push(kind);
        self
    }

    /// What it asks to be granted.
    #[must_use]
    pub fn wants(mut self, wants: Wants) -> Manifest {
        self.wants = wants;
        self
    }
}

/// One kind of template.
///
/// ```
/// use tiphys_plugin::Kind;
/// use tiphys_plugin::serde_json::json;
///
/// let kind = Kind::new("greet")
///     .description("Greets one person")
///     .schema(json!({"type": "object", "properties": {"name": {"type": "string"}}}))
///     .result("The greeting")
///     .parameter("length", "How long the greeting is");
/// let json = serde_json::to_value(&kind).unwrap();
/// assert_eq!(json["outputs"]["parameters"]["length"], "How long the greeting is");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Kind {
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    schema: Value,
    #[serde(skip_serializing_if = "Map::is_empty")]
    outputs: Map<String, Value>,
}

impl Kind {
    /// A kind, by the key that a template has it under.
    pub fn new(name: impl Into<String>) -> Kind {
        Kind {
            name: name.into(),
            description: String::new(),
            schema: Value::Bool(true),
            outputs: Map::new(),
        }
    }

    /// One line about it.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Kind {
        self.description = text.into();
        self
    }

    /// The body's JSON Schema (2020-12). Editors show each field's `description`.
    #[must_use]
    pub fn schema(mut self, schema: Value) -> Kind {
        self.schema = schema;
        self
    }

    /// It has a result, and what that is.
    #[must_use]
    pub fn result(mut self, what: &str) -> Kind {
        self.outputs.insert("result".to_owned(), what.into());
        self
    }

    /// It gives an output parameter of that name, and what that is.
    #[must_use]
    pub fn parameter(mut self, name: &str, what: &str) -> Kind {
        let parameters = self
            .outputs
            .entry("parameters")
            .or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(parameters) = parameters {
            parameters.insert(name.to_owned(), what.into());
        }
        self
    }
}

/// What a plug-in asks for. Nothing is given because it is asked for: an operator grants it.
///
/// ```
/// use tiphys_plugin::{Access, Wants};
///
/// let wants = Wants::new()
///     .http("api.example.test", ["GET", "POST"])
///     .secret("token")
///     .config_map("settings")
///     .artifacts(Access::Read, "in/")
///     .folder("models")
///     .memory("64Mi")
///     .time("10s")
///     .log("1Mi")
///     .fuel(1_000_000_000);
/// let json = serde_json::to_value(&wants).unwrap();
/// assert_eq!(json["config-maps"][0], "settings");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Wants {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    http: Vec<Http>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    secrets: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    config_maps: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    artifacts: Vec<Artifacts>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    folders: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fuel: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Http {
    host: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    methods: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Artifacts {
    access: Access,
    prefix: String,
}

/// What may be done with artifacts below a prefix.
///
/// ```
/// use tiphys_plugin::{Access, Wants};
/// let wants = Wants::new().artifacts(Access::List, "data/");
/// assert_eq!(serde_json::to_value(&wants).unwrap()["artifacts"][0]["access"], "list");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// Their bytes.
    Read,
    /// Which there are.
    List,
    /// New ones.
    Write,
}

impl Wants {
    /// Nothing yet.
    pub fn new() -> Wants {
        Wants::default()
    }

    /// Requests to a host (`api.example.test`, `*.example.test`, `*`) with these methods; none: with any.
    #[must_use]
    pub fn http<'a>(mut self, host: &str, methods: impl IntoIterator<Item = &'a str>) -> Wants {
        self.http.push(Http {
            host: host.to_owned(),
            methods: methods.into_iter().map(str::to_owned).collect(),
        });
        self
    }

    /// A Secret, by name.
    #[must_use]
    pub fn secret(mut self, name: &str) -> Wants {
        self.secrets.push(name.to_owned());
        self
    }

    /// A ConfigMap, by name.
    #[must_use]
    pub fn config_map(mut self, name: &str) -> Wants {
        self.config_maps.push(name.to_owned());
        self
    }

    /// Artifacts whose keys begin so.
    #[must_use]
    pub fn artifacts(mut self, access: Access, prefix: &str) -> Wants {
        self.artifacts.push(Artifacts {
            access,
            prefix: prefix.to_owned(),
        });
        self
    }

    /// A folder of the host, read only, by the name it is to have.
    #[must_use]
    pub fn folder(mut self, name: &str) -> Wants {
        self.folders.push(name.to_owned());
        self
    }

    /// Memory of one call: `64Mi`.
    #[must_use]
    pub fn memory(mut self, size: &str) -> Wants {
        self.memory = Some(size.to_owned());
        self
    }

    /// The time one call may take: `10s`.
    #[must_use]
    pub fn time(mut self, duration: &str) -> Wants {
        self.time = Some(duration.to_owned());
        self
    }

    /// Lines in the node's log: `1Mi`.
    #[must_use]
    pub fn log(mut self, size: &str) -> Wants {
        self.log = Some(size.to_owned());
        self
    }

    /// Work of one call, in the host's units.
    #[must_use]
    pub fn fuel(mut self, units: u64) -> Wants {
        self.fuel = Some(units);
        self
    }
}
