//! Container sets: several containers of one pod, each started when those that it depends on have ended well.
//!
//! The plug-in checks a set and hands it back as a pod; the engine schedules, retries and shows it like any other.
//! What is not here, and must not come: any import but the log, any notion of how containers are started.

mod check;
mod graph;

use serde_json::{Value, json};
use tiphys_plugin::{Failure, Fault, Kind, Manifest, Outcome, Plugin, Request, Wants};

struct ContainerSet;

tiphys_plugin::export!(ContainerSet);

const SCHEMA: &str = include_str!("schema.json");

impl Plugin for ContainerSet {
    fn manifest() -> Manifest {
        let schema = serde_json::from_str(SCHEMA).expect("the schema is JSON");
        Manifest::new("container-set", env!("CARGO_PKG_VERSION"))
            .description("Several containers of one pod, in the order of their dependencies")
            .kind(
                Kind::new("containerSet")
                    .description(
                        "Several containers of one pod, in the order of their dependencies",
                    )
                    .schema(schema)
                    .result("Standard output of the container `main`"),
            )
            .wants(Wants::new().memory("16Mi").time("1s"))
    }

    fn validate(_kind: &str, body: &Value) -> Vec<Fault> {
        check::faults(body)
    }

    fn execute(request: Request) -> Result<Outcome, Failure> {
        let faults = check::faults(&request.body);
        if let Some(fault) = faults.first() {
            let Fault { pointer, message } = fault;
            return Err(Failure::new(format!("containerSet{pointer}: {message}")));
        }
        if let Some(what) = check::needs_main(&request) {
            return Err(Failure::new(format!(
                "{what} are taken from the container `main`, and the set has none of that name"
            )));
        }
        Ok(Outcome::pod(json!({"containerSet": request.body})))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tiphys_plugin::test::Host;

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
        let outcome =
            Host::new().execute::<ContainerSet>("containerSet", json!({"containers": []}));
        let expected = Failure::new("containerSet/containers: a set has at least one container");
        assert_eq!(outcome, Outcome::Failed(expected));
    }

    #[test]
    fn the_schema_is_json() {
        assert!(serde_json::to_value(ContainerSet::manifest()).is_ok());
    }
}
