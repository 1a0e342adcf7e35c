//! Finds the guests, reads what must come of each, and makes components of those that
//! are not Rust.
//!
//! In: `guests/<category>/<name>.{rs,wat}`, each with its expectation in its head, and
//! `guests/wasi/imports.yaml`. Out, in the folder that is given: a component for each
//! `.wat` file and for each function of WASI, and `index.json` with every guest.
//!
//! A process of its own, since it needs a gigabyte for a moment and the test that runs
//! the guests measures its memory.

mod expect;
mod module;
mod wasi;
mod world;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;

use expect::Expect;

/// One guest, as the test reads it.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Guest {
    category: String,
    name: String,
    /// The component; none for Rust, which Cargo builds as the example `category_name`.
    component: Option<PathBuf>,
    #[serde(flatten)]
    expect: Expect,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [out] = arguments.as_slice() else { bail!("usage: maker FOLDER") };
    let (out, root) = (Path::new(out), Path::new(env!("CARGO_MANIFEST_DIR")).join("../guests"));
    let wasi = world::Wasi::load()?;
    let mut all = Vec::new();
    for category in folder(&root)? {
        for file in folder(&category)? {
            let name = file.strip_prefix(&root)?.with_extension("");
            match file.extension().and_then(|extension| extension.to_str()) {
                Some("rs") => all.push(guest(&name, None, expect::of(&file, "//!")?)),
                Some("wat") => {
                    let expect = expect::of(&file, ";;")?;
                    let text = fs::read_to_string(&file)?;
                    let bytes = module::component(&text, &expect, &wasi);
                    let bytes = bytes.with_context(|| file.display().to_string())?;
                    all.push(guest(&name, Some(write(out, &name, &bytes)?), expect));
                }
                Some("yaml") => {
                    let imports: BTreeMap<String, expect::Outcomes> =
                        serde_saphyr::from_str(&fs::read_to_string(&file)?)
                            .with_context(|| file.display().to_string())?;
                    for (function, bytes, expect) in wasi::every(&wasi, &imports)? {
                        let name = name.with_file_name(function);
                        all.push(guest(&name, Some(write(out, &name, &bytes)?), expect));
                    }
                }
                _ => bail!("{}: should end in .rs, .wat or .yaml", file.display()),
            }
        }
    }
    fs::write(out.join("index.json"), serde_json::to_vec_pretty(&all)?)?;
    Ok(())
}

fn guest(name: &Path, component: Option<PathBuf>, expect: Expect) -> Guest {
    let part = |part: Option<&Path>| part.and_then(|part| part.file_name()).unwrap_or_default().display().to_string();
    Guest { category: part(name.parent()), name: part(Some(name)), component, expect }
}

/// What is in a folder, in the order of names.
fn folder(path: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(path).with_context(|| path.display().to_string())?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.sort();
    ensure!(!paths.is_empty(), "{}: is empty", path.display());
    Ok(paths)
}

fn write(out: &Path, name: &Path, bytes: &[u8]) -> Result<PathBuf> {
    // Not `with_extension`, which would take the end of `a.b` away.
    let path = out.join(format!("{}.wasm", name.display()));
    fs::create_dir_all(path.parent().unwrap_or(out))?;
    fs::write(&path, bytes)?;
    Ok(path)
}
