//! `wasi:cli` and the directories of `wasi:filesystem`: all of it empty.

use wasmtime::StoreContextMut;
use wasmtime::component::{LinkerInstance, Resource};

use super::io::{Input, Output};
use super::{Exit, Nothing};
use crate::store::{self, State};

type Instance<'a> = LinkerInstance<'a, State>;

/// An answer with nothing in it costs fuel too, or asking for it would be free.
fn empty<T>(mut cx: StoreContextMut<'_, State>, nothing: T) -> wasmtime::Result<(T,)> {
    store::charge(&mut cx, 0)?;
    Ok((nothing,))
}

pub(super) fn environment(instance: &mut Instance<'_>) -> wasmtime::Result<()> {
    instance.func_wrap("get-environment", |cx, (): ()| empty(cx, Vec::<(String, String)>::new()))?;
    instance.func_wrap("get-arguments", |cx, (): ()| empty(cx, Vec::<String>::new()))?;
    instance.func_wrap("initial-cwd", |cx, (): ()| empty(cx, None::<String>))
}

pub(super) fn exit(instance: &mut Instance<'_>) -> wasmtime::Result<()> {
    instance.func_wrap("exit", |_, (_status,): (Result<(), ()>,)| Err::<(), _>(Exit.into()))?;
    instance.func_wrap("exit-with-code", |_, (_code,): (u8,)| Err::<(), _>(Exit.into()))
}

pub(super) fn stdin(instance: &mut Instance<'_>) -> wasmtime::Result<()> {
    instance.func_wrap("get-stdin", |mut cx, (): ()| {
        store::charge(&mut cx, 0)?;
        Ok((cx.data_mut().table.push(Input)?,))
    })
}

pub(super) fn output(instance: &mut Instance<'_>, name: &str, output: Output) -> wasmtime::Result<()> {
    instance.func_wrap(name, move |mut cx, (): ()| {
        store::charge(&mut cx, 0)?;
        Ok((cx.data_mut().table.push(output)?,))
    })
}

pub(super) fn terminal(instance: &mut Instance<'_>, name: &str) -> wasmtime::Result<()> {
    instance.func_wrap(name, |cx, (): ()| empty(cx, None::<Resource<Nothing>>))
}

pub(super) fn preopens(instance: &mut Instance<'_>) -> wasmtime::Result<()> {
    instance.func_wrap("get-directories", |cx, (): ()| empty(cx, Vec::<(Resource<Nothing>, String)>::new()))
}
