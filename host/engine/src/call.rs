//! One call: a fresh store, an instance, a question, an answer or a typed failure.
//!
//! Synchronous, and it blocks its thread for up to the time limit; the caller puts it on
//! one that may be blocked.

use std::time::{Duration, Instant};

use codeflare_documents::call::Request;
use serde::{Deserialize, Serialize};
use wasmtime::component::ResourceTableError;
use wasmtime::{Engine, Store, Trap, WasmBacktrace};

use crate::config::{Limits, Role};
use crate::convert::{self, Raw};
use crate::error::CallError;
use crate::plugin::Called;
use crate::store::{self, LogLine, State, TooMuch, cut};
use crate::wasi::{Exit, NotProvided};
use crate::world::Exports;

/// Bytes kept of a panic's message.
const MESSAGE: usize = 1 << 10;

/// What every call of one plugin shares.
pub(crate) struct Callable {
    pub(crate) engine: Engine,
    pub(crate) exports: Exports,
    pub(crate) role: Role,
    pub(crate) limits: Limits,
    /// Seed of its random numbers.
    pub(crate) seed: u64,
}

/// A request with its document already written.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Question {
    Describe,
    Launch(String),
    Observe(String),
    Decide(String, Option<convert::Proposed>),
}

/// What came of asking, before anything of the answer is parsed.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) answer: Result<Raw, CallError>,
    pub(crate) fuel: u64,
    pub(crate) memory: u64,
    pub(crate) log: Vec<LogLine>,
    pub(crate) elapsed: Duration,
}

impl Outcome {
    /// A call that never reached the plugin.
    pub(crate) fn not_made(error: CallError) -> Self {
        Outcome { answer: Err(error), fuel: 0, memory: 0, log: Vec::new(), elapsed: Duration::ZERO }
    }

    /// With the answer read, if it has at most as many bytes of text.
    pub(crate) fn read(self, most: usize) -> Called {
        let Outcome { answer, fuel, memory, log, elapsed } = self;
        let start = Instant::now();
        let answer = answer.and_then(|raw| raw.answer(most));
        Called { answer, fuel, memory, log, elapsed: elapsed + start.elapsed() }
    }
}

impl Question {
    /// Writes the document.
    ///
    /// # Errors
    /// `Host` if it cannot be written, which no document of ours does.
    pub(crate) fn new(request: &Request) -> Result<Self, CallError> {
        match request {
            Request::Launch(document) => serde_json::to_string(document).map(Question::Launch),
            Request::Observe(document) => serde_json::to_string(document).map(Question::Observe),
            Request::Decide { request, proposed } => {
                let proposed = proposed.as_ref().map(convert::proposed);
                serde_json::to_string(request).map(|document| Question::Decide(document, proposed))
            }
        }
        .map_err(|error| CallError::Host { why: error.to_string() })
    }

    fn step(&self) -> &'static str {
        match self {
            Question::Describe => "describe",
            Question::Launch(_) => "launch",
            Question::Observe(_) => "observe",
            Question::Decide(..) => "decide",
        }
    }
}

/// What comes back before it is wrapped: text of `describe`, or an answer.
enum Reply {
    Text(String),
    Answer(Raw),
}

impl Callable {
    /// Calls `describe`.
    ///
    /// # Errors
    /// Every way in which a call can fail.
    pub(crate) fn describe(&self) -> Result<String, CallError> {
        let mut store = self.store()?;
        match self.ask(&mut store, &Question::Describe)? {
            Reply::Text(text) if text.len() > self.limits.output => {
                Err(CallError::AnswerTooLarge { bytes: text.len(), most: self.limits.output })
            }
            Reply::Text(text) => Ok(text),
            Reply::Answer(_) => Err(self.wrong_role("describe")),
        }
    }

    /// Asks one question. An answer is not larger than the limit.
    pub(crate) fn call(&self, question: &Question) -> Outcome {
        let start = Instant::now();
        let mut store = match self.store() {
            Ok(store) => store,
            Err(error) => return Outcome::not_made(error),
        };
        let answer = match self.ask(&mut store, question) {
            Ok(Reply::Answer(raw)) => raw.check(self.limits.output).map(|()| raw),
            Ok(Reply::Text(_)) => Err(self.wrong_role(question.step())),
            Err(error) => Err(error),
        };
        let left = store.get_fuel().unwrap_or(0);
        let state = store.data_mut();
        Outcome {
            answer,
            fuel: self.limits.fuel.saturating_sub(left),
            memory: state.meter.used(),
            log: state.take_log(),
            elapsed: start.elapsed(),
        }
    }

    fn store(&self) -> Result<Store<State>, CallError> {
        store::new(&self.engine, &self.limits, self.seed).map_err(|error| CallError::Host { why: format!("{error:#}") })
    }

