//! What the init step of a pod does: the program's source into its folder, and its words
//! into a file beside the shim that runs them.
//!
//! It may run twice in one pod, and what it wrote the first time may have been changed by
//! the program meanwhile: it writes everything again, and through no link.

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

mod fetch;
mod unpack;

pub use fetch::Patience;

/// Name of the words' file, as the shim looks for it beside itself.
const ARGV: &str = "argv";
/// Name of the shim.
const EXEC: &str = "exec";
/// Name of the tar while it is downloaded, in the folder that it is unpacked into: there is
/// room, and maybe nowhere else.
const TAR: &str = ".codeflare-source.tar";

/// What is to be staged. The plan holds it, in a ConfigMap of the Run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Words that the shim runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub argv: Option<Vec<String>>,
    /// Folder in which the shim runs them; empty: where it is started itself.
    #[serde(default)]
    pub workdir: String,
    /// The program's source.
    #[serde(default)]
    pub files: Vec<File>,
    /// Source that the host has packed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fetch: Option<Fetch>,
}

/// A tar that the host serves.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fetch {
    /// Where it is; who knows it can read the source.
    pub url: String,
    /// SHA-256 of its bytes, `sha256:` and hexadecimal.
    pub digest: String,
    /// How many bytes it has.
    pub bytes: u64,
}

impl fmt::Debug for Fetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetch").field("digest", &self.digest).field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

/// One file of the source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Path below the folder.
    pub name: String,
    /// Its text.
    pub source: String,
}

/// Why something could not be staged.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The document cannot be read.
    #[error("failed to read {}: {cause}; it is written by the platform, so delete the Run and make it again", .path.display())]
    Document {
        /// Where it was looked for.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// A file's name leads out of the folder, or into another file.
    #[error("file {name:?}: {what}; change its name in spec.code of the Application")]
    Name {
        /// The file.
        name: String,
        /// What is wrong with its name.
        what: &'static str,
    },
    /// What stands in the way of a file.
    #[error("file {name:?}: {} is no folder; remove it, or make the Run again", .path.display())]
    InTheWay {
        /// The file.
        name: String,
        /// What should be a folder.
        path: PathBuf,
    },
    /// A word cannot be passed to any program.
    #[error("{0}; change command or options of the Application or the Run")]
    Words(String),
    /// Nothing is to be run, but the shim is asked for.
    #[error("there are no words to run; stage without --into")]
    NoWords,
    /// The source did not come.
    #[error("failed to fetch the source from {host}: {why}")]
    Fetch {
        /// Who serves it.
        host: String,
        /// Why it did not come.
        why: String,
    },
    /// What came cannot be unpacked.
    #[error(
        "failed to unpack the source: {name:?}: {what}; it is packed by the platform, so delete the Run and make it again"
    )]
    Unpack {
        /// Path within the source.
        name: String,
        /// What is wrong with it.
        what: String,
    },
    /// The system refused.
    #[error("failed to write {}: {cause}; see that it lies on a volume with room that uid {uid} may write", .path.display())]
    Write {
        /// What was being written.
        path: PathBuf,
        /// Who wrote.
        uid: u32,
        /// Why it failed.
        #[source]
        cause: io::Error,
    },
    /// The shim is not where it should be.
    #[error("failed to read the shim {}: {cause}; use the platform's own image for this step", .path.display())]
    Shim {
        /// Where it was looked for.
        path: PathBuf,
        /// Why it failed.
        #[source]
        cause: io::Error,
    },
}

/// One thing that is done, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// What was written.
    pub path: PathBuf,
    /// How many bytes it has.
    pub bytes: usize,
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "wrote {}, {} bytes", self.path.display(), self.bytes)
    }
}

