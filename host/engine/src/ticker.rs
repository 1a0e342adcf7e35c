//! The thread that counts epochs, for time limits.
//!
//! An OS thread of its own: a runtime whose workers are all busy would not tick, and
//! that is when time limits matter. It sleeps, then counts one, however long the sleep
//! took: after a pause of the whole machine no plugin is stopped for what it did not use.

use std::time::Duration;

use wasmtime::{Engine, EngineWeak};

use crate::error::EngineError;

/// One epoch.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// Starts the thread; it ends when the last of the engines is gone.
pub(crate) fn start(engines: &[Engine]) -> Result<(), EngineError> {
    let mut engines: Vec<EngineWeak> = engines.iter().map(Engine::weak).collect();
    let (tell, started) = std::sync::mpsc::channel();
    std::thread::Builder::new()
        .name("plugin-ticker".into())
        .spawn(move || {
            let _gone = tell.send(());
            while !engines.is_empty() {
                std::thread::sleep(TICK);
                engines.retain(|weak| match weak.upgrade() {
                    Some(engine) => {
                        engine.increment_epoch();
                        true
                    }
                    None => false,
                });
            }
        })
        .map(drop)
        .map_err(EngineError::Ticker)?;
    // A process that is confined next must not forbid the thread what it does at its start.
    started.recv().map_err(|_| EngineError::Ticker(std::io::ErrorKind::Other.into()))
}

/// Epochs that a call may last: never less than `time`.
pub(crate) fn epochs(time: Duration) -> u64 {
    let ticks = time.as_nanos().div_ceil(TICK.as_nanos());
    u64::try_from(ticks).unwrap_or(u64::MAX / 4).saturating_add(1)
}
