//! The plugins of an offline plan: from Plugin documents, or all of a folder.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use codeflare_api::{Plugin, quantity};
use codeflare_documents::describe::EmittedKind;
use codeflare_engine::{Config, Engine, Isolation, Limits, LoadError, Role};
use codeflare_plan::seen::{PluginRole, SeenPlugin, Serving};
use sha2::{Digest, Sha256};

use super::left_out;
use super::read::Documents;
use crate::args::PlanArgs;
use crate::{Failure, output};

/// Plugins that can be asked.
pub(super) struct Catalog {
    pub(super) engine: Engine,
    /// As a decision sees them, by name.
    pub(super) seen: Vec<SeenPlugin>,
    loaded: HashMap<String, codeflare_engine::Plugin>,
}

impl Catalog {
    /// The plugins of the documents; where they have none, all of the folder.
    pub(super) async fn open(args: &PlanArgs, documents: &Documents) -> Result<Catalog, Failure> {
        let mut catalog = Catalog::empty(args)?;
        if documents.plugins.is_empty() {
            for file in wasm_files(&args.plugins)? {
                let name = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
                if left_out(&name)? {
                    let name = file.file_name().unwrap_or_default().display();
                    output::note(&format!("plugin {name}: the chart does not enable it, skipped"));
                } else {
                    catalog.add_file(name, &file).await?;
                }
            }
        }
        for plugin in &documents.plugins {
            catalog.add_object(plugin, documents, &args.plugins).await;
        }
        catalog.seen.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(catalog)
    }

    /// An engine without plugins.
    pub(super) fn empty(args: &PlanArgs) -> Result<Catalog, Failure> {
        let program =
            std::env::current_exe().map_err(|error| Failure::one(format!("failed to find this program: {error}")))?;
        let engine = Engine::new(Config {
            cache: args.cache.clone().unwrap_or_else(cache),
            compiler: vec![program.into(), "compile-plugin".into()],
            // For a moment, without credentials, on files that the user has named: a child
            // would cost its start, and would not work where seccomp cannot be had.
            isolation: Isolation::None,
            ..Config::default()
        })
        .map_err(Failure::one)?;
        Ok(Catalog { engine, seen: Vec::new(), loaded: HashMap::new() })
    }

    /// The plugin at a digest.
    pub(super) fn at(&self, digest: &str) -> Option<&codeflare_engine::Plugin> {
        self.loaded.get(digest)
    }

    /// Loads bytes for a role and keeps the plugin.
    pub(super) async fn load(&mut self, role: Role, bytes: Vec<u8>, limits: Limits) -> Result<Serving, LoadError> {
        let plugin = self.engine.load(role, Arc::from(bytes), limits).await?;
        let serving = Serving { digest: plugin.digest().to_owned(), description: plugin.description().clone() };
        self.loaded.insert(serving.digest.clone(), plugin);
        Ok(serving)
    }

    /// Kinds that some plugin may emit, in a fixed order.
    pub(super) fn declared(&self) -> Vec<EmittedKind> {
        let serving = self.seen.iter().filter_map(|plugin| plugin.ready.as_ref());
        let kinds: BTreeSet<_> = serving.flat_map(|serving| serving.description.all_kinds().cloned()).collect();
        kinds.into_iter().collect()
    }

    /// A file of the folder serves as what it is: a launcher claims what it describes.
    async fn add_file(&mut self, name: String, file: &Path) -> Result<(), Failure> {
        let failed = |error: &dyn std::fmt::Display| Failure::one(format!("{}: {error}", file.display()));
        let bytes = std::fs::read(file).map_err(|error| failed(&error))?;
        let mut roles = vec![Role::Progress, Role::SizingPolicy, Role::Launcher];
        let (role, serving) = loop {
            let Some(role) = roles.pop() else { return Ok(()) };
            match self.load(role, bytes.clone(), Limits::default()).await {
                Ok(serving) => break (role, serving),
                Err(LoadError::WrongWorld { .. }) if !roles.is_empty() => {}
                Err(error) => return Err(failed(&error)),
            }
        };
        let frameworks = serving.description.frameworks.clone();
        let role = match role {
            Role::Launcher => PluginRole::Launcher(frameworks),
            Role::SizingPolicy => PluginRole::SizingPolicy,
            Role::Progress => PluginRole::Progress(frameworks),
        };
        let (priority, settings, trouble) = (100, serde_json::Map::new(), String::new());
        self.seen.push(SeenPlugin {
            name,
            role,
            priority,
            settings,
            namespace_selector: None,
            grants: Vec::new(),
            ready: Some(serving),
            trouble,
        });
        Ok(())
    }

