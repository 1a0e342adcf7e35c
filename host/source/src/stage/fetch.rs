//! Downloads what the host packed: in one piece or in several, until its digest is right.
//! I/O.
//!
//! The address is a secret of the Run: messages name its host only.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::Duration;

use codeflare_net::{Bound, Client, Incoming, NetError, Settings, host_of};
use http::header::{CONTENT_RANGE, HeaderValue, RANGE};
use http::{HeaderMap, Request, Response, Uri};
use http_body_util::Full;
use sha2::{Digest as _, Sha256};

use super::{Error, Fetch, refused};

/// How often other bytes may come than those that are wanted.
const WRONG: u32 = 3;
/// Bytes of what a refusal says.
const WORDS: u64 = 1024;

/// How often it is tried, and how long that may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Tries in a row that bring nothing.
    pub tries: u32,
    /// Pause after the first of them; each one after that is twice as long.
    pub pause: Duration,
    /// The longest pause.
    pub longest: Duration,
    /// How long nothing may come.
    pub stall: Duration,
}

impl Default for Patience {
    /// Fifteen tries in about four minutes: a host that starts again, or fetches the commit
    /// anew, is ready by then.
    fn default() -> Patience {
        Patience {
            tries: 15,
            pause: Duration::from_secs(1),
            longest: Duration::from_secs(20),
            stall: Duration::from_secs(30),
        }
    }
}

/// Why one try ended.
enum Ended {
    /// Another one may do better.
    Again(String),
    /// None will.
    Never(String),
    /// The disk.
    Here(std::io::Error),
}

/// Downloads into a file at `path` that nobody else has, and answers it at its beginning.
/// `tell` gets a line for each try that failed.
pub(super) fn download(
    fetch: &Fetch,
    path: &Path,
    patience: &Patience,
    tell: &mut dyn FnMut(String),
) -> Result<File, Error> {
    let failed = |host: &str, why: String| Error::Fetch { host: host.to_owned(), why };
    let uri: Uri = fetch.url.parse().map_err(|_| failed("nowhere", "its address cannot be read".to_owned()))?;
    let host = host_of(&uri);
    let client = Client::new(&Settings::default()).map_err(|error| failed(&host, error.to_string()))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| failed(&host, error.to_string()))?;
    // What is left of a step that was killed may have been changed since.
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(refused(path, error)),
        _ => {}
    }
    let file = OpenOptions::new().read(true).write(true).create_new(true).open(path);
    let mut download =
        Download { fetch, uri, host, client, file: file.map_err(|error| refused(path, error))?, have: 0 };
    let (mut tries, mut wrong, mut pause) = (0, 0, patience.pause);
    loop {
        let before = download.have;
        let why = match runtime.block_on(download.attempt(patience)) {
            Ok(()) => match download.check().map_err(|error| refused(path, error))? {
                None => return Ok(download.file),
                // From the beginning: which byte is wrong, nobody knows.
                Some(found) => {
                    download.have = 0;
                    wrong += 1;
                    let why = format!("what came has the digest {found}, not {}", fetch.digest);
                    if wrong == WRONG {
                        return Err(failed(&download.host, format!("{why}, {WRONG} times")));
                    }
                    why
                }
            },
            Err(Ended::Again(why)) => why,
            Err(Ended::Never(why)) => return Err(failed(&download.host, why)),
            Err(Ended::Here(error)) => return Err(refused(path, error)),
        };
        if download.have > before {
            (tries, pause) = (0, patience.pause);
        }
        tries += 1;
        if tries >= patience.tries {
            return Err(failed(&download.host, format!("{why}; tried {tries} times in a row")));
        }
        let have = download.have;
        tell(format!(
            "source: {why}; {have} of {} bytes are here; trying again in {} s",
            fetch.bytes,
            pause.as_secs_f32()
        ));
        std::thread::sleep(pause);
        pause = (pause * 2).min(patience.longest);
    }
}

struct Download<'a> {
    fetch: &'a Fetch,
    uri: Uri,
    host: String,
    client: Client,
    file: File,
    /// Bytes that are there.
    have: u64,
}

impl Download<'_> {
    /// One request, for what is missing.
    async fn attempt(&mut self, patience: &Patience) -> Result<(), Ended> {
        let (wanted, net) = (self.fetch.bytes, |error: NetError| Ended::Again(error.to_string()));
        let mut request = Request::new(Full::default());
        *request.uri_mut() = self.uri.clone();
        if self.have > 0
            && let Ok(range) = HeaderValue::from_str(&format!("bytes={}-", self.have))
        {
            request.headers_mut().insert(RANGE, range);
        }
        let answer = self.client.send(request, "the source", patience.stall).await.map_err(net)?;
        match answer.status().as_u16() {
            206 if starts_at(answer.headers()) == Some(self.have) => {}
            // All of it, whatever was asked for.
            200 => self.have = 0,
            206 | 416 => {
                self.have = 0;
                return Err(Ended::Again(format!("{} answers with another part than asked for", self.host)));
            }
            status => {
                let words = self.words(answer, patience).await;
                return Err(match status {
                    408 | 425 | 429 | 500.. => Ended::Again(format!("{} answers {status}{words}", self.host)),
                    403 | 404 | 410 => Ended::Never(format!(
                        "it answers {status}{words}; where it does not know the source of this Run any more, delete the Run and make it again"
                    )),
                    _ => Ended::Never(format!("it answers {status}{words}")),
                });
            }
        }
        self.file.set_len(self.have).map_err(Ended::Here)?;
        self.file.seek(SeekFrom::Start(self.have)).map_err(Ended::Here)?;
        let limit = wanted.saturating_sub(self.have);
        let bound =
            Bound { what: "the source", host: &self.host, limit, whose: "it should have", stall: patience.stall };
        let mut pieces = bound.pieces(answer).map_err(net)?;
        while let Some(piece) = pieces.next().await.map_err(net)? {
            self.file.write_all(&piece).map_err(Ended::Here)?;
            self.have += piece.len() as u64;
        }
        if self.have == wanted { Ok(()) } else { Err(Ended::Again(format!("{} sends too little", self.host))) }
    }

    /// What a refusal says, for people: one line.
    async fn words(&self, answer: Response<Incoming>, patience: &Patience) -> String {
        let bound =
            Bound { what: "a refusal", host: &self.host, limit: WORDS, whose: "are the most", stall: patience.stall };
        let text = bound.read(answer).await.unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let line = text.lines().next().unwrap_or_default().trim();
        let line: String = line.chars().filter(|character| !character.is_control()).collect();
        if line.is_empty() { line } else { format!(": {line}") }
    }

    /// The digest of what came, if it is not the right one; the file is at its beginning.
    fn check(&mut self) -> std::io::Result<Option<String>> {
        self.file.seek(SeekFrom::Start(0))?;
        let (mut hash, mut piece) = (Sha256::new(), vec![0; 64 << 10]);
        loop {
            let length = self.file.read(&mut piece)?;
            if length == 0 {
                break;
            }
            hash.update(piece.get(..length).unwrap_or_default());
        }
        self.file.seek(SeekFrom::Start(0))?;
        let hex: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        let found = format!("sha256:{hex}");
        Ok(Some(found).filter(|found| *found != self.fetch.digest))
    }
}

/// Where a part begins: `bytes 5-9/10`.
fn starts_at(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_RANGE)?.to_str().ok()?.strip_prefix("bytes ")?.split('-').next()?.parse().ok()
}

#[cfg(test)]
mod tests;
