//! `wasi:random`: the same numbers in every call of a plugin, so that the same question
//! gets the same answer. Fit for hash tables, not for secrets; a plugin has none.

use wasmtime::component::LinkerInstance;

use crate::store::{self, State, TooMuch};

/// Bytes given at once.
const MOST: u64 = 64 << 10;

/// SplitMix64.
fn next(state: &mut State) -> u64 {
    state.random = state.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = state.random;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

pub(super) fn numbers(instance: &mut LinkerInstance<'_, State>, bytes: &str, number: &str) -> wasmtime::Result<()> {
    instance.func_wrap(bytes, |mut cx, (wanted,): (u64,)| {
        let len = match usize::try_from(wanted) {
            Ok(len) if wanted <= MOST => len,
            _ => return Err(TooMuch(format!("{wanted} random bytes at once")).into()),
        };
        store::charge(&mut cx, len)?;
        let mut out = Vec::with_capacity(len + 8);
        while out.len() < len {
            out.extend_from_slice(&next(cx.data_mut()).to_le_bytes());
        }
        out.truncate(len);
        Ok((out,))
    })?;
    instance.func_wrap(number, |mut cx, (): ()| {
        store::charge(&mut cx, 0)?;
        Ok((next(cx.data_mut()),))
    })
}

pub(super) fn seed(instance: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    instance.func_wrap("insecure-seed", |mut cx, (): ()| {
        store::charge(&mut cx, 0)?;
        let state = cx.data_mut();
        Ok(((next(state), next(state)),))
    })
}
