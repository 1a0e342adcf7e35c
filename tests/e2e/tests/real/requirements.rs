//! Packages that the host installs, from an index on this machine: in every shape whose
//! framework does not, beside what the user has on the path; and those that there are not.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::index::{self, Index};
use crate::shapes::{self, PYTHON, application};
use crate::world::{World, message, phase, reason};

/// Needs a package that its image has not, and a module of its own that only PYTHONPATH finds.
const PROGRAM: &str = r#"
import importlib.metadata, os, sys

import codeflare_probe
import helper

print("PROBE", codeflare_probe.VERSION, importlib.metadata.version("codeflare-probe"), helper.WORD, flush=True)
print("PATH", os.environ["PYTHONPATH"], flush=True)
"#;

/// Wants a package of the index.
fn wanting(mut application: Value, index: &Index, requirements: &str) -> Value {
    let spec = &mut application["spec"];
    spec["requirements"] = json!(requirements);
    for (name, value) in index.environment() {
        spec["env"][name] = json!(value);
    }
    application
}

#[tokio::test(flavor = "multi_thread")]
async fn the_host_installs_them_where_the_framework_does_not() -> Result<()> {
    let Some(world) = World::given("requirements").await? else { return Ok(()) };
    let index = Index::start().await?;
    let lines = format!("# of the test\n{}=={}  # with a comment\n", index::PROJECT, index::VERSION);
    for (api, workers) in [("shape-job", 1), ("shape-torch-job", 2), ("shape-torch-jobset", 1)] {
        let shape = shapes::shape(api);
        let mut application = wanting(shape.application(api, PROGRAM), &index, &lines);
        application["spec"]["env"]["PYTHONPATH"] = json!("/workdir/lib");
        application["spec"]["code"].as_array_mut().unwrap().push(json!({
            "name": "lib/helper.py", "source": "WORD = 'own'\n",
        }));
        world.apply(&application).await?;
        world.run(api, json!({"workers": workers})).await?;
        world.succeeded(api).await?;
        for log in world.logs(api, shape.log).await? {
            ensure!(log.contains("PROBE 1.0 1.0 own"), "{api}: {log}");
            ensure!(log.contains("PATH /opt/codeflare/packages/site:/workdir/lib"), "{api}: {log}");
        }
    }
    world.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_packages_there_are_not_says_what_pip_says() -> Result<()> {
    let Some(world) = World::given("no-package").await? else { return Ok(()) };
    let index = Index::start().await?;
    let missing = wanting(application("missing", "job", PYTHON, "print('begun')"), &index, "codeflare-missing==7\n");
    world.apply(&missing).await?;
    world.run("missing", json!({})).await?;
    let run = world.until("missing", "Failed", |run| phase(run) == "Failed").await?;
    ensure!(reason(&run) == "RequirementsFailed", "{:?}", run.status);
    let said = message(&run);
    ensure!(said.contains("ERROR: No matching distribution found for codeflare-missing==7"), "{said}");
    world.end().await
}