    fn ask(&self, store: &mut Store<State>, question: &Question) -> Result<Reply, CallError> {
        let reply = match (&self.exports, question) {
            (Exports::Launcher(pre), Question::Describe) => pre
                .instantiate(&mut *store)
                .and_then(|plugin| plugin.codeflare_plugin_describe().call_describe(&mut *store))
                .map(Reply::Text),
            (Exports::Sizing(pre), Question::Describe) => pre
                .instantiate(&mut *store)
                .and_then(|plugin| plugin.codeflare_plugin_describe().call_describe(&mut *store))
                .map(Reply::Text),
            (Exports::Progress(pre), Question::Describe) => pre
                .instantiate(&mut *store)
                .and_then(|plugin| plugin.codeflare_plugin_describe().call_describe(&mut *store))
                .map(Reply::Text),
            (Exports::Launcher(pre), Question::Launch(document)) => pre
                .instantiate(&mut *store)
                .and_then(|plugin| {
                    let launcher = plugin.codeflare_launcher_launcher();
                    launcher.call_launch(&mut *store, document)
                })
                .map(|answer| Reply::Answer(Raw::Launched(answer))),
            (Exports::Launcher(pre), Question::Observe(document)) => pre
                .instantiate(&mut *store)
                .and_then(|plugin| {
                    let observer = plugin.codeflare_launcher_observer();
                    observer.call_observe(&mut *store, document)
                })
                .map(|answer| Reply::Answer(Raw::Observed(answer))),
            (Exports::Sizing(pre), Question::Decide(document, proposed)) => pre
                .instantiate(&mut *store)
                .and_then(|plugin| {
                    let sizing = plugin.codeflare_sizing_sizing();
                    sizing.call_decide(&mut *store, document, proposed.as_ref())
                })
                .map(|answer| Reply::Answer(Raw::Decided(answer))),
            _ => return Err(self.wrong_role(question.step())),
        };
        reply.map_err(|error| self.classify(&error, store.data()))
    }

    fn wrong_role(&self, step: &'static str) -> CallError {
        CallError::WrongRole { role: self.role, step: step.to_owned() }
    }

    /// The class comes from types. The one look at text is at the guest's own stderr,
    /// for the words of its panic.
    fn classify(&self, error: &wasmtime::Error, state: &State) -> CallError {
        let limits = &self.limits;
        if let Some(NotProvided(import)) = error.downcast_ref() {
            return CallError::NotProvided { import: import.clone() };
        }
        if let Some(TooMuch(what)) = error.downcast_ref() {
            return CallError::AskedTooMuch { what: what.clone() };
        }
        if error.is::<Exit>() {
            return CallError::Exited;
        }
        if error.is::<ResourceTableError>() {
            return CallError::AskedTooMuch { what: "more handles than any plugin needs".into() };
        }
        if error.is::<wasmtime::PoolConcurrencyLimitError>() {
            return CallError::Host { why: "all slots for instances are taken".into() };
        }
        match error.downcast_ref::<Trap>() {
            Some(Trap::OutOfFuel) => CallError::OutOfFuel { fuel: limits.fuel },
            Some(Trap::Interrupt) => CallError::TimedOut { time: limits.time },
            Some(Trap::StackOverflow) => CallError::StackOverflow,
            Some(Trap::AllocationTooLarge) => CallError::OutOfMemory { memory: limits.memory },
            Some(trap) => died(*trap, state, limits),
            // Not a trap and not ours: what came back cannot be read as the contract
            // says, or memory for the instance could not be had at all, or the plugin ran
            // and called the host against the contract, with a handle that is none.
            None if state.meter.denied() => CallError::OutOfMemory { memory: limits.memory },
            None if error.is::<WasmBacktrace>() => broke(error.root_cause(), state),
            None => CallError::bad("/", format!("{error:#}")),
        }
    }
}

/// A guest that gave up or broke.
fn died(trap: Trap, state: &State, limits: &Limits) -> CallError {
    let said = state.stderr();
    let gave_up = trap == Trap::UnreachableCodeReached;
    if gave_up && let Some(message) = panic_message(&said) {
        return CallError::Panicked { message };
    }
    if state.meter.denied() {
        return CallError::OutOfMemory { memory: limits.memory };
    }
    broke(trap, state)
}

fn broke(trap: impl std::fmt::Display, state: &State) -> CallError {
    let said = state.stderr();
    let last = said.lines().rev().find(|line| !line.trim().is_empty());
    CallError::Trapped { trap: trap.to_string(), said_last: cut(last.unwrap_or_default().trim(), MESSAGE).to_owned() }
}

/// `message (place)`, from what Rust prints: `thread '…' panicked at place:\nmessage\nnote: …`.
fn panic_message(stderr: &str) -> Option<String> {
    let (_, rest) = stderr.rsplit_once("panicked at ")?;
    let (place, rest) = rest.split_once('\n').unwrap_or((rest, ""));
    let message = rest.split("\nnote: ").next().unwrap_or_default().trim().replace('\n', " ");
    let place = cut(place.trim_end_matches(':'), 200);
    Some(format!("{} ({place})", cut(&message, MESSAGE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_panic() {
        let stderr = "hello\n\nthread '<unnamed>' (1) panicked at src/lib.rs:4:9:\nno room\nat all\nnote: run with `RUST_BACKTRACE=1`\n";
        let message = panic_message(stderr);
        assert_eq!(message.as_deref(), Some("no room at all (src/lib.rs:4:9)"));
        assert_eq!(panic_message("all is well"), None);
    }
}
