//! Unpacks a tar below a folder: files, links and folders that stay in it, and nothing else.
//! I/O.
//!
//! What is there already may have been changed by the program: nothing is written through a
//! link, and what stands in the way of a file is replaced.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, BufReader};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _, symlink};
use std::path::{Component, Path, PathBuf};

use tar::{Archive, EntryType};

use super::{Error, TAR, refused};
use crate::pack::stays;

/// Ending of a name while it is written.
const FRESH: &str = ".codeflare-new";

/// Unpacks; answers how many entries there were.
pub(super) fn unpack(tar: File, workdir: &Path) -> Result<u64, Error> {
    let unreadable = |error: io::Error| wrong(&[], &format!("cannot be read: {error}"));
    let mut archive = Archive::new(BufReader::with_capacity(1 << 16, tar));
    let mut count = 0;
    for entry in archive.entries().map_err(unreadable)? {
        let mut entry = entry.map_err(unreadable)?;
        let name = entry.path_bytes().into_owned();
        let (path, depth) = place(workdir, &name)?;
        let head = entry.header();
        let mode = if head.mode().map_err(unreadable)? & 0o111 == 0 { 0o644 } else { 0o755 };
        match head.entry_type() {
            EntryType::Directory => folder(&path, &name)?,
            EntryType::Regular => {
                fresh(&path, |fresh| {
                    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(fresh)?;
                    io::copy(&mut entry, &mut file)?;
                    // Whatever the umask says: other users of the pod read it too.
                    file.set_permissions(Permissions::from_mode(mode))
                })?;
            }
            EntryType::Symlink => {
                let target = entry.link_name_bytes().unwrap_or_default().into_owned();
                if !stays(&target, depth) {
                    return Err(wrong(&name, "a link that leads out of the source"));
                }
                fresh(&path, |fresh| symlink(OsStr::from_bytes(&target), fresh))?;
            }
            _ => return Err(wrong(&name, "neither file, link nor folder")),
        }
        count += 1;
    }
    Ok(count)
}

fn wrong(name: &[u8], what: &str) -> Error {
    Error::Unpack { name: String::from_utf8_lossy(name).chars().take(200).collect(), what: what.to_owned() }
}

/// Where an entry belongs, and how many folders are above it; these are made, and must be
/// folders.
fn place(workdir: &Path, name: &[u8]) -> Result<(PathBuf, usize), Error> {
    let mut path = workdir.to_owned();
    let (mut depth, mut parts) = (0, Path::new(OsStr::from_bytes(name)).components().peekable());
    if name.contains(&0) || parts.peek().is_none() || name == TAR.as_bytes() {
        return Err(wrong(name, "a name that nothing may have"));
    }
    while let Some(part) = parts.next() {
        let Component::Normal(part) = part else {
            return Err(wrong(name, "a name that leads out of the source"));
        };
        path.push(part);
        if parts.peek().is_some() {
            folder(&path, name)?;
            depth += 1;
        }
    }
    Ok((path, depth))
}

/// Makes a folder, or sees that there is one: a link is none.
fn folder(path: &Path, name: &[u8]) -> Result<(), Error> {
    match fs::create_dir(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let there = fs::symlink_metadata(path).map_err(|cause| refused(path, cause))?;
            if there.is_dir() {
                return Ok(());
            }
            let name = String::from_utf8_lossy(name).into_owned();
            return Err(Error::InTheWay { name, path: path.to_owned() });
        }
        Err(cause) => return Err(refused(path, cause)),
    }
    fs::set_permissions(path, Permissions::from_mode(0o755)).map_err(|cause| refused(path, cause))
}

/// Makes something under another name, and puts it in the place of what is there.
fn fresh(path: &Path, make: impl FnOnce(&Path) -> io::Result<()>) -> Result<(), Error> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    // A name may be as long as names can be.
    if name.len() + FRESH.len() > 255 {
        name = OsStr::from_bytes(b"long").to_owned();
    }
    name.push(FRESH);
    let fresh = path.with_file_name(name);
    let made = remove(&fresh).and_then(|()| make(&fresh)).and_then(|()| fs::rename(&fresh, path));
    made.map_err(|cause| {
        let _ = fs::remove_file(&fresh);
        refused(path, cause)
    })
}

/// Of a step that was killed; a link goes, what it names stays.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
