//! The component's side: what the host calls, and what is called of the host.

use std::marker::PhantomData;
use std::sync::Once;

use serde_json::Value;

use crate::log;
use crate::outcome::Outcome;
use crate::plugin::Plugin;
use crate::request::{Node, Request, Workflow};

#[allow(missing_docs, unreachable_pub, clippy::all)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "wit",
        world: "plugin",
        pub_export_macro: true,
        export_macro_name: "export_component",
        default_bindings_module: "tiphys_plugin::guest::bindings",
    });
}

pub use bindings::export_component;

use bindings::exports::tiphys::plugin::template::{self, Guest};
use bindings::tiphys::plugin as imports;

/// A plug-in as the world wants it.
pub struct Component<P>(PhantomData<P>);

impl<P: Plugin> Guest for Component<P> {
    fn describe() -> String {
        panics_are_logged();
        text(&P::manifest())
    }

    fn validate(kind: String, body: String) -> Vec<template::Fault> {
        panics_are_logged();
        let body = match serde_json::from_str(&body) {
            Ok(body) => body,
            Err(error) => return vec![fault(String::new(), format!("it is no JSON: {error}"))],
        };
        P::validate(&kind, &body)
            .into_iter()
            .map(|its| fault(its.pointer, its.message))
            .collect()
    }

    fn execute(request: template::Request) -> template::Outcome {
        panics_are_logged();
        wire(read(request).and_then(P::execute).into())
    }
}

fn fault(pointer: String, message: String) -> template::Fault {
    template::Fault { pointer, message }
}

/// A panic ends as a bare `unreachable`; so its words go to the log before.
fn panics_are_logged() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|info| log::error(&info.to_string())));
    });
}

fn text<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("it has a JSON form")
}

fn read(request: template::Request) -> Result<Request, crate::Failure> {
    let json = |what: &str, text: &str| -> Result<Value, crate::Failure> {
        serde_json::from_str(text)
            .map_err(|error| crate::Failure::new(format!("the host's {what} is no JSON: {error}")))
    };
    Ok(Request {
        body: json("body", &request.body)?,
        inputs: json("inputs", &request.inputs)?,
        outputs: json("outputs", &request.outputs)?,
        workflow: Workflow {
            name: request.workflow_name,
            namespace: request.workflow_namespace,
            uid: request.workflow_uid,
        },
        node: Node {
            id: request.node_id,
            name: request.node_name,
        },
        template: request.template_name,
        attempt: request.attempt,
        idempotency_key: request.idempotency_key,
        kind: request.kind,
        deadline: request.deadline,
        round: request.round,
        raw_state: request.state,
    })
}

fn wire(outcome: Outcome) -> template::Outcome {
    match outcome {
        Outcome::Done(done) => template::Outcome::Done(text(&done)),
        Outcome::Failed(failure) => template::Outcome::Failed(imports::types::Failure {
            message: failure.message,
            retryable: failure.retryable,
            outputs: failure.outputs.map(|outputs| text(&outputs)),
        }),
        Outcome::Pending {
            after,
            state,
            message,
        } => template::Outcome::Pending(imports::types::Pending {
            requeue_after: after,
            state,
            message,
        }),
        Outcome::Pod(pod) => template::Outcome::Pod(text(&pod)),
        Outcome::Graph(graph) => template::Outcome::Graph(text(&graph)),
    }
}

/// The host's functions, in the crate's own types.
pub(crate) mod host {
    use super::imports;
    use crate::refusal::Refusal;
    use crate::{artifacts, files, http, log};

    pub(crate) fn log(level: log::Level, message: &str) {
        use imports::log::Level;
        let level = match level {
            log::Level::Debug => Level::Debug,
            log::Level::Info => Level::Info,
            log::Level::Warn => Level::Warn,
            log::Level::Error => Level::Error,
        };
        imports::log::write(level, message);
    }

    pub(crate) fn now() -> u64 {
        imports::clock::now()
    }

    pub(crate) fn secret(name: &str, key: &str) -> Result<Vec<u8>, Refusal> {
        imports::secrets::get(name, key).map_err(refusal)
    }

    pub(crate) fn config_map(name: &str, key: &str) -> Result<String, Refusal> {
        imports::config_maps::get(name, key).map_err(refusal)
    }

