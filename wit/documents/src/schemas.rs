//! The published JSON Schemas, by file name: what `wit/schemas` holds and `codeflare
//! schema` prints.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::Value;

use crate::describe::Description;
use crate::launcher::{LaunchRequest, ObservationMore, ObserveRequest, PlanMore, RoleMore};
use crate::sizing::DecideRequest;

/// File name and JSON Schema (2020-12) of each document that crosses as JSON text.
///
/// Requests are described as the host writes them: members that a reader may miss are
/// still always there. Answers are described as the host reads them.
pub fn schemas() -> Vec<(&'static str, Value)> {
    vec![
        ("decide-request.json", written::<DecideRequest>()),
        ("description.json", read::<Description>()),
        ("launch-request.json", written::<LaunchRequest>()),
        ("observation-more.json", read::<ObservationMore>()),
        ("observe-request.json", written::<ObserveRequest>()),
        ("plan-more.json", read::<PlanMore>()),
        ("role-more.json", read::<RoleMore>()),
    ]
}

fn written<T: JsonSchema>() -> Value {
    value(SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>())
}

fn read<T: JsonSchema>() -> Value {
    value(SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>())
}

fn value(schema: Schema) -> Value {
    schema.into()
}
