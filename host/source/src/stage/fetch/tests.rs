#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use tar::{Builder, EntryType, Header};
use tempfile::TempDir;

use super::*;
use crate::stage::Stage;

const SECRET: &str = "unguessable-7a";

/// How one request is answered.
#[derive(Clone)]
enum Answer {
    /// As asked for, but cut after so many bytes of the body.
    Cut(usize),
    /// As asked for.
    Good,
    /// All of it, whatever is asked for.
    Whole,
    /// Other bytes of the same length.
    Other,
    /// More than there is.
    Endless,
    /// A part that begins elsewhere.
    Elsewhere,
    /// A status.
    Status(u16),
    /// Nothing, and the connection stays.
    Silent,
}

/// A server that answers each request as it is told and then is good; the ranges that were
/// asked for come out of it.
fn serve(bytes: Vec<u8>, answers: Vec<Answer>) -> (String, Receiver<Option<u64>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, asked) = channel();
    std::thread::spawn(move || {
        let mut answers = answers.into_iter();
        // Silent ones are not closed.
        let mut kept = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let from = head(&mut stream);
            if sender.send(from).is_err() {
                return;
            }
            if let Answer::Silent = respond(&mut stream, &bytes, from, answers.next().unwrap_or(Answer::Good)) {
                kept.push(stream);
            }
        }
    });
    (format!("http://{address}/source/{SECRET}"), asked)
}

/// Reads a request; where the part begins that it asks for.
fn head(stream: &mut TcpStream) -> Option<u64> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    assert!(head.starts_with(&format!("GET /source/{SECRET} HTTP/1.1\r\n")), "{head}");
    let range = head.lines().find_map(|line| line.strip_prefix("range: bytes="))?;
    Some(range.strip_suffix('-').unwrap().parse().unwrap())
}

fn respond(stream: &mut TcpStream, bytes: &[u8], from: Option<u64>, answer: Answer) -> Answer {
    let (all, start) = (bytes.len(), usize::try_from(from.unwrap_or(0)).unwrap());
    let close = "connection: close\r\n\r\n";
    let part = format!(
        "HTTP/1.1 206 P\r\ncontent-range: bytes {start}-{}/{all}\r\ncontent-length: {}\r\n{close}",
        all - 1,
        all - start
    );
    let whole = format!("HTTP/1.1 200 OK\r\ncontent-length: {all}\r\n{close}");
    let good = if from.is_some() { part.clone() } else { whole.clone() };
    let (head, body) = match &answer {
        Answer::Cut(length) => (good, bytes[start..start + length].to_vec()),
        Answer::Good => (good, bytes[start..].to_vec()),
        Answer::Whole => (whole, bytes.to_vec()),
        Answer::Other => (whole, vec![b'x'; all]),
        Answer::Endless => (format!("HTTP/1.1 200 OK\r\n{close}"), bytes.repeat(3)),
        Answer::Elsewhere => (part.replace(&format!("bytes {start}-"), "bytes 1-"), bytes[start..].to_vec()),
        Answer::Status(status) => {
            (format!("HTTP/1.1 {status} No\r\ncontent-length: 12\r\n{close}"), b"words\x1b[31m\nx".to_vec())
        }
        Answer::Silent => (String::new(), Vec::new()),
    };
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
    answer
}

fn patience() -> Patience {
    let millis = Duration::from_millis;
    Patience { tries: 3, pause: millis(1), longest: millis(4), stall: millis(300) }
}

