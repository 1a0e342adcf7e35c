//! Compiled code and component bytes on disk.
//!
//! ```text
//! <cache>/code/<engine and configuration>/<sha256>.cwasm   mode 0600, sealed
//! <cache>/components/<sha256>.wasm                          content-addressed
//! ```
//!
//! Loading compiled code trusts it: changed bytes are arbitrary code. So only files are
//! taken that our own user wrote under a directory that nobody else can enter, and whose
//! seal (a SHA-256 behind the code) fits. Whatever does not is compiled again.

use std::fs::{self, DirBuilder, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::TempPath;

use crate::error::EngineError;

const SEAL: usize = 32;

/// The cache of one engine.
#[derive(Debug)]
pub(crate) struct Cache {
    code: PathBuf,
    components: PathBuf,
}

impl Cache {
    /// Makes the directories, private to this user.
    ///
    /// # Errors
    /// If they cannot be made, or if others can write to them.
    pub(crate) fn open(root: &Path, engine: &wasmtime::Engine) -> Result<Self, EngineError> {
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let cache = Cache {
            code: root.join("code").join(format!("{:016x}", hasher.finish())),
            components: root.join("components"),
        };
        for path in [&root.join("code"), &cache.code, &cache.components] {
            private(path)?;
        }
        Ok(cache)
    }

    /// The compiled code of a digest, if there is some that can be trusted.
    pub(crate) fn code(&self, hex: &str) -> Option<Vec<u8>> {
        let mut bytes = read_own(&self.code_path(hex)).ok()?;
        let at = bytes.len().checked_sub(SEAL)?;
        let seal = bytes.split_off(at);
        (Sha256::digest(&bytes)[..] == seal[..]).then_some(bytes)
    }

    /// Removes code that did not load.
    pub(crate) fn forget(&self, hex: &str) {
        if let Err(error) = fs::remove_file(self.code_path(hex)) {
            tracing::debug!(%error, digest = hex, "compiled code was not there to remove");
        }
    }

    /// A name for the compile child to write to; the file is removed with the value.
    pub(crate) fn scratch(&self) -> io::Result<TempPath> {
        Ok(tempfile::NamedTempFile::new_in(&self.code)?.into_temp_path())
    }

    /// Takes over what the child wrote.
    pub(crate) fn keep_code(&self, hex: &str, written: TempPath) -> io::Result<()> {
        written.persist(self.code_path(hex)).map_err(|e| e.error)
    }

    /// Component bytes as a file, for the compile child and for [`Cache::stored`].
    pub(crate) fn keep_component(&self, hex: &str, bytes: &[u8]) -> io::Result<PathBuf> {
        let path = self.components.join(format!("{hex}.wasm"));
        if self.stored(hex).is_none() {
            let mut file = tempfile::NamedTempFile::new_in(&self.components)?;
            file.write_all(bytes)?;
            file.as_file().sync_all()?;
            file.persist(&path).map_err(|e| e.error)?;
        }
        Ok(path)
    }

    /// Component bytes by digest, if they are there and are what the digest says.
    pub(crate) fn stored(&self, hex: &str) -> Option<Vec<u8>> {
        let bytes = read_own(&self.components.join(format!("{hex}.wasm"))).ok()?;
        (sha256(&bytes) == hex).then_some(bytes)
    }

    /// Removes the bytes of a component that turned out to be no plugin.
    pub(crate) fn forget_component(&self, hex: &str) {
        let path = self.components.join(format!("{hex}.wasm"));
        if let Err(error) = fs::remove_file(path) {
            tracing::debug!(%error, digest = hex, "component was not there to remove");
        }
    }

    fn code_path(&self, hex: &str) -> PathBuf {
        self.code.join(format!("{hex}.cwasm"))
    }
}

/// Writes code with its seal, readable by this user only.
pub(crate) fn write_sealed(path: &Path, code: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(code)?;
    file.write_all(&Sha256::digest(code))?;
    file.sync_all()
}

/// SHA-256 in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads a regular file that belongs to this user and that nobody else can read or write.
fn read_own(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = fs::File::open(path)?;
    let meta = file.metadata()?;
    if !meta.is_file() || !own(&meta) {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(meta.len()).unwrap_or(0));
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn own(meta: &fs::Metadata) -> bool {
    meta.uid() == rustix::process::geteuid().as_raw() && meta.mode() & 0o077 == 0
}

fn private(path: &Path) -> Result<(), EngineError> {
    let refused = |source| EngineError::Cache { path: path.into(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(refused)?;
    let meta = fs::symlink_metadata(path).map_err(refused)?;
    if meta.is_dir() && own(&meta) { Ok(()) } else { Err(EngineError::CacheOpen { path: path.into() }) }
}