    pub(crate) fn file(path: &str, offset: u64, limit: u32) -> Result<Vec<u8>, Refusal> {
        imports::files::read(path, offset, limit).map_err(refusal)
    }

    pub(crate) fn folder(path: &str) -> Result<Vec<files::Entry>, Refusal> {
        let entry = |entry: imports::files::Entry| files::Entry {
            name: entry.name,
            folder: entry.folder,
            size: entry.size,
        };
        let entries = imports::files::entries(path).map_err(refusal)?;
        Ok(entries.into_iter().map(entry).collect())
    }

    pub(crate) fn artifact_entries(
        location: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<artifacts::Entry>, Refusal> {
        let entry = |entry: imports::artifacts::Entry| artifacts::Entry {
            key: entry.key,
            size: entry.size,
        };
        let entries = imports::artifacts::entries(location, after, limit).map_err(refusal)?;
        Ok(entries.into_iter().map(entry).collect())
    }

    #[derive(Debug)]
    pub(crate) struct Reader(imports::artifacts::Reader);

    pub(crate) fn artifact_open(location: &str) -> Result<Reader, Refusal> {
        imports::artifacts::open(location)
            .map(Reader)
            .map_err(refusal)
    }

    impl Reader {
        pub(crate) fn read(&mut self, limit: u32) -> Result<Vec<u8>, Refusal> {
            self.0.read(limit).map_err(refusal)
        }
    }

    #[derive(Debug)]
    pub(crate) struct Writer(imports::artifacts::Writer);

    pub(crate) fn artifact_create(name: &str) -> Result<Writer, Refusal> {
        imports::artifacts::create(name)
            .map(Writer)
            .map_err(refusal)
    }

    impl Writer {
        pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
            self.0.write(bytes).map_err(refusal)
        }

        pub(crate) fn finish(self) -> Result<String, Refusal> {
            self.0.finish().map_err(refusal)
        }
    }

    #[derive(Debug)]
    pub(crate) struct Response {
        response: imports::http::Response,
        headers: Vec<(String, String)>,
    }

    pub(crate) fn send(sent: http::Sent) -> Result<Response, http::Error> {
        let request = imports::http::Request {
            method: sent.method,
            url: sent.url,
            headers: sent.headers,
            body: sent.body,
            options: imports::http::Options {
                timeout: sent.timeout,
                redirects: sent.redirects,
                insecure: sent.insecure,
                roots: sent.roots,
                identity: sent.identity.map(|its| imports::http::Identity {
                    certificate: its.certificate,
                    key: its.key,
                }),
            },
        };
        let response = imports::http::send(&request).map_err(trouble)?;
        let headers = response.headers();
        Ok(Response { response, headers })
    }

    impl Response {
        pub(crate) fn status(&self) -> u16 {
            self.response.status()
        }

        pub(crate) fn headers(&self) -> &[(String, String)] {
            &self.headers
        }

        pub(crate) fn url(&self) -> String {
            self.response.url()
        }

        pub(crate) fn read(&mut self, limit: u32) -> Result<Vec<u8>, http::Error> {
            self.response.read(limit).map_err(trouble)
        }
    }

    fn refusal(refusal: imports::types::Refusal) -> Refusal {
        use imports::types::Refusal as Its;
        match refusal {
            Its::NotGranted(text) => Refusal::NotGranted(text),
            Its::NotFound(text) => Refusal::NotFound(text),
            Its::Limit(text) => Refusal::Limit(text),
            Its::Failed(text) => Refusal::Failed(text),
        }
    }

    fn trouble(error: imports::http::Error) -> http::Error {
        use imports::http::Error as Its;
        let (kind, message) = match error {
            Its::NotGranted(text) => (http::ErrorKind::NotGranted, text),
            Its::Invalid(text) => (http::ErrorKind::Invalid, text),
            Its::Dns(text) => (http::ErrorKind::Dns, text),
            Its::Connect(text) => (http::ErrorKind::Connect, text),
            Its::Tls(text) => (http::ErrorKind::Tls, text),
            Its::Timeout(text) => (http::ErrorKind::Timeout, text),
            Its::Broken(text) => (http::ErrorKind::Broken, text),
            Its::Redirect(text) => (http::ErrorKind::Redirect, text),
            Its::Limit(text) => (http::ErrorKind::Limit, text),
        };
        http::Error::new(kind, message)
    }
}