fn digest(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// One entry of a tar: kind, name, and content or target. Names are written as they are.
fn entry(builder: &mut Builder<Vec<u8>>, kind: EntryType, name: &str, content: &str, mode: u32) {
    let mut head = Header::new_gnu();
    let field = &mut head.as_mut_bytes()[..100];
    field[..name.len()].copy_from_slice(name.as_bytes());
    head.set_entry_type(kind);
    head.set_mode(mode);
    let link = matches!(kind, EntryType::Symlink | EntryType::Link);
    if link {
        head.set_link_name_literal(content).unwrap();
    }
    let content = if link { "" } else { content };
    head.set_size(content.len() as u64);
    head.set_cksum();
    builder.append(&head, content.as_bytes()).unwrap();
}

fn tar(entries: &[(EntryType, &str, &str)]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (kind, name, content) in entries {
        let mode = if name.ends_with(".sh") { 0o755 } else { 0o600 };
        entry(&mut builder, *kind, name, content, mode);
    }
    builder.into_inner().unwrap()
}

fn good() -> Vec<u8> {
    tar(&[
        (EntryType::Regular, "main.py", "print()\n"),
        (EntryType::Regular, "run.sh", "#!/bin/sh\n"),
        (EntryType::Directory, "lib", ""),
        (EntryType::Regular, "lib/deep/a.py", "a"),
        (EntryType::Symlink, "lib/main", "../main.py"),
    ])
}

/// Stages what a server has; what was told and what is there then.
struct Staged {
    folder: TempDir,
    result: Result<(), Error>,
    told: Vec<String>,
    asked: Vec<Option<u64>>,
}

impl Staged {
    fn of(bytes: &[u8], answers: Vec<Answer>) -> Staged {
        Staged::into(tempfile::tempdir().unwrap(), bytes, answers, |_| {})
    }

    fn into(folder: TempDir, bytes: &[u8], answers: Vec<Answer>, change: impl FnOnce(&mut Fetch)) -> Staged {
        let (url, asked) = serve(bytes.to_vec(), answers);
        let mut fetch = Fetch { url, digest: digest(bytes), bytes: bytes.len() as u64 };
        change(&mut fetch);
        let stage = Stage { fetch: Some(fetch), ..Stage::default() };
        assert!(!format!("{stage:?}").contains(SECRET));
        let mut told = Vec::new();
        let result = stage.fetch_source(&folder.path().join("workdir"), &patience(), |line| told.push(line));
        let asked = asked.try_iter().collect();
        let staged = Staged { folder, result, told, asked };
        let text = format!("{:?} {:?}", staged.told, staged.result);
        assert!(!text.contains(SECRET), "{text}");
        staged
    }

    fn tree(&self) -> BTreeMap<String, String> {
        let mut tree = BTreeMap::new();
        let root = self.folder.path().join("workdir");
        walk(&root, &root, &mut tree);
        tree
    }

    fn error(&self) -> String {
        self.result.as_ref().expect_err("should be refused").to_string()
    }
}

fn walk(root: &Path, at: &Path, tree: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(at).unwrap() {
        let path = entry.unwrap().path();
        let about = std::fs::symlink_metadata(&path).unwrap();
        let what = if about.is_symlink() {
            format!("-> {}", std::fs::read_link(&path).unwrap().display())
        } else if about.is_dir() {
            walk(root, &path, tree);
            format!("{:o}", about.mode() & 0o7777)
        } else {
            format!("{:o} {}", about.mode() & 0o7777, std::fs::read_to_string(&path).unwrap())
        };
        tree.insert(path.strip_prefix(root).unwrap().display().to_string(), what);
    }
}

fn expected() -> BTreeMap<String, String> {
    [
        ("main.py", "644 print()\n"),
        ("run.sh", "755 #!/bin/sh\n"),
        ("lib", "755"),
        ("lib/deep", "755"),
        ("lib/deep/a.py", "644 a"),
        ("lib/main", "-> ../main.py"),
    ]
    .map(|(name, what)| (name.to_owned(), what.to_owned()))
    .into()
}

#[test]
fn source_comes_in_one_piece_or_in_several() {
    let bytes = good();
    for (answers, asked, lines) in [
        (vec![], vec![None], 2),
        (vec![Answer::Cut(1000)], vec![None, Some(1000)], 3),
        // What comes is not lost, however often it is cut; tries that bring something do not count.
        (
            vec![Answer::Cut(1), Answer::Cut(1), Answer::Cut(1), Answer::Cut(1)],
            vec![None, Some(1), Some(2), Some(3), Some(4)],
            6,
        ),
        (vec![Answer::Status(503), Answer::Status(429)], vec![None, None, None], 4),
        (vec![Answer::Cut(10), Answer::Whole], vec![None, Some(10)], 3),
        (vec![Answer::Cut(10), Answer::Elsewhere], vec![None, Some(10), None], 4),
        (vec![Answer::Cut(10), Answer::Status(416)], vec![None, Some(10), None], 4),
        (vec![Answer::Other], vec![None, None], 3),
        (vec![Answer::Silent], vec![None, None], 3),
    ] {
        let staged = Staged::of(&bytes, answers);
        assert!(staged.result.is_ok(), "{:?} {:?}", staged.result, staged.told);
        assert_eq!((staged.asked.clone(), staged.told.len()), (asked, lines), "{:?}", staged.told);
        assert_eq!(staged.tree(), expected());
    }
    let staged = Staged::of(&bytes, vec![Answer::Cut(1000)]);
    assert!(staged.told[0].starts_with("source: "), "{:?}", staged.told);
    assert!(staged.told[0].ends_with(&format!("1000 of {} bytes are here; trying again in 0.001 s", bytes.len())));
    assert_eq!(staged.told[1], format!("source: {} bytes came, digest {}", bytes.len(), digest(&bytes)));
    assert!(staged.told[2].starts_with("source: unpacked 5 files, links and folders into "));
}

#[test]
fn what_does_not_come_is_told_and_nothing_is_unpacked() {
    let bytes = good();
    for (answers, tries, words) in [
        (vec![Answer::Other; 3], 3, "has the digest sha256:"),
        (vec![Answer::Status(500); 3], 3, "answers 500: words[31m; tried 3 times in a row"),
        (vec![Answer::Status(404)], 1, "it answers 404: words[31m; where it does not know the source of this Run"),
        (vec![Answer::Status(400)], 1, "it answers 400: words[31m"),
        (vec![Answer::Endless; 3], 3, "is larger than the"),
        (vec![Answer::Silent; 3], 3, "did not come within 0.3 s"),
        (vec![Answer::Cut(0); 3], 3, "tried 3 times"),
    ] {
        let staged = Staged::of(&bytes, answers);
        let said = staged.error();
        assert!(said.starts_with("failed to fetch the source from 127.0.0.1:") && said.contains(words), "{said}");
        assert_eq!((staged.asked.len(), staged.told.len()), (tries, tries - 1), "{:?}", staged.told);
        assert_eq!(staged.tree(), BTreeMap::new());
    }
    let gone = |fetch: &mut Fetch| {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        fetch.url = format!("http://{}/{SECRET}", listener.local_addr().unwrap());
    };
    let said = Staged::into(tempfile::tempdir().unwrap(), &bytes, vec![], gone).error();
    assert!(said.contains("cannot be reached") && said.contains("refused"), "{said}");
    let none = |fetch: &mut Fetch| fetch.url = format!("{SECRET} x");
    let said = Staged::into(tempfile::tempdir().unwrap(), &bytes, vec![], none).error();
    assert!(said.contains("its address cannot be read"), "{said}");
}

#[test]
fn what_leads_out_of_the_folder_is_refused() {
    use EntryType::{Block, Char, Directory, Fifo, Link, Regular, Symlink};
    for (entries, words) in [
        (&[(Regular, "../evil", "x")][..], "leads out"),
        (&[(Regular, "a/../../evil", "x")], "leads out"),
        (&[(Regular, "/evil", "x")], "leads out"),
        (&[(Directory, "..", "")], "leads out"),
        (&[(Regular, "", "x")], "nothing may have"),
        (&[(Regular, ".codeflare-source.tar", "x")], "nothing may have"),
        (&[(Symlink, "a", "/etc/passwd")], "a link that leads out"),
        (&[(Symlink, "a", "../x")], "a link that leads out"),
        (&[(Symlink, "a/b", "../../x")], "a link that leads out"),
        (&[(Symlink, "a", "b/../../x")], "a link that leads out"),
        (&[(Symlink, "a", "")], "a link that leads out"),
        (&[(Symlink, "a", "."), (Regular, "a/b", "x")], "is no folder"),
        (&[(Symlink, "a", "."), (Directory, "a", "")], "is no folder"),
        (&[(Link, "a", "main.py")], "neither file, link nor folder"),
        (&[(Fifo, "a", "")], "neither file, link nor folder"),
        (&[(Char, "a", "")], "neither file, link nor folder"),
        (&[(Block, "a", "")], "neither file, link nor folder"),
    ] {
        let staged = Staged::of(&tar(entries), vec![]);
        let said = staged.error();
        assert!(said.contains(words), "{entries:?}: {said}");
        let beside = std::fs::read_dir(staged.folder.path()).unwrap().count();
        assert_eq!(beside, 1, "{entries:?}");
        assert!(!Path::new("/evil").exists());
    }
    let mut broken = good();
    broken.truncate(700);
    assert!(Staged::of(&broken, vec![]).error().contains("failed to unpack"));
    let said = Staged::of(&vec![b'x'; 2048], vec![]).error();
    assert!(said.contains("cannot be read"), "{said}");
}

#[test]
fn it_unpacks_again_over_what_the_program_left() {
    let bytes = good();
    let first = Staged::of(&bytes, vec![]);
    let workdir = first.folder.path().join("workdir");
    let outside = first.folder.path().join("outside");
    std::fs::write(&outside, "before").unwrap();
    std::fs::write(workdir.join("lib/deep/a.py"), "changed").unwrap();
    for name in ["main.py", ".codeflare-source.tar", "run.sh.codeflare-new"] {
        let _ = std::fs::remove_file(workdir.join(name));
        symlink(&outside, workdir.join(name)).unwrap();
    }
    std::fs::remove_file(workdir.join("lib/main")).unwrap();
    std::fs::write(workdir.join("lib/main"), "a file now").unwrap();
    let again = Staged::into(first.folder, &bytes, vec![], |_| {});
    assert!(again.result.is_ok(), "{:?}", again.result);
    assert_eq!(again.tree(), expected());
    assert_eq!(std::fs::read_to_string(&outside).unwrap(), "before");

    // A folder that is a link now: what it leads to is not written.
    let elsewhere = again.folder.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    std::fs::remove_dir_all(workdir.join("lib")).unwrap();
    symlink(&elsewhere, workdir.join("lib")).unwrap();
    let third = Staged::into(again.folder, &bytes, vec![], |_| {});
    assert!(third.error().contains("lib is no folder"), "{}", third.error());
    assert_eq!(std::fs::read_dir(&elsewhere).unwrap().count(), 0);
}
