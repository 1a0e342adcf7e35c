//! Plugins out of a registry: what misbehaves is refused on the Plugin, in time; what is
//! signed serves, and goes on when the registry is gone.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use codeflare_api::Plugin;
use kube::api::{Api, DeleteParams};
use serde_json::{Value, json};

use crate::artifact::{Artifact, Signer};
use crate::host::NAMESPACE;
use crate::server::{Answer, Gate, Server};
use crate::world::{LOOK, PATIENCE, World, state};

/// Longest time that the host gives a registry.
const TOTAL: Duration = Duration::from_secs(30);
/// `ann:hunter2`.
const BASIC: &str = "Basic YW5uOmh1bnRlcjI=";

/// A registry, and the plugin that its repositories have variants of.
struct Scene {
    server: Server,
    bytes: Vec<u8>,
    signer: Signer,
}

impl Scene {
    /// The host may read it without TLS.
    async fn new(world: &World) -> Result<Scene> {
        let plugins = std::env::var_os("CODEFLARE_TEST_PLUGINS").context("CODEFLARE_TEST_PLUGINS is not set")?;
        let bytes = std::fs::read(std::path::Path::new(&plugins).join("job.wasm"))?;
        let server = Server::start().await;
        world.host.kill().await;
        world.host.started_with(&["--plain-http", &server.host()]).await;
        Ok(Scene { server, bytes, signer: Signer::new() })
    }

    /// A component of its own: what was kept of another serves nobody else's digest.
    fn artifact(&self, name: &str) -> Artifact {
        let label = u8::try_from(name.len()).unwrap();
        // A custom section, of which only the name counts.
        let section = [&[0, label + 1, label], name.as_bytes()].concat();
        Artifact::of(&[self.bytes.as_slice(), &section].concat())
    }

    fn sign(&self, name: &str, signer: &Signer) {
        let artifact = self.artifact(name);
        self.server.put(&format!("test/{name}"), &artifact.signature_tag(), &signer.sign(&artifact.digest));
    }

    /// A Plugin of a repository; it claims a framework of its own.
    fn plugin(&self, name: &str, key: Option<&Signer>) -> Value {
        let artifact = self.artifact(name);
        self.server.put(&format!("test/{name}"), "1.0", &artifact);
        let mut plugin = json!({
            "apiVersion": "codeflare.dev/v1alpha1", "kind": "Plugin", "metadata": {"name": name},
            "spec": {
                "source": {"oci": {"reference": format!("{}/test/{name}:1.0", self.server.host())}},
                "digest": artifact.layer(), "launcher": {"frameworks": [name]},
            },
        });
        if let Some(key) = key {
            plugin["spec"]["signature"] = json!({"publicKey": key.public_key()});
        }
        plugin
    }

    fn layer(&self, name: &str, answer: Answer) {
        self.server.tell(format!("/v2/test/{name}/blobs/{}", self.artifact(name).layer()), answer);
    }
}

/// The conditions of a Plugin's present generation by type, once they tell of it.
async fn conditions(plugins: &Api<Plugin>, name: &str) -> Result<Option<BTreeMap<String, (String, String, String)>>> {
    let plugin = plugins.get(name).await?;
    let status = plugin.status.unwrap_or_default();
    if status.observed_generation.is_none() || status.observed_generation != plugin.metadata.generation {
        return Ok(None);
    }
    let conditions = status.conditions.into_iter();
    Ok(Some(conditions.map(|one| (one.type_, (one.status, one.reason, one.message))).collect()))
}

/// Waits until a Plugin says whether it is ready, and why not.
async fn said(world: &World, name: &str) -> Result<BTreeMap<String, (String, String, String)>> {
    let plugins = Api::<Plugin>::all(world.client.clone());
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        world.host.ensure().await?;
        if let Some(conditions) = conditions(&plugins, name).await?
            && conditions.contains_key("Ready")
        {
            return Ok(conditions);
        }
        tokio::time::sleep(LOOK).await;
    }
    bail!("Plugin/{name} said nothing within {PATIENCE:?}\nhost: {}", world.host.last_words())
}

