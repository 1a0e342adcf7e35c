//! `wasi:clocks`: virtual time. It starts at zero, moves by a microsecond with each look
//! (so that a loop that waits for time to pass ends), and jumps when the guest waits.

use wasmtime::component::{ComponentType, LinkerInstance, Lower};

use super::io;
use crate::store::{self, State};

/// Nanoseconds by which a look at the clock moves it.
const LOOK: u64 = 1_000;
const SECOND: u64 = 1_000_000_000;
/// Wall time at the start of every call: 2020-01-01T00:00:00Z.
const START: u64 = 1_577_836_800;

#[derive(ComponentType, Lower)]
#[component(record)]
struct Datetime {
    seconds: u64,
    nanoseconds: u32,
}

fn look(state: &mut State) -> u64 {
    state.now = state.now.saturating_add(LOOK);
    state.now
}

pub(super) fn monotonic(instance: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    instance.func_wrap("now", |mut cx, (): ()| {
        store::charge(&mut cx, 0)?;
        Ok((look(cx.data_mut()),))
    })?;
    instance.func_wrap("resolution", |mut cx, (): ()| {
        store::charge(&mut cx, 0)?;
        Ok((LOOK,))
    })?;
    instance.func_wrap("subscribe-instant", |mut cx, (at,): (u64,)| io::subscribe(&mut cx, at))?;
    instance.func_wrap("subscribe-duration", |mut cx, (span,): (u64,)| {
        let at = cx.data().now.saturating_add(span);
        io::subscribe(&mut cx, at)
    })
}

pub(super) fn wall(instance: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    instance.func_wrap("now", |mut cx, (): ()| {
        store::charge(&mut cx, 0)?;
        let now = look(cx.data_mut());
        Ok((datetime(START + now / SECOND, now % SECOND),))
    })?;
    instance.func_wrap("resolution", |mut cx, (): ()| {
        store::charge(&mut cx, 0)?;
        Ok((datetime(0, LOOK),))
    })
}

fn datetime(seconds: u64, nanoseconds: u64) -> Datetime {
    Datetime { seconds, nanoseconds: u32::try_from(nanoseconds).unwrap_or(0) }
}
