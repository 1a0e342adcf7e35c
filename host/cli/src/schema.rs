//! `codeflare schema`: JSON Schemas of what host and plugins say to each other.

use codeflare_documents::describe::Description;
use codeflare_documents::launcher::{LaunchPlan, LaunchRequest, Observation, ObserveRequest, RoleMore};
use codeflare_documents::sizing::{DecideRequest, Decision};
use schemars::schema_for;
use serde_json::{Map, Value};

use crate::args::SchemaArgs;
use crate::{Failure, files, output};

/// Every published document, by name.
fn all() -> Map<String, Value> {
    [
        ("decide-request", schema_for!(DecideRequest)),
        ("decision", schema_for!(Decision)),
        ("description", schema_for!(Description)),
        ("launch-plan", schema_for!(LaunchPlan)),
        ("launch-request", schema_for!(LaunchRequest)),
        ("observation", schema_for!(Observation)),
        ("observe-request", schema_for!(ObserveRequest)),
        ("role-more", schema_for!(RoleMore)),
    ]
    .into_iter()
    .map(|(name, schema)| (name.to_owned(), schema.to_value()))
    .collect()
}

/// Prints or writes them.
pub(crate) fn run(args: &SchemaArgs) -> Result<(), Failure> {
    let schemas = all();
    if let Some(dir) = &args.dir {
        for (name, schema) in &schemas {
            files::write(&dir.join(format!("{name}.json")), &format!("{schema:#}\n"))?;
        }
        return Ok(());
    }
    let Some(name) = &args.name else {
        return output::data(&format!("{:#}\n", Value::Object(schemas)));
    };
    match schemas.get(name) {
        Some(schema) => output::data(&format!("{schema:#}\n")),
        None => {
            let known: Vec<_> = schemas.keys().map(String::as_str).collect();
            Err(Failure::Usage(format!("there is no document `{name}`; known: {}", known.join(", "))))
        }
    }
}
