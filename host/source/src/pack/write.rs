//! Writes one folder of a commit as a tar. I/O.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use gix_hash::ObjectId;
use sha2::{Digest as _, Sha256};
use tar::{Builder, EntryType, Header};
use tempfile::NamedTempFile;

use super::objects::{Objects, What};
use super::tree::{self, Entry, Mode};
use super::{Order, Pack};
use crate::error::FetchError;

/// Folders within folders.
const DEEP: usize = 100;
/// Submodules that are told of.
const TOLD: usize = 10;

/// Packs the folder that the order names.
pub(crate) fn tar(objects: &mut Objects, order: &Order) -> Result<Pack, FetchError> {
    let root = find(objects, order)?;
    let file = tempfile::Builder::new().prefix(crate::UNFINISHED).tempfile_in(&order.into).map_err(failed)?;
    let hashed = Hashed { file: BufWriter::with_capacity(1 << 16, file), hash: Sha256::new(), bytes: 0 };
    let builder = Builder::new(hashed);
    let mut walk = Walk { objects, order, builder, unpacked: 0, files: 0, submodules: Vec::new(), buffer: Vec::new() };
    walk.folder(&root, &mut Vec::new(), 0)?;
    let Walk { builder, files, submodules, .. } = walk;
    let Hashed { file, hash, bytes } = builder.into_inner().map_err(failed)?;
    let file = file.into_inner().map_err(|error| failed(error.into_error()))?;
    let hex: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Pack { file: file.into_temp_path(), digest: format!("sha256:{hex}"), bytes, files, submodules })
}

fn failed(error: io::Error) -> FetchError {
    FetchError::NotKept(error.to_string())
}

/// The tree of the folder.
fn find(objects: &mut Objects, order: &Order) -> Result<ObjectId, FetchError> {
    let mut buffer = Vec::new();
    let missing = |why: &str| FetchError::RefNotFound {
        host: order.host.clone(),
        wanted: format!("commit {}", order.commit),
        why: why.to_owned(),
    };
    let id = ObjectId::from_hex(order.commit.as_bytes()).map_err(|_| missing("that is no id of a commit"))?;
    match objects.find(&id, &mut buffer).map_err(|why| order.odd(why))? {
        Some(What::Commit) => {}
        Some(_) => return Err(missing("what has that id is no commit; see spec.ref")),
        None => return Err(order.odd("it sent another commit than it was asked for")),
    }
    let mut at = tree::tree_of(&buffer).ok_or_else(|| order.odd("its commit names no folder"))?;
    let mut above = String::new();
    for part in order.path.split('/').filter(|part| !part.is_empty()) {
        let no = |why: &str| {
            let why = if above.is_empty() { format!("{part:?} {why}") } else { format!("{part:?} in {above:?} {why}") };
            FetchError::DirectoryNotFound { commit: order.commit.clone(), path: order.path.clone(), why }
        };
        let entries = read(objects, &at, order, &mut buffer)?;
        let entry =
            entries.into_iter().find(|entry| entry.name == part.as_bytes()).ok_or_else(|| no("is not there"))?;
        at = match entry.mode {
            Mode::Folder => entry.id,
            Mode::File | Mode::Executable => return Err(no("is a file")),
            Mode::Link => return Err(no("is a link; name the folder itself")),
            Mode::Submodule => return Err(no("is a submodule; name its own repository in spec.repo")),
        };
        if !above.is_empty() {
            above.push('/');
        }
        above.push_str(part);
    }
    Ok(at)
}

fn read(objects: &mut Objects, id: &ObjectId, order: &Order, buffer: &mut Vec<u8>) -> Result<Vec<Entry>, FetchError> {
    match objects.find(id, buffer).map_err(|why| order.odd(why))? {
        Some(What::Tree) => tree::entries(buffer, objects.hash()).map_err(|why| order.odd(why)),
        _ => Err(order.odd("its pack lacks a folder of the commit")),
    }
}

struct Walk<'a> {
    objects: &'a mut Objects,
    order: &'a Order,
    builder: Builder<Hashed>,
    unpacked: u64,
    files: u64,
    submodules: Vec<String>,
    buffer: Vec<u8>,
}

