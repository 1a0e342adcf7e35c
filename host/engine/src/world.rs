//! Does a component export what its role needs, at a version that this host speaks?
//! Answered before anything of it runs, with both sides named.

use wasmtime::component::{Component, InstancePre};

use crate::bindings::launcher::LauncherPluginPre;
use crate::bindings::progress::ProgressPluginPre;
use crate::bindings::sizing::SizingPolicyPluginPre;
use crate::config::{ELEMENTS, LARGE_MEMORY, Limits, MEMORIES, Role, TABLES};
use crate::error::LoadError;
use crate::store::State;

/// Version of every package in `wit/`.
const VERSION: &str = "0.1.0";
/// Versions that are compatible with it begin so.
const TRACK: &str = "0.1.";
/// Of WebAssembly, in bytes.
const PAGE: u64 = 64 << 10;
const DESCRIBE: &str = "codeflare:plugin/describe";

/// A plugin's typed exports, ready to be instantiated.
pub(crate) enum Exports {
    Launcher(LauncherPluginPre<State>),
    Sizing(SizingPolicyPluginPre<State>),
    Progress(ProgressPluginPre<State>),
}

fn wanted(role: Role) -> &'static [&'static str] {
    match role {
        Role::Launcher => &[DESCRIBE, "codeflare:launcher/launcher", "codeflare:launcher/observer"],
        Role::SizingPolicy => &[DESCRIBE, "codeflare:sizing/sizing"],
        Role::Progress => &[DESCRIBE, "codeflare:progress/progress"],
    }
}

/// Checks names and versions of the exports, and what memory it needs.
///
/// # Errors
/// `WrongWorld`, `WrongWorldVersion`, `NeedsTooMuch`.
pub(crate) fn check(component: &Component, role: Role, limits: &Limits) -> Result<(), LoadError> {
    let kind = component.component_type();
    let found: Vec<&str> = kind.exports(component.engine()).map(|(name, _)| name).collect();
    for interface in wanted(role) {
        let versions = found.iter().filter_map(|name| {
            let (name, version) = name.split_once('@').unwrap_or((name, ""));
            (name == *interface).then_some(version)
        });
        let mut refused = None;
        for version in versions {
            refused = Some(check_version(interface, version));
            if matches!(refused, Some(Ok(_))) {
                break;
            }
        }
        match refused {
            Some(result) => result?,
            None => {
                return Err(LoadError::WrongWorld {
                    role,
                    expected: wanted(role)
                        .iter()
                        .map(|name| format!("{name}@{VERSION}"))
                        .collect::<Vec<_>>()
                        .join(", "),
                    found: list(&found),
                });
            }
        };
    }
    needs(component, limits)
}

/// True for a version that is compatible with this host's.
///
/// # Errors
/// `WrongWorldVersion` otherwise.
pub(crate) fn check_version(interface: &str, version: &str) -> Result<bool, LoadError> {
    if version.starts_with(TRACK) {
        return Ok(true);
    }
    Err(LoadError::WrongWorldVersion {
        interface: interface.into(),
        expected: VERSION.into(),
        found: if version.is_empty() { "none" } else { version }.into(),
    })
}

/// Checks the types of the exports.
///
/// # Errors
/// `WrongTypes`.
pub(crate) fn bind(instance: InstancePre<State>, role: Role) -> Result<Exports, LoadError> {
    match role {
        Role::Launcher => LauncherPluginPre::new(instance).map(Exports::Launcher),
        Role::SizingPolicy => SizingPolicyPluginPre::new(instance).map(Exports::Sizing),
        Role::Progress => ProgressPluginPre::new(instance).map(Exports::Progress),
    }
    .map_err(|error| LoadError::WrongTypes { why: format!("{error:#}") })
}

fn list(found: &[&str]) -> String {
    match found {
        [] => "nothing".into(),
        some => some.iter().take(8).copied().collect::<Vec<_>>().join(", "),
    }
}

fn needs(component: &Component, limits: &Limits) -> Result<(), LoadError> {
    let needs = component.resources_required().ok_or(LoadError::Composed)?;
    let most_memory = limits.memory.min(LARGE_MEMORY);
    let memory = needs.max_initial_memory_size.unwrap_or(0).saturating_mul(PAGE);
    for (figure, what, most) in [
        (u64::from(needs.num_memories), "memories", u64::from(MEMORIES)),
        (u64::from(needs.num_tables), "tables", u64::from(TABLES)),
        (memory, "bytes of memory to begin with", most_memory),
        (needs.max_initial_table_size.unwrap_or(0), "entries of a table to begin with", ELEMENTS as u64),
    ] {
        if figure > most {
            return Err(LoadError::NeedsTooMuch { what: format!("{figure} {what}"), most });
        }
    }
    Ok(())
}
