//! The objects of a pack by their ids, which are made of what is in them. I/O.
//!
//! Everything that costs memory or time is looked at before it is spent: how many objects
//! there are, what each inflates to, and what it takes to make one out of deltas.

use std::collections::HashMap;
use std::path::Path;

use gix_hash::{Kind, ObjectId};

use super::Order;
use super::reader::{Form, Head, Reader, apply, delta_sizes};
use crate::error::FetchError;
use crate::limits::Limits;

/// Deltas on top of each other; git itself makes no more.
const DEEP: u32 = 4095;
/// Sizes of files that one object may cost, with all that it is made of.
const COST: u64 = 32;

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Commit,
    Tree,
    Blob,
    Tag,
}

impl What {
    fn name(self) -> &'static str {
        match self {
            What::Commit => "commit",
            What::Tree => "tree",
            What::Blob => "blob",
            What::Tag => "tag",
        }
    }
}

/// The objects of one pack.
pub(crate) struct Objects {
    reader: Reader,
    hash: Kind,
    entries: Vec<Entry>,
    at: HashMap<ObjectId, usize>,
    /// Room for what is made on the way.
    scratch: Vec<u8>,
}

struct Entry {
    head: Head,
    /// Bytes of the object.
    size: u64,
    /// What it leans on, once that is known.
    base: Option<usize>,
    what: Option<What>,
    deep: u32,
    /// Bytes that are made on the way to it.
    cost: u64,
}

impl Objects {
    /// Reads every entry of a pack once, and learns the id of each.
    pub(crate) fn read(path: &Path, hash: Kind, order: &Order) -> Result<Objects, FetchError> {
        let failed = |error: std::io::Error| FetchError::NotKept(error.to_string());
        let reader = Reader::open(path, hash).map_err(failed)?;
        let mut objects = Objects { reader, hash, entries: Vec::new(), at: HashMap::new(), scratch: Vec::new() };
        objects.scan(order)?;
        objects.name_deltas(order)?;
        Ok(objects)
    }

    /// Goes through the entries; those that lean on nothing have their ids then.
    fn scan(&mut self, order: &Order) -> Result<(), FetchError> {
        let limits = &order.limits;
        let count = u64::from(self.reader.count().map_err(|why| order.odd(why))?);
        if count > limits.files * Limits::WHOLE {
            return Err(order.too_large("the commit has too many objects", limits.files * Limits::WHOLE, "objects"));
        }
        let (mut offset, mut total, mut buffer) = (12, 0_u64, Vec::new());
        let mut begins = HashMap::new();
        for place in 0..count {
            order.in_time()?;
            let head = self.reader.head(offset).map_err(|why| order.odd(why))?;
            let length = self.fits(head.size, order)?;
            let next = self.reader.inflate(head.data, length, &mut buffer).map_err(|why| order.odd(why))?;
            let mut entry = Entry { head, size: head.size, base: None, what: None, deep: 0, cost: head.size };
            let what = match head.form {
                Form::Commit => Some(What::Commit),
                Form::Tree => Some(What::Tree),
                Form::Blob => Some(What::Blob),
                Form::Tag => Some(What::Tag),
                Form::Offset(_) | Form::Id(_) => None,
            };
            let place = usize::try_from(place).unwrap_or(usize::MAX);
            match what {
                Some(what) => {
                    entry.what = Some(what);
                    self.at.insert(self.id(what, &buffer).map_err(|why| order.odd(why))?, place);
                }
                None => {
                    entry.size = delta_sizes(&buffer).map_err(|why| order.odd(why))?.1;
                    self.fits(entry.size, order)?;
                    if let Form::Offset(base) = head.form {
                        let base = begins.get(&base).copied();
                        entry.base = Some(base.ok_or_else(|| order.odd("an entry of its pack leans on no entry"))?);
                    }
                }
            }
            total = total.saturating_add(entry.size).saturating_add(head.size);
            if total > limits.unpacked.saturating_mul(2 * Limits::WHOLE) {
                return Err(order.too_large("the commit is too large", limits.unpacked * Limits::WHOLE, "bytes"));
            }
            begins.insert(offset, place);
            self.entries.push(entry);
            offset = next;
        }
        Ok(())
    }

