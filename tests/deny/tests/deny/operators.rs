//! Every field of the operators' kinds, as their own definitions have them: those that an
//! API server serves. `hack/test.sh shapes` installs them and sets
//! `CODEFLARE_SHAPES_KUBECONFIG`.

use anyhow::{Context, Result, ensure};
use codeflare_deny::cases::refuse_all;
use codeflare_deny::lists::{self, List};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, ListParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::{Value, json};

/// The schema of a kind. Definitions say nothing of metadata: it is what every object has.
fn schema(definitions: &[CustomResourceDefinition], list: &List) -> Option<Value> {
    let of_kind = |one: &&CustomResourceDefinition| one.spec.group == list.group && one.spec.names.kind == list.kind;
    let versions = &definitions.iter().find(of_kind)?.spec.versions;
    let version = versions.iter().find(|version| version.name == list.version)?;
    let mut schema = serde_json::to_value(version.schema.as_ref()?.open_api_v3_schema.as_ref()?).ok()?;
    let own = schemars::schema_for!(Job).to_value();
    schema["properties"]["metadata"] = json!({"$ref": own["properties"]["metadata"]["$ref"]});
    let metadata = own["properties"]["metadata"].to_string();
    if schema["properties"]["metadata"]["$ref"].is_null() {
        schema["properties"]["metadata"] = serde_json::from_str(&metadata).ok()?;
    }
    schema["$defs"] = own["$defs"].clone();
    // What is left of the definitions of Job says nothing of this kind.
    let defs = schema["$defs"].as_object_mut()?;
    defs.retain(|name, _| metadata.contains(name) || name.contains("meta.v1") || name.ends_with("Time"));
    Some(schema)
}

#[tokio::test]
async fn every_field_of_the_operators_kinds_that_is_not_on_the_list_is_refused() -> Result<()> {
    let Some(path) = std::env::var_os("CODEFLARE_SHAPES_KUBECONFIG") else {
        println!("skipped: CODEFLARE_SHAPES_KUBECONFIG is not set; run hack/test.sh shapes");
        return Ok(());
    };
    let kubeconfig = Kubeconfig::read_from(path).context("CODEFLARE_SHAPES_KUBECONFIG")?;
    let client = Client::try_from(Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?)?;
    let definitions = Api::<CustomResourceDefinition>::all(client).list(&ListParams::default()).await?.items;
    let mut seen = Vec::new();
    for list in lists::all().into_iter().filter(|list| list.group.contains('.')) {
        let schema = schema(&definitions, &list)
            .with_context(|| format!("the server does not define {} {}", list.version, list.kind))?;
        let tally = refuse_all(&list, &schema);
        println!("{} {}: {tally:?}", list.group, list.kind);
        seen.push((list.kind, tally.fields));
    }
    ensure!(seen.len() == 4, "RayJob, JobSet, TrainJob and TrainingRuntime, not {seen:?}");
    Ok(())
}
