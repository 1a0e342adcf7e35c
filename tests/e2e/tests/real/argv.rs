//! What the user wrote arrives as it was written, whatever stands between.

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::world::{World, kind};

/// Prints its words as JSON, for somebody who knows nothing of them.
const PROGRAM: &str = r#"
import json, os, sys
print("ARGV", json.dumps(sys.argv[1:]), "IN", os.getcwd(), flush=True)
"#;

/// Words that shells, Kubernetes, YAML or Python would change if they were asked.
fn awkward() -> Result<Vec<String>> {
    let text = include_str!("../../../argv.json");
    serde_json::from_str(text).context("tests/argv.json")
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_awkward_arguments_arrive_unchanged_in_every_shape() -> Result<()> {
    let Some(world) = World::given("argv").await? else { return Ok(()) };
    let words = awkward()?;
    ensure!(words.len() >= 40, "{} words", words.len());
    let quoted: Vec<String> = words.iter().map(|word| quote(word)).collect();
    let shapes = world.shapes().await?;
    for shape in &shapes {
        world.apply(&shape.application(shape.api, PROGRAM)).await?;
        world.run(shape.api, json!({"workers": shape.alone, "options": quoted.join(" ")})).await?;
    }
    for shape in &shapes {
        let run = world.succeeded(shape.api).await?;
        ensure!(kind(&run) == shape.kind, "{}: launched as {}, not {}", shape.api, kind(&run), shape.kind);
        let logs = world.logs(shape.api, shape.log).await?.join("\n");
        let line = logs.lines().find_map(|line| line.split_once("ARGV ").map(|(_, rest)| rest));
        let line = line.with_context(|| format!("{}: it did not print its arguments:\n{logs}", shape.api))?;
        let (argv, folder) = line.rsplit_once(" IN ").context("a line without its folder")?;
        let argv: Vec<String> = serde_json::from_str(argv).with_context(|| format!("{}: {argv}", shape.api))?;
        ensure!(argv == words, "{}: {argv:?}\nnot {words:?}", shape.api);
        ensure!(folder.trim() == "/workdir", "{}: it began in {folder}", shape.api);
    }
    world.end().await
}

/// A word as a shell would read it back.
fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
