//! Text of a core module with the interesting part only: names are written out, loops of
//! text unrolled, and what is missing for a whole plugin is added.
//!
//! ```text
//! address  what is there, unless the guest has its own
//! 16       address and length of the description, for `describe`
//! 1024     1 KiB of zeros: an answer of any function, with nothing in it
//! 2048     the description
//! 4096…    the guest's
//! 64 KiB…  what the host writes: the request
//! ```

use anyhow::{Result, ensure};

use crate::expect::{Expect, Role};
use crate::world::{self, Wasi};

/// Makes a component of a `.wat` file.
///
/// # Errors
/// If the text is none, or does not fit the world.
pub fn component(text: &str, expect: &Expect, wasi: &Wasi) -> Result<Vec<u8>> {
    let wasi_version = expect.versions.get("wasi").unwrap_or(&wasi.version);
    let mut interfaces: Vec<String> = text
        .split("(import \"wasi:")
        .skip(1)
        .filter_map(|rest| Some(format!("wasi:{}@{wasi_version}", rest.split_once('"')?.0)))
        .collect();
    interfaces.sort();
    interfaces.dedup();
    let mut lines = text.lines();
    let text = unroll(&mut lines, false)?;
    let text = names(&whole(&text, expect), expect, &interfaces);
    world::encode(wat::parse_str(&text)?, expect, &interfaces, wasi)
}

/// `@repeat N` … `@end`, one inside the other too; `@i` is the index of the innermost.
fn unroll(lines: &mut std::str::Lines<'_>, inside: bool) -> Result<String> {
    let mut out = String::new();
    while let Some(line) = lines.next() {
        match line.trim() {
            "@end" if inside => return Ok(out),
            line if line.starts_with("@repeat ") => {
                let times: usize = line.trim_start_matches("@repeat ").parse()?;
                let body = unroll(lines, true)?;
                for index in 0..times {
                    out.push_str(&body.replace("@i", &index.to_string()));
                }
            }
            line => {
                out.push_str(line);
                out.push('\n');
            }
        }
    }
    ensure!(!inside, "@repeat without @end");
    Ok(out)
}

/// Adds what a plugin needs and this one does not have.
fn whole(text: &str, expect: &Expect) -> String {
    let description = match expect.role {
        Role::Launcher => {
            r#"{"name": "guest", "version": "0.1.0", "summary": "A guest.", "frameworks": ["guest"], "kinds": [{"group": "batch", "version": "v1", "kind": "Job"}]}"#
        }
        _ => r#"{"name": "guest", "version": "0.1.0", "summary": "A guest."}"#,
    };
    let length: String =
        u32::try_from(description.len()).unwrap_or(0).to_le_bytes().map(|b| format!("\\{b:02x}")).concat();
    let mut all = format!("(module\n{text}\n");
    let mut add = |name: &str, what: &str| {
        if !text.contains(&format!("(export \"{name}\")")) {
            all.push_str(what);
            all.push('\n');
        }
    };
    add("memory", r#"(memory (export "memory") 2)"#);
    add(
        "describe",
        &format!(
            r#"(func (export "describe") (result i32) (i32.const 16))
        (data (i32.const 16) "\00\08\00\00{length}")
        (data (i32.const 2048) "{}")"#,
            description.replace('"', "\\22")
        ),
    );
    add(
        "cabi_realloc",
        r#"(global $free (mut i32) (i32.const 65536))
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
          (local $at i32)
          (local.set $at (i32.and (i32.add (global.get $free) (i32.const 15)) (i32.const -16)))
          (global.set $free (i32.add (local.get $at) (local.get 3)))
          (if (i32.gt_u (global.get $free) (i32.mul (memory.size) (i32.const 65536)))
            (then (drop (memory.grow (i32.add (i32.shr_u (local.get 3) (i32.const 16)) (i32.const 1))))))
          (local.get $at))"#,
    );
    match expect.role {
        Role::Launcher => {
            add("launch", r#"(func (export "launch") (param i32 i32) (result i32) (i32.const 1024))"#);
            add("observe", r#"(func (export "observe") (param i32 i32) (result i32) (i32.const 1024))"#);
        }
        Role::SizingPolicy => add(
            "decide",
            r#"(func (export "decide")
            (param i32 i32 i32 i32 i64 i64 i32 i32 i32 i32) (result i32) (i32.const 1024))"#,
        ),
        Role::Progress => {
            add("parse", r#"(func (export "parse") (param i32 i32 i32 i32) (result i32) (i32.const 1024))"#)
        }
    }
    all.push(')');
    all
}

/// Short names to those of the world: `launch`, `after launch` (what may tidy up behind
/// an answer), `log`, `wasi:io/poll`.
fn names(text: &str, expect: &Expect, interfaces: &[String]) -> String {
    let mut text = text.to_owned();
    for (short, package, interface) in [
        ("describe", "plugin", "describe"),
        ("launch", "launcher", "launcher"),
        ("observe", "launcher", "observer"),
        ("decide", "sizing", "sizing"),
        ("parse", "progress", "progress"),
    ] {
        let version = world::version(expect, package);
        let long = format!("codeflare:{package}/{interface}@{version}#{short}");
        text = text.replace(&format!("(export \"{short}\")"), &format!("(export \"{long}\")"));
        text = text.replace(&format!("(export \"after {short}\")"), &format!("(export \"cabi_post_{long}\")"));
    }
    let log = format!("(import \"codeflare:plugin/log@{}\"", world::version(expect, "plugin"));
    text = text.replace("(import \"log\"", &log);
    for interface in interfaces {
        let (short, _) = interface.split_once('@').unwrap_or((interface, ""));
        text = text.replace(&format!("(import \"{short}\""), &format!("(import \"{interface}\""));
    }
    text
}
