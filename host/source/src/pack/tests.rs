//! Packs made by hand, as no git would send them.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::time::{Duration, Instant};

use gix_hash::{Kind, ObjectId};
use proptest::prelude::*;

use super::objects::{Objects, What};
use super::*;

/// A stream of zlib that stores what it has.
fn stored(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 1];
    let mut pieces = bytes.chunks(0xffff).peekable();
    if pieces.peek().is_none() {
        out.extend([1, 0, 0, 0xff, 0xff]);
    }
    while let Some(piece) = pieces.next() {
        let length = u16::try_from(piece.len()).unwrap();
        out.push(u8::from(pieces.peek().is_none()));
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend(piece);
    }
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in bytes {
        a = (a + u32::from(*byte)) % 65521;
        b = (b + a) % 65521;
    }
    out.extend(((b << 16) | a).to_be_bytes());
    out
}

/// The head of an entry.
fn head(kind: u8, mut size: u64) -> Vec<u8> {
    let mut out = vec![(kind << 4) | (size & 15) as u8];
    size >>= 4;
    while size > 0 {
        *out.last_mut().unwrap() |= 128;
        out.push((size & 127) as u8);
        size >>= 7;
    }
    out
}

fn whole(kind: u8, bytes: &[u8]) -> Vec<u8> {
    [head(kind, bytes.len() as u64), stored(bytes)].concat()
}

/// An entry that leans on the one `back` bytes before it.
fn offset(back: u64, delta: &[u8]) -> Vec<u8> {
    let mut distance = vec![(back & 127) as u8];
    let mut rest = back >> 7;
    while rest > 0 {
        rest -= 1;
        distance.insert(0, 128 | (rest & 127) as u8);
        rest >>= 7;
    }
    [head(6, delta.len() as u64), distance, stored(delta)].concat()
}

/// An entry that leans on an object.
fn by_id(id: &ObjectId, delta: &[u8]) -> Vec<u8> {
    [head(7, delta.len() as u64), id.as_slice().to_vec(), stored(delta)].concat()
}

fn pack(entries: &[Vec<u8>]) -> Vec<u8> {
    let count = u32::try_from(entries.len()).unwrap().to_be_bytes();
    [b"PACK\0\0\0\x02".to_vec(), count.to_vec(), entries.concat(), vec![0; 20]].concat()
}

fn leb(mut number: u64) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let byte = (number & 127) as u8;
        number >>= 7;
        out.push(if number > 0 { byte | 128 } else { byte });
        if number == 0 {
            return out;
        }
    }
}

fn delta(base: u64, result: u64, commands: &[u8]) -> Vec<u8> {
    [leb(base), leb(result), commands.to_vec()].concat()
}

fn order() -> Order {
    let limits = Limits { file: 1 << 20, unpacked: 4 << 20, files: 1000, ..Limits::default() };
    Order {
        host: "git.example".to_owned(),
        commit: String::new(),
        path: String::new(),
        limits,
        deadline: Instant::now() + Duration::from_secs(60),
        into: std::env::temp_dir(),
    }
}

fn read_by(bytes: &[u8], order: &Order) -> Result<Objects, FetchError> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    Objects::read(file.path(), Kind::Sha1, order)
}

fn read(bytes: &[u8]) -> Result<Objects, FetchError> {
    read_by(bytes, &order())
}

/// As `git hash-object` has it.
fn blob(bytes: &[u8]) -> ObjectId {
    let mut hasher = gix_hash::hasher(Kind::Sha1);
    hasher.update(format!("blob {}\0", bytes.len()).as_bytes());
    hasher.update(bytes);
    hasher.try_finalize().unwrap()
}

fn said(bytes: &[u8]) -> String {
    read(bytes).err().expect("should be refused").to_string()
}

