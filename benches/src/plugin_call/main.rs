//! What a call of a plugin costs, against the same code without WebAssembly.
//!
//! Both begin with the same document and end with the same answer: the request is written
//! as JSON, the plugin's code reads it and writes its answer, the answer is read. The
//! plugin runs in a fresh instance each time, with fuel counted, as in the host. Native
//! and plugin take turns, so that both are measured in the same moment.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod native;
mod requests;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Parser;
use codeflare_documents::call::Request;
use codeflare_engine::{Config, Engine, Isolation, Limits, Plugin};
use serde_json::json;

/// Measures calls of the shipped plugins.
#[derive(Parser)]
struct Args {
    /// Folder with the plugins, as `hack/plugins.sh` makes it.
    #[arg(long, default_value = "target/plugins")]
    plugins: PathBuf,
    /// Calls of each.
    #[arg(long, default_value_t = 2000)]
    calls: usize,
    /// Run plugins in a process of their own, as the host does, and not in this one.
    #[arg(long)]
    apart: bool,
    /// Only calls whose name has this in it.
    #[arg(long, default_value = "")]
    only: String,
    /// Fail where the p50 is more than this many times the native one.
    #[arg(long)]
    at_most: Option<f64>,
    /// Fail where the p99 is more than this many times the p50.
    #[arg(long)]
    tail_at_most: Option<f64>,
}

/// Calls that are not counted: caches and slots get warm.
const WARM: usize = 200;

fn main() -> Result<()> {
    // The engine has children: this program again.
    if let Some(done) = codeflare_engine::be_child(std::env::args_os()) {
        return done.map_err(anyhow::Error::msg);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(measure(&Args::parse()))
}

async fn measure(args: &Args) -> Result<()> {
    let cache = tempfile::tempdir()?;
    let isolation = if args.apart { Isolation::process(std::env::current_exe()?) } else { Isolation::None };
    let engine = Engine::new(Config { cache: cache.path().to_owned(), isolation, ..Config::default() })?;
    let mut slow = Vec::new();
    println!(
        "                             request   native µs      plugin µs      p50   p99/p50   with hop    fuel    KiB"
    );
    println!(
        "                               bytes   p50    p99     p50    p99   ratio  native plugin  p50 µs  units of mem"
    );
    for case in requests::all() {
        let name = format!("{} {}", case.plugin, case.request.step());
        if !name.contains(&args.only) {
            continue;
        }
        let path = args.plugins.join(format!("{}.wasm", case.plugin));
        let bytes: Arc<[u8]> = std::fs::read(&path).with_context(|| path.display().to_string())?.into();
        let plugin = engine.load(case.role, bytes, Limits::default()).await?;
        let figures = turns(&plugin, &case, args.calls).await.with_context(|| name.clone())?;
        println!("{name:24} {figures}");
        println!("{}", figures.json(&name));
        let (ratio, tail) = (figures.ratio(), figures.plugin.tail());
        if args.at_most.is_some_and(|most| ratio > most) || args.tail_at_most.is_some_and(|most| tail > most) {
            slow.push(format!("{name}: {ratio:.2} times native, p99 {tail:.2} times p50"));
        }
    }
    ensure!(slow.is_empty(), "too slow: {}", slow.join("; "));
    Ok(())
}

/// One call, and who answers it natively.
struct Case {
    plugin: &'static str,
    role: codeflare_engine::Role,
    request: Request,
    native: fn(&Request) -> Result<codeflare_documents::call::Answer>,
}

struct Figures {
    bytes: usize,
    native: Percentiles,
    /// The call itself, and with the way to a thread that may block and back.
    plugin: Percentiles,
    whole: Percentiles,
    fuel: u64,
    memory: u64,
}

async fn turns(plugin: &Plugin, case: &Case, calls: usize) -> Result<Figures> {
    let (mut native, mut inside, mut whole) = (Vec::new(), Vec::new(), Vec::new());
    let (mut fuel, mut memory) = (0, 0);
    for turn in 0..WARM + calls {
        let start = Instant::now();
        let expected = (case.native)(&case.request)?;
        let natively = start.elapsed();

        // Writing the request belongs to both; the engine does it before its clock starts.
        let start = Instant::now();
        let written = native::write(&case.request)?;
        let writing = start.elapsed();
        drop(written);

        let start = Instant::now();
        let called = plugin.call(&case.request).await;
        let all = start.elapsed();
        let answer = called.answer?;
        if turn == 0 && answer != expected {
            bail!("native code and plugin answer differently:\n{}\n{}", json!(expected), json!(answer));
        }
        if turn >= WARM {
            native.push(natively);
            inside.push(writing + called.elapsed);
            whole.push(all);
            (fuel, memory) = (called.fuel, called.memory);
        }
    }
    Ok(Figures {
        bytes: native::write(&case.request)?.len(),
        native: Percentiles::of(native),
        plugin: Percentiles::of(inside),
        whole: Percentiles::of(whole),
        fuel,
        memory,
    })
}

/// In microseconds.
struct Percentiles {
    p50: f64,
    p99: f64,
}

impl Percentiles {
    fn of(mut times: Vec<Duration>) -> Percentiles {
        times.sort();
        let at = |part: usize| {
            let index = (times.len() * part / 100).min(times.len().saturating_sub(1));
            times.get(index).map_or(0.0, |time| time.as_secs_f64() * 1e6)
        };
        Percentiles { p50: at(50), p99: at(99) }
    }

    fn tail(&self) -> f64 {
        self.p99 / self.p50
    }
}

impl Figures {
    fn ratio(&self) -> f64 {
        self.plugin.p50 / self.native.p50
    }

    fn json(&self, name: &str) -> serde_json::Value {
        json!({
            "call": name, "requestBytes": self.bytes, "fuel": self.fuel, "memoryBytes": self.memory,
            "nativeMicros": {"p50": self.native.p50, "p99": self.native.p99},
            "pluginMicros": {"p50": self.plugin.p50, "p99": self.plugin.p99},
            "withHopMicros": {"p50": self.whole.p50, "p99": self.whole.p99},
            "ratioP50": self.ratio(), "p99OverP50": self.plugin.tail(),
        })
    }
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:>11} {:>5.0} {:>6.0}  {:>6.0} {:>6.0}  {:>6.2}  {:>6.2} {:>6.2}  {:>6.0} {:>9} {:>5}",
            self.bytes,
            self.native.p50,
            self.native.p99,
            self.plugin.p50,
            self.plugin.p99,
            self.ratio(),
            self.native.tail(),
            self.plugin.tail(),
            self.whole.p50,
            self.fuel,
            self.memory >> 10,
        )
    }
}
