//! TLS: whom to trust, and who one is.

use crate::case::{Case, case};
use crate::pki::{Pair, demands, pki, speaks};
use crate::server::reply;
use serde_json::{Value, json};

pub fn cases() -> Vec<Case> {
    let mut all = servers();
    all.extend(clients());
    all
}

fn get() -> Value {
    json!({"url": "{server}/x"})
}

fn rooted() -> Value {
    json!({"url": "{server}/x", "tls": {"roots": {"pem": pki().root}}})
}

fn skipping() -> Value {
    json!({"url": "{server}/x", "insecureSkipVerify": true})
}

fn with(name: &'static str, body: Value, pair: &Pair) -> Case {
    case(name, body)
        .tls(speaks(pair))
        .answer(reply(200, &[], "ok"))
}

fn servers() -> Vec<Case> {
    let unknown = "{server}/x: invalid peer certificate: UnknownIssuer";
    let pki = pki();
    vec![
        with("a certificate of nobody's", get(), &pki.lone).fails_for_now(unknown).saw(&[]),
        with("a certificate of an unknown authority", get(), &pki.server).fails_for_now(unknown),
        with("insecureSkipVerify", skipping(), &pki.lone).result("ok").saw(&["GET /x"]),
        with("insecureSkipVerify as a text", json!({"url": "{server}/x", "insecureSkipVerify": "true"}), &pki.lone).result("ok"),
        with("insecureSkipVerify, and a certificate of long ago", skipping(), &pki.expired).result("ok"),
        with("insecureSkipVerify by tls", json!({"url": "{server}/x", "tls": {"insecure": true}}), &pki.lone).result("ok"),
        with("roots that are given", rooted(), &pki.server).result("ok"),
        with("roots that are given, by name", json!({"url": "https://localhost:{port}/x", "tls": {"roots": {"pem": pki.root}}}), &pki.server)
            .hosts(&["localhost:*"])
            .result("ok"),
        with("roots out of a secret", json!({"url": "{server}/x", "tls": {"roots": {"secretKeyRef": {"name": "ca", "key": "ca.crt"}}}}), &pki.server)
            .secret("ca", "ca.crt", &*pki.root)
            .result("ok"),
        with("roots of somebody else", rooted(), &pki.lone).fails_for_now("{server}/x: invalid peer certificate: …"),
        with("a certificate of long ago", rooted(), &pki.expired).fails_for_now("{server}/x: invalid peer certificate: certificate expired…"),
        with("a certificate for another name", rooted(), &pki.misnamed)
            .fails_for_now("{server}/x: invalid peer certificate: certificate not valid for name \"127.0.0.1\"…"),
        with("roots that are none", json!({"url": "{server}/x", "tls": {"roots": {"pem": "nonsense"}}}), &pki.server).fails("`roots` is no PEM that can be used").saw(&[]),
        case("no TLS where it is wanted", json!({"url": "https://127.0.0.1:{port}/x", "insecureSkipVerify": true}))
            .answer(reply(200, &[], "ok"))
            .fails_for_now("https://127.0.0.1:{port}/x: …"),
        case("TLS where none is wanted", json!({"url": "http://127.0.0.1:{port}/x"}))
            .tls(speaks(&pki.server))
            .answer(reply(200, &[], "ok"))
            .fails_for_now("http://127.0.0.1:{port}/x: …"),
    ]
}

fn clients() -> Vec<Case> {
    let pki = pki();
    let own = json!({"clientCert": {"clientCertSecret": {"name": "me", "key": "tls.crt"}, "clientKeySecret": {"name": "me", "key": "tls.key"}}});
    let mutual = |name, pair: &Pair| {
        let mut body = rooted();
        body["auth"] = own.clone();
        case(name, body)
            .tls(demands(&pki.server))
            .answer(reply(200, &[], "ok"))
            .secret("me", "tls.crt", &*pair.certificate)
            .secret("me", "tls.key", &*pair.key)
    };
    let garbled = Pair {
        certificate: pki.client.certificate.clone(),
        key: "no key".to_owned(),
    };
    let crossed = Pair {
        certificate: pki.client.certificate.clone(),
        key: pki.stranger.key.clone(),
    };
    vec![
        mutual("a client certificate", &pki.client).result("ok").saw(&["GET /x"]),
        case("no client certificate where one is wanted", rooted())
            .tls(demands(&pki.server))
            .answer(reply(200, &[], "ok"))
            .fails_for_now("{server}/x: received fatal alert: CertificateRequired")
            .saw(&[]),
        mutual("a client certificate of nobody's", &pki.stranger).fails_for_now("{server}/x: received fatal alert: …").saw(&[]),
        mutual("a key that is none", &garbled).fails("the identity's key is no PEM that can be used").saw(&[]),
        mutual("a key that is another's", &crossed).fails("the client certificate cannot be used: …").saw(&[]),
        mutual("a client certificate that is not granted", &pki.client)
            .grants(|grants| grants.secrets.clear())
            .fails("plug-in `http` may not read the secret `me`: grant it with `--allow-secret me` or `secrets: [me]` in a PluginGrant")
            .saw(&[]),
        case("another host is shown no client certificate", {
            let mut body = rooted();
            body["auth"] = own.clone();
            body
        })
            .tls(demands(&pki.server))
            .hosts(&["127.0.0.1:*", "localhost:*"])
            .secret("me", "tls.crt", &*pki.client.certificate)
            .secret("me", "tls.key", &*pki.client.key)
            .answer(reply(302, &[("location", "https://localhost:{port}/y")], ""))
            .answer(reply(200, &[], "ok"))
            .fails_for_now("https://localhost:{port}/y: received fatal alert: CertificateRequired")
            .saw(&["GET /x"]),
    ]
}
