//! Folders and links as git writes them, and whether they may be staged. Pure.

use std::collections::HashSet;

use gix_hash::{Kind, ObjectId};

/// Bytes of one name, as file systems have it.
const NAME: usize = 255;
/// Bytes of where a link leads.
pub(crate) const TARGET: u64 = 4096;

/// What a name of a folder stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    File,
    Executable,
    Link,
    Folder,
    Submodule,
}

/// One name of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) mode: Mode,
    pub(crate) name: Vec<u8>,
    pub(crate) id: ObjectId,
}

/// Reads a folder. Of names that would lead elsewhere it is refused as a whole: git makes
/// none of them.
pub(crate) fn entries(mut bytes: &[u8], hash: Kind) -> Result<Vec<Entry>, String> {
    let broken = || "a folder of its pack cannot be read".to_owned();
    let mut all: Vec<Entry> = Vec::new();
    let mut seen = HashSet::new();
    while !bytes.is_empty() {
        let space = bytes.iter().position(|byte| *byte == b' ').filter(|at| (1..=7).contains(at)).ok_or_else(broken)?;
        let (mode, rest) = bytes.split_at(space);
        let mode = mode.iter().try_fold(0_u32, |mode, byte| {
            (b'0'..=b'7').contains(byte).then(|| mode * 8 + u32::from(byte - b'0')).ok_or_else(broken)
        })?;
        let mode = match mode & 0o170_000 {
            0o040_000 => Mode::Folder,
            0o100_000 if mode & 0o100 != 0 => Mode::Executable,
            0o100_000 => Mode::File,
            0o120_000 => Mode::Link,
            0o160_000 => Mode::Submodule,
            _ => return Err("a folder of its pack has something that is neither file, link nor folder".to_owned()),
        };
        let rest = rest.get(1..).ok_or_else(broken)?;
        let end = rest.iter().position(|byte| *byte == 0).ok_or_else(broken)?;
        let (name, rest) = rest.split_at(end);
        let (id, rest) =
            rest.get(1..).and_then(|rest| rest.split_at_checked(hash.len_in_bytes())).ok_or_else(broken)?;
        if !is_name(name) || !seen.insert(name.to_vec()) {
            return Err("a folder of its pack has a name twice, or one that leads elsewhere".to_owned());
        }
        let id = ObjectId::try_from(id).map_err(|_| broken())?;
        let entry = Entry { mode, name: name.to_vec(), id };
        // In another order it would be another tar of the same files.
        if all.last().is_some_and(|last| key(last) >= key(&entry)) {
            return Err("a folder of its pack is not in order".to_owned());
        }
        all.push(entry);
        bytes = rest;
    }
    Ok(all)
}

/// How git orders: folders as if their names ended in a slash.
fn key(entry: &Entry) -> Vec<u8> {
    let mut key = entry.name.clone();
    if entry.mode == Mode::Folder {
        key.push(b'/');
    }
    key
}

fn is_name(name: &[u8]) -> bool {
    let empty = name.is_empty() || name.len() > NAME;
    !empty && !name.contains(&b'/') && name != b"." && name != b".." && !name.eq_ignore_ascii_case(b".git")
}

/// The tree that a commit names.
pub(crate) fn tree_of(commit: &[u8]) -> Option<ObjectId> {
    let line = commit.strip_prefix(b"tree ")?.split(|byte| *byte == b'\n').next()?;
    ObjectId::from_hex(line).ok()
}

/// Whether a link stays within the folder that is packed, wherever that is put. `depth` is
/// how many folders of it are above the link.
///
/// `..` may stand at the beginning only. There it climbs folders, which are no links; behind
/// a name it would climb from wherever that name leads, if it is a link itself.
pub(crate) fn stays(target: &[u8], depth: usize) -> bool {
    if target.is_empty() || target.starts_with(b"/") || target.contains(&0) {
        return false;
    }
    let (mut climbed, mut named) = (0, false);
    for part in target.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." if named => return false,
            b".." => climbed += 1,
            _ => named = true,
        }
    }
    climbed <= depth
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (mode, name) in entries {
            bytes.extend_from_slice(mode.as_bytes());
            bytes.push(b' ');
            bytes.extend_from_slice(name);
            bytes.push(0);
            bytes.extend_from_slice(&[7; 20]);
        }
        bytes
    }

    #[test]
    fn folders_are_read_in_gits_order() {
        let bytes = tree(&[
            ("100644", b"a"),
            ("100755", b"a.b"),
            ("40000", b"a-dir"),
            ("120000", b"b"),
            ("160000", b"c"),
            ("100664", b"\xff old"),
        ]);
        // `-` comes before `.`.
        assert!(entries(&bytes, Kind::Sha1).is_err_and(|why| why.contains("not in order")));
        let bytes = tree(&[
            ("100644", b"a"),
            ("40000", b"a-dir"),
            ("100755", b"a.b"),
            ("120000", b"b"),
            ("160000", b"c"),
            ("100664", b"\xff old"),
        ]);
        let read = entries(&bytes, Kind::Sha1).unwrap_or_default();
        let modes: Vec<_> = read.iter().map(|entry| entry.mode).collect();
        assert_eq!(modes, [Mode::File, Mode::Folder, Mode::Executable, Mode::Link, Mode::Submodule, Mode::File]);
        // A folder and a file of one name are not neighbours.
        assert!(entries(&tree(&[("100644", b"a"), ("100644", b"a.b"), ("40000", b"a")]), Kind::Sha1).is_err());
        assert_eq!(entries(&[], Kind::Sha1), Ok(Vec::new()));
    }

    #[test]
    fn what_git_never_makes_is_refused() {
        for name in [&b""[..], b".", b"..", b".git", b".GIT", b"a/b", b"../x", &[b'x'; 256]] {
            assert!(entries(&tree(&[("100644", name)]), Kind::Sha1).is_err(), "{name:?}");
        }
        for mode in ["", "8", "20000", "60000", "10644x", "00000000100644"] {
            assert!(entries(&tree(&[(mode, b"a")]), Kind::Sha1).is_err(), "{mode}");
        }
        let whole = tree(&[("100644", b"a")]);
        for cut in 1..whole.len() {
            assert!(entries(&whole[..cut], Kind::Sha1).is_err(), "{cut}");
        }
        assert_eq!(tree_of(b"parent x"), None);
        assert_eq!(tree_of(b"tree x\n"), None);
        assert!(tree_of(format!("tree {}\nparent x", "a".repeat(40)).as_bytes()).is_some());
    }

    #[test]
    fn links_stay_or_are_refused() {
        for (target, depth, stay) in [
            (&b"a"[..], 0, true),
            (b"a/b", 0, true),
            (b"./a//b/", 0, true),
            (b".", 0, true),
            (b"..", 1, true),
            (b"../a", 1, true),
            (b"./../../a", 2, true),
            (b"..", 0, false),
            (b"../../a", 1, false),
            (b"a/..", 1, false),
            (b"a/../../b", 3, false),
            (b"/etc/passwd", 9, false),
            (b"", 0, false),
            (b"a\0b", 0, false),
        ] {
            assert_eq!(stays(target, depth), stay, "{target:?} {depth}");
        }
    }
}
