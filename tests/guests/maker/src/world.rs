//! The WIT that a guest is built against: ours, WASI's, and versions that do not exist.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::expect::{Expect, Role};

/// Our packages, in the order in which they build on each other.
const PACKAGES: [&str; 4] = ["plugin", "launcher", "sizing", "progress"];
/// Version of all of them in `wit/`.
const OURS: &str = "0.1.0";

/// WASI, as the crate `wasip2` brings it.
pub struct Wasi {
    folder: PathBuf,
    pub version: String,
    pub resolve: Resolve,
}

impl Wasi {
    /// Asks Cargo where the crate is.
    ///
    /// # Errors
    /// If it is not among the dependencies of the guests.
    pub fn load() -> Result<Wasi> {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(["metadata", "--format-version", "1", "--locked", "--filter-platform", "wasm32-wasip2"]);
        let output = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).output()?;
        ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
        let metadata: Value = serde_json::from_slice(&output.stdout)?;
        let mut packages = metadata["packages"].as_array().into_iter().flatten();
        let wasip2 =
            packages.find(|package| package["name"] == "wasip2").context("the guests need the crate wasip2")?;
        let manifest = wasip2["manifest_path"].as_str().context("a package without a manifest")?;
        let folder = Path::new(manifest).with_file_name("wit");
        let resolve = wasi(&folder, None)?;
        let mut names = resolve.packages.iter().map(|(_, package)| &package.name);
        let cli = names.find(|name| name.name == "cli").and_then(|name| name.version.as_ref());
        Ok(Wasi { version: cli.context("wasi:cli without a version")?.to_string(), folder, resolve })
    }
}

/// Parses WASI, as another version if one is given.
fn wasi(folder: &Path, version: Option<(&str, &str)>) -> Result<Resolve> {
    // Also what is not stable yet.
    let mut resolve = Resolve { all_features: true, ..Resolve::default() };
    match version {
        None => drop(resolve.push_dir(folder)?),
        Some((from, to)) => {
            for package in ["io", "clocks"] {
                let text = std::fs::read_to_string(folder.join(format!("deps/{package}.wit")))?;
                resolve.push_str(package, &text.replace(from, to))?;
            }
        }
    }
    Ok(resolve)
}

/// The version of a package that a guest is built against.
pub fn version<'a>(expect: &'a Expect, package: &str) -> &'a str {
    expect.versions.get(package).map_or(OURS, String::as_str)
}

/// Makes a component of a core module that has the names of its world already, and
/// imports these interfaces of WASI beside what its role does.
///
/// # Errors
/// If the module does not fit its world.
pub fn encode(mut module: Vec<u8>, expect: &Expect, interfaces: &[String], wasi: &Wasi) -> Result<Vec<u8>> {
    let mut resolve = match expect.versions.get("wasi") {
        Some(other) => self::wasi(&wasi.folder, Some((&wasi.version, other)))?,
        None if interfaces.is_empty() => Resolve::default(),
        None => wasi.resolve.clone(),
    };
    for package in PACKAGES {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../../wit/{package}/{package}.wit"));
        let mut text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        for other in PACKAGES {
            let version = version(expect, other);
            // The package's own name, and its interfaces where others use them.
            text = text.replace(&format!("codeflare:{other}@{OURS}"), &format!("codeflare:{other}@{version}"));
            for interface in ["log", "describe"].into_iter().filter(|_| other == "plugin") {
                let name = format!("codeflare:plugin/{interface}@");
                text = text.replace(&format!("{name}{OURS}"), &format!("{name}{version}"));
            }
        }
        resolve.push_str(&path, &text)?;
    }
    let (package, world) = match expect.role {
        Role::Launcher => ("launcher", "launcher-plugin"),
        Role::SizingPolicy => ("sizing", "sizing-policy-plugin"),
        Role::Progress => ("progress", "progress-plugin"),
    };
    let mut text = format!(
        "package guests:made;\nworld guest {{\ninclude codeflare:{package}/{world}@{};\n{}\n",
        version(expect, package),
        expect.world
    );
    for interface in interfaces {
        text.push_str(&format!("import {interface};\n"));
    }
    text.push('}');
    let made = resolve.push_str("made.wit", &text)?;
    let world = resolve.select_world(&[made], Some("guest"))?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)?;
    // What is invalid is for the host to find.
    ComponentEncoder::default().validate(false).module(&module)?.encode()
}
