//! Loads one Plugin: fetch, verify, compile, check its settings; each step a condition on
//! the object. What was loaded is kept before it serves.

use std::sync::Arc;

use codeflare_api::Plugin;
use codeflare_api::plugin::{Limits, PluginSpec};
use codeflare_api::quantity;
use codeflare_registry::Proof;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::ResourceExt;
use kube::api::Api;

use super::kept::{self, Sheet};
use super::report::{Outcome, Progress, Step, Trouble};
use super::store::Lack;
use super::versions::Version;
use super::{Catalog, PluginRole};
use crate::api::within;

/// Loads a Plugin and takes in how that went.
pub(super) async fn load(catalog: Arc<Catalog>, plugin: Arc<Plugin>, role: PluginRole) {
    let mut progress = Progress::default();
    let loaded = steps(&catalog, &plugin, &role, &mut progress).await;
    let outcome = |progress, trouble| Outcome::new(plugin.metadata.generation, progress, trouble);
    let trouble = match loaded {
        Ok((version, bytes, proof)) => {
            catalog.leads().await;
            // Until it serves, or else whoever tends the store might take it for needless.
            let turn = catalog.store.turn().await;
            let mut kept = catalog.store.keep(&turn, &version.sheet, &bytes).await;
            if let (Ok(()), Some(proof)) = (&kept, &proof) {
                kept = catalog.store.keep_proof(&turn, &version.sheet.digest, proof).await;
            }
            match kept {
                Ok(()) => return catalog.settle(&plugin, outcome(progress, None), Some(version)),
                Err(why) => Trouble { reason: "NotKept".to_owned(), why: format!("its bytes cannot be kept: {why}") },
            }
        }
        Err(trouble) => trouble,
    };
    tracing::warn!(
        plugin = plugin.name_any(),
        reason = trouble.reason,
        trouble = trouble.why,
        "a plugin does not serve"
    );
    let last_good = catalog.last_good(&plugin, &role).await;
    catalog.settle(&plugin, outcome(progress, Some(trouble)), last_good);
}

/// A version that can serve, its bytes, and what shows who signed them where that was asked.
async fn steps(
    catalog: &Catalog,
    plugin: &Plugin,
    role: &PluginRole,
    progress: &mut Progress,
) -> Result<(Version, Arc<[u8]>, Option<Proof>), Trouble> {
    let spec = &plugin.spec;
    let (bytes, proof) = match &spec.source.oci {
        Some(source) => {
            let pulled = catalog.pulled(&plugin.name_any(), spec, source, progress).await?;
            (pulled.bytes, pulled.proof)
        }
        None => (at_hand(catalog, plugin, progress).await?, None),
    };
    verify(spec, &bytes).map_err(|why| progress.failed(Step::Verified, "DigestMismatch", why))?;
    progress.done(Step::Verified, if proof.is_some() { "SignatureMatches" } else { "DigestMatches" }, "");
    let limits = limits(spec.limits.as_ref()).map_err(|why| progress.failed(Step::Compiled, "LimitsInvalid", why))?;
    let bytes: Arc<[u8]> = bytes.into();
    let role = engine_role(role);
    let loaded = catalog.engine.load(role, bytes.clone(), limits).await;
    let loaded = loaded.map_err(|error| progress.failed(Step::Compiled, error.reason(), error.to_string()))?;
    progress.done(Step::Compiled, "Compiled", "");
    // Decided anew wherever the plugin would be used; here the admin reads it.
    let settings = spec.settings.clone().unwrap_or_default().into();
    let misfits = codeflare_plan::schema::faults(&loaded.description().settings_schema, &settings, "/spec/settings");
    if !misfits.is_empty() {
        let why: Vec<_> = misfits.into_iter().map(|(at, why)| format!("{at}: {why}")).collect();
        return Err(progress.failed(Step::SettingsValid, "SettingsInvalid", why.join("; ")));
    }
    progress.done(Step::SettingsValid, "SettingsFit", "");
    let sheet = Sheet::new(&plugin.name_any(), loaded.digest(), role, limits, &bytes);
    Ok((Version::new(loaded, sheet), bytes, proof))
}

/// Bytes of a source in the cluster, or else those that were kept.
async fn at_hand(catalog: &Catalog, plugin: &Plugin, progress: &mut Progress) -> Result<Vec<u8>, Trouble> {
    match fetch(catalog, &plugin.spec).await {
        Ok(bytes) => {
            progress.done(Step::Fetched, "Fetched", "");
            Ok(bytes)
        }
        Err(why) => {
            let kept = match &plugin.spec.digest {
                Some(digest) => catalog.kept(&plugin.name_any(), digest).await,
                None => None,
            };
            let kept = kept.ok_or_else(|| progress.failed(Step::Fetched, "FetchFailed", why.clone()))?;
            progress.done(Step::Fetched, "Kept", &format!("{why}; the bytes of spec.digest were kept"));
            Ok(kept)
        }
    }
}

