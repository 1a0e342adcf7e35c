//! Receives the pack of one commit into a file. I/O.

use std::io::Write as _;
use std::path::Path;

use bytes::Bytes;
use gix_hash::Kind;
use tempfile::NamedTempFile;
use tokio::sync::mpsc;

use super::lines::{Line, Lines, odd};
use super::protocol::{Server, text};
use super::session::Session;
use crate::error::FetchError;
use crate::limits::Limits;

/// Pieces that may wait to be written.
const AHEAD: usize = 16;
/// Bands that a server sends on: the pack, what it tells meanwhile, and what went wrong.
const PACK: u8 = 1;
const TELLS: u8 = 2;

/// A pack as it came, and the hash by which its objects are named.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) file: NamedTempFile,
    pub(crate) hash: Kind,
}

/// Fetches a commit and what belongs to it, into a file of the folder `into`.
pub(crate) async fn receive(
    session: &Session<'_>,
    server: &Server,
    commit: &str,
    limits: &Limits,
    into: &Path,
) -> Result<Received, FetchError> {
    if commit.len() != server.hash.len_in_hex() {
        let wanted = format!("commit {commit}");
        let why = "its commits have ids of another length".to_owned();
        return Err(FetchError::RefNotFound { host: session.host().to_owned(), wanted, why });
    }
    let body = server.fetch(commit).map_err(|flaw| odd(session.host(), flaw))?;
    let (sender, receiver) = mpsc::channel(AHEAD);
    let folder = into.to_owned();
    let writing = tokio::task::spawn_blocking(move || write(&folder, receiver));
    // The sender goes with it, however it ends: that ends the writing.
    let read = async {
        let mut lines = session.command(body, "the commit", limits.received).await?;
        read(&mut lines, session.host(), commit, sender).await
    };
    let read = read.await;
    let written = writing.await.map_err(|error| FetchError::NotKept(error.to_string()))?;
    // A disk that is full ends the reading too, so that it is told first.
    let file = written.map_err(|error| FetchError::NotKept(error.to_string()))?;
    read?;
    Ok(Received { file, hash: server.hash })
}

/// Reads the sections of the answer; the pack is the last.
async fn read(lines: &mut Lines<'_>, host: &str, commit: &str, sender: mpsc::Sender<Bytes>) -> Result<(), FetchError> {
    // Other sections tell what we know: that there is one commit.
    loop {
        match lines.next().await? {
            Some(Line::Data(line)) if text(line) == "packfile" => break,
            Some(Line::Data(line)) if line.starts_with(b"ERR ") => return Err(refused(host, commit)),
            Some(Line::Data(_) | Line::Delimiter) => {}
            Some(Line::Flush) | None => return Err(lines.odd("it sends no pack")),
        }
    }
    loop {
        match lines.next().await? {
            Some(Line::Data([PACK, data @ ..])) => {
                if sender.send(Bytes::copy_from_slice(data)).await.is_err() {
                    return Ok(());
                }
            }
            Some(Line::Data([TELLS, ..])) => {}
            Some(Line::Data(_)) => return Err(refused(host, commit)),
            Some(Line::Flush) => return Ok(()),
            Some(Line::Delimiter) => return Err(lines.odd("its pack has a part too many")),
            None => {
                let why = "the commit broke off".to_owned();
                return Err(FetchError::Unreachable { host: host.to_owned(), why });
            }
        }
    }
}

fn refused(host: &str, commit: &str) -> FetchError {
    FetchError::RefNotFound {
        host: host.to_owned(),
        wanted: format!("commit {commit}"),
        why: "it is not there, or the server gives only what a branch or tag names; name a branch or tag that has it"
            .to_owned(),
    }
}

fn write(into: &Path, mut receiver: mpsc::Receiver<Bytes>) -> std::io::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new().prefix(crate::UNFINISHED).tempfile_in(into)?;
    while let Some(piece) = receiver.blocking_recv() {
        file.write_all(&piece)?;
    }
    file.flush()?;
    Ok(file)
}
