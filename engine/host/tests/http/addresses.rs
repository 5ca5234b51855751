//! Which addresses may be connected to, under which grant.

use crate::case::{Case, case, http};
use crate::server::reply;
use serde_json::json;

pub fn cases() -> Vec<Case> {
    let mut all = by_pattern();
    all.extend(by_name());
    all
}

fn at(host: &str) -> serde_json::Value {
    json!({"url": format!("http://{host}:{{port}}/x")})
}

/// `*` opens no address that is not public, however it is spelled.
fn by_pattern() -> Vec<Case> {
    let closed = |name, host: &str, message: &str| {
        case(name, at(host))
            .hosts(&["*:*"])
            .answer(reply(200, &[], "open"))
            .fails(message)
            .saw(&[])
    };
    let is_at = |host: &str, address: &str, what: &str| {
        format!(
            "{host} is at {address}, {what}: only a grant that names the host itself allows that, as `--allow-http {host}` does"
        )
    };
    let loopback = is_at("127.0.0.1", "127.0.0.1", "a loopback address");
    vec![
        closed("loopback", "127.0.0.1", &loopback),
        closed("loopback as a number", "2130706433", &loopback),
        closed("loopback in hexadecimal", "0x7f000001", &loopback),
        closed("loopback in octal", "0177.0.0.1", &loopback),
        closed("loopback in two parts", "127.1", &loopback),
        closed("loopback with escapes", "%31%32%37.0.0.1", &loopback),
        closed("loopback in wide digits", "１２７.0.0.1", &loopback),
        closed("loopback with a final dot", "127.0.0.1.", &loopback),
        closed(
            "another loopback",
            "127.9.9.9",
            &is_at("127.9.9.9", "127.9.9.9", "a loopback address"),
        ),
        closed(
            "this host",
            "0.0.0.0",
            &is_at("0.0.0.0", "0.0.0.0", "an address of this host"),
        ),
        closed(
            "loopback of IPv6",
            "[::1]",
            &is_at("::1", "::1", "a loopback address"),
        ),
        closed(
            "loopback in IPv6",
            "[::ffff:127.0.0.1]",
            &is_at("::ffff:127.0.0.1", "::ffff:127.0.0.1", "a loopback address"),
        ),
        closed(
            "metadata",
            "169.254.169.254",
            &is_at(
                "169.254.169.254",
                "169.254.169.254",
                "a link-local address, where clouds keep their metadata",
            ),
        ),
        closed(
            "metadata as a number",
            "2852039166",
            &is_at(
                "169.254.169.254",
                "169.254.169.254",
                "a link-local address, where clouds keep their metadata",
            ),
        ),
        closed(
            "metadata of IPv6",
            "[fd00:ec2::254]",
            &is_at("fd00:ec2::254", "fd00:ec2::254", "a private address"),
        ),
        closed(
            "a private network",
            "10.0.0.1",
            &is_at("10.0.0.1", "10.0.0.1", "a private address"),
        ),
        closed(
            "site-local of IPv6",
            "[fec0::1]",
            &is_at("fec0::1", "fec0::1", "a link-local address"),
        ),
        closed(
            "a name that leads to loopback",
            "localhost",
            "localhost is at …, a loopback address: only a grant that names the host itself allows that, as `--allow-http localhost` does",
        ),
        closed(
            "the same in capitals",
            "LOCALHOST",
            "localhost is at …, a loopback address: only a grant that names the host itself allows that, as `--allow-http localhost` does",
        ),
    ]
}

/// A grant that names the host opens it, however it is spelled in the URL.
fn by_name() -> Vec<Case> {
    let open = |name, host: &str, grant: &str| {
        case(name, at(host))
            .hosts(&[grant])
            .answer(reply(200, &[], "open"))
            .result("open")
    };
    let none = |name, host: &str, grant: &str| {
        case(name, at(host))
            .hosts(&[grant])
            .answer(reply(200, &[], "open"))
            .fails("plug-in `http` may not send GET to …: grant it with …")
            .saw(&[])
    };
    vec![
        open("loopback by its address", "127.0.0.1", "127.0.0.1:*"),
        open("loopback by its address, as a number", "2130706433", "127.0.0.1:*"),
        open("loopback by its name", "localhost", "localhost:*"),
        open("loopback by its name in capitals", "LOCALHOST", "localhost:*"),
        none("a name does not open its address", "127.0.0.1", "localhost:*"),
        none("an address does not open its name", "localhost", "127.0.0.1:*"),
        none("another port", "127.0.0.1", "127.0.0.1:1"),
        none("no port but the usual ones", "127.0.0.1", "127.0.0.1"),
        case("the pattern beside the name does not close it", at("127.0.0.1"))
            .hosts(&["*:*", "127.0.0.1:*"])
            .answer(reply(200, &[], "open"))
            .result("open"),
        case("loopback of IPv6 by its address is tried", json!({"url": "http://[::1]:1/x"}))
            .hosts(&["[::1]:1"])
            .fails_for_now("http://[::1]:1/x: …(os error …)"),
        case("another method", json!({"url": "{server}/x", "method": "DELETE"}))
            .grants(|grants| {
                grants.http = vec![http("127.0.0.1:*")];
                grants.http[0].methods = vec!["GET".to_owned(), "HEAD".to_owned()];
            })
            .answer(reply(200, &[], "open"))
            .fails("plug-in `http` may not send DELETE to 127.0.0.1:{port}: grant it with `--allow-http 127.0.0.1:{port}` or `http: [{host: \"127.0.0.1:{port}\"}]` in a PluginGrant")
            .saw(&[]),
        case("nothing is granted", json!({"url": "{server}/x"}))
            .grants(|grants| grants.http.clear())
            .answer(reply(200, &[], "open"))
            .fails("plug-in `http` may not send GET to 127.0.0.1:{port}: grant it with …")
            .saw(&[]),
    ]
}
