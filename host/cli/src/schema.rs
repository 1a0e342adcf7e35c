//! `codeflare schema`: JSON Schemas of what host and plugins say to each other.

use crate::args::SchemaArgs;
use crate::{Failure, files, output};

/// Prints or writes them.
pub(crate) fn run(args: &SchemaArgs) -> Result<(), Failure> {
    let schemas = codeflare_documents::schemas();
    if let Some(dir) = &args.dir {
        for (file, schema) in &schemas {
            files::write(&dir.join(file), &format!("{schema:#}\n"))?;
        }
        return Ok(());
    }
    let name_of = |file: &'static str| file.trim_end_matches(".json");
    let Some(name) = &args.name else {
        let all: serde_json::Map<_, _> =
            schemas.into_iter().map(|(file, schema)| (name_of(file).to_owned(), schema)).collect();
        return output::data(&format!("{:#}\n", serde_json::Value::Object(all)));
    };
    match schemas.iter().find(|(file, _)| name_of(file) == name) {
        Some((_, schema)) => output::data(&format!("{schema:#}\n")),
        None => {
            let known: Vec<_> = schemas.iter().map(|(file, _)| name_of(file)).collect();
            Err(Failure::Usage(format!("there is no document `{name}`; known: {}", known.join(", "))))
        }
    }
}
