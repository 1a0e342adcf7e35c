//! Everything that can go wrong, by class: a reason for conditions and metrics, and a
//! sentence that says what to do. Classes come from types (traps, own errors), never
//! from the text of a message.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::Role;

/// The engine itself cannot start.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The cache directory cannot be used.
    #[error("cannot use the plugin cache {path}: {source}; give a directory that this user can write")]
    Cache {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Somebody else could write code into the cache.
    #[error("the plugin cache {path} belongs to another user or is open to others; remove it, so that it is made anew")]
    CacheOpen {
        /// Which.
        path: PathBuf,
    },
    /// No compile command was given.
    #[error("no compile command was given; set `compiler` to the host and `compile-plugin`")]
    NoCompiler,
    /// wasmtime refuses this machine or configuration.
    #[error("the WebAssembly engine cannot start here: {0}")]
    Wasmtime(String),
    /// No thread for the clock of time limits.
    #[error("cannot start the thread that counts time limits: {0}")]
    Ticker(std::io::Error),
}

/// A plugin cannot be used at all.
#[derive(Debug, thiserror::Error, Serialize, Deserialize)]
pub enum LoadError {
    /// Random bytes, a core module, something cut off.
    #[error(
        "these bytes are not a WebAssembly component: {why}; build for wasm32-wasip2 or wrap the module with `wasm-tools component new`"
    )]
    NotAComponent {
        /// What was found instead.
        why: String,
    },
    /// More bytes than any plugin has.
    #[error("the component has {bytes} bytes, at most {most} are taken; build it optimised for size and stripped")]
    TooLarge {
        /// Bytes that it has.
        bytes: usize,
        /// Bytes that are taken.
        most: usize,
    },
    /// Several components in one.
    #[error("the component is composed of several; give the plugin by itself")]
    Composed,
    /// It asks for more memories, tables or memory than any call gets.
    #[error("the component needs {what}; at most {most} are given")]
    NeedsTooMuch {
        /// Of what, with the figure.
        what: String,
        /// The limit.
        most: u64,
    },
    /// It is a plugin of another kind, or none.
    #[error("a {role} exports {expected}, this component exports {found}; check which file is given as which plugin")]
    WrongWorld {
        /// What it was loaded as.
        role: Role,
        /// Interfaces that the role needs.
        expected: String,
        /// Interfaces that are there.
        found: String,
    },
    /// The right interface in a version that this host does not speak.
    #[error(
        "the component speaks {interface}@{found}, this host speaks {interface}@{expected}; take a plugin built for it"
    )]
    WrongWorldVersion {
        /// The interface, without version.
        interface: String,
        /// Version of the host.
        expected: String,
        /// Version of the plugin.
        found: String,
    },
    /// It imports what no plugin gets.
    #[error("the component imports {import}, which no plugin gets; a plugin has its request and nothing else")]
    UnknownImport {
        /// The import.
        import: String,
    },
    /// Right names, other types.
    #[error(
        "the component's functions have other types than the contract: {why}; build it with the WIT files of this version"
    )]
    WrongTypes {
        /// The difference.
        why: String,
    },
    /// The compiler refuses it.
    #[error("the component cannot be compiled: {why}; check that it is valid with `wasm-tools validate`")]
    CompileFailed {
        /// The compiler's words.
        why: String,
    },
    /// The compiler was stopped.
    #[error("compiling took more than {} s; build the component smaller, or raise the time for compiling", time.as_secs_f32())]
    CompileTimedOut {
        /// The limit.
        time: Duration,
    },
    /// The compiler had too little memory, or fell over.
    #[error(
        "the compiler was stopped by {by}; build the component smaller, or raise the {memory} bytes of memory for compiling"
    )]
    CompileKilled {
        /// Signal.
        by: String,
        /// The limit in bytes.
        memory: u64,
    },
    /// Disk, process table: not the plugin's fault.
    #[error("the host cannot load plugins: {why}")]
    Host {
        /// What failed.
        why: String,
    },
    /// The description is not what it should be.
    #[error("the plugin describes itself badly: {pointer}: {why}; mend its `describe`")]
    DescribedBadly {
        /// JSON pointer into the description.
        pointer: String,
        /// What was expected.
        why: String,
    },
    /// It failed while describing itself.
    #[error("asked to describe itself: {0}")]
    Describe(#[from] CallError),
}

