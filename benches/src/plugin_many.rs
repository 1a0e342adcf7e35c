//! A hundred distinct plugins: the memory that each takes, and how soon all are ready.
//!
//! Each is the same component with a mark behind it, so a digest and code of its own. One
//! process fills the cache; a second one, as after a restart, loads and calls each once
//! and reads its memory (anonymous PSS) before and after, that of the process in which
//! plugins run included.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use clap::{Parser, Subcommand};
use codeflare_documents::call::Request;
use codeflare_engine::{Config, Engine, Isolation, Limits, Role};
use codeflare_plugin::testing::launch_request;
use serde_json::{Value, json};

/// Measures many plugins at once.
#[derive(Parser)]
struct Args {
    /// A launcher of the framework `job`.
    #[arg(long, default_value = "target/plugins/job.wasm")]
    plugin: PathBuf,
    /// How many.
    #[arg(long, default_value_t = 100)]
    plugins: u32,
    /// Run plugins in a process of their own, as the host does, and not in this one.
    #[arg(long)]
    apart: bool,
    /// Fail where one takes more memory than this, in MiB.
    #[arg(long)]
    mib_at_most: Option<f64>,
    /// Fail where it takes longer than this until all are ready, in seconds.
    #[arg(long)]
    seconds_at_most: Option<f64>,
    #[command(subcommand)]
    step: Option<Step>,
}

#[derive(Subcommand)]
enum Step {
    /// Loads all of them, and calls each.
    #[command(hide = true)]
    Load { cache: PathBuf },
}

fn main() -> Result<()> {
    // The engine compiles in a child: this program again.
    if let Some(done) = codeflare_engine::be_child(std::env::args_os()) {
        return done.map_err(anyhow::Error::msg);
    }
    let args = Args::parse();
    match &args.step {
        Some(Step::Load { cache }) => {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            let figures = runtime.block_on(load(&args, cache))?;
            println!("{figures}");
            Ok(())
        }
        None => both(&args),
    }
}

/// Cold, then warm.
fn both(args: &Args) -> Result<()> {
    let cache = tempfile::tempdir()?;
    let run = || -> Result<Value> {
        let mut own = Command::new(std::env::current_exe()?);
        own.arg("--plugin").arg(&args.plugin).arg("--plugins").arg(args.plugins.to_string());
        if args.apart {
            own.arg("--apart");
        }
        let output = own.arg("load").arg(cache.path()).stderr(std::process::Stdio::inherit()).output()?;
        ensure!(output.status.success(), "the process that loads them failed");
        Ok(serde_json::from_slice(&output.stdout)?)
    };
    let (cold, warm) = (run()?, run()?);
    println!("{}", json!({"plugins": args.plugins, "cold": cold, "warm": warm}));
    println!("cache     ready s   called s   MiB before   MiB after   MiB each");
    for (name, figures) in [("cold", &cold), ("warm", &warm)] {
        let figure = |name: &str| figure(figures, name);
        println!(
            "{name:8} {:8.2} {:10.2} {:12.1} {:11.1} {:10.2}",
            figure("readySeconds"),
            figure("calledSeconds"),
            figure("mibBefore"),
            figure("mibAfter"),
            figure("mibEach"),
        );
    }
    let (each, ready) = (figure(&warm, "mibEach"), figure(&warm, "readySeconds"));
    ensure!(args.mib_at_most.is_none_or(|most| each <= most), "a plugin takes {each} MiB");
    ensure!(args.seconds_at_most.is_none_or(|most| ready <= most), "ready only after {ready} s");
    Ok(())
}

/// Not a number where it is missing, which is never small enough.
fn figure(figures: &Value, name: &str) -> f64 {
    figures.get(name).and_then(Value::as_f64).unwrap_or(f64::NAN)
}

async fn load(args: &Args, cache: &Path) -> Result<Value> {
    let component = std::fs::read(&args.plugin).with_context(|| args.plugin.display().to_string())?;
    let isolation = if args.apart { Isolation::process(std::env::current_exe()?) } else { Isolation::None };
    let engine = Engine::new(Config { cache: cache.to_owned(), isolation, ..Config::default() })?;
    let mut request = launch_request(2);
    request.application.api = "job".into();
    let request = Request::Launch(Box::new(request));
    // One more, so that what all share is there before.
    let first = engine.load(Role::Launcher, marked(&component, u32::MAX), Limits::default()).await?;
    first.call(&request).await.answer?;
    let before = memory(&engine)?;

    let start = Instant::now();
    let mut all = Vec::new();
    for number in 0..args.plugins {
        all.push(engine.load(Role::Launcher, marked(&component, number), Limits::default()).await?);
    }
    let ready = start.elapsed();
    for plugin in &all {
        plugin.call(&request).await.answer?;
    }
    let called = start.elapsed();
    let after = memory(&engine)?;
    Ok(json!({
        "readySeconds": ready.as_secs_f64(),
        "calledSeconds": called.as_secs_f64(),
        "mibBefore": before,
        "mibAfter": after,
        "mibEach": (after - before) / f64::from(args.plugins),
    }))
}

/// The component with a custom section behind it, which changes its digest and no more.
fn marked(component: &[u8], number: u32) -> Arc<[u8]> {
    const NAME: &[u8] = b"mark";
    let mut section = vec![u8::try_from(NAME.len()).unwrap_or_default()];
    section.extend_from_slice(NAME);
    section.extend_from_slice(&number.to_le_bytes());
    let mut bytes = component.to_vec();
    bytes.extend([0, u8::try_from(section.len()).unwrap_or_default()]);
    bytes.extend(section);
    bytes.into()
}

/// Anonymous memory of this process and of the one in which plugins run, in MiB.
fn memory(engine: &Engine) -> Result<f64> {
    let mut mib = memory_of("self")?;
    if let Some(child) = engine.child() {
        mib += memory_of(&child.to_string())?;
    }
    Ok(mib)
}

fn memory_of(process: &str) -> Result<f64> {
    let rollup = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup"))?;
    let line = rollup.lines().find(|line| line.starts_with("Pss_Anon:")).context("no Pss_Anon")?;
    let kib: f64 = line.split_whitespace().nth(1).context("no figure")?.parse()?;
    Ok(kib / 1024.0)
}