async fn delete(world: &World, name: &str) -> Result<()> {
    let plugins = Api::<Plugin>::all(world.client.clone());
    plugins.delete(name, &DeleteParams::default()).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn registries_that_misbehave_are_refused_in_time_with_the_reason_on_the_plugin() -> Result<()> {
    let Some(world) = World::given().await? else { return Ok(()) };
    let scene = Scene::new(&world).await?;
    // Name, key, what it is refused as, at which step.
    let signer = Some(&scene.signer);
    let cases = [
        ("endless", None, "ArtifactTooLarge", "Fetched"),
        ("drips", None, "RegistryTooSlow", "Fetched"),
        ("wrong-digest", None, "DigestMismatch", "Fetched"),
        ("moved-tag", None, "TagMoved", "Fetched"),
        ("unsigned", signer, "SignatureMissing", "Verified"),
        ("wrong-key", signer, "SignatureInvalid", "Verified"),
    ];
    let cases = cases.map(|(name, key, reason, step)| (world.fresh(name), key, reason, step));
    let objects: Vec<_> = cases.iter().map(|(name, key, _, _)| scene.plugin(name, *key)).collect();
    let [endless, drips, wrong_digest, moved_tag, _, wrong_key] = cases.each_ref().map(|(name, ..)| name.as_str());
    scene.layer(endless, Answer::Endless);
    scene.layer(drips, Answer::Drips(Duration::from_millis(20)));
    let other = vec![0; scene.artifact(wrong_digest).blobs[0].len()];
    scene.layer(wrong_digest, Answer::Bytes("application/wasm", other));
    scene.server.put(&format!("test/{moved_tag}"), "1.0", &Artifact::of(b"another"));
    scene.sign(wrong_key, &Signer::new());
    let start = Instant::now();
    for object in &objects {
        world.apply(object).await?;
    }
    println!("{:<24} {:<20} {:>8}", "a registry", "is refused as", "after");
    let of = &world;
    let all = cases.iter().map(|(name, ..)| async move { (said(of, name).await, start.elapsed()) });
    let all = futures::future::join_all(all).await;
    for ((name, _, reason, step), (said, took)) in cases.iter().zip(all) {
        let said = said?;
        let ready = said.get("Ready").context("no condition Ready")?;
        println!("{name:<24} {:<20} {:>6} ms", ready.1, took.as_millis());
        ensure!((ready.0.as_str(), ready.1.as_str()) == ("False", *reason), "{name}: {said:#?}");
        let stopped = said.get(*step).context("no such condition")?;
        ensure!((stopped.0.as_str(), stopped.1.as_str()) == ("False", *reason), "{name}: {said:#?}");
        ensure!(stopped.2.starts_with("spec."), "{name}: the field is not named: {}", stopped.2);
        ensure!(took < TOTAL + Duration::from_secs(20), "{name} took {took:?}");
        delete(&world, name).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_signed_serves_and_goes_on_without_its_registry() -> Result<()> {
    let Some(world) = World::given().await? else { return Ok(()) };
    let scene = Scene::new(&world).await?;
    scene.server.lock(Gate::Basic(BASIC.to_owned()));
    let name = world.fresh("signed");
    let mut plugin = scene.plugin(&name, Some(&scene.signer));
    scene.sign(&name, &scene.signer);
    let layer = scene.artifact(&name).layer();

    // The credentials come first; what stands in a Secret is nowhere to be seen.
    plugin["spec"]["source"]["oci"]["pullSecret"] = json!(name);
    world.apply(&plugin).await?;
    let without = said(&world, &name).await?;
    ensure!(without["Fetched"].1 == "PullSecretInvalid", "{without:#?}");
    ensure!(without["Fetched"].2.contains(&format!("Secret/{name} in namespace {NAMESPACE}")), "{without:#?}");
    let config = json!({"auths": {scene.server.host(): {"username": "ann", "password": "hunter2"}}});
    world
        .apply(&json!({
            "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
            "metadata": {"name": name, "namespace": NAMESPACE},
            "stringData": {".dockerconfigjson": config.to_string()},
        }))
        .await?;
    until_ready(&world, &name).await?;

    // Runs are launched by it.
    let namespace = world.fresh("registry");
    world.namespace(&namespace).await?;
    world.proxy.begin(&namespace, None);
    world
        .apply(&json!({
            "apiVersion": "codeflare.dev/v1alpha1", "kind": "Application",
            "metadata": {"name": "app", "namespace": namespace},
            "spec": {"api": name, "image": "none", "command": "true", "size": "xs"},
        }))
        .await?;
    world.run(&namespace, "run", json!({})).await?;
    world.until(&namespace, "run", "launched", |run| state(run).0 == "Starting").await?;

    // Registry and host are gone, then the host's cache too: what was kept serves, and what
    // shows the signature was kept beside it.
    scene.server.stop().await;
    for (priority, lost) in [(90, false), (80, true)] {
        world.host.kill().await;
        if lost {
            world.host.lose_cache()?;
        }
        plugin["spec"]["priority"] = json!(priority);
        world.apply(&plugin).await?;
        let said = until_ready(&world, &name).await?;
        println!("{name}: without its registry{}: {said:?}", if lost { " and cache" } else { "" });
    }

    // Another key is another question, which only the registry can answer. Until then the
    // last good version serves.
    plugin["spec"]["signature"]["publicKey"] = json!(Signer::new().public_key());
    world.apply(&plugin).await?;
    let asked = said(&world, &name).await?;
    ensure!(asked["Ready"].0 == "False" && asked["Ready"].1 == "RegistryUnreachable", "{asked:#?}");
    let serving = Api::<Plugin>::all(world.client.clone()).get(&name).await?.status.and_then(|status| status.digest);
    ensure!(serving == Some(layer), "{serving:?}");
    delete(&world, &name).await
}

async fn until_ready(world: &World, name: &str) -> Result<BTreeMap<String, (String, String, String)>> {
    let start = Instant::now();
    let mut last = BTreeMap::new();
    while start.elapsed() < PATIENCE {
        last = said(world, name).await?;
        if last["Ready"].0 == "True" {
            let text = format!("{last:?}");
            ensure!(!text.contains("hunter2"), "{text}");
            return Ok(last);
        }
        tokio::time::sleep(LOOK).await;
    }
    bail!("Plugin/{name} did not become ready: {last:#?}\nhost: {}", world.host.last_words())
}
