//! Golden cases: the files that `tiphys plugin test` runs, here as JSON and without a component.

use serde_json::{Map, Value, json};

use super::exchange::Exchange;
use super::moment;
use super::script::Host;
use crate::http::ErrorKind;
use crate::outcome::Outcome;
use crate::plugin::Plugin;
use crate::request::Request;

/// Runs golden cases, as `tiphys plugin test` reads them from a YAML file, against the plug-in as it is compiled natively.
///
/// ```
/// # use tiphys_plugin::{Failure, Manifest, Outcome, Plugin, Request};
/// # struct Greet;
/// # impl Plugin for Greet {
/// #     fn manifest() -> Manifest { Manifest::new("greet", "1.0.0") }
/// #     fn execute(request: Request) -> Result<Outcome, Failure> {
/// #         let name = request.body["name"].as_str().unwrap_or("you");
/// #         Ok(Outcome::done().result(format!("Hello, {name}!")).into())
/// #     }
/// # }
/// use tiphys_plugin::serde_json::json;
///
/// tiphys_plugin::test::cases::<Greet>(&json!([
///     {"name": "greets", "kind": "greet", "body": {"name": "Ada"}, "expect": {"done": {"result": "Hello, Ada!"}}},
/// ]));
/// ```
///
/// # Panics
/// A case is not met: what was expected, and what came.
#[allow(
    clippy::missing_panics_doc,
    reason = "that a failed case panics is what it is for"
)]
pub fn cases<P: Plugin>(cases: &Value) {
    let cases = cases.as_array().expect("the cases are a list");
    let failed: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let name = case["name"].as_str().unwrap_or("a case without a name");
            let reason = one::<P>(case).err()?;
            Some(format!("{name}: {reason}"))
        })
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// 2026-01-01T00:00:00Z, the time where a case says none.
const NEW_YEAR: u64 = 1_767_225_600_000;

fn one<P: Plugin>(case: &Value) -> Result<(), String> {
    let kind = case["kind"].as_str().unwrap_or_default();
    let expect = &case["expect"];
    if let Some(faults) = expect["faults"].as_array() {
        let found = P::validate(kind, &case["body"]);
        let found = found
            .into_iter()
            .map(|fault| json!({"pointer": fault.pointer, "message": fault.message}));
        return same("faults", &Value::Array(faults.clone()), &found.collect());
    }
    let mut host = host(case)?;
    let mut request = Request::of(kind, case["body"].clone());
    request.inputs = case["inputs"].clone();
    request.outputs = case["outputs"].clone();
    request.workflow.name = "test".to_owned();
    request.workflow.namespace = "default".to_owned();
    request.workflow.uid = "00000000-0000-4000-8000-000000000000".to_owned();
    request.node.id = "test-1".to_owned();
    request.node.name = "test".to_owned();
    request.template = "main".to_owned();
    request.idempotency_key = format!("{}/test-1/0", request.workflow.uid);
    request.deadline = case["deadline"].as_str().map(moment::read).transpose()?;
    round::<P>(&mut host, request, case, expect)
}

fn round<P: Plugin>(
    host: &mut Host,
    mut request: Request,
    script: &Value,
    expect: &Value,
) -> Result<(), String> {
    for exchange in list(&script["http"]) {
        host.exchanges.push_back(read(exchange)?);
    }
    let outcome = host.once::<P>(request.clone());
    let (name, found) = said(&outcome);
    if let Some(left) = host.exchanges.pop_front() {
        return Err(format!(
            "{left} was never asked; it ended as {name}: {found}"
        ));
    }
    let Some(wanted) = expect.get(name) else {
        return Err(format!("expected {expect}, got {name}: {found}"));
    };
    same(name, wanted, &found)?;
    let (Some(then), Outcome::Pending { after, state, .. }) = (expect.get("then"), outcome) else {
        return Ok(());
    };
    host.now += after;
    request.round += 1;
    request.raw_state = Some(state);
    round::<P>(host, request, then, &then["expect"])
}

fn said(outcome: &Outcome) -> (&'static str, Value) {
    match outcome {
        Outcome::Done(done) => ("done", json!(done)),
        Outcome::Failed(failure) => (
            "failed",
            json!({"message": failure.message, "retryable": failure.retryable, "outputs": failure.outputs}),
        ),
        Outcome::Pending {
            after,
            state,
            message,
        } => (
            "pending",
            json!({"after": moment::shown(*after), "message": message, "state": state}),
        ),
        Outcome::Pod(pod) => ("pod", pod.clone()),
        Outcome::Graph(graph) => ("graph", graph.clone()),
    }
}

