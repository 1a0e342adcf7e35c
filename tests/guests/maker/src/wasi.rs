//! A guest for each function of WASI, made from its WIT: it calls that function once, with
//! zeros, and with a real handle where one can be had.
//!
//! What must come of it is in `guests/wasi/imports.yaml`, by interface, or by function
//! where an interface is not the same throughout. A function of an interface that is not
//! there fails, so a new one of WASI is refused until somebody has thought about it.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use wit_parser::abi::{AbiVariant, FlatTypes, WasmType};
use wit_parser::{Function, Handle, Resolve, Type, TypeDefKind, TypeId, TypeOwner, WorldKey};

use crate::expect::{Expect, Limits, Outcomes, Role, When};
use crate::module;
use crate::world::Wasi;

/// Functions of which one is called, with a handle that no plugin can have.
const NO_HANDLE: &str = "a handle that no plugin has";

/// Component and expectation by name: `filesystem.types.[method]descriptor.read`.
///
/// # Errors
/// If an interface is not in `imports`.
pub fn every(wasi: &Wasi, imports: &BTreeMap<String, Outcomes>) -> Result<Vec<(String, Vec<u8>, Expect)>> {
    let resolve = &wasi.resolve;
    let mut all = Vec::new();
    for (id, interface) in &resolve.interfaces {
        let full = resolve.name_world_key(&WorldKey::Interface(id));
        let (name, _) = full.split_once('@').unwrap_or((&full, ""));
        let Some(short) = name.strip_prefix("wasi:") else { continue };
        let mut calls: Vec<(String, Call)> = Vec::new();
        for function in interface.functions.values() {
            calls.push((function.name.clone(), Call::of(resolve, function)));
        }
        for (resource, id) in &interface.types {
            if matches!(resolve.types[*id].kind, TypeDefKind::Resource) {
                calls.push((format!("[resource-drop]{resource}"), Call::drop(resolve, *id)));
            }
        }
        for (function, call) in calls {
            let outcome = match imports.get(&format!("{name}#{function}")) {
                Some(outcome) => outcome,
                None if call.unknown_handle => imports.get(NO_HANDLE).context(NO_HANDLE)?,
                None => imports.get(name).with_context(|| {
                    format!("{name} is new; say in guests/wasi/imports.yaml what must come of a call of {function}")
                })?,
            };
            let expect = Expect {
                role: Role::Launcher,
                step: None,
                when: When::Call,
                comes_to: outcome.clone(),
                says: String::new(),
                answer: BTreeMap::new(),
                limits: Limits::default(),
                versions: BTreeMap::new(),
                world: String::new(),
            };
            let text = call.module(name, &function);
            let bytes =
                module::component(&text, &expect, wasi).with_context(|| format!("{name}#{function}:\n{text}"))?;
            all.push((format!("{}.{function}", short.replace('/', ".")), bytes, expect));
        }
    }
    Ok(all)
}

/// One call of a function.
struct Call {
    /// Of the import, as WAT.
    signature: String,
    arguments: String,
    /// Imports that give handles.
    getters: Vec<&'static str>,
    results: usize,
    /// It needs a handle that nothing gives.
    unknown_handle: bool,
}

impl Call {
    fn of(resolve: &Resolve, function: &Function) -> Call {
        let signature = resolve.wasm_signature(AbiVariant::GuestImport, function);
        let types = |types: &[WasmType]| types.iter().map(|kind| kind_of(*kind)).collect::<Vec<_>>().join(" ");
        let mut call = Call {
            signature: format!("(param {}) (result {})", types(&signature.params), types(&signature.results)),
            arguments: String::new(),
            getters: Vec::new(),
            results: signature.results.len(),
            unknown_handle: false,
        };
        if signature.indirect_params {
            call.arguments.push_str("(i32.const 1024) ");
        } else {
            function.params.iter().for_each(|param| call.argument(resolve, &param.ty));
        }
        if signature.retptr {
            call.arguments.push_str("(i32.const 8192)");
        }
        call
    }

    fn drop(resolve: &Resolve, resource: TypeId) -> Call {
        let mut call = Call {
            signature: "(param i32)".into(),
            arguments: String::new(),
            getters: Vec::new(),
            results: 0,
            unknown_handle: false,
        };
        call.handle(resolve, resource);
        call
    }

    fn argument(&mut self, resolve: &Resolve, kind: &Type) {
        if let Type::Id(id) = kind
            && let TypeDefKind::Handle(Handle::Own(resource) | Handle::Borrow(resource)) = &resolve.types[*id].kind
        {
            return self.handle(resolve, *resource);
        }
        let mut storage = [WasmType::I32; 17];
        let mut flat = FlatTypes::new(&mut storage);
        resolve.push_flat(kind, &mut flat);
        for kind in flat.to_vec() {
            self.arguments.push_str(&format!("({}.const 0) ", kind_of(kind)));
        }
    }

    fn handle(&mut self, resolve: &Resolve, mut resource: TypeId) {
        // A resource that is used from another interface is that one's.
        while let TypeDefKind::Type(Type::Id(id)) = resolve.types[resource].kind {
            resource = id;
        }
        let definition = &resolve.types[resource];
        let owner = match definition.owner {
            TypeOwner::Interface(id) => resolve.name_world_key(&WorldKey::Interface(id)),
            _ => String::new(),
        };
        let (owner, _) = owner.split_once('@').unwrap_or((&owner, ""));
        let (getter, argument) = match (owner, definition.name.as_deref()) {
            ("wasi:io/streams", Some("input-stream")) => ("stdin", ""),
            ("wasi:io/streams", Some("output-stream")) => ("stderr", ""),
            ("wasi:io/poll", Some("pollable")) => ("event", "(i64.const 1)"),
            _ => {
                self.unknown_handle = true;
                self.arguments.push_str("(i32.const 0) ");
                return;
            }
        };
        self.arguments.push_str(&format!("(call ${getter} {argument}) "));
        if !self.getters.contains(&getter) {
            self.getters.push(getter);
        }
    }

    fn module(&self, interface: &str, function: &str) -> String {
        let getters = self.getters.iter().map(|getter| match *getter {
            "stdin" => "(import \"wasi:cli/stdin\" \"get-stdin\" (func $stdin (result i32)))\n",
            "stderr" => "(import \"wasi:cli/stderr\" \"get-stderr\" (func $stderr (result i32)))\n",
            _ => "(import \"wasi:clocks/monotonic-clock\" \"subscribe-duration\" (func $event (param i64) (result i32)))\n",
        });
        format!(
            "(import \"{interface}\" \"{function}\" (func $function {}))\n{}\
             (func (export \"launch\") (param i32 i32) (result i32)\n(call $function {})\n{}(i32.const 1024))",
            self.signature,
            getters.collect::<String>(),
            self.arguments,
            "(drop)\n".repeat(self.results),
        )
    }
}

fn kind_of(kind: WasmType) -> &'static str {
    match kind {
        WasmType::I32 | WasmType::Pointer | WasmType::Length => "i32",
        WasmType::I64 | WasmType::PointerOrI64 => "i64",
        WasmType::F32 => "f32",
        WasmType::F64 => "f64",
    }
}
