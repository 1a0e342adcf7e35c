//! The empty WASI: every import of a component in, a linker out that satisfies it.
//!
//! Programs of any language import WASI, mostly for what a plugin never does. So the
//! interfaces are there and nothing is in them: no environment, no arguments, no files,
//! no network; stdin is at its end, stdout goes nowhere, stderr is kept for panics.
//! Random numbers are seeded by the plugin's digest. **Time is virtual**: it stands still
//! while the plugin works and jumps when it waits, so a `sleep` costs nothing and no
//! answer depends on a clock. Nothing here blocks.
//!
//! A component names the WASI version that its tools had, 0.2.0 to 0.2.x. All of them are
//! the same interfaces, so the linker is made per component under the names it uses. What
//! is not implemented is linked to a function that ends the call.

mod cli;
mod clocks;
mod io;
mod random;

use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker, LinkerInstance, ResourceType};

use crate::error::LoadError;
use crate::store::{self, State};

/// The one interface of ours that a plugin may call.
const LOG: &str = "codeflare:plugin/log";

/// The guest called what is not there.
#[derive(Debug, thiserror::Error)]
#[error("{0} is not provided")]
pub(crate) struct NotProvided(pub(crate) String);

/// The guest called `exit`.
#[derive(Debug, thiserror::Error)]
#[error("exit")]
pub(crate) struct Exit;

/// A handle to nothing: files, sockets, terminals.
struct Nothing;

/// Links a component to nothing but the log and the empty WASI.
///
/// # Errors
/// `UnknownImport` for anything else that it wants, `WrongWorldVersion` for another
/// version of the log.
pub(crate) fn link(component: &Component) -> Result<Linker<State>, LoadError> {
    let engine = component.engine();
    let mut linker = Linker::new(engine);
    linker.allow_shadowing(true);
    for (import, item) in component.component_type().imports(engine) {
        let ComponentItem::ComponentInstance(interface) = item.ty else {
            return Err(unknown(import));
        };
        let (name, version) = import.split_once('@').unwrap_or((import, ""));
        let types_only = interface.exports(engine).all(|(_, item)| matches!(item.ty, ComponentItem::Type(_)));
        let known = if name.starts_with("codeflare:") && (types_only || name == LOG) {
            crate::world::check_version(name, version)?
        } else {
            name.starts_with("wasi:") && version.starts_with("0.2.")
        };
        if !known {
            return Err(unknown(import));
        }
        let mut instance = linker.instance(import).map_err(LoadError::host)?;
        for (item, kind) in interface.exports(engine) {
            stub(&mut instance, import, item, &kind.ty).map_err(LoadError::host)?;
        }
        define(&mut instance, name).map_err(LoadError::host)?;
    }
    Ok(linker)
}

fn unknown(import: &str) -> LoadError {
    LoadError::UnknownImport { import: import.into() }
}

/// First everything ends the call; then [`define`] puts real functions over some.
fn stub(
    instance: &mut LinkerInstance<'_, State>,
    import: &str,
    item: &str,
    kind: &ComponentItem,
) -> wasmtime::Result<()> {
    match kind {
        ComponentItem::ComponentFunc(_) => {
            let name = format!("{import}#{item}");
            instance.func_new(item, move |_, _, _, _| Err(NotProvided(name.clone()).into()))
        }
        // Also under the names of interfaces that only use it: it must be one type.
        ComponentItem::Resource(_) => match item {
            "error" | "io-error" => io::resource::<io::IoError>(instance, item),
            "pollable" => io::resource::<io::Pollable>(instance, item),
            "input-stream" => io::resource::<io::Input>(instance, item),
            "output-stream" => io::resource::<io::Output>(instance, item),
            _ => instance.resource(item, ResourceType::host::<Nothing>(), |_, _| Ok(())),
        },
        _ => Ok(()),
    }
}

fn define(instance: &mut LinkerInstance<'_, State>, name: &str) -> wasmtime::Result<()> {
    match name {
        LOG => instance.func_wrap("write", |mut cx, (level, message)| {
            let (level, message): (String, String) = (level, message);
            store::charge(&mut cx, level.len() + message.len())?;
            cx.data_mut().log(&level, &message);
            Ok(())
        }),
        "wasi:cli/environment" => cli::environment(instance),
        "wasi:cli/exit" => cli::exit(instance),
        "wasi:cli/stdin" => cli::stdin(instance),
        "wasi:cli/stdout" => cli::output(instance, "get-stdout", io::Output::Discard),
        "wasi:cli/stderr" => cli::output(instance, "get-stderr", io::Output::Stderr),
        "wasi:cli/terminal-stdin" => cli::terminal(instance, "get-terminal-stdin"),
        "wasi:cli/terminal-stdout" => cli::terminal(instance, "get-terminal-stdout"),
        "wasi:cli/terminal-stderr" => cli::terminal(instance, "get-terminal-stderr"),
        "wasi:filesystem/preopens" => cli::preopens(instance),
        "wasi:io/poll" => io::poll(instance),
        "wasi:io/streams" => io::streams(instance),
        "wasi:clocks/monotonic-clock" => clocks::monotonic(instance),
        "wasi:clocks/wall-clock" => clocks::wall(instance),
        "wasi:random/random" => random::numbers(instance, "get-random-bytes", "get-random-u64"),
        "wasi:random/insecure" => random::numbers(instance, "get-insecure-random-bytes", "get-insecure-random-u64"),
        "wasi:random/insecure-seed" => random::seed(instance),
        _ => Ok(()),
    }
}
