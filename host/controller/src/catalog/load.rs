//! Loads one Plugin: fetch, verify, compile; each step a condition on the object.

use std::sync::Arc;

use codeflare_api::Plugin;
use codeflare_api::plugin::{Limits, PluginSpec};
use codeflare_api::quantity;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::ResourceExt;
use kube::api::Api;
use sha2::{Digest, Sha256};

use super::report::{Progress, report};
use super::{Catalog, PluginRole};
use crate::api::within;

/// Loads a Plugin and says on it how that went.
pub(super) async fn load(catalog: Arc<Catalog>, plugin: Arc<Plugin>, role: PluginRole) {
    let mut progress = Progress::default();
    let result = steps(&catalog, &plugin.spec, &role, &mut progress).await;
    if let Err(trouble) = &result {
        tracing::warn!(plugin = plugin.name_any(), %trouble, "a plugin does not serve");
    }
    report(&catalog.client, &plugin, &progress, result.as_ref()).await;
    catalog.settle(&plugin, result);
}

async fn steps(
    catalog: &Catalog,
    spec: &PluginSpec,
    role: &PluginRole,
    progress: &mut Progress,
) -> Result<codeflare_engine::Plugin, String> {
    let bytes = fetch(catalog, spec).await.inspect_err(|why| progress.fetched("FetchFailed", why))?;
    progress.fetched("Fetched", "");
    verify(spec, &bytes).inspect_err(|why| progress.verified("DigestMismatch", why))?;
    progress.verified("DigestMatches", "");
    let limits = limits(spec.limits.as_ref()).inspect_err(|why| progress.compiled("LimitsInvalid", why))?;
    match catalog.engine.load(engine_role(role), bytes.into(), limits).await {
        Ok(loaded) => {
            progress.compiled("Compiled", "");
            // Decided anew wherever the plugin would be used; here the admin reads it.
            let settings = spec.settings.clone().unwrap_or_default().into();
            let misfits =
                codeflare_plan::schema::faults(&loaded.description().settings_schema, &settings, "/spec/settings");
            let why: Vec<_> = misfits.into_iter().map(|(at, why)| format!("{at}: {why}")).collect();
            let why = why.join("; ");
            let fit = if why.is_empty() { "SettingsFit" } else { "SettingsInvalid" };
            progress.settings(fit, &why);
            if why.is_empty() { Ok(loaded) } else { Err(why) }
        }
        Err(error) => {
            let why = error.to_string();
            progress.compiled(error.reason(), &why);
            Err(why)
        }
    }
}

async fn fetch(catalog: &Catalog, spec: &PluginSpec) -> Result<Vec<u8>, String> {
    if let Some(file) = &spec.source.file {
        // The schema allows a bare file name only; this holds even past the schema.
        let name = std::path::Path::new(&file.path).file_name().ok_or("spec.source.file.path is not a file name")?;
        let path = catalog.folder.join(name);
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
    let found: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    match &spec.digest {
        Some(wanted) if *wanted != format!("sha256:{found}") => {
            Err(format!("spec.digest is {wanted}, but the bytes have sha256:{found}"))
        }
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
    /// A version that is kept on disk though no Plugin names it any more.
    pub(super) async fn load_kept(&self, name: &str, digest: &str) -> Option<codeflare_engine::Plugin> {
        let bytes = self.engine.stored(digest)?;
        let known = self
            .entries
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .get(name)
            .map(|entry| entry.role.clone());
        let role = match known {
            Some(role) => engine_role(&role),
            None => codeflare_engine::Role::Launcher,
        };
        match self.engine.load(role, bytes.into(), codeflare_engine::Limits::default()).await {
            Ok(plugin) => {
                let mut versions = self.versions.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                versions.insert(digest.to_owned(), plugin.clone());
                Some(plugin)
            }
            Err(error) => {
                tracing::warn!(plugin = name, digest, %error, "a kept version cannot be loaded");
                None
            }
        }
    }
}