impl LoadError {
    /// PascalCase reason for conditions, events and metrics.
    pub fn reason(&self) -> &'static str {
        match self {
            LoadError::NotAComponent { .. } => "NotAComponent",
            LoadError::TooLarge { .. } => "PluginTooLarge",
            LoadError::Composed => "ComposedComponent",
            LoadError::NeedsTooMuch { .. } => "PluginNeedsTooMuch",
            LoadError::WrongWorld { .. } => "WrongWorld",
            LoadError::WrongWorldVersion { .. } => "WrongWorldVersion",
            LoadError::UnknownImport { .. } => "UnknownImport",
            LoadError::WrongTypes { .. } => "WrongTypes",
            LoadError::CompileFailed { .. } => "CompileFailed",
            LoadError::CompileTimedOut { .. } => "CompileTimedOut",
            LoadError::CompileKilled { .. } => "CompileKilled",
            LoadError::Host { .. } => "PluginHostFailed",
            LoadError::DescribedBadly { .. } => "PluginDescribedBadly",
            LoadError::Describe(error) => error.reason(),
        }
    }

    pub(crate) fn host(why: impl std::fmt::Display) -> Self {
        LoadError::Host { why: why.to_string() }
    }

    /// The same with all text cut: it came from where nobody can be trusted to be brief.
    pub(crate) fn cut(mut self) -> Self {
        match &mut self {
            LoadError::NotAComponent { why }
            | LoadError::NeedsTooMuch { what: why, .. }
            | LoadError::UnknownImport { import: why }
            | LoadError::WrongTypes { why }
            | LoadError::CompileFailed { why }
            | LoadError::CompileKilled { by: why, .. }
            | LoadError::Host { why } => shorten(why),
            LoadError::WrongWorld { expected, found, .. } => [expected, found].into_iter().for_each(shorten),
            LoadError::WrongWorldVersion { interface, expected, found } => {
                [interface, expected, found].into_iter().for_each(shorten);
            }
            LoadError::DescribedBadly { pointer, why } => [pointer, why].into_iter().for_each(shorten),
            LoadError::Describe(error) => {
                return LoadError::Describe(std::mem::replace(error, CallError::Exited).cut());
            }
            LoadError::TooLarge { .. } | LoadError::Composed | LoadError::CompileTimedOut { .. } => {}
        }
        self
    }
}

/// Why compiled code does not become a plugin.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum NotLoaded {
    /// It is of another version, or no code: compile again.
    Code(String),
    /// It is no plugin, or a broken one.
    Plugin(LoadError),
}

impl From<LoadError> for NotLoaded {
    fn from(error: LoadError) -> Self {
        NotLoaded::Plugin(error)
    }
}