async fn fetch(catalog: &Catalog, spec: &PluginSpec) -> Result<Vec<u8>, String> {
    if let Some(file) = &spec.source.file {
        // The schema allows a bare file name only; this holds even past the schema.
        let name = std::path::Path::new(&file.path).file_name().ok_or("spec.source.file.path is not a file name")?;
        let path = catalog.sources.folder.join(name);
        return tokio::fs::read(&path)
            .await
            .map_err(|error| format!("spec.source.file.path: failed to read {}: {error}", file.path));
    }
    let source = spec.source.config_map.as_ref().ok_or("spec.source names nothing")?;
    let label = format!("ConfigMap/{} in namespace {}", source.name, source.namespace);
    let api = Api::<ConfigMap>::namespaced(catalog.client.clone(), &source.namespace);
    let object = within(api.get_opt(&source.name)).await.map_err(|error| format!("{label}: {}", error.words()))?;
    let object = object.ok_or_else(|| format!("spec.source.configMap: {label} does not exist"))?;
    let data = object.binary_data.unwrap_or_default().remove(&source.key);
    data.map(|bytes| bytes.0)
        .ok_or_else(|| format!("spec.source.configMap.key: {label} has no binaryData `{}`", source.key))
}

fn verify(spec: &PluginSpec, bytes: &[u8]) -> Result<(), String> {
    let found = kept::digest(bytes);
    match &spec.digest {
        Some(wanted) if *wanted != found => Err(format!("spec.digest is {wanted}, but the bytes have {found}")),
        _ => Ok(()),
    }
}

fn engine_role(role: &PluginRole) -> codeflare_engine::Role {
    match role {
        PluginRole::Launcher(_) => codeflare_engine::Role::Launcher,
        PluginRole::SizingPolicy => codeflare_engine::Role::SizingPolicy,
        PluginRole::Progress(_) => codeflare_engine::Role::Progress,
    }
}

fn limits(wanted: Option<&Limits>) -> Result<codeflare_engine::Limits, String> {
    let mut limits = codeflare_engine::Limits::default();
    let Some(wanted) = wanted else {
        return Ok(limits);
    };
    if let Some(time) = &wanted.time {
        limits.time = time.duration().ok_or("spec.limits.time is not a length of time, such as 2s")?;
    }
    if let Some(fuel) = wanted.fuel {
        limits.fuel = u64::try_from(fuel).map_err(|_| "spec.limits.fuel is negative")?;
    }
    if let Some(memory) = &wanted.memory {
        limits.memory = quantity::bytes(&memory.0).map_err(|error| format!("spec.limits.memory: {error}"))?;
    }
    if let Some(output) = &wanted.output {
        let bytes = quantity::bytes(&output.0).map_err(|error| format!("spec.limits.output: {error}"))?;
        limits.output = usize::try_from(bytes).map_err(|_| "spec.limits.output is too large")?;
    }
    Ok(limits)
}

impl Catalog {
    /// The bytes that `spec.digest` names, though their source is gone: the admin has named
    /// them, wherever they are.
    pub(super) async fn kept(&self, name: &str, digest: &str) -> Option<Vec<u8>> {
        if let Some(bytes) = self.engine.stored(digest) {
            return Some(bytes);
        }
        let sheet = self.store.sheet(name, digest).await.ok()?;
        match self.store.bytes(&sheet).await {
            Ok(bytes) => Some(bytes),
            Err(Lack::Lost(why)) => {
                tracing::error!(plugin = name, digest, why, "what was kept of a plugin cannot be used");
                None
            }
            Err(Lack::Unread(_)) => None,
        }
    }

    /// What served last of this very object, where this host has not seen it serve: it may
    /// have been started since.
    async fn last_good(&self, plugin: &Plugin, role: &PluginRole) -> Option<Version> {
        let name = plugin.name_any();
        if self.served_by(&name).is_some() {
            return None;
        }
        let status = plugin.status.as_ref().filter(|status| status.role.as_deref() == Some(role.name()))?;
        self.recall(&name, status.digest.as_deref()?, engine_role(role)).await
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;

    fn limited(by: Value) -> Result<codeflare_engine::Limits, String> {
        limits(Some(&serde_json::from_value(by).expect("should be limits")))
    }

    #[test]
    fn limits_of_a_plugin_are_those_of_its_calls() {
        let all = json!({"time": "2s", "fuel": 5000, "memory": "96Mi", "output": "2Ki"});
        let wanted =
            codeflare_engine::Limits { time: Duration::from_secs(2), fuel: 5000, memory: 96 << 20, output: 2048 };
        assert_eq!(limited(all), Ok(wanted));
        // What is not said is as usual.
        let usual = codeflare_engine::Limits::default();
        assert_eq!(limited(json!({"fuel": 5000})), Ok(codeflare_engine::Limits { fuel: 5000, ..usual }));
        assert_eq!(limits(None), Ok(usual));
        for (by, field) in [
            (json!({"time": "soon"}), "spec.limits.time"),
            (json!({"fuel": -1}), "spec.limits.fuel"),
            (json!({"memory": "much"}), "spec.limits.memory"),
            (json!({"output": "1K B"}), "spec.limits.output"),
        ] {
            let said = limited(by).expect_err(field);
            assert!(said.starts_with(field), "{said}");
        }
    }

    #[test]
    fn other_bytes_than_the_digest_names_are_refused() {
        let spec = |digest: Option<String>| -> PluginSpec {
            let source = json!({"file": {"path": "a.wasm"}});
            serde_json::from_value(json!({"source": source, "sizingPolicy": {}, "digest": digest}))
                .expect("should be a spec")
        };
        let right = kept::digest(b"bytes");
        assert_eq!(verify(&spec(None), b"bytes"), Ok(()));
        assert_eq!(verify(&spec(Some(right.clone())), b"bytes"), Ok(()));
        let said = verify(&spec(Some(right.clone())), b"other").expect_err("should be refused");
        assert_eq!(said, format!("spec.digest is {right}, but the bytes have {}", kept::digest(b"other")));
    }
}
