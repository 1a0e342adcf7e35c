//! Every shape in which a framework is launched, as a strict dry run against the
//! definitions of the operators themselves. `hack/test.sh shapes` installs them and sets
//! `CODEFLARE_SHAPES_KUBECONFIG`.

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::{Value, json};

/// Framework, variant, workers, kinds that come of it.
const SHAPES: [(&str, &str, u32, &[&str]); 10] = [
    ("job", "", 1, &["ConfigMap", "Job"]),
    ("job", "", 2, &["ConfigMap", "Service", "Job"]),
    ("torch", "job", 1, &["ConfigMap", "Job"]),
    ("torch", "job", 2, &["ConfigMap", "Service", "Job"]),
    ("torch", "jobset", 2, &["ConfigMap", "JobSet"]),
    ("torch", "trainjob", 2, &["ConfigMap", "TrainingRuntime", "TrainJob"]),
    ("ray", "rayjob", 0, &["ConfigMap", "Service", "RayJob"]),
    ("ray", "rayjob", 2, &["ConfigMap", "Service", "RayJob"]),
    ("ray", "job", 0, &["ConfigMap", "Service", "Service", "Job"]),
    ("ray", "job", 2, &["ConfigMap", "Service", "Service", "Job", "Job"]),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_shape_is_valid_where_the_operators_define_it() -> Result<()> {
    let Some(path) = std::env::var_os("CODEFLARE_SHAPES_KUBECONFIG") else {
        println!("skipped: CODEFLARE_SHAPES_KUBECONFIG is not set; run hack/test.sh shapes");
        return Ok(());
    };
    let kubeconfig = Kubeconfig::read_from(path).context("CODEFLARE_SHAPES_KUBECONFIG")?;
    let client = Client::try_from(Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?)?;
    let mut wrong = Vec::new();
    for (api, variant, workers, kinds) in SHAPES {
        let plan = plan(&documents(api, variant, workers))?;
        let objects = plan["objects"].as_array().context("a plan without objects")?;
        let mut found: Vec<_> = objects.iter().filter_map(|one| one["kind"]["kind"].as_str()).collect();
        println!("{api:6} {variant:9} {workers} workers: {}", found.join(", "));
        let mut wanted = kinds.to_vec();
        found.sort_unstable();
        wanted.sort_unstable();
        if found != wanted {
            wrong.push(format!("{api} {variant} {workers}: {found:?}, not {wanted:?}"));
        }
        for object in objects {
            if let Err(error) = dry_run(&client, &object["object"]).await {
                wrong.push(format!("{api} {variant} {workers}: {error:#}"));
            }
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// Creates an object as a dry run, strictly: a field that its definition does not know is
/// refused, as it is when the host creates it.
async fn dry_run(client: &Client, object: &Value) -> Result<()> {
    let api_version = object["apiVersion"].as_str().context("an object without apiVersion")?;
    let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
    let kind = object["kind"].as_str().context("an object without kind")?;
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
    let url = <DynamicObject as kube::Resource>::url_path(&resource, Some("default"));
    let params = PostParams { dry_run: true, field_manager: Some("codeflare-e2e".to_owned()) };
    let mut request = kube::api::Request::new(url).create(&params, object.to_string().into_bytes())?;
    *request.uri_mut() = format!("{}&fieldValidation=Strict", request.uri()).parse()?;
    // A definition that was just installed may be served a moment later.
    let api = Api::<DynamicObject>::namespaced_with(client.clone(), "default", &resource);
    let one = kube::api::ListParams::default().limit(1);
    for _ in 0..100 {
        match api.list(&one).await {
            Err(kube::Error::Api(status)) if status.code == 404 => {
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
            _ => break,
        }
    }
    client.request::<Value>(request).await.map(drop).with_context(|| kind.to_owned())
}

fn documents(api: &str, variant: &str, workers: u32) -> Vec<Value> {
    let of = |kind: &str, name: &str, spec: Value| json!({"apiVersion": "codeflare.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec});
    let file = |name: &str| json!({"file": {"path": format!("{name}.wasm")}});
    let settings = if variant.is_empty() { json!({}) } else { json!({"variant": variant}) };
    vec![
        of("Plugin", api, json!({"source": file(api), "launcher": {"frameworks": [api]}, "settings": settings})),
        of("Plugin", "sizing-policy", json!({"source": file("sizing-policy"), "sizingPolicy": {}})),
        of(
            "RunSizeConfiguration",
            "shapes",
            json!({"config": {"sm": {"workers": 1, "cpu": 2, "memory": "4Gi", "gpu": 1}}}),
        ),
        of(
            "Application",
            "app",
            json!({
                "api": api, "image": "i", "command": "python3 main.py", "supportsGpu": true,
                "code": [{"name": "main.py", "source": "print()"}],
            }),
        ),
        of("Run", "shape", json!({"application": {"name": "app"}, "workers": workers, "supportsGpu": true})),
    ]
}

/// What `codeflare plan` makes of the documents.
fn plan(documents: &[Value]) -> Result<Value> {
    let program = std::env::var_os("CODEFLARE_HOST").context("CODEFLARE_HOST is not set")?;
    let plugins = std::env::var_os("CODEFLARE_TEST_PLUGINS").context("CODEFLARE_TEST_PLUGINS is not set")?;
    let mut child = Command::new(program)
        .args(["plan", "-o", "json", "-f", "-", "--plugins"])
        .arg(plugins)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let text = documents.iter().map(Value::to_string).collect::<Vec<_>>().join("\n---\n");
    child.stdin.take().context("no stdin")?.write_all(text.as_bytes())?;
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("it cannot be planned");
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
