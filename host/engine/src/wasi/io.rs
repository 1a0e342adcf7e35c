//! `wasi:io`: streams that are at their end or take everything, and waiting that moves
//! the virtual clock instead of costing time.

use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, LinkerInstance, Lower, Resource, ResourceType};

use crate::store::{self, State, TooMuch};

/// What may be written at once.
const CHUNK: u64 = 4096;

type Instance<'a> = LinkerInstance<'a, State>;
type Context<'a> = StoreContextMut<'a, State>;

/// `input-stream`: always at its end.
pub(super) struct Input;

/// `output-stream`.
#[derive(Clone, Copy)]
pub(super) enum Output {
    Discard,
    Stderr,
}

/// `pollable`: ready from some virtual time on.
pub(super) struct Pollable {
    pub(super) at: u64,
}

/// `error`: never made, since nothing fails.
pub(super) struct IoError;

#[derive(ComponentType, Lower)]
#[component(variant)]
enum StreamError {
    #[component(name = "last-operation-failed")]
    #[expect(dead_code, reason = "nothing fails, but the type has it")]
    Failed(Resource<IoError>),
    #[component(name = "closed")]
    Closed,
}

type Ended<T> = wasmtime::Result<(Result<T, StreamError>,)>;

/// Gives the guest a pollable, for fuel.
pub(super) fn subscribe(cx: &mut Context<'_>, at: u64) -> wasmtime::Result<(Resource<Pollable>,)> {
    store::charge(cx, 0)?;
    Ok((cx.data_mut().table.push(Pollable { at })?,))
}

/// A kind of handle that is kept in the table.
pub(super) fn resource<T: Send + 'static>(instance: &mut Instance<'_>, name: &str) -> wasmtime::Result<()> {
    instance.resource(name, ResourceType::host::<T>(), |mut cx, rep| {
        cx.data_mut().table.delete(Resource::<T>::new_own(rep))?;
        Ok(())
    })
}

pub(super) fn poll(instance: &mut Instance<'_>) -> wasmtime::Result<()> {
    instance.func_wrap("[method]pollable.ready", |mut cx, (pollable,): (Resource<Pollable>,)| {
        store::charge(&mut cx, 0)?;
        let state = cx.data();
        Ok((state.table.get(&pollable)?.at <= state.now,))
    })?;
    instance.func_wrap("[method]pollable.block", |mut cx, (pollable,): (Resource<Pollable>,)| {
        store::charge(&mut cx, 0)?;
        let state = cx.data_mut();
        state.now = state.now.max(state.table.get(&pollable)?.at);
        Ok(())
    })?;
    instance.func_wrap("poll", |mut cx, (list,): (Vec<Resource<Pollable>>,)| {
        store::charge(&mut cx, list.len() * 8)?;
        let state = cx.data_mut();
        let times =
            list.iter().map(|pollable| Ok(state.table.get(pollable)?.at)).collect::<wasmtime::Result<Vec<u64>>>()?;
        let first = times.iter().min().ok_or_else(|| TooMuch("poll of nothing, which would wait for ever".into()))?;
        state.now = state.now.max(*first);
        let ready: Vec<u32> = (0..).zip(&times).filter(|(_, at)| **at <= state.now).map(|(index, _)| index).collect();
        Ok((ready,))
    })
}

pub(super) fn streams(instance: &mut Instance<'_>) -> wasmtime::Result<()> {
    for name in ["read", "blocking-read"] {
        let name = format!("[method]input-stream.{name}");
        instance.func_wrap(&name, |mut cx, (_, _): (Resource<Input>, u64)| {
            store::charge(&mut cx, 0)?;
            closed::<Vec<u8>>()
        })?;
    }
    for name in ["skip", "blocking-skip"] {
        let name = format!("[method]input-stream.{name}");
        instance.func_wrap(&name, |mut cx, (_, _): (Resource<Input>, u64)| {
            store::charge(&mut cx, 0)?;
            closed::<u64>()
        })?;
    }
    for name in ["splice", "blocking-splice"] {
        let name = format!("[method]output-stream.{name}");
        instance.func_wrap(&name, |mut cx, (_, _, _): (Resource<Output>, Resource<Input>, u64)| {
            store::charge(&mut cx, 0)?;
            closed::<u64>()
        })?;
    }
    instance.func_wrap("[method]input-stream.subscribe", |mut cx, (_,): (Resource<Input>,)| subscribe(&mut cx, 0))?;
    instance.func_wrap("[method]output-stream.subscribe", |mut cx, (_,): (Resource<Output>,)| subscribe(&mut cx, 0))?;
    instance.func_wrap("[method]output-stream.check-write", |mut cx, (_,): (Resource<Output>,)| {
        store::charge(&mut cx, 0)?;
        Ok((Ok::<_, StreamError>(CHUNK),))
    })?;
    for name in ["flush", "blocking-flush"] {
        let name = format!("[method]output-stream.{name}");
        instance.func_wrap(&name, |mut cx, (_,): (Resource<Output>,)| {
            store::charge(&mut cx, 0)?;
            done()
        })?;
    }
    for name in ["write", "blocking-write-and-flush"] {
        let name = format!("[method]output-stream.{name}");
        instance.func_wrap(&name, |mut cx, (stream, bytes): (Resource<Output>, Vec<u8>)| {
            store::charge(&mut cx, bytes.len())?;
            let state = cx.data_mut();
            if matches!(state.table.get(&stream)?, Output::Stderr) {
                state.write_stderr(&bytes);
            }
            done()
        })?;
    }
    for name in ["write-zeroes", "blocking-write-zeroes-and-flush"] {
        let name = format!("[method]output-stream.{name}");
        instance.func_wrap(&name, |mut cx, (_, _): (Resource<Output>, u64)| {
            store::charge(&mut cx, 0)?;
            done()
        })?;
    }
    Ok(())
}

fn closed<T>() -> Ended<T> {
    Ok((Err(StreamError::Closed),))
}

fn done() -> Ended<()> {
    Ok((Ok(()),))
}
