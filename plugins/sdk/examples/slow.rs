//! A launcher that takes its time, and the answer is good: what the benchmark `fairness`
//! crowds with Runs.

use std::hint::black_box;

use codeflare_plugin::prelude::*;
use codeflare_plugin::{holes, kind};
use serde_json::json;

/// Rounds of a call: some hundreds of milliseconds of one core, well below the limit of fuel.
const ROUNDS: u64 = 100_000_000;

/// The plugin.
#[derive(Debug)]
pub struct Slow;

fn work() {
    let mut sum = 0_u64;
    for round in 0..ROUNDS {
        sum = black_box(sum.rotate_left(3) ^ round);
    }
}

impl Launcher for Slow {
    fn describe() -> Description {
        Description {
            name: "slow".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            summary: "Runs a program as a Job, after long thought".into(),
            frameworks: vec!["slow".into()],
            kinds: vec![kind("batch", "v1", "Job")],
            variants: Vec::new(),
            settings_schema: closed_object(),
            framework_schema: closed_object(),
            usage: false,
        }
    }

    fn launch(request: LaunchRequest) -> Result<LaunchPlan, Decline> {
        work();
        let job = json!({
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": holes::name("")},
            "spec": {
                "completionMode": "Indexed",
                "completions": holes::count("worker"),
                "parallelism": holes::count("worker"),
                "backoffLimit": 0,
                "podReplacementPolicy": "Failed",
                "suspend": false,
                "template": holes::pod("worker"),
            },
        });
        let roles = vec![role("worker", request.size.workers, Command::Program)];
        Ok(LaunchPlan { controls: vec![suspend(0)], ..plan(vec![primary(job)], roles) })
    }

    fn observe(_: ObserveRequest) -> Result<Observation, Decline> {
        work();
        Ok(observation("Starting", "Starting", "it is being thought about"))
    }
}

codeflare_plugin::export_launcher!(Slow);
