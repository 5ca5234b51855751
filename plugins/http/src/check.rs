//! What is wrong with a body, beyond what its schema finds. What has tags is not judged.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tiphys_expr::Program;
use tiphys_plugin::Fault;
use tiphys_plugin_query::path::Path;

use crate::amount::{Count, Factor, Flag, Millis, Size};
use crate::origin;
use crate::pick::{KEYS, Pick};
use crate::retry;

pub(crate) fn faults(body: &Value) -> Vec<Fault> {
    let mut check = Check {
        body,
        faults: Vec::new(),
    };
    check.request();
    check.headers();
    check.retry();
    check.poll();
    check.paging();
    check.auth();
    check.tls();
    check.faults
}

struct Check<'a> {
    body: &'a Value,
    faults: Vec<Fault>,
}

fn tagged(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.contains("{{"))
}

impl Check<'_> {
    fn fault(&mut self, pointer: &str, message: impl Into<String>) {
        self.faults.push(Fault::new(pointer, message));
    }

    /// A value that is there and has no tags.
    fn known(&self, pointer: &str) -> Option<&Value> {
        let value = self.body.pointer(pointer)?;
        (!value.is_null() && !tagged(value)).then_some(value)
    }

    fn has(&self, pointer: &str) -> bool {
        self.body
            .pointer(pointer)
            .is_some_and(|value| !value.is_null())
    }

    /// Whatever a reader says of a value.
    fn read<T>(&mut self, pointer: &str, read: impl FnOnce(&Value) -> Result<T, String>) {
        if let Some(Err(reason)) = self.known(pointer).map(read) {
            self.fault(pointer, reason);
        }
    }

    fn text(&mut self, pointer: &str, read: impl FnOnce(&str) -> Result<(), String>) {
        self.read(pointer, |value| value.as_str().map_or(Ok(()), read));
    }

    fn expression(&mut self, pointer: &str, names: &[&str]) {
        self.text(pointer, |text| {
            let program = Program::parse(text).map_err(|error| error.to_string())?;
            if let Some(unknown) = program.unknown_functions().first() {
                return Err(format!("the function `{}` does not exist", unknown.name));
            }
            let foreign = |name: &&str| !names.contains(name);
            let mut roots = program
                .refs()
                .iter()
                .map(|reference| reference.path[0].as_str());
            match roots.find(foreign) {
                Some(name) => Err(format!(
                    "`{name}` is not known here; there are {}",
                    names.join(" and ")
                )),
                None => Ok(()),
            }
        });
    }

    fn pick(&mut self, pointer: &str) {
        let Some(from) = self.known(pointer).cloned() else {
            return;
        };
        let given: Vec<&str> = KEYS
            .into_iter()
            .filter(|key| !from[*key].is_null())
            .collect();
        match given.as_slice() {
            [] => self.fault(pointer, format!("one of {} is wanted", KEYS.join(", "))),
            [key] if tagged(&from[*key]) => {}
            ["expression"] => {
                self.expression(&format!("{pointer}/expression"), &["response", "request"])
            }
            [_] => {
                if let Err((key, reason)) = Pick::read(&from) {
                    self.fault(&format!("{pointer}/{key}"), reason);
                }
            }
            more => self.fault(
                pointer,
                format!("{} are given, one is wanted", more.join(" and ")),
            ),
        }
    }

    fn one_of(&mut self, pointer: &str, keys: &[&str]) {
        if !self.has(pointer) {
            return;
        }
        let given: Vec<&&str> = keys
            .iter()
            .filter(|key| self.has(&format!("{pointer}/{key}")))
            .collect();
        if given.len() != 1 {
            self.fault(
                pointer,
                format!("exactly one of {} is wanted", keys.join(", ")),
            );
        }
    }

    fn request(&mut self) {
        match self.body.get("url") {
            Some(Value::String(url)) if !url.is_empty() => {}
            Some(Value::String(_)) | None => self.fault("/url", "a URL is wanted"),
            Some(_) => {}
        }
        self.text("/url", |url| match url {
            "" => Ok(()),
            url => origin::parse(url).map(|_| ()),
        });
        self.text("/method", |method| {
            let token =
                |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
            match method.bytes().all(token) {
                true => Ok(()),
                false => Err(format!("{method:?} is no method")),
            }
        });
        self.text("/bodyFrom/bytes", |bytes| {
            STANDARD
                .decode(bytes)
                .map(|_| ())
                .map_err(|error| format!("it is no base64: {error}"))
        });
        if self.has("/body") && self.has("/bodyFrom/bytes") {
            self.fault(
                "/bodyFrom",
                "`body` and `bodyFrom` are both given; one is wanted",
            );
        }
        self.expression("/successCondition", &["response", "request"]);
        self.read("/timeoutSeconds", Count::read);
        self.read("/insecureSkipVerify", Flag::read);
        self.read("/redirects", Count::read);
        self.read("/maxBody", Size::read);
    }

    fn headers(&mut self) {
        let count = self.body["headers"].as_array().map_or(0, Vec::len);
        for index in 0..count {
            let at = format!("/headers/{index}");
            match self.body.pointer(&format!("{at}/name")) {
                Some(Value::String(name)) if !name.is_empty() => {}
                _ => self.fault(&format!("{at}/name"), "a header needs a name"),
            }
            if self.has(&format!("{at}/value")) && self.has(&format!("{at}/valueFrom")) {
                self.fault(&at, "`value` and `valueFrom` are both given; one is wanted");
            }
        }
    }

    fn retry(&mut self) {
        self.read("/retry/limit", Count::read);
        self.read("/retry/backoff/duration", Millis::read);
        self.read("/retry/backoff/max", Millis::read);
        self.read("/retry/backoff/factor", Factor::read);
        for index in 0..self.body["retry"]["statuses"]
            .as_array()
            .map_or(0, Vec::len)
        {
            self.read(&format!("/retry/statuses/{index}"), retry::statuses);
        }
        for index in 0..self.body["retry"]["errors"].as_array().map_or(0, Vec::len) {
            self.text(&format!("/retry/errors/{index}"), |name| {
                retry::kind(name).map(|_| ())
            });
        }
    }

    fn poll(&mut self) {
        self.expression("/poll/until", &["response", "request"]);
        self.read("/poll/every", Millis::read);
        self.read("/poll/timeout", Millis::read);
        self.read("/poll/limit", Count::read);
        if self.has("/poll/url") && self.has("/poll/urlFrom") {
            self.fault("/poll", "`url` and `urlFrom` are both given; one is wanted");
        }
        self.pick("/poll/urlFrom");
    }

    fn paging(&mut self) {
        self.pick("/paging/next");
        self.text("/paging/items", |path| Path::parse(path).map(|_| ()));
        self.read("/paging/limit", Count::read);
    }

    fn auth(&mut self) {
        let ways = ["basicAuth", "bearer", "oauth2"];
        let given: Vec<&str> = ways
            .into_iter()
            .filter(|way| self.has(&format!("/auth/{way}")))
            .collect();
        if given.len() > 1 {
            self.fault(
                "/auth",
                format!("{} are given; one is wanted", given.join(" and ")),
            );
        }
        self.one_of("/auth/basicAuth", &["username", "usernameSecret"]);
        if self.has("/auth/oauth2") {
            self.one_of("/auth/oauth2", &["clientID", "clientIDSecret"]);
            self.one_of("/auth/oauth2", &["tokenURL", "tokenURLSecret"]);
        }
        self.text("/auth/oauth2/tokenURL", |url| {
            origin::parse(url).map(|_| ())
        });
    }

    fn tls(&mut self) {
        self.read("/tls/insecure", Flag::read);
        self.one_of("/tls/roots", &["pem", "secretKeyRef", "configMapKeyRef"]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn places(body: &Value) -> Vec<String> {
        faults(body)
            .into_iter()
            .map(|fault| fault.pointer)
            .collect()
    }

    #[test]
    fn a_sound_body_has_no_faults() {
        let body = json!({
            "url": "https://a.test/x",
            "method": "POST",
            "headers": [{"name": "a", "value": "b"}, {"name": "c", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
            "successCondition": "response.statusCode == 200",
            "timeoutSeconds": 10,
            "retry": {"limit": 3, "statuses": [429, "5xx"], "errors": ["timeout"], "backoff": {"duration": "1s", "factor": 2, "max": "1m"}},
            "poll": {"until": "response.statusCode == 200", "every": "5s", "urlFrom": {"jsonPath": "$.self"}},
            "paging": {"next": {"link": "next"}, "items": "$.items"},
            "auth": {"basicAuth": {"username": "u", "passwordSecret": {"name": "s", "key": "p"}}},
            "tls": {"insecure": false, "roots": {"pem": "…"}},
            "maxBody": "10Mi",
        });
        assert_eq!(faults(&body), []);
    }

    #[test]
    fn every_fault_is_found_at_its_place() {
        let body = json!({
            "url": "ftp://a.test/",
            "method": "GE T",
            "bodyFrom": {"bytes": "*"},
            "headers": [{"value": "b"}],
            "successCondition": "status == 200",
            "retry": {"limit": -1, "statuses": [1], "errors": ["bad"], "backoff": {"duration": "soon"}},
            "poll": {"until": "response.statusCode ==", "urlFrom": {"jqFilter": ".a["}},
            "paging": {"next": {}, "items": "$["},
            "auth": {"basicAuth": {}, "bearer": {}},
            "tls": {"roots": {}},
        });
        assert_eq!(
            places(&body),
            [
                "/url",
                "/method",
                "/bodyFrom/bytes",
                "/successCondition",
                "/headers/0/name",
                "/retry/limit",
                "/retry/backoff/duration",
                "/retry/statuses/0",
                "/retry/errors/0",
                "/poll/until",
                "/poll/urlFrom/jqFilter",
                "/paging/next",
                "/paging/items",
                "/auth",
                "/auth/basicAuth",
                "/tls/roots",
            ]
        );
    }

    #[test]
    fn what_has_tags_is_not_judged() {
        let body = json!({
            "url": "{{inputs.parameters.url}}",
            "timeoutSeconds": "{{x}}",
            "successCondition": "{{x}} == 3",
            "retry": {"limit": "{{x}}", "statuses": ["{{x}}"]},
            "paging": {"next": {"jsonPath": "{{x}}"}},
        });
        assert_eq!(faults(&body), []);
    }
}
