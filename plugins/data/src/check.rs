//! What is wrong with a body, beyond what its schema finds. What has tags is not judged.

use serde_json::Value;
use tiphys_expr::Program;
use tiphys_plugin::Fault;
use tiphys_plugin_query::jq::Filter;

const SOURCES: [&str; 3] = ["artifactPaths", "http", "configMap"];

pub(crate) fn faults(body: &Value) -> Vec<Fault> {
    let mut faults = Vec::new();
    let given = SOURCES
        .iter()
        .filter(|name| !body["source"][**name].is_null())
        .count();
    if given != 1 {
        let message = format!("exactly one of {} is wanted", SOURCES.join(", "));
        faults.push(Fault::new("/source", message));
    }
    let steps = body["transformation"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    for (index, step) in steps.iter().enumerate() {
        let at = format!("/transformation/{index}");
        let text = |key: &str| step[key].as_str().filter(|text| !text.is_empty());
        match (text("expression"), text("jq")) {
            (Some(source), None) => {
                judge(&mut faults, &format!("{at}/expression"), source, expression)
            }
            (None, Some(source)) => judge(&mut faults, &format!("{at}/jq"), source, |source| {
                Filter::parse(source).map(|_| ())
            }),
            _ => faults.push(Fault::new(at, "exactly one of expression and jq is wanted")),
        }
    }
    faults
}

fn judge(
    faults: &mut Vec<Fault>,
    at: &str,
    source: &str,
    read: impl FnOnce(&str) -> Result<(), String>,
) {
    if source.contains("{{") {
        return;
    }
    if let Err(reason) = read(source) {
        faults.push(Fault::new(at, reason));
    }
}

fn expression(source: &str) -> Result<(), String> {
    let program = Program::parse(source).map_err(|error| error.to_string())?;
    if let Some(unknown) = program.unknown_functions().first() {
        return Err(format!("the function `{}` does not exist", unknown.name));
    }
    let mut roots = program
        .refs()
        .iter()
        .map(|reference| reference.path[0].as_str());
    match roots.find(|name| *name != "data") {
        Some(name) => Err(format!("`{name}` is not known here; there is data")),
        None => Ok(()),
    }
}
