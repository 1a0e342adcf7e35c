//! Counters and histograms, as `/metrics` shows them. No label holds a Run's name.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use codeflare_api::Reason;
use codeflare_engine::{Called, Times};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// One call of a plugin.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct PluginCall {
    /// Name of the Plugin.
    pub(crate) plugin: String,
    /// `decide`, `launch` or `observe`.
    pub(crate) step: String,
    /// `answered`, or the reason of the failure.
    pub(crate) outcome: String,
}

/// A step of a plugin.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Step {
    /// Name of the Plugin.
    plugin: String,
    /// `decide`, `launch` or `observe`.
    step: String,
}

/// A step of getting a source.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SourceStep {
    /// `resolve` or `fetch`.
    step: &'static str,
    /// `done`, or the reason of the failure.
    outcome: &'static str,
}

/// An answer to a pod that asks for source.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SourceAnswer {
    /// `sent`, `resumed`, `later`, `failed` or `unknown`.
    outcome: &'static str,
}

/// A plugin.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Named {
    /// Name of the Plugin.
    plugin: String,
}

/// Seconds that are measured, not counted.
type Seconds = Gauge<f64, AtomicU64>;

/// One wake-up of a Run.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct WakeUp {
    /// Reason that the Run shows after it.
    pub(crate) reason: String,
}

/// Everything that is counted. Labels are names of Plugins, which admins give, and words of
/// closed lists.
pub(crate) struct Metrics {
    registry: Registry,
    /// Seconds of a plugin call, fresh instance included.
    plugin_call: Family<PluginCall, Histogram, fn() -> Histogram>,
    /// Seconds that calls waited for their turn.
    plugin_wait: Family<Named, Histogram, fn() -> Histogram>,
    /// Most fuel that a call has used.
    plugin_fuel: Family<Step, Gauge>,
    /// Most bytes of memory that a call has used.
    plugin_memory: Family<Step, Gauge>,
    /// Seconds that loading took last, and compiling.
    plugin_load: Family<Named, Seconds>,
    plugin_compile: Family<Named, Seconds>,
    /// Whether it is held back.
    plugin_held: Family<Named, Gauge>,
    /// Seconds of asking a repository.
    source: Family<SourceStep, Histogram, fn() -> Histogram>,
    /// Answers to pods that ask for source.
    source_served: Family<SourceAnswer, Counter>,
    /// Bytes of source on disk.
    source_cache: Gauge,
    /// Wake-ups by the reason that came of them.
    reconcile: Family<WakeUp, Counter>,
    /// Status patches that were sent.
    pub(crate) published: Counter,
    /// Bytes of all versions of plugins that are kept in the cluster.
    pub(crate) plugin_store: Gauge,
    /// Starts of the process that runs plugins after another one had died.
    engine_respawns: Counter,
}

/// From 10 µs to 5 s.
fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.000_01, 2.0, 20))
}

/// From 10 ms to 5 min: what goes over a network.
fn long_seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.01, 2.0, 16))
}

impl Metrics {
    /// Registers everything.
    pub(crate) fn new() -> Metrics {
        let mut metrics = Metrics {
            registry: Registry::with_prefix("codeflare"),
            plugin_call: Family::new_with_constructor(seconds),
            plugin_wait: Family::new_with_constructor(seconds),
            plugin_fuel: Family::default(),
            plugin_memory: Family::default(),
            plugin_load: Family::default(),
            plugin_compile: Family::default(),
            plugin_held: Family::default(),
            source: Family::new_with_constructor(long_seconds),
            source_served: Family::default(),
            source_cache: Gauge::default(),
            reconcile: Family::default(),
            published: Counter::default(),
            plugin_store: Gauge::default(),
            engine_respawns: Counter::default(),
        };
        let registry = &mut metrics.registry;
        registry.register_with_unit("plugin_call", "Call of a plugin", Unit::Seconds, metrics.plugin_call.clone());
        let help = "Time that calls of a plugin waited for their turn";
        registry.register_with_unit("plugin_wait", help, Unit::Seconds, metrics.plugin_wait.clone());
        registry.register("plugin_fuel_highest", "Most fuel that a call has used", metrics.plugin_fuel.clone());
        let help = "Most linear memory that a call has used";
        registry.register_with_unit("plugin_memory_highest", help, Unit::Bytes, metrics.plugin_memory.clone());
        let help = "Time that loading took last, without compiling";
        registry.register_with_unit("plugin_load", help, Unit::Seconds, metrics.plugin_load.clone());
        let help = "Time that compiling took last";
        registry.register_with_unit("plugin_compile", help, Unit::Seconds, metrics.plugin_compile.clone());
        let help = "1 while a plugin that keeps failing is held back";
        registry.register("plugin_held_back", help, metrics.plugin_held.clone());
        let help = "Versions of plugins that are kept in the cluster";
        registry.register_with_unit("plugin_store", help, Unit::Bytes, metrics.plugin_store.clone());
        let help = "Starts of the process that runs plugins after another one had died";
        registry.register("plugin_engine_respawns", help, metrics.engine_respawns.clone());
        registry.register_with_unit("source", "Asking a repository", Unit::Seconds, metrics.source.clone());
        registry.register("source_served", "Answers to pods that ask for source", metrics.source_served.clone());
        registry.register_with_unit("source_cache", "Source on disk", Unit::Bytes, metrics.source_cache.clone());
        registry.register("reconcile", "Wake-ups of Runs", metrics.reconcile.clone());
        registry.register("status_published", "Status patches sent", metrics.published.clone());
        metrics
    }