/// One call failed. The plugin is not spoilt by it: the next call has a fresh instance.
#[derive(Debug, thiserror::Error, Serialize, Deserialize)]
pub enum CallError {
    /// The limit that is the same on every machine.
    #[error("the plugin used up its {fuel} units of fuel; it loops, or its limit is too low for this request")]
    OutOfFuel {
        /// The limit.
        fuel: u64,
    },
    /// The backstop.
    #[error("the plugin was stopped after {} s; it loops, or the host is overloaded", time.as_secs_f32())]
    TimedOut {
        /// The limit.
        time: Duration,
    },
    /// It wanted more memory and could not go on without.
    #[error("the plugin needs more than its {memory} bytes of memory; mend it, or raise its limit")]
    OutOfMemory {
        /// The limit in bytes.
        memory: u64,
    },
    /// Recursion without end.
    #[error("the plugin's recursion is too deep; mend it")]
    StackOverflow,
    /// It gave up by itself.
    #[error("the plugin panicked: {message}; tell its author")]
    Panicked {
        /// Its own words, cut.
        message: String,
    },
    /// Any other trap.
    #[error("the plugin trapped: {trap}{}; tell its author", said(said_last))]
    Trapped {
        /// What WebAssembly calls it.
        trap: String,
        /// The last line that it wrote to stderr, if any.
        said_last: String,
    },
    /// It called `exit`.
    #[error("the plugin exited instead of answering; tell its author")]
    Exited,
    /// It asked the host for something out of all proportion.
    #[error("the plugin asked for too much of the host: {what}; tell its author")]
    AskedTooMuch {
        /// Of what.
        what: String,
    },
    /// It used what the empty WASI does not have.
    #[error("the plugin called {import}, which no plugin gets; tell its author")]
    NotProvided {
        /// The import.
        import: String,
    },
    /// The answer breaks the contract.
    #[error("the plugin answered badly at {pointer}: {why}; tell its author")]
    AnsweredBadly {
        /// Path into the answer, such as `/manifests/0/object`.
        pointer: String,
        /// What was expected.
        why: String,
    },
    /// The answer is longer than allowed.
    #[error("the plugin's answer has {bytes} bytes, at most {most} are taken; mend it")]
    AnswerTooLarge {
        /// Bytes of all text.
        bytes: usize,
        /// The limit.
        most: usize,
    },
    /// The host asked a plugin of another role.
    #[error("a {role} cannot be asked to {step}; this is a fault of the host")]
    WrongRole {
        /// What the plugin is.
        role: Role,
        /// What was asked.
        step: String,
    },
    /// The process that runs plugins died while it had the call, or was ended because it
    /// broke the rules. Of the calls that it had one is to blame; the next call of each of
    /// their plugins is made alone, in another process.
    #[error("the process that runs plugins died during the call: {why}; it is started anew for the next one")]
    EngineDied {
        /// What is known of it.
        why: String,
        /// Whether this was the only call, and so to blame.
        alone: bool,
    },
    /// Not the plugin's fault.
    #[error("the host could not make the call: {why}")]
    Host {
        /// What failed.
        why: String,
    },
}

/// More than any message of ours has.
const TEXT: usize = 4 << 10;

fn shorten(text: &mut String) {
    text.truncate(text.floor_char_boundary(TEXT));
}

fn said(last: &str) -> String {
    if last.is_empty() { String::new() } else { format!(" after it said \"{last}\"") }
}

impl CallError {
    /// PascalCase reason for conditions, events and metrics.
    pub fn reason(&self) -> &'static str {
        match self {
            CallError::OutOfFuel { .. } => "PluginOutOfFuel",
            CallError::TimedOut { .. } => "PluginTimedOut",
            CallError::OutOfMemory { .. } => "PluginOutOfMemory",
            CallError::StackOverflow => "PluginStackOverflow",
            CallError::Panicked { .. } => "PluginPanicked",
            CallError::Trapped { .. } => "PluginTrapped",
            CallError::Exited => "PluginExited",
            CallError::AskedTooMuch { .. } => "PluginAskedTooMuch",
            CallError::NotProvided { .. } => "PluginCalledNotProvided",
            CallError::AnsweredBadly { .. } => "PluginAnsweredBadly",
            CallError::AnswerTooLarge { .. } => "PluginAnswerTooLarge",
            CallError::WrongRole { .. } => "PluginWrongRole",
            CallError::EngineDied { .. } => "PluginEngineDied",
            CallError::Host { .. } => "PluginHostFailed",
        }
    }

    /// The same with all text cut.
    pub(crate) fn cut(mut self) -> Self {
        match &mut self {
            CallError::Panicked { message: why }
            | CallError::AskedTooMuch { what: why }
            | CallError::NotProvided { import: why }
            | CallError::WrongRole { step: why, .. }
            | CallError::EngineDied { why, .. }
            | CallError::Host { why } => shorten(why),
            CallError::Trapped { trap, said_last } => [trap, said_last].into_iter().for_each(shorten),
            CallError::AnsweredBadly { pointer, why } => [pointer, why].into_iter().for_each(shorten),
            CallError::OutOfFuel { .. }
            | CallError::TimedOut { .. }
            | CallError::OutOfMemory { .. }
            | CallError::StackOverflow
            | CallError::Exited
            | CallError::AnswerTooLarge { .. } => {}
        }
        self
    }

    pub(crate) fn bad(pointer: impl Into<String>, why: impl std::fmt::Display) -> Self {
        CallError::AnsweredBadly { pointer: pointer.into(), why: why.to_string() }
    }
}
