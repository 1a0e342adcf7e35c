//! A launcher of a kind that the platform does not know: an admin has it in the ceiling, and
//! the Plugin a grant of it. Its operator says in `status.phase` how a Widget stands.

use codeflare_plugin::prelude::*;
use codeflare_plugin::{holes, kind};
use serde_json::json;

/// The plugin.
#[derive(Debug)]
pub struct Granted;

impl Launcher for Granted {
    fn describe() -> Description {
        Description {
            name: "granted".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            summary: "Runs a program in the pods of a Widget".into(),
            frameworks: vec!["granted".into()],
            kinds: vec![kind("example.com", "v1", "Widget")],
            variants: Vec::new(),
            settings_schema: closed_object(),
            framework_schema: closed_object(),
            usage: false,
        }
    }

    fn launch(request: LaunchRequest) -> Result<LaunchPlan, Decline> {
        let widget = json!({
            "apiVersion": "example.com/v1",
            "kind": "Widget",
            "metadata": {"name": holes::name(""), "labels": {"example.com/queue": "team"}},
            "spec": {
                "suspend": false,
                "flavour": "sour",
                "replicas": holes::count("worker"),
                "template": holes::pod("worker"),
            },
        });
        let roles = vec![role("worker", request.size.workers, Command::Program)];
        Ok(LaunchPlan { controls: vec![suspend(0)], ..plan(vec![primary(widget)], roles) })
    }

    fn observe(request: ObserveRequest) -> Result<Observation, Decline> {
        let widget = request.objects.iter().find(|live| live.primary).map(|live| &live.object);
        let phase = widget.and_then(|widget| widget.pointer("/status/phase")).and_then(|phase| phase.as_str());
        Ok(match phase {
            Some("Done") => observation("Succeeded", "Succeeded", "the Widget is done"),
            Some(_) => observation("Running", "Running", "the Widget is at work"),
            None => observation("Starting", "Starting", "nobody has taken the Widget up"),
        })
    }
}

codeflare_plugin::export_launcher!(Granted);