    /// A Plugin as the cluster would have it: one that cannot serve says why.
    async fn add_object(&mut self, plugin: &Plugin, documents: &Documents, folder: &Path) {
        let spec = &plugin.spec;
        let role = PluginRole::of(spec).unwrap_or(PluginRole::SizingPolicy);
        let engine_role = engine_role(&role);
        let loaded = match bytes(plugin, documents, folder).and_then(|bytes| Ok((bytes, limits(plugin)?))) {
            Ok((bytes, limits)) => self.load(engine_role, bytes, limits).await.map_err(|error| error.to_string()),
            Err(trouble) => Err(trouble),
        };
        let (ready, trouble) = match loaded {
            Ok(serving) => (Some(serving), String::new()),
            Err(trouble) => (None, trouble),
        };
        self.seen.push(SeenPlugin {
            name: plugin.metadata.name.clone().unwrap_or_default(),
            role,
            priority: spec.priority,
            settings: spec.settings.clone().unwrap_or_default(),
            namespace_selector: spec.namespace_selector.clone(),
            grants: spec.grants.clone(),
            ready,
            trouble,
        });
    }
}

/// What the engine loads a role as.
fn engine_role(role: &PluginRole) -> Role {
    match role {
        PluginRole::Launcher(_) => Role::Launcher,
        PluginRole::SizingPolicy => Role::SizingPolicy,
        PluginRole::Progress(_) => Role::Progress,
    }
}

/// `.wasm` files of a folder, by name.
pub(super) fn wasm_files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |error: std::io::Error| {
        Failure::one(format!(
            "--plugins {}: failed to read the folder: {error}; name the folder that has the .wasm files",
            folder.display()
        ))
    };
    let entries: Result<Vec<_>, _> = std::fs::read_dir(folder).map_err(failed)?.collect();
    let mut files: Vec<_> = entries.map_err(failed)?.into_iter().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "wasm"));
    files.sort();
    Ok(files)
}

/// `sha256:…` of bytes.
pub(super) fn digest(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

fn bytes(plugin: &Plugin, documents: &Documents, folder: &Path) -> Result<Vec<u8>, String> {
    let source = &plugin.spec.source;
    let bytes = match (&source.file, &source.config_map) {
        (Some(file), None) => {
            let path =
                folder.join(Path::new(&file.path).file_name().ok_or("spec.source.file.path is not a file name")?);
            std::fs::read(&path)
                .map_err(|error| format!("spec.source.file.path: failed to read {}: {error}", path.display()))?
        }
        (None, Some(wanted)) => {
            let found = documents.config_maps.iter().find(|object| {
                object.metadata.name.as_ref() == Some(&wanted.name)
                    && object.metadata.namespace.as_ref() == Some(&wanted.namespace)
            });
            let found = found.ok_or_else(|| {
                format!(
                    "spec.source.configMap: the files have no ConfigMap/{} in namespace {}",
                    wanted.name, wanted.namespace
                )
            })?;
            let data = found.binary_data.as_ref().and_then(|data| data.get(&wanted.key));
            data.map(|bytes| bytes.0.clone()).ok_or_else(|| {
                format!("spec.source.configMap.key: ConfigMap/{} has no binaryData `{}`", wanted.name, wanted.key)
            })?
        }
        _ => return Err("spec.source must have exactly one of configMap and file".to_owned()),
    };
    match &plugin.spec.digest {
        Some(wanted) if *wanted != digest(&bytes) => {
            Err(format!("spec.digest is {wanted}, but the bytes have {}", digest(&bytes)))
        }
        None if source.file.is_none() => {
            Err("spec.digest is required unless the source is a file of the host's image".to_owned())
        }
        _ => Ok(bytes),
    }
}

fn limits(plugin: &Plugin) -> Result<Limits, String> {
    let mut limits = Limits::default();
    let Some(wanted) = &plugin.spec.limits else { return Ok(limits) };
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

/// Compiled plugins of this user.
fn cache() -> PathBuf {
    let home = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = home("XDG_CACHE_HOME").or_else(|| home("HOME").map(|home| home.join(".cache")));
    base.unwrap_or_else(std::env::temp_dir).join("codeflare").join("plugins")
}