impl Walk<'_> {
    /// What is in a folder, each under its path.
    fn folder(&mut self, id: &ObjectId, path: &mut Vec<u8>, depth: usize) -> Result<(), FetchError> {
        let order = self.order;
        if depth > DEEP {
            return Err(order.too_large("it has folders within folders", DEEP as u64, "of them"));
        }
        for entry in read(self.objects, id, order, &mut self.buffer)? {
            order.in_time()?;
            self.files += 1;
            if self.files > order.limits.files {
                return Err(order.too_large("the folder has too many files", order.limits.files, "files and folders"));
            }
            let before = path.len();
            if before > 0 {
                path.push(b'/');
            }
            path.extend_from_slice(&entry.name);
            self.entry(&entry, path, depth)?;
            if entry.mode == Mode::Folder {
                self.folder(&entry.id, path, depth + 1)?;
            }
            path.truncate(before);
        }
        Ok(())
    }

    fn entry(&mut self, entry: &Entry, path: &[u8], depth: usize) -> Result<(), FetchError> {
        match entry.mode {
            Mode::File => self.file(entry, path, 0o644),
            Mode::Executable => self.file(entry, path, 0o755),
            Mode::Link => self.link(entry, path, depth),
            Mode::Folder => self.put(&mut head(EntryType::Directory, 0o755, 0), path, false),
            Mode::Submodule => {
                if self.submodules.len() < TOLD {
                    self.submodules.push(shown(path));
                }
                self.put(&mut head(EntryType::Directory, 0o755, 0), path, false)
            }
        }
    }

    fn file(&mut self, entry: &Entry, path: &[u8], mode: u32) -> Result<(), FetchError> {
        let order = self.order;
        let size = match self.objects.size(&entry.id) {
            Some((What::Blob, size)) => size,
            _ => return Err(order.odd("its pack lacks a file of the commit")),
        };
        self.unpacked = self.unpacked.saturating_add(size);
        if self.unpacked > order.limits.unpacked {
            return Err(order.too_large("the folder is too large", order.limits.unpacked, "bytes"));
        }
        self.blob(&entry.id)?;
        self.put(&mut head(EntryType::Regular, mode, size), path, true)
    }

    fn link(&mut self, entry: &Entry, path: &[u8], depth: usize) -> Result<(), FetchError> {
        let order = self.order;
        match self.objects.size(&entry.id) {
            Some((What::Blob, size)) if size <= tree::TARGET => {}
            Some((What::Blob, _)) => {
                let target = "a name that is longer than any".to_owned();
                return Err(FetchError::LinkOutside { path: shown(path), target });
            }
            _ => return Err(order.odd("its pack lacks a link of the commit")),
        }
        self.blob(&entry.id)?;
        if !tree::stays(&self.buffer, depth) {
            return Err(FetchError::LinkOutside { path: shown(path), target: shown(&self.buffer) });
        }
        let (path, target) = (as_path(path), as_path(&self.buffer));
        self.builder.append_link(&mut head(EntryType::Symlink, 0o777, 0), path, target).map_err(failed)
    }

    fn blob(&mut self, id: &ObjectId) -> Result<(), FetchError> {
        let found = self.objects.find(id, &mut self.buffer).map_err(|why| self.order.odd(why))?;
        if found == Some(What::Blob) { Ok(()) } else { Err(self.order.odd("its pack lacks a file of the commit")) }
    }

    fn put(&mut self, head: &mut Header, path: &[u8], content: bool) -> Result<(), FetchError> {
        let bytes = if content { self.buffer.as_slice() } else { &[] };
        self.builder.append_data(head, as_path(path), bytes).map_err(failed)
    }
}

/// The same wherever it is made: no time, no owner.
fn head(kind: EntryType, mode: u32, size: u64) -> Header {
    let mut head = Header::new_gnu();
    head.set_entry_type(kind);
    head.set_mode(mode);
    head.set_size(size);
    head.set_mtime(0);
    head.set_uid(0);
    head.set_gid(0);
    head
}

fn as_path(bytes: &[u8]) -> &Path {
    Path::new(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(bytes))
}

/// For messages.
fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().take(200).collect()
}

/// A file whose bytes are hashed on their way.
struct Hashed {
    file: BufWriter<NamedTempFile<File>>,
    hash: Sha256,
    bytes: u64,
}

impl Write for Hashed {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.file.write(buffer)?;
        self.hash.update(buffer.get(..written).unwrap_or_default());
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
