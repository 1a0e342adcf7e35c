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

use std::fs::{self, DirBuilder};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

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

    /// The compiled code of a digest, if there is some that only this user could write.
    pub(crate) fn code(&self, hex: &str) -> Option<Code> {
        Some(Code(Arc::new(open_own(&self.code_path(hex)).ok()?)))
    }

    /// Removes code that did not load.
    pub(crate) fn forget(&self, hex: &str) {
        if let Err(error) = fs::remove_file(self.code_path(hex)) {
            tracing::debug!(%error, digest = hex, "compiled code was not there to remove");
        }
    }

    /// A file for the compile child to write to; it goes with the value.
    pub(crate) fn scratch(&self) -> io::Result<NamedTempFile> {
        NamedTempFile::new_in(&self.code)
    }

    /// Seals what the compile child has written, and keeps it. Piece by piece: code may be
    /// large. Says how many bytes there are.
    pub(crate) fn keep_code(&self, hex: &str, mut written: NamedTempFile) -> io::Result<u64> {
        let mut hash = Sha256::new();
        let mut piece = vec![0; 64 << 10];
        let mut bytes = 0;
        written.rewind()?;
        loop {
            let read = written.read(&mut piece)?;
            if read == 0 {
                break;
            }
            hash.update(piece.get(..read).unwrap_or_default());
            bytes += u64::try_from(read).unwrap_or(u64::MAX);
        }
        written.write_all(&hash.finalize())?;
        written.as_file().sync_all()?;
        written.persist(self.code_path(hex)).map_err(|e| e.error)?;
        Ok(bytes)
    }

    /// Component bytes as a file, for the compile child and for [`Cache::stored`].
    pub(crate) fn keep_component(&self, hex: &str, bytes: &[u8]) -> io::Result<fs::File> {
        let path = self.components.join(format!("{hex}.wasm"));
        if self.stored(hex).is_none() {
            let mut file = NamedTempFile::new_in(&self.components)?;
            file.write_all(bytes)?;
            file.as_file().sync_all()?;
            file.persist(&path).map_err(|e| e.error)?;
        }
        fs::File::open(path)
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

/// Sealed code in a file that stays readable while it is held, also when its cache is gone.
#[derive(Clone, Debug)]
pub(crate) struct Code(Arc<fs::File>);

impl Code {
    /// The code, if its seal fits.
    pub(crate) fn read(&self) -> io::Result<Vec<u8>> {
        let len = usize::try_from(self.0.metadata()?.len()).map_err(io::Error::other)?;
        let mut bytes = vec![0; len];
        self.0.read_exact_at(&mut bytes, 0)?;
        let at = len.checked_sub(SEAL).ok_or(io::ErrorKind::UnexpectedEof)?;
        let seal = bytes.split_off(at);
        if Sha256::digest(&bytes)[..] == seal[..] { Ok(bytes) } else { Err(io::ErrorKind::InvalidData.into()) }
    }
}

/// SHA-256 in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Opens a regular file that belongs to this user and that nobody else can read or write.
fn open_own(path: &Path) -> io::Result<fs::File> {
    let file = fs::File::open(path)?;
    let meta = file.metadata()?;
    if !meta.is_file() || !own(&meta) {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    Ok(file)
}

fn read_own(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_own(path)?.read_to_end(&mut bytes)?;
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
