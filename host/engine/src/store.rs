//! What one call carries: the meter of memory, the virtual clock, handles, and what the
//! plugin said. Made fresh for each call and thrown away after it.

use wasmtime::component::ResourceTable;
use wasmtime::{Engine, ResourceLimiter, Store, StoreContextMut};

use crate::config::{ELEMENTS, INSTANCES, Limits, MEMORIES, TABLES};
use crate::ticker;

/// Lines kept of one call's log.
const LINES: usize = 100;
/// Bytes kept of one line.
const LINE: usize = 1 << 10;
/// Bytes kept of stderr: the last ones, where a panic stands.
const STDERR: usize = 4 << 10;
/// Handles that a guest may hold at once.
const HANDLES: usize = 1 << 10;
/// Fuel of a call to the host, beside one unit for each byte that it moves. So what the
/// host does for a plugin is limited by the same figure as what the plugin does.
const HOST_CALL: u64 = 500;

/// A line that a plugin wrote with `codeflare:plugin/log`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// trace, debug, info, warn or error; anything else was made info.
    pub level: &'static str,
    /// At most 1 KiB.
    pub message: String,
}

/// Data of a store.
pub(crate) struct State {
    /// Streams and pollables that the guest holds.
    pub(crate) table: ResourceTable,
    /// Virtual monotonic time in nanoseconds.
    pub(crate) now: u64,
    /// State of the random numbers.
    pub(crate) random: u64,
    pub(crate) meter: Meter,
    log: Vec<LogLine>,
    stderr: Vec<u8>,
}

/// Counts memory and says no.
pub(crate) struct Meter {
    limit: u64,
    used: u64,
    denied: bool,
}

/// The guest used more of the host than any plugin needs.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct TooMuch(pub(crate) String);

/// A store with every limit set.
///
/// # Errors
/// Only if the engine does not count fuel, which it does.
pub(crate) fn new(engine: &Engine, limits: &Limits, seed: u64) -> wasmtime::Result<Store<State>> {
    let mut table = ResourceTable::new();
    table.set_max_capacity(HANDLES);
    let state = State {
        table,
        now: 0,
        random: seed,
        meter: Meter { limit: limits.memory, used: 0, denied: false },
        log: Vec::new(),
        stderr: Vec::new(),
    };
    let mut store = Store::try_new(engine, state)?;
    store.limiter(|state| &mut state.meter);
    store.set_fuel(limits.fuel)?;
    store.set_epoch_deadline(ticker::epochs(limits.time));
    store.epoch_deadline_trap();
    // Bytes that one answer may move out of the guest. As many as it can hold: what is
    // longer than the output limit is then counted and refused with its size, and only
    // pointers that overlap end here.
    store.set_hostcall_fuel(usize::try_from(limits.memory).unwrap_or(usize::MAX));
    Ok(store)
}

/// Takes fuel for a call to the host that moves `bytes`.
pub(crate) fn charge(store: &mut StoreContextMut<'_, State>, bytes: usize) -> wasmtime::Result<()> {
    let left = store.get_fuel()?;
    let cost = HOST_CALL.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    match left.checked_sub(cost) {
        Some(left) => store.set_fuel(left),
        None => {
            store.set_fuel(0)?;
            Err(wasmtime::Trap::OutOfFuel.into())
        }
    }
}

impl State {
    /// Keeps a line, cut, or drops it where there are too many.
    pub(crate) fn log(&mut self, level: &str, message: &str) {
        if self.log.len() < LINES {
            self.log.push(line(level, message));
        }
    }

    /// Keeps the end of what goes to stderr.
    pub(crate) fn write_stderr(&mut self, bytes: &[u8]) {
        let bytes = bytes.get(bytes.len().saturating_sub(STDERR)..).unwrap_or(bytes);
        self.stderr.extend_from_slice(bytes);
        let over = self.stderr.len().saturating_sub(STDERR);
        self.stderr.drain(..over);
    }

    /// What was written to stderr, its end.
    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Hands over the log.
    pub(crate) fn take_log(&mut self) -> Vec<LogLine> {
        std::mem::take(&mut self.log)
    }
}

impl Meter {
    /// High-water of all memories, in bytes.
    pub(crate) fn used(&self) -> u64 {
        self.used
    }

    /// Whether the guest was refused memory at least once.
    pub(crate) fn denied(&self) -> bool {
        self.denied
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        // Memories never shrink, so the sum of all growth is what is used.
        let more = u64::try_from(desired.saturating_sub(current)).unwrap_or(u64::MAX);
        let used = self.used.saturating_add(more);
        if used > self.limit {
            self.denied = true;
            return Ok(false);
        }
        self.used = used;
        Ok(true)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= ELEMENTS)
    }

    fn instances(&self) -> usize {
        INSTANCES as usize
    }

    fn tables(&self) -> usize {
        TABLES as usize
    }

    fn memories(&self) -> usize {
        MEMORIES as usize
    }
}

/// Lines of a log within the same bounds, for one that was kept elsewhere.
pub(crate) fn lines<'a>(log: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<LogLine> {
    log.take(LINES).map(|(level, message)| line(level, message)).collect()
}

fn line(level: &str, message: &str) -> LogLine {
    let levels = ["trace", "debug", "info", "warn", "error"];
    let level = levels.into_iter().find(|known| *known == level).unwrap_or("info");
    LogLine { level, message: cut(message, LINE).to_owned() }
}

/// At most `most` bytes of `text`, whole characters.
pub(crate) fn cut(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or(text)
}
