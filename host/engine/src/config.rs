//! Settings of the engine, limits of a call, and the one configuration of wasmtime
//! that host and compile child share: code compiled under another one does not load.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wasmtime::{InstanceAllocationStrategy, PoolingAllocationConfig};

/// Settings of an [`crate::Engine`].
#[derive(Clone, Debug)]
pub struct Config {
    /// Directory for compiled code and component bytes; made if it is not there.
    pub cache: PathBuf,
    /// Command of the compile child; its limits are added as further arguments (bytes of
    /// memory, seconds, `--confined`). It must end in [`crate::compile_main`].
    pub compiler: Vec<OsString>,
    /// Where plugins run.
    pub isolation: Isolation,
    /// How many calls run at once, over all plugins; at least 1.
    pub threads: usize,
    /// How many calls of one plugin run at once; fewer than `threads`, so that a slow
    /// plugin cannot keep the others waiting.
    pub permits_per_plugin: usize,
    /// How long a compilation may take, wall time; the same figure limits its CPU time.
    pub compile_time: Duration,
    /// Address space of a compilation, in bytes.
    pub compile_memory: u64,
}

impl Config {
    /// Keeps the children within a machine, or a container, of so many bytes, that whatever
    /// plugins do, they meet a limit of their own before the system ends the host with them:
    /// five sixteenths for calls, half of that for those that are called alone, six for a
    /// compilation; the rest is the host's. More than before it never is.
    #[must_use]
    pub fn within(mut self, bytes: u64) -> Self {
        let sixteenth = bytes / 16;
        self.compile_memory = self.compile_memory.min(6 * sixteenth);
        if let Isolation::Process { memory, .. } = &mut self.isolation {
            *memory = (*memory).min(5 * sixteenth);
        }
        self
    }
}

/// Where plugins run, and who loads their code.
#[derive(Clone, Debug)]
pub enum Isolation {
    /// In a child process that has nothing: see [`crate::sandbox`].
    Process {
        /// Its command; how many threads and how many bytes of memory it has are added as
        /// two further arguments. It must end in [`crate::engine_main`].
        command: Vec<OsString>,
        /// Bytes of writable memory, beyond what is reserved at its start. The child of those
        /// that are called alone has half of it.
        memory: u64,
    },
    /// In this process: WebAssembly alone is between them and it.
    None,
}

impl Isolation {
    /// A program that is its own child with `plugin-engine`, and the memory that calls of
    /// several Python plugins need at once.
    pub fn process(program: impl Into<OsString>) -> Self {
        Isolation::Process { command: vec![program.into(), "plugin-engine".into()], memory: 2 << 30 }
    }
}

impl Default for Config {
    /// A cache among the temporary files, the running program as its own compiler, plugins in
    /// this process (a program has to be made for being its own child), twice as many threads
    /// as cores (calls are short, and some wait for a core), and what an 18 MB Python component
    /// needs to compile several times over.
    fn default() -> Self {
        let program = std::env::current_exe().unwrap_or_else(|_| "codeflare".into());
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let threads = (2 * cores).clamp(4, 16);
        Config {
            cache: std::env::temp_dir().join("codeflare-plugins"),
            compiler: vec![program.into(), "compile-plugin".into()],
            isolation: Isolation::None,
            threads,
            permits_per_plugin: threads / 2,
            compile_time: Duration::from_secs(120),
            compile_memory: 4 << 30,
        }
    }
}

/// What one call may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Wall time, the backstop: for what fuel does not count, such as one instruction
    /// that fills all memory.
    pub time: Duration,
    /// Units of fuel, about one per WebAssembly instruction; the limit that is meant to
    /// be met, because it is the same on every machine.
    pub fuel: u64,
    /// Linear memory of the whole instance, in bytes.
    pub memory: u64,
    /// Text of the answer, in bytes.
    pub output: usize,
}

impl Default for Limits {
    /// A launcher's answer to a request of 13 KB costs 1.7 million units of fuel and a
    /// quarter of a millisecond. Two thousand million are a thousand times that, room for
    /// an interpreted plugin and a long list; a tight loop uses them up in 0.3 s, so that
    /// fuel comes before the five seconds also on a machine that is ten times slower or
    /// busy. 64 MiB hold a Python interpreter. A plan beyond 1 MiB is refused anyway.
    fn default() -> Self {
        Limits { time: Duration::from_secs(5), fuel: 2_000_000_000, memory: 64 << 20, output: 1 << 20 }
    }
}