#[test]
fn objects_are_found_by_their_ids_however_they_are_kept() {
    let base = b"hello, world".to_vec();
    // `hello`, then bytes of its own.
    let insert = delta(12, 8, &[0x90, 5, 3, b'!', b'!', b'!']);
    let first = whole(3, &base);
    let back = first.len() as u64;
    let second = offset(back, &insert);
    let third = by_id(&blob(b"hello!!!"), &delta(8, 5, &[0x91, 1, 4, 1, b'x']));
    // The base of the third comes after it, and is one of those that are made.
    let forward = [first.clone(), third.clone(), offset(back + third.len() as u64, &insert)];
    for entries in [vec![first, second, third], forward.to_vec()] {
        let mut objects = read(&pack(&entries)).unwrap_or_else(|error| panic!("{error}"));
        for text in ["hello, world", "hello!!!", "ellox"] {
            let mut found = Vec::new();
            let id = blob(text.as_bytes());
            assert_eq!(objects.find(&id, &mut found), Ok(Some(What::Blob)), "{text}");
            assert_eq!(found, text.as_bytes());
            assert_eq!(objects.size(&id), Some((What::Blob, text.len() as u64)));
        }
        assert_eq!(objects.find(&blob(b"other"), &mut Vec::new()), Ok(None));
    }
    let empty = blob(b"");
    let mut objects = read(&pack(&[whole(3, b"")])).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(objects.find(&empty, &mut Vec::new()), Ok(Some(What::Blob)));
    // The id that everybody knows.
    assert_eq!(empty.to_string(), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
}

#[test]
fn packs_that_lie_are_refused() {
    let base = whole(3, b"0123456789");
    let on =
        |commands: &[u8], result: u64| pack(&[base.clone(), offset(base.len() as u64, &delta(10, result, commands))]);
    for (bytes, words) in [
        (pack(&[vec![0x30]]), "does not inflate"),
        (pack(&[[head(3, 11), stored(b"0123456789")].concat()]), "does not inflate"),
        (pack(&[[head(3, 9), stored(b"0123456789")].concat()]), "does not inflate"),
        (pack(&[[head(3, 0), stored(b"0123456789")].concat()]), "does not inflate"),
        (pack(&[[head(3, 10), vec![b'x'; 40]].concat()]), "does not inflate"),
        (pack(&[whole(0, b"x")]), "of no type"),
        (pack(&[whole(5, b"x")]), "of no type"),
        (pack(&[[vec![0xff; 12], vec![0x7f]].concat()]), "a size that no number has"),
        (pack(&[offset(0, b"x")]), "before the first"),
        (pack(&[offset(12, b"x")]), "before the first"),
        (pack(&[offset(u64::MAX >> 9, b"x")]), "before the first"),
        (pack(&[base.clone(), offset(base.len() as u64 - 1, &delta(10, 1, &[1, b'x']))]), "leans on no entry"),
        (pack(&[by_id(&blob(b"nothing"), &delta(7, 1, &[1, b'x']))]), "that it has not"),
        (on(&[], 1), "does not fit"),
        (on(&[0], 0), "does not fit"),
        (on(&[5, b'x'], 5), "does not fit"),
        (on(&[2, b'x', b'y'], 1), "does not fit"),
        (on(&[0x91, 5, 6], 6), "does not fit"),
        (on(&[0xff, 255, 255, 255, 255, 255, 255, 255], 6), "does not fit"),
        (on(&[0x90], 6), "does not fit"),
        (pack(&[base.clone(), offset(base.len() as u64, &delta(9, 1, &[1, b'x']))]), "does not fit"),
        (pack(&[base.clone(), offset(base.len() as u64, &[255; 20])]), "no sizes"),
        (pack(&[base.clone(), offset(base.len() as u64, &[])]), "no sizes"),
    ] {
        let said = said(&bytes);
        assert!(said.contains(words), "{words}: {said}");
    }
    // Fewer entries than it says.
    let mut more = pack(&[base]);
    more[11] = 2;
    read(&more).err().expect("should be refused");
}

#[test]
fn what_would_cost_too_much_is_refused_before_it_is_made() {
    // Larger than memory.
    assert_eq!(
        read(&pack(&[head(3, u64::MAX >> 8)])).err().map(|error| error.reason().as_str()),
        Some("SourceTooLarge")
    );
    let base = whole(3, &[b'x'; 1024]);
    let huge = delta(1024, 1 << 50, &[0x80]);
    let bytes = pack(&[base.clone(), offset(base.len() as u64, &huge)]);
    assert_eq!(read(&bytes).err().map(|error| error.reason().as_str()), Some("SourceTooLarge"));

    // Each delta is small, and makes as much as one file may have.
    let most = 1 << 20;
    let copies: Vec<u8> = [0x80_u8; 16].to_vec();
    let mut entries = vec![whole(3, &vec![b'x'; 0x10000])];
    let first = offset(entries[0].len() as u64, &delta(0x10000, most, &copies));
    entries.push(first);
    for _ in 0..200 {
        let back = entries.last().unwrap().len() as u64;
        entries.push(offset(back, &delta(most, most, &copies)));
    }
    let began = Instant::now();
    let error = read(&pack(&entries)).err().expect("should be refused");
    assert_eq!(error.reason().as_str(), "SourceTooLarge", "{error}");
    assert!(began.elapsed() < Duration::from_secs(20));

    // The same within the sum, but on top of each other.
    let order = Order { limits: Limits { unpacked: 1 << 30, ..order().limits }, ..order() };
    let error = read_by(&pack(&entries), &order).err().expect("should be refused");
    assert!(error.to_string().contains("more deltas than git makes"), "{error}");

    // More than it has time for.
    let late = Order { deadline: Instant::now(), ..order };
    assert_eq!(read_by(&pack(&entries), &late).err().map(|error| error.reason().as_str()), Some("RepoTooSlow"));
}

#[test]
fn deltas_may_not_lean_on_one_another_in_a_circle() {
    // Nobody knows the id of what leans on itself; two that name each other's stay open.
    let (one, other) = (ObjectId::from_hex(&[b'1'; 40]).unwrap(), ObjectId::from_hex(&[b'2'; 40]).unwrap());
    let small = delta(1, 1, &[1, b'x']);
    assert!(said(&pack(&[by_id(&one, &small), by_id(&other, &small)])).contains("that it has not"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// A good pack with bytes changed, cut or added: read or refused, and the ids that are
    /// found are those of what is there.
    #[test]
    fn any_change_is_read_or_refused(at in prop::collection::vec((0_usize..400, any::<u8>()), 0..4), cut in prop::option::of(0_usize..400)) {
        let first = whole(3, b"hello, world, hello");
        let second = offset(first.len() as u64, &delta(19, 8, &[0x90, 5, 3, b'!', b'!', b'!']));
        let third = by_id(&blob(b"hello!!!"), &delta(8, 5, &[0x91, 1, 4, 1, b'x']));
        let mut bytes = pack(&[first, second, third, whole(2, b""), whole(1, b"tree x")]);
        for (place, byte) in at {
            if let Some(there) = bytes.get_mut(place) {
                *there = byte;
            }
        }
        bytes.truncate(cut.unwrap_or(usize::MAX));
        if let Ok(mut objects) = read(&bytes) {
            let mut found = Vec::new();
            for text in ["hello, world, hello", "hello!!!", "ellox"] {
                if objects.find(&blob(text.as_bytes()), &mut found) == Ok(Some(What::Blob)) {
                    prop_assert_eq!(&found, text.as_bytes());
                }
            }
        }
    }
}
