//! What one fetch may cost.

use std::time::Duration;

/// What one fetch may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes that the server may send for a commit.
    pub received: u64,
    /// Bytes of the files of the folder. The whole commit may have [`Limits::WHOLE`] times
    /// as many, since only a part of it may be wanted.
    pub unpacked: u64,
    /// Files, links and folders of the folder; the whole commit may have [`Limits::WHOLE`]
    /// times as many objects.
    pub files: u64,
    /// Bytes of one file; it is held in memory.
    pub file: u64,
    /// How long all of it may take.
    pub total: Duration,
    /// How long nothing may come.
    pub stall: Duration,
}

impl Limits {
    /// How much larger the whole commit may be than the folder that is wanted.
    pub const WHOLE: u64 = 4;
}

impl Default for Limits {
    /// 256 MiB received and 256 MiB unpacked in 50,000 files of at most 64 MiB, in 120 s, of
    /// which at most 20 s without a byte.
    fn default() -> Limits {
        Limits {
            received: 256 << 20,
            unpacked: 256 << 20,
            files: 50_000,
            file: 64 << 20,
            total: Duration::from_secs(120),
            stall: Duration::from_secs(20),
        }
    }
}