/// Each key that is expected has its value; a list has to be equal in length.
fn same(place: &str, wanted: &Value, found: &Value) -> Result<(), String> {
    let means = |text: &str, value: &Value| {
        serde_json::from_str::<Value>(text).is_ok_and(|its| its == *value)
    };
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(found)) => {
            wanted.iter().try_for_each(|(key, value)| {
                let found = found.get(key).unwrap_or(&Value::Null);
                match (key.as_str(), value.as_str(), found.as_str()) {
                    ("after", Some(wanted), Some(its))
                        if moment::duration(wanted) == moment::duration(its) =>
                    {
                        Ok(())
                    }
                    _ => same(&format!("{place}.{key}"), value, found),
                }
            })
        }
        (Value::Array(wanted), Value::Array(found)) if wanted.len() == found.len() => {
            let mut pairs = wanted.iter().zip(found).enumerate();
            pairs.try_for_each(|(at, (wanted, found))| {
                same(&format!("{place}[{at}]"), wanted, found)
            })
        }
        // A value may be written as the text it has, or as the JSON in that text.
        (wanted, Value::String(text)) if !wanted.is_string() && means(text, wanted) => Ok(()),
        (Value::String(text), found) if !found.is_string() && means(text, found) => Ok(()),
        (wanted, found) if wanted == found => Ok(()),
        (wanted, found) => Err(format!("{place}: expected {wanted}, got {found}")),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn host(case: &Value) -> Result<Host, String> {
    let mut host = Host::new().now(NEW_YEAR);
    if let Some(now) = case["now"].as_str() {
        host.now = moment::read(now)?;
    }
    let empty = Map::new();
    let entries = |key: &str| case[key].as_object().unwrap_or(&empty).clone();
    for (name, keys) in entries("secrets") {
        for (key, value) in keys.as_object().unwrap_or(&empty) {
            host = host.secret(&name, key, bytes(value));
        }
    }
    for (name, keys) in entries("configMaps") {
        for (key, value) in keys.as_object().unwrap_or(&empty) {
            host = host.config_map(&name, key, &String::from_utf8_lossy(&bytes(value)));
        }
    }
    for (key, value) in entries("artifacts") {
        host = host.artifact(&key, bytes(&value));
    }
    for (path, value) in entries("files") {
        host = host.file(&path, bytes(&value));
    }
    Ok(host)
}

fn bytes(value: &Value) -> Vec<u8> {
    match value {
        Value::Null => Vec::new(),
        Value::String(text) => text.clone().into_bytes(),
        other => other.to_string().into_bytes(),
    }
}

fn read(exchange: &Value) -> Result<Exchange, String> {
    let (request, response) = (&exchange["request"], &exchange["response"]);
    let method = request["method"].as_str().unwrap_or("GET");
    let url = request["url"].as_str().ok_or("a request needs a url")?;
    let mut read = Exchange::new(method, url);
    for (name, value) in request["headers"].as_object().unwrap_or(&Map::new()) {
        read = read.wants(name, &String::from_utf8_lossy(&bytes(value)));
    }
    read = match &request["body"] {
        Value::Null => read,
        Value::String(body) => read.wants_body(body.as_bytes()),
        json => read.wants_json(json.clone()),
    };
    if let Some(error) = exchange.get("error") {
        let kind = error["kind"].as_str().unwrap_or_default();
        // `notGranted` is how the command's cases spell it.
        let kind = match kind {
            "notGranted" => "not-granted",
            kind => kind,
        };
        let kind = ErrorKind::of(kind).ok_or_else(|| format!("there is no error {kind}"))?;
        return Ok(read.error(kind, error["message"].as_str().unwrap_or_default()));
    }
    for (name, value) in response["headers"].as_object().unwrap_or(&Map::new()) {
        read = read.header(name, &String::from_utf8_lossy(&bytes(value)));
    }
    let status = response["status"].as_u64().unwrap_or(200);
    let status = u16::try_from(status).map_err(|_| format!("{status} is no status"))?;
    Ok(read.answer(status, bytes(&response["body"])))
}
