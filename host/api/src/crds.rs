//! CustomResourceDefinitions of every type, and schema parts that derive cannot say.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;
use schemars::{Schema, SchemaGenerator, json_schema};

use crate::size::TeeShirt;
use crate::{Application, PlatformRepoSecret, Plugin, Run, RunSizeConfiguration};

/// Every CustomResourceDefinition of the platform, in the order of their names.
pub fn all() -> Vec<CustomResourceDefinition> {
    vec![Application::crd(), PlatformRepoSecret::crd(), Plugin::crd(), Run::crd(), RunSizeConfiguration::crd()]
}

/// Any object: its schema belongs to a plugin.
pub(crate) fn any_object(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object", "x-kubernetes-preserve-unknown-fields": true})
}

/// Conditions, a map by type, so that two writers do not overwrite each other.
pub(crate) fn conditions(generator: &mut SchemaGenerator) -> Schema {
    let item = generator.subschema_for::<crate::Condition>();
    json_schema!({
        "type": "array", "items": item, "maxItems": 16,
        "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"],
    })
}

/// Choices: a value may be of any type.
pub(crate) fn choices(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array", "maxItems": 32,
        "items": {
            "type": "object",
            "required": ["field", "value", "by", "why", "over"],
            "properties": {
                "field": {"type": "string", "description": "What was decided, such as `workers`."},
                "value": {"x-kubernetes-preserve-unknown-fields": true, "description": "The value that holds."},
                "by": {"type": "string", "description": "Who decided: an object as Kind/name, a plugin, or the host."},
                "why": {"type": "string", "description": "Why, in one clause."},
                "over": {"type": "array", "description": "What others wanted: pairs of who and value.", "items": {"type": "array", "items": {"x-kubernetes-preserve-unknown-fields": true}}},
            },
        },
    })
}

/// Environment: bounded, so that rules on it have a bounded cost.
pub(crate) fn env_map(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object", "maxProperties": 256,
        "additionalProperties": {"type": "string", "maxLength": 32768},
    })
}

/// Labels, bounded.
pub(crate) fn labels(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object", "maxProperties": 32, "additionalProperties": {"type": "string", "maxLength": 63},
    })
}

/// Sizes by name.
pub(crate) fn tee_shirts(generator: &mut SchemaGenerator) -> Schema {
    let shirt = generator.subschema_for::<TeeShirt>();
    json_schema!({"type": "object", "minProperties": 1, "maxProperties": 32, "additionalProperties": shirt})
}

/// A quantity that people write as text.
pub(crate) fn memory(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "maxLength": 32})
}

/// A quantity that people write as a number or as text; bounded, so that rules on it
/// have a bounded cost.
pub(crate) fn cpu(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"x-kubernetes-int-or-string": true, "maxLength": 32})
}
