//! The version of a plugin that a Run was launched by: in memory, on disk, in the store; or
//! else, and only then, the present one of the same Plugin.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use codeflare_api::Reason;
use codeflare_engine::{Limits, LoadError, Role};
use codeflare_plan::stop::Problem;

use super::Catalog;
use super::collect::Needs;
use super::health::Health;
use super::kept::Sheet;
use super::store::Lack;

/// When bytes that were lost are looked for again: somebody may bring them back.
const AGAIN: Duration = Duration::from_secs(30);

/// A plugin that was loaded, and what is kept of it.
#[derive(Clone)]
pub(super) struct Version {
    pub(super) plugin: codeflare_engine::Plugin,
    pub(super) sheet: Arc<Sheet>,
    health: Arc<Mutex<Health>>,
}

impl Version {
    /// One that has not failed yet.
    pub(super) fn new(plugin: codeflare_engine::Plugin, sheet: Sheet) -> Version {
        Version { plugin, sheet: Arc::new(sheet), health: Arc::default() }
    }

    /// How it does.
    pub(super) fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Name of a Plugin, and a digest.
type Key = (String, String);
/// Held by whoever looks for a version.
type Turn = Arc<tokio::sync::Mutex<()>>;

/// Versions by Plugin and digest.
#[derive(Default)]
pub(super) struct Versions {
    known: Mutex<HashMap<Key, Known>>,
    /// One at a time looks for a version, however many Runs ask for it.
    looking: Mutex<HashMap<Key, Turn>>,
}

#[derive(Clone)]
enum Known {
    Loaded(Version),
    /// Nothing has its bytes: since when, and why.
    Lost(Instant, String),
}

/// Who answers for a version.
pub(super) struct Speaker {
    pub(super) version: Version,
    /// Why it is not the version that was asked for; none where it is.
    pub(super) instead: Option<String>,
}

impl Versions {
    /// Takes in a version that was loaded.
    pub(super) fn insert(&self, name: &str, version: &Version) {
        let key = (name.to_owned(), version.plugin.digest().to_owned());
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(key, Known::Loaded(version.clone()));
    }

    /// Lets go of what nobody needs: it can be loaded again for as long as it is kept.
    pub(super) fn forget(&self, needs: &Needs) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).retain(|(_, digest), _| needs.has(digest));
        self.looking.lock().unwrap_or_else(PoisonError::into_inner).retain(|(_, digest), _| needs.has(digest));
    }

    fn get(&self, key: &Key) -> Option<Known> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(key).filter(|known| !matches!(known, Known::Lost(since, _) if since.elapsed() > AGAIN)).cloned()
    }

    fn set(&self, key: Key, known: Known) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(key, known);
    }

    fn turn(&self, key: &Key) -> Turn {
        self.looking.lock().unwrap_or_else(PoisonError::into_inner).entry(key.clone()).or_default().clone()
    }
}

impl Catalog {
    /// The plugin at a digest, with the role that is needed of it: loaded before, kept on
    /// disk or in the store, or else the present version of the same Plugin, which is told
    /// of. Another Plugin's never answers.
    ///
    /// # Errors
    /// Where nothing answers, or where it cannot be known now whether the bytes are there.
    pub(super) async fn at(&self, name: &str, digest: &str, role: Role) -> Result<Speaker, Problem> {
        let known = self.version(name, digest, role).await.map_err(|call| {
            let message =
                format!("the bytes of {digest} cannot be read from what is kept of plugins: {}", call.words());
            Problem::new(Reason::ApiUnavailable, format!("Plugin/{name}"), "", message)
        })?;
        let why = match known {
            Known::Loaded(version) => return Ok(Speaker { version, instead: None }),
            Known::Lost(_, why) => why,
        };
        match self.served_by(name) {
            Some(present) => {
                let now = present.plugin.digest();
                let instead = format!("{digest} of plugin {name} is lost ({why}), so that {now} answers for it");
                Ok(Speaker { version: present, instead: Some(instead) })
            }
            None => {
                let message = format!(
                    "the bytes of {digest} are lost ({why}), and the Plugin serves no other version; mend the Plugin"
                );
                Err(Problem::new(Reason::LauncherNotReady, format!("Plugin/{name}"), "", message))
            }
        }
    }

    /// A version by its digest alone; none where nothing has it, or none can say now.
    pub(super) async fn recall(&self, name: &str, digest: &str, role: Role) -> Option<Version> {
        match self.version(name, digest, role).await {
            Ok(Known::Loaded(version)) => Some(version),
            Ok(Known::Lost(..)) | Err(_) => None,
        }
    }

    async fn version(&self, name: &str, digest: &str, role: Role) -> Result<Known, crate::error::Call> {
        let key = (name.to_owned(), digest.to_owned());
        if let Some(known) = self.versions.get(&key) {
            return Ok(known);
        }
        let turn = self.versions.turn(&key);
        let _held = turn.lock().await;
        if let Some(known) = self.versions.get(&key) {
            return Ok(known);
        }
        let known = match self.look_for(name, digest, role).await {
            Ok(version) => {
                tracing::info!(plugin = name, digest, "a version that no Plugin serves is loaded from what was kept");
                Known::Loaded(version)
            }
            Err(Lack::Lost(why)) => {
                tracing::error!(plugin = name, digest, why, "the bytes of a version are lost");
                Known::Lost(Instant::now(), why)
            }
            Err(Lack::Unread(call)) => return Err(call),
        };
        self.versions.set(key, known.clone());
        Ok(known)
    }

    /// The sheet says how it was loaded; the bytes are the same wherever they are.
    async fn look_for(&self, name: &str, digest: &str, role: Role) -> Result<Version, Lack> {
        let on_disk = self.engine.stored(digest);
        let (sheet, bytes) = match (self.store.sheet(name, digest).await, on_disk) {
            (Ok(sheet), Some(bytes)) => (sheet, bytes),
            (Ok(sheet), None) => {
                let bytes = self.store.bytes(&sheet).await?;
                (sheet, bytes)
            }
            // Loaded by a host that kept nothing yet.
            (Err(Lack::Lost(_)), Some(bytes)) => (Sheet::new(name, digest, role, Limits::default(), &bytes), bytes),
            (Err(lack), _) => return Err(lack),
        };
        match self.engine.load(sheet.role(), bytes.into(), sheet.limits()).await {
            Ok(plugin) => Ok(Version::new(plugin, sheet)),
            Err(LoadError::Host { why }) => Err(Lack::Unread(crate::error::Call::Write(why))),
            Err(error) => Err(Lack::Lost(format!("this host cannot load it: {error}"))),
        }
    }
}
