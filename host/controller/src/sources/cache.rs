//! Packs on disk, named after their digests and within a limit. Any of them may be lost at
//! any time: a recorded commit is fetched again where it is needed.
//!
//! Nothing of a file that an earlier process left is believed before it was read.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use codeflare_source::UNFINISHED;
use sha2::{Digest, Sha256};
use tempfile::TempPath;

/// Ending of a pack's file.
const ENDING: &str = "tar";

/// Packs by digest.
pub(super) struct Cache {
    folder: PathBuf,
    most: u64,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    packs: HashMap<String, Entry>,
    /// Counts uses: the pack whose use is longest ago goes first.
    clock: u64,
}

struct Entry {
    bytes: u64,
    used: u64,
    verified: bool,
}

impl Cache {
    /// Opens a folder, which is made if it is missing, for at most so many bytes.
    ///
    /// # Errors
    /// Where the folder cannot be made or read.
    pub(super) fn open(folder: &Path, most: u64) -> io::Result<Cache> {
        fs::create_dir_all(folder)?;
        let mut kept = Kept::default();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
            let name = path.file_stem().and_then(|name| name.to_str()).filter(|name| is_hex(name));
            if let (ENDING, Some(name)) = (ending, name) {
                let bytes = fs::symlink_metadata(&path)?.len();
                kept.packs.insert(name.to_owned(), Entry { bytes, used: 0, verified: false });
            } else if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(UNFINISHED)) {
                // Of a process that was killed.
                fs::remove_file(&path)?;
            }
        }
        let cache = Cache { folder: folder.to_owned(), most, kept: Mutex::new(kept) };
        cache.evict(&mut cache.kept(), 0);
        Ok(cache)
    }

    /// A cache in which nothing is ever kept.
    pub(super) fn closed() -> Cache {
        Cache { folder: PathBuf::new(), most: 0, kept: Mutex::default() }
    }

    /// Whether a pack seems to be there.
    pub(super) fn has(&self, digest: &str) -> bool {
        name(digest).is_some_and(|name| self.kept().packs.contains_key(name))
    }

    /// Bytes of all packs.
    pub(super) fn bytes(&self) -> u64 {
        self.kept().packs.values().map(|entry| entry.bytes).sum()
    }

    /// Where a pack is written that is then given to [`Cache::put`]: what is being written does
    /// not count yet.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Opens a pack, if it is there and is what it is called.
    pub(super) fn get(&self, digest: &str) -> Option<File> {
        let name = name(digest)?;
        let verified = {
            let mut kept = self.kept();
            kept.clock += 1;
            let now = kept.clock;
            let entry = kept.packs.get_mut(name)?;
            entry.used = now;
            entry.verified
        };
        let path = self.path(name);
        let opened = File::open(&path).and_then(|mut file| {
            if verified || of(&mut file)? == digest { Ok(file) } else { Err(io::ErrorKind::InvalidData.into()) }
        });
        match opened {
            Ok(file) => {
                if let Some(entry) = self.kept().packs.get_mut(name) {
                    entry.verified = true;
                }
                Some(file)
            }
            Err(error) => {
                tracing::warn!(%digest, %error, "a pack of the cache cannot be used, and is fetched again");
                self.kept().packs.remove(name);
                let _ = fs::remove_file(&path);
                None
            }
        }
    }

    /// Keeps a pack, for which others may go.
    ///
    /// # Errors
    /// Where it is larger than all that may be kept, or cannot be written.
    pub(super) fn put(&self, digest: &str, pack: TempPath) -> io::Result<()> {
        let name = name(digest).ok_or(io::ErrorKind::InvalidInput)?;
        let count = fs::symlink_metadata(&pack)?.len();
        if count > self.most {
            let why = format!("it has {count} bytes, and the cache of sources may have {}", self.most);
            return Err(io::Error::new(io::ErrorKind::StorageFull, why));
        }
        let mut kept = self.kept();
        if kept.packs.contains_key(name) {
            return Ok(());
        }
        self.evict(&mut kept, count);
        pack.persist(self.path(name)).map_err(|failed| failed.error)?;
        kept.clock += 1;
        let used = kept.clock;
        kept.packs.insert(name.to_owned(), Entry { bytes: count, used, verified: true });
        Ok(())
    }

    /// Removes packs until so many bytes have room.
    fn evict(&self, kept: &mut Kept, room: u64) {
        let mut total: u64 = kept.packs.values().map(|entry| entry.bytes).sum();
        while total.saturating_add(room) > self.most {
            let oldest = kept.packs.iter().min_by_key(|(name, entry)| (entry.used, (*name).clone()));
            let Some(name) = oldest.map(|(name, _)| name.clone()) else { return };
            let gone = kept.packs.remove(&name).map_or(0, |entry| entry.bytes);
            total = total.saturating_sub(gone);
            // Whoever reads it goes on: the file stays until it is closed.
            let _ = fs::remove_file(self.path(&name));
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.{ENDING}"))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file's name for a digest, which is never a path.
fn name(digest: &str) -> Option<&str> {
    digest.strip_prefix("sha256:").filter(|hex| is_hex(hex))
}

fn is_hex(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// Digest of a file, which is read from its beginning and left there.
fn of(file: &mut File) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            count => hash.update(buffer.get(..count).unwrap_or_default()),
        }
    }
    file.rewind()?;
    let hex: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("sha256:{hex}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

    use super::*;

    fn digest(bytes: &[u8]) -> String {
        let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        format!("sha256:{hex}")
    }

    fn put(cache: &Cache, digest: &str, bytes: &[u8]) -> io::Result<()> {
        let mut fresh = tempfile::NamedTempFile::new_in(cache.folder()).unwrap();
        io::Write::write_all(&mut fresh, bytes).unwrap();
        cache.put(digest, fresh.into_temp_path())
    }

    fn read(cache: &Cache, digest: &str) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        cache.get(digest)?.read_to_end(&mut bytes).unwrap();
        Some(bytes)
    }

    #[test]
    fn what_was_used_longest_ago_goes_first_and_the_limit_holds() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path(), 10).unwrap();
        let packs: Vec<_> = (0_u8..4).map(|n| vec![n; 4]).collect();
        put(&cache, &digest(&packs[0]), &packs[0]).unwrap();
        put(&cache, &digest(&packs[1]), &packs[1]).unwrap();
        assert_eq!(read(&cache, &digest(&packs[0])), Some(packs[0].clone()));
        let open = cache.get(&digest(&packs[1])).unwrap();
        assert!(cache.get(&digest(&packs[0])).is_some());
        put(&cache, &digest(&packs[2]), &packs[2]).unwrap();
        assert_eq!((read(&cache, &digest(&packs[1])), cache.bytes()), (None, 8));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        let mut left = Vec::new();
        let mut open = open;
        open.read_to_end(&mut left).unwrap();
        assert_eq!(left, packs[1], "whoever reads it goes on");
        assert_eq!(put(&cache, &digest(&[9; 11]), &[9; 11]).unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(cache.bytes(), 8, "nothing has gone for what does not fit");
    }

    #[test]
    fn a_new_process_takes_up_what_it_finds_and_believes_none_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let (good, bad) = (digest(b"good"), digest(b"bad"));
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write(&format!("{}.tar", &good[7..]), "good");
        write(&format!("{}.tar", &bad[7..]), "changed");
        write(&format!("{UNFINISHED}AbCdEf"), "half");
        write("of-others", "x");
        let cache = Cache::open(folder.path(), 100).unwrap();
        assert_eq!(cache.bytes(), 11);
        assert_eq!(read(&cache, &good), Some(b"good".to_vec()));
        assert_eq!((read(&cache, &bad), cache.bytes()), (None, 4));
        let mut left: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(left, [format!("{}.tar", &good[7..]), "of-others".to_owned()]);
        assert_eq!(Cache::open(folder.path(), 3).unwrap().bytes(), 0, "a smaller limit holds at once");
    }

    #[test]
    fn a_digest_is_never_a_path() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path(), 100).unwrap();
        let dots = format!("sha256:{}", "../".repeat(21) + "a");
        for digest in ["", "sha256:", "sha256:../../x", &dots, &"a".repeat(64), &format!("sha256:{}", "A".repeat(64))] {
            assert!(cache.get(digest).is_none() && put(&cache, digest, b"x").is_err(), "{digest}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