/// What a plugin is for; decides which world it must export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Role {
    /// Describes the objects that run a Run.
    Launcher,
    /// Decides how big a Run is.
    SizingPolicy,
    /// Reads progress out of log lines.
    Progress,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Role::Launcher => "launcher",
            Role::SizingPolicy => "sizing policy",
            Role::Progress => "progress reader",
        })
    }
}

/// Native stack of a guest. Blocking threads of tokio have 2 MiB.
const STACK: usize = 512 << 10;
/// Largest memory of the small pool: what a plugin in a compiled language needs.
pub(crate) const SMALL_MEMORY: u64 = 64 << 20;
/// Largest memory of the large pool, and of any plugin.
pub(crate) const LARGE_MEMORY: u64 = 1 << 30;
/// Core instances of one component; a Python component has about a dozen.
pub(crate) const INSTANCES: u32 = 40;
/// Memories of one component; tools make one.
pub(crate) const MEMORIES: u32 = 4;
/// Tables of one component.
pub(crate) const TABLES: u32 = 16;
/// Elements of one table.
pub(crate) const ELEMENTS: usize = 100_000;

/// How memory for instances is come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Reserved ahead, many slots for small memories.
    Small,
    /// Reserved ahead, few slots for large memories.
    Large,
    /// Mapped for each call: slower, needs no reservation.
    OnDemand,
}

/// The configuration of wasmtime. Everything that decides on generated code is here and
/// not in the profile.
pub(crate) fn wasmtime(profile: Profile, threads: usize) -> wasmtime::Config {
    let mut config = wasmtime::Config::new();
    config
        .consume_fuel(true)
        .epoch_interruption(true)
        .max_wasm_stack(STACK)
        .concurrency_support(false)
        // The same bits on every machine.
        .cranelift_nan_canonicalization(true)
        .relaxed_simd_deterministic(true)
        // The surface that compilers of plugins use, and no more. Threads, garbage
        // collection and exceptions are not even compiled in.
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_tail_call(false)
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false)
        .shared_memory(false)
        // Bounds checks are page faults.
        .memory_reservation(4 << 30)
        .memory_init_cow(true);
    let slots = |calls: usize| u32::try_from(calls.max(1)).unwrap_or(u32::MAX);
    match profile {
        Profile::OnDemand => {}
        Profile::Small => {
            // One more than can run: loading describes on a thread of its own.
            config.allocation_strategy(pool(slots(threads + 1), SMALL_MEMORY));
        }
        Profile::Large => {
            config.allocation_strategy(pool(slots(threads + 1), LARGE_MEMORY));
        }
    }
    config
}

fn pool(calls: u32, memory: u64) -> InstanceAllocationStrategy {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(calls)
        .total_core_instances(calls.saturating_mul(INSTANCES))
        .total_memories(calls.saturating_mul(MEMORIES))
        .total_tables(calls.saturating_mul(TABLES))
        .max_core_instances_per_component(INSTANCES)
        .max_memories_per_component(MEMORIES)
        .max_tables_per_component(TABLES)
        .max_memories_per_module(1)
        .max_tables_per_module(4)
        .table_elements(ELEMENTS)
        .max_component_instance_size(16 << 20)
        .max_core_instance_size(1 << 20)
        .max_memory_size(usize::try_from(memory).unwrap_or(usize::MAX))
        // What a call has touched goes back to the system, but for the first 1 MiB.
        .linear_memory_keep_resident(1 << 20)
        .table_keep_resident(64 << 10)
        .max_unused_warm_slots(4);
    InstanceAllocationStrategy::Pooling(pool)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_stay_within_the_container_and_never_get_more_than_before() {
        let config = |memory| Config {
            isolation: Isolation::Process { command: Vec::new(), memory },
            compile_memory: 4 << 30,
            ..Config::default()
        };
        let room = |config: &Config| match config.isolation {
            Isolation::Process { memory, .. } => (memory, config.compile_memory),
            Isolation::None => (0, config.compile_memory),
        };
        for (bytes, calls, compile) in
            [(1 << 30, 320 << 20, 384 << 20), (256 << 20, 80 << 20, 96 << 20), (1 << 40, 2 << 30, 4 << 30)]
        {
            let (got, compiles) = room(&config(2 << 30).within(bytes));
            assert_eq!((got, compiles), (calls, compile), "{bytes}");
            // Those that are called alone have half of it.
            assert!(bytes == 1 << 40 || got + got / 2 + compiles < bytes, "{bytes}");
        }
    }
}