    /// Counts a call of a plugin, which took so long with the wait before it.
    pub(crate) fn called(&self, plugin: &str, step: &str, called: &Called, took: Duration) {
        let outcome = called.answer.as_ref().err().map_or("answered", |error| error.reason());
        let named = Named { plugin: plugin.to_owned() };
        let wait = took.saturating_sub(called.elapsed);
        self.plugin_wait.get_or_create(&named).observe(wait.as_secs_f64());
        let step = Step { plugin: plugin.to_owned(), step: step.to_owned() };
        let highest = |family: &Family<Step, Gauge>, found: u64| {
            let found = i64::try_from(found).unwrap_or(i64::MAX);
            family.get_or_create(&step).inner().fetch_max(found, Ordering::Relaxed);
        };
        highest(&self.plugin_fuel, called.fuel);
        highest(&self.plugin_memory, called.memory);
        let Step { plugin, step } = step;
        let call = PluginCall { plugin, step, outcome: outcome.to_owned() };
        self.plugin_call.get_or_create(&call).observe(called.elapsed.as_secs_f64());
    }

    /// Takes over how often the process that runs plugins was started anew, as the engine
    /// counts it: a figure that only grows.
    pub(crate) fn respawned(&self, times: u64) {
        self.engine_respawns.inner().fetch_max(times, Ordering::Relaxed);
    }

    /// Notes how long loading a plugin took.
    pub(crate) fn loaded(&self, plugin: &str, times: Times) {
        let named = Named { plugin: plugin.to_owned() };
        self.plugin_load.get_or_create(&named).set(times.load.as_secs_f64());
        if let Some(compile) = times.compile {
            self.plugin_compile.get_or_create(&named).set(compile.as_secs_f64());
        }
    }

    /// Notes whether a plugin is held back.
    pub(crate) fn held(&self, plugin: &str, held: bool) {
        self.plugin_held.get_or_create(&Named { plugin: plugin.to_owned() }).set(i64::from(held));
    }

    /// What a plugin that is gone is now is nothing; what was counted of it stays.
    pub(crate) fn forget(&self, plugin: &str) {
        let named = Named { plugin: plugin.to_owned() };
        self.plugin_held.remove(&named);
        self.plugin_load.remove(&named);
        self.plugin_compile.remove(&named);
    }

    /// Counts a question to a repository: `resolve` or `fetch`, and the reason where it failed.
    pub(crate) fn source(&self, step: &'static str, failed: Option<Reason>, took: Duration) {
        let step = SourceStep { step, outcome: failed.map_or("done", Reason::as_str) };
        self.source.get_or_create(&step).observe(took.as_secs_f64());
    }

    /// Counts an answer to a pod that asked for source.
    pub(crate) fn served_source(&self, outcome: &'static str) {
        self.source_served.get_or_create(&SourceAnswer { outcome }).inc();
    }

    /// Notes how much source is on disk.
    pub(crate) fn source_cache(&self, bytes: u64) {
        self.source_cache.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// Counts a wake-up by the reason that the Run shows after it.
    ///
    /// Words of plugins are counted together: whoever writes a plugin does not decide how
    /// many series there are.
    pub(crate) fn count(&self, reason: &str) {
        let known =
            Reason::ALL.iter().find(|known| known.as_str() == reason).map_or("OfPlugin", |known| known.as_str());
        self.reconcile.get_or_create(&WakeUp { reason: known.to_owned() }).inc();
    }

    /// The text that Prometheus reads.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        match encode(&mut text, &self.registry) {
            Ok(()) => text,
            Err(error) => format!("# {error}\n"),
        }
    }
}

