//! What a generated block holds, by its name.

mod fields;
mod reasons;
mod schema;
mod texts;
pub(crate) use texts::help;
mod values;

use crate::files;

/// The Markdown of a block.
pub(crate) fn make(words: &[&str]) -> String {
    match words {
        ["fields", plural] => fields::of(plural),
        ["values"] => values::table(),
        ["settings", plugin] => schema::of_plugin(plugin, "settingsSchema", "spec.settings"),
        ["framework", plugin] => schema::of_plugin(plugin, "frameworkSchema", "spec.framework"),
        ["document", name] => schema::document(name),
        ["reasons", section] => reasons::section(section),
        ["command", name] => texts::command(name),
        ["file", path] => texts::file(path),
        ["example-of", path] => texts::example_of(path),
        ["table-of", path] => texts::table_of(path),
        _ => panic!("no block is called `{}`", words.join(" ")),
    }
}

/// Blocks that some page must have, so that nothing is left out.
pub(crate) fn needed() -> Vec<String> {
    let plurals = codeflare_api::crds::all().into_iter().map(|crd| format!("fields {}", crd.spec.names.plural));
    let commands = files("host/tests/snapshots", ".snap");
    let commands = commands.iter().filter_map(|path| path.split_once("cli__help-")?.1.strip_suffix(".snap"));
    let documents = files("wit/schemas", ".json");
    let documents = documents.iter().filter_map(|path| path.rsplit('/').next()?.strip_suffix(".json"));
    plurals
        .chain(commands.map(|name| format!("command {name}")))
        .chain(documents.map(|name| format!("document {name}")))
        .chain(reasons::SECTIONS.map(|section| format!("reasons {section}")))
        .chain(["values".to_owned()])
        .collect()
}

/// Text as it may stand in a cell of a table. Links of rustdoc lead nowhere in a site.
fn cell(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.replace("[`", "`").replace("`]", "`").replace('|', "\\|")
}
