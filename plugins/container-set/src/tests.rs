//! What needs more than a golden case can say.

use serde_json::json;
use tiphys_plugin::test::Host;
use tiphys_plugin::{Failure, Outcome, Plugin, Request};

use crate::ContainerSet;

#[path = "../../golden.rs"]
mod golden;

#[test]
fn golden_cases() {
    golden::run::<ContainerSet>(env!("CARGO_MANIFEST_DIR"));
}

#[test]
fn a_sound_set_comes_back_as_it_is() {
    let body = json!({"containers": [
        {"name": "a", "image": "busybox"},
        {"name": "main", "image": "busybox", "dependencies": ["a"]},
    ]});
    assert_eq!(
        Host::new().execute::<ContainerSet>("containerSet", body.clone()),
        Outcome::pod(json!({"containerSet": body}))
    );
}

#[test]
fn outputs_need_main() {
    let mut request = Request::of(
        "containerSet",
        json!({"containers": [{"name": "a", "image": "b"}]}),
    );
    request.outputs = json!({"parameters": [{"name": "x", "valueFrom": {"path": "/x"}}]});
    let outcome = Host::new().once::<ContainerSet>(request);
    let Outcome::Failed(failure) = outcome else {
        panic!("{outcome:?}")
    };
    assert!(
        failure
            .message
            .starts_with("output parameters are taken from the container `main`")
    );
}

#[test]
fn an_unsound_set_fails_with_its_first_fault() {
    let outcome = Host::new().execute::<ContainerSet>("containerSet", json!({"containers": []}));
    let expected = Failure::new("containerSet/containers: a set has at least one container");
    assert_eq!(outcome, Outcome::Failed(expected));
}

#[test]
fn the_schema_is_json() {
    assert!(serde_json::to_value(ContainerSet::manifest()).is_ok());
}