#[cfg(test)]
mod tests {
    use codeflare_documents::call::Answer;
    use codeflare_documents::shared::Decline;
    use codeflare_engine::CallError;

    use super::*;

    fn call(fails: bool, micros: u64, fuel: u64, memory: u64) -> Called {
        let answer =
            if fails { Err(CallError::StackOverflow) } else { Ok(Answer::Declined(Decline::Waiting(Vec::new()))) };
        Called { answer, fuel, elapsed: Duration::from_micros(micros), memory, log: Vec::new() }
    }

    /// The value of a series.
    fn value(text: &str, series: &str) -> Option<f64> {
        let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))?;
        line.parse().ok()
    }

    #[test]
    fn what_calls_cost_can_be_read() {
        let metrics = Metrics::new();
        let took = Duration::from_micros(50);
        metrics.called("a", "launch", &call(false, 15, 900, 4096), took);
        metrics.called("a", "launch", &call(false, 30, 400, 8192), took);
        metrics.called("a", "launch", &call(true, 7, 100, 0), took);
        metrics.called("a", "observe", &call(false, 7, 100, 64), took);
        let text = metrics.text();
        let answered = r#"{plugin="a",step="launch",outcome="answered"}"#;
        let bucket = |le: &str| {
            let labels = format!("le=\"{le}\",plugin=\"a\",step=\"launch\",outcome=\"answered\"");
            value(&text, &format!("codeflare_plugin_call_seconds_bucket{{{labels}}}"))
        };
        assert_eq!(
            (bucket("0.00001"), bucket("0.00002"), bucket("0.00004"), bucket("+Inf")),
            (Some(0.0), Some(1.0), Some(2.0), Some(2.0)),
            "{text}"
        );
        for (series, expected) in [
            (format!("codeflare_plugin_call_seconds_count{answered}"), 2.0),
            (answered.replace("answered", "PluginStackOverflow"), 1.0),
            (r#"codeflare_plugin_fuel_highest{plugin="a",step="launch"}"#.to_owned(), 900.0),
            (r#"codeflare_plugin_memory_highest_bytes{plugin="a",step="launch"}"#.to_owned(), 8192.0),
            (r#"codeflare_plugin_memory_highest_bytes{plugin="a",step="observe"}"#.to_owned(), 64.0),
            (r#"codeflare_plugin_wait_seconds_count{plugin="a"}"#.to_owned(), 4.0),
        ] {
            let series =
                if series.starts_with('{') { format!("codeflare_plugin_call_seconds_count{series}") } else { series };
            assert_eq!(value(&text, &series), Some(expected), "{series}: {text}");
        }
    }

    #[test]
    fn what_a_plugin_is_now_goes_with_it_and_what_was_counted_stays() {
        let metrics = Metrics::new();
        let times = Times { load: Duration::from_millis(20), compile: Some(Duration::from_millis(1500)) };
        metrics.loaded("a", times);
        metrics.loaded("a", Times { load: Duration::from_millis(10), compile: None });
        metrics.held("a", true);
        metrics.called("a", "decide", &call(false, 1, 1, 1), Duration::ZERO);
        let read = |of: &str| value(&metrics.text(), &format!("codeflare_plugin_{of}{{plugin=\"a\"}}"));
        assert_eq!(read("load_seconds"), Some(0.01));
        assert_eq!(read("compile_seconds"), Some(1.5));
        assert_eq!(read("held_back"), Some(1.0));
        metrics.held("a", false);
        assert_eq!(read("held_back"), Some(0.0));
        metrics.forget("a");
        assert_eq!((read("load_seconds"), read("compile_seconds"), read("held_back")), (None, None, None));
        assert_eq!(read("wait_seconds_count"), Some(1.0));
    }

    #[test]
    fn respawns_are_taken_over_and_never_counted_twice() {
        let metrics = Metrics::new();
        [0, 2, 1, 2, 3].iter().for_each(|times| metrics.respawned(*times));
        let text = metrics.text();
        assert_eq!(value(&text, "codeflare_plugin_engine_respawns_total"), Some(3.0), "{text}");
    }

    #[test]
    fn words_of_plugins_make_no_series() {
        let metrics = Metrics::new();
        ["OutOfCoffee", "HeadLost", "Running"].iter().for_each(|reason| metrics.count(reason));
        let text = metrics.text();
        assert_eq!(value(&text, r#"codeflare_reconcile_total{reason="OfPlugin"}"#), Some(2.0), "{text}");
        assert_eq!(value(&text, r#"codeflare_reconcile_total{reason="Running"}"#), Some(1.0), "{text}");
    }
}
