//! Entries of a pack file: heads, and what they inflate to, within what they declare. I/O.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use gix_hash::{Kind, ObjectId};
use gix_zlib::{Decompress, FlushDecompress, Status};

/// Bytes that are read at once.
const PIECE: usize = 16 << 10;
/// Bytes that the head of an entry can have: type and size, and a base.
const HEAD: usize = 64;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Commit,
    Tree,
    Blob,
    Tag,
    /// Against the entry that begins there.
    Offset(u64),
    /// Against this object.
    Id(ObjectId),
}

/// The head of an entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    pub(crate) form: Form,
    /// Bytes that it inflates to, as it says itself.
    pub(crate) size: u64,
    /// Where what is to be inflated begins.
    pub(crate) data: u64,
}

/// A pack file. What is wrong with it is said in words.
pub(crate) struct Reader {
    file: File,
    hash: Kind,
    inflate: Decompress,
    piece: Box<[u8]>,
}

impl Reader {
    pub(crate) fn open(path: &Path, hash: Kind) -> std::io::Result<Reader> {
        let file = File::open(path)?;
        Ok(Reader { file, hash, inflate: Decompress::new(), piece: vec![0; PIECE].into() })
    }

    /// How many entries it says that it has; the first begins at 12.
    pub(crate) fn count(&self) -> Result<u32, String> {
        let mut head = [0; 12];
        self.file.read_exact_at(&mut head, 0).map_err(|_| "its pack has no head")?;
        match head {
            [b'P', b'A', b'C', b'K', 0, 0, 0, 2 | 3, count @ ..] => Ok(u32::from_be_bytes(count)),
            _ => Err("its pack has a head that is none".to_owned()),
        }
    }

    /// The head of the entry that begins at `offset`.
    pub(crate) fn head(&self, offset: u64) -> Result<Head, String> {
        let mut buffer = [0; HEAD];
        let length = self.file.read_at(&mut buffer, offset).map_err(|error| error.to_string())?;
        let mut bytes = buffer.iter().take(length).copied();
        let short = "its pack ends in the middle of an entry";
        let long = "an entry of its pack has a size that no number has";
        let first = bytes.next().ok_or(short)?;
        let (mut size, mut shift, mut byte) = (u64::from(first & 15), 4, first);
        while byte & 128 != 0 {
            byte = bytes.next().ok_or(short)?;
            if shift > 57 {
                return Err(long.to_owned());
            }
            size |= u64::from(byte & 127) << shift;
            shift += 7;
        }
        let form = match (first >> 4) & 7 {
            1 => Form::Commit,
            2 => Form::Tree,
            3 => Form::Blob,
            4 => Form::Tag,
            6 => {
                let mut byte = bytes.next().ok_or(short)?;
                let mut back = u64::from(byte & 127);
                while byte & 128 != 0 {
                    byte = bytes.next().ok_or(short)?;
                    back = back.checked_add(1).filter(|back| *back < 1 << 56).ok_or(long)?;
                    back = (back << 7) | u64::from(byte & 127);
                }
                let base = offset.checked_sub(back).filter(|base| *base >= 12 && *base < offset);
                Form::Offset(base.ok_or("an entry of its pack leans on one before the first")?)
            }
            7 => {
                let id: Vec<u8> = bytes.by_ref().take(self.hash.len_in_bytes()).collect();
                Form::Id(ObjectId::try_from(id.as_slice()).map_err(|_| short)?)
            }
            _ => return Err("an entry of its pack is of no type that git has".to_owned()),
        };
        let rest = bytes.count();
        Ok(Head { form, size, data: offset + (length - rest) as u64 })
    }

    /// Inflates exactly `size` bytes into `out`, and answers where the next entry begins.
    /// Memory is taken for `size` only: look at it first.
    pub(crate) fn inflate(&mut self, from: u64, size: usize, out: &mut Vec<u8>) -> Result<u64, String> {
        let no = "an entry of its pack does not inflate to the size that it says";
        self.inflate.reset();
        out.clear();
        out.resize(size, 0);
        let mut spare = [0];
        loop {
            let (read, done) = (self.inflate.total_in(), self.inflate.total_out());
            let length = self.file.read_at(&mut self.piece, from + read).map_err(|error| error.to_string())?;
            let input = self.piece.get(..length).unwrap_or_default();
            let room = out.get_mut(usize::try_from(done).unwrap_or(usize::MAX)..).unwrap_or_default();
            // What ends behind the last byte needs a place where one more would go.
            let room = if room.is_empty() { &mut spare[..] } else { room };
            let status = self.inflate.decompress(input, room, FlushDecompress::None).map_err(|_| no)?;
            if self.inflate.total_out() > size as u64 {
                return Err(no.to_owned());
            }
            if status == Status::StreamEnd {
                let whole = self.inflate.total_out() == size as u64;
                return if whole { Ok(from + self.inflate.total_in()) } else { Err(no.to_owned()) };
            }
            if self.inflate.total_in() == read && self.inflate.total_out() == done {
                return Err(no.to_owned());
            }
        }
    }
}

/// Sizes of a delta's base and of its result, as it says itself, and where its
/// instructions begin.
pub(crate) fn delta_sizes(delta: &[u8]) -> Result<(u64, u64, usize), String> {
    let mut at = 0;
    let mut number = || {
        let (mut size, mut shift) = (0_u64, 0);
        loop {
            let byte = *delta.get(at).filter(|_| shift < 63).ok_or("a delta of its pack has no sizes")?;
            at += 1;
            size |= u64::from(byte & 127) << shift;
            shift += 7;
            if byte & 128 == 0 {
                return Ok::<u64, String>(size);
            }
        }
    };
    let (base, result) = (number()?, number()?);
    Ok((base, result, at))
}

/// Applies a delta to its base. The result has as many bytes as the delta says; look at
/// that first.
pub(crate) fn apply(base: &[u8], delta: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    let no = || "a delta of its pack does not fit its base".to_owned();
    let (from, to, at) = delta_sizes(delta)?;
    let to = usize::try_from(to).map_err(|_| no())?;
    if from != base.len() as u64 {
        return Err(no());
    }
    out.clear();
    out.reserve_exact(to);
    let mut rest = delta.get(at..).unwrap_or_default();
    while let Some((command, behind)) = rest.split_first() {
        rest = behind;
        let piece = if command & 128 == 0 {
            // Bytes of its own; a count of none is reserved.
            let (own, behind) = rest.split_at_checked(usize::from(*command)).ok_or_else(no)?;
            rest = behind;
            if own.is_empty() {
                return Err(no());
            }
            own
        } else {
            let mut field = |bits: std::ops::Range<u32>| {
                let mut value = 0_usize;
                for (place, bit) in bits.enumerate() {
                    if command & (1 << bit) != 0 {
                        let (byte, behind) = rest.split_first().ok_or_else(no)?;
                        rest = behind;
                        value |= usize::from(*byte) << (8 * place);
                    }
                }
                Ok::<usize, String>(value)
            };
            let (start, length) = (field(0..4)?, field(4..7)?);
            let length = if length == 0 { 0x10000 } else { length };
            base.get(start..start + length).ok_or_else(no)?
        };
        if out.len() + piece.len() > to {
            return Err(no());
        }
        out.extend_from_slice(piece);
    }
    if out.len() == to { Ok(()) } else { Err(no()) }
}
