//! Schemas of the types that are read otherwise than they are built.

use super::{Amount, AnyString, Item, ParallelSteps, Plugin, WorkflowStep};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::borrow::Cow;

/// Whatever it is, it is kept as it is.
const KEPT: &str = "x-kubernetes-preserve-unknown-fields";

macro_rules! kept {
    ($($name:ident => $schema:tt),+ $(,)?) => {
        $(impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        })+
    };
}

kept!(
    AnyString => {(KEPT): true},
    Item => {(KEPT): true},
    Plugin => {"type": "object", (KEPT): true},
    Amount => {"type": "number"},
);

impl JsonSchema for ParallelSteps {
    fn schema_name() -> Cow<'static, str> {
        "ParallelSteps".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "array", "items": generator.subschema_for::<WorkflowStep>()})
    }
}