    /// Makes what leans on others, for its id. A base that is named by its id may come
    /// later, or be made itself: it is gone round as long as that helps.
    fn name_deltas(&mut self, order: &Order) -> Result<(), FetchError> {
        let mut open: Vec<usize> = (0..self.entries.len()).filter(|place| self.what(*place).is_none()).collect();
        let mut buffer = Vec::new();
        while !open.is_empty() {
            let mut later = Vec::new();
            for place in &open {
                order.in_time()?;
                if !self.lean(*place, order)? {
                    later.push(*place);
                    continue;
                }
                let what = self.make(*place, &mut buffer).map_err(|why| order.odd(why))?;
                let id = self.id(what, &buffer).map_err(|why| order.odd(why))?;
                self.at.insert(id, *place);
            }
            if later.len() == open.len() {
                return Err(order.odd("its pack leans on objects that it has not"));
            }
            open = later;
        }
        Ok(())
    }

    /// Whether all is there that the entry leans on; what it costs is known then.
    fn lean(&mut self, place: usize, order: &Order) -> Result<bool, FetchError> {
        let Some(entry) = self.entries.get(place) else { return Ok(false) };
        let base = match entry.head.form {
            Form::Id(id) => self.at.get(&id).copied(),
            _ => entry.base,
        };
        let Some((base, below)) = base.and_then(|base| Some((base, self.entries.get(base)?))) else {
            return Ok(false);
        };
        let Some(what) = below.what else { return Ok(false) };
        let (deep, cost) = (below.deep + 1, below.cost.saturating_add(entry.size).saturating_add(entry.head.size));
        if deep > DEEP || cost > order.limits.file.saturating_mul(COST) {
            return Err(order.odd("an object of its pack is made of more deltas than git makes"));
        }
        if let Some(entry) = self.entries.get_mut(place) {
            (entry.base, entry.what, entry.deep, entry.cost) = (Some(base), Some(what), deep, cost);
        }
        Ok(true)
    }

    /// The content of an object, by its id.
    pub(crate) fn find(&mut self, id: &ObjectId, out: &mut Vec<u8>) -> Result<Option<What>, String> {
        match self.at.get(id) {
            Some(place) => self.make(*place, out).map(Some),
            None => Ok(None),
        }
    }

    /// What an object is, and how many bytes it has.
    pub(crate) fn size(&self, id: &ObjectId) -> Option<(What, u64)> {
        let entry = self.entries.get(*self.at.get(id)?)?;
        Some((entry.what?, entry.size))
    }

    pub(crate) fn hash(&self) -> Kind {
        self.hash
    }

    fn what(&self, place: usize) -> Option<What> {
        self.entries.get(place)?.what
    }

    /// Makes an object: what all lean on first, then one delta after the other.
    fn make(&mut self, place: usize, out: &mut Vec<u8>) -> Result<What, String> {
        let gone = || "its pack leans on objects that it has not".to_owned();
        let mut chain = Vec::new();
        let mut next = Some(place);
        while let Some(place) = next {
            let entry = self.entries.get(place).ok_or_else(gone)?;
            chain.push((entry.head.data, entry.head.size));
            next = entry.base;
        }
        let what = self.what(place).ok_or_else(gone)?;
        let (data, size) = chain.pop().ok_or_else(gone)?;
        self.reader.inflate(data, usize::try_from(size).map_err(|_| gone())?, out)?;
        let mut delta = Vec::new();
        while let Some((data, size)) = chain.pop() {
            self.reader.inflate(data, usize::try_from(size).map_err(|_| gone())?, &mut delta)?;
            apply(out, &delta, &mut self.scratch)?;
            std::mem::swap(out, &mut self.scratch);
        }
        Ok(what)
    }

    fn id(&self, what: What, bytes: &[u8]) -> Result<ObjectId, String> {
        let mut hasher = gix_hash::hasher(self.hash);
        hasher.update(format!("{} {}\0", what.name(), bytes.len()).as_bytes());
        hasher.update(bytes);
        hasher.try_finalize().map_err(|_| "an object of its pack is made to share its id with another".to_owned())
    }

    /// Whether an object may be held in memory.
    fn fits(&self, size: u64, order: &Order) -> Result<usize, FetchError> {
        let most = order.limits.file;
        let fits = usize::try_from(size).ok().filter(|_| size <= most);
        fits.ok_or_else(|| order.too_large("the commit has a file that is too large", most, "bytes for one file"))
    }
}