/// Reads the document.
///
/// # Errors
/// Where it is not there, or is none.
pub fn read(path: &Path) -> Result<Stage, Error> {
    let failed = |cause: String| Error::Document { path: path.to_owned(), cause };
    let bytes = fs::read(path).map_err(|error| failed(error.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|error| failed(error.to_string()))
}

impl Stage {
    /// Writes the source below a folder, and tells of each file.
    ///
    /// # Errors
    /// With the first file that cannot be written; every name is looked at before any file
    /// is written.
    pub fn write_files(&self, workdir: &Path, mut tell: impl FnMut(Done)) -> Result<(), Error> {
        for file in &self.files {
            if let Some(what) = wrong_with(&file.name) {
                return Err(Error::Name { name: file.name.clone(), what });
            }
        }
        fs::create_dir_all(workdir).map_err(|cause| refused(workdir, cause))?;
        for file in &self.files {
            let path = folders(workdir, &file.name)?;
            // What begins so can be started by its name.
            let mode = if file.source.starts_with("#!") { 0o755 } else { 0o644 };
            replace(&path, file.source.as_bytes(), mode)?;
            tell(Done { path, bytes: file.source.len() });
        }
        Ok(())
    }

    /// Downloads the source that the host has packed and unpacks it into a folder. `tell`
    /// gets a line for each thing that is done, and for each try that failed.
    ///
    /// # Errors
    /// Where it does not come, is not what its digest says, or has something in it that
    /// leads out of the folder.
    pub fn fetch_source(&self, workdir: &Path, patience: &Patience, mut tell: impl FnMut(String)) -> Result<(), Error> {
        let Some(fetch) = &self.fetch else { return Ok(()) };
        fs::create_dir_all(workdir).map_err(|cause| refused(workdir, cause))?;
        let tar = workdir.join(TAR);
        let unpacked = fetch::download(fetch, &tar, patience, &mut tell).and_then(|file| {
            tell(format!("source: {} bytes came, digest {}", fetch.bytes, fetch.digest));
            unpack::unpack(file, workdir)
        });
        // Of no use to anybody any more, whatever came of it.
        let _ = fs::remove_file(&tar);
        tell(format!("source: unpacked {} files, links and folders into {}", unpacked?, workdir.display()));
        Ok(())
    }

    /// Writes the words and the shim that runs them into a folder.
    ///
    /// # Errors
    /// Where there are no words, one that cannot be passed, or no shim.
    pub fn write_exec(&self, shim: &Path, into: &Path, mut tell: impl FnMut(Done)) -> Result<(), Error> {
        let argv = self.argv.as_deref().filter(|argv| !argv.is_empty()).ok_or(Error::NoWords)?;
        let mut fields = vec![&self.workdir];
        fields.extend(argv);
        if let Some(place) = fields.iter().position(|field| field.contains('\0')) {
            let what = if place == 0 { "the folder".to_owned() } else { format!("word {place} of the program") };
            return Err(Error::Words(format!("{what} has a NUL, which no program can be given")));
        }
        let words = fields.into_iter().map(String::as_str).collect::<Vec<_>>().join("\0");
        let program = fs::read(shim).map_err(|cause| Error::Shim { path: shim.to_owned(), cause })?;
        fs::create_dir_all(into).map_err(|cause| refused(into, cause))?;
        for (name, bytes, mode) in [(ARGV, words.as_bytes(), 0o644), (EXEC, &program, 0o755)] {
            let path = into.join(name);
            replace(&path, bytes, mode)?;
            tell(Done { path, bytes: bytes.len() });
        }
        Ok(())
    }
}

/// What is wrong with a file's name, if anything is.
fn wrong_with(name: &str) -> Option<&'static str> {
    if name.starts_with('/') {
        Some("the path is absolute; files lie below the program's folder")
    } else if name.contains('\0') {
        Some("the name has a NUL")
    } else if name.split('/').any(|part| matches!(part, "" | "." | "..")) {
        Some("the path has an empty part, `.` or `..`")
    } else {
        None
    }
}

/// Makes the folders of a file, one by one: a link is none. Answers its path.
fn folders(workdir: &Path, name: &str) -> Result<PathBuf, Error> {
    let mut path = workdir.to_owned();
    let mut parts = name.split('/').peekable();
    while let Some(part) = parts.next() {
        path.push(part);
        if parts.peek().is_none() {
            break;
        }
        match fs::create_dir(&path) {
            Ok(()) => {
                fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).map_err(|cause| refused(&path, cause))?;
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let there = fs::symlink_metadata(&path).map_err(|cause| refused(&path, cause))?;
                if !there.is_dir() {
                    return Err(Error::InTheWay { name: name.to_owned(), path });
                }
            }
            Err(cause) => return Err(refused(&path, cause)),
        }
    }
    Ok(path)
}

/// Puts a file in the place of whatever is there: it appears whole or not at all, and a
/// link goes instead of being followed.
fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".codeflare-new");
    let fresh = path.with_file_name(name);
    let written = write_new(&fresh, bytes, mode).and_then(|()| fs::rename(&fresh, path));
    written.map_err(|cause| {
        let _ = fs::remove_file(&fresh);
        refused(path, cause)
    })
}

fn write_new(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    // Of a step that was killed; a link goes, what it names stays.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(bytes)?;
    // Whatever the umask says: other users of the pod read it too.
    file.set_permissions(fs::Permissions::from_mode(mode))
}

fn refused(path: &Path, cause: io::Error) -> Error {
    Error::Write { path: path.to_owned(), uid: uid(), cause }
}

/// The user of this process; `/proc/self` belongs to it.
fn uid() -> u32 {
    fs::metadata("/proc/self").map_or(u32::MAX, |own| std::os::unix::fs::MetadataExt::uid(&own))
}

#[cfg(test)]
mod tests;
