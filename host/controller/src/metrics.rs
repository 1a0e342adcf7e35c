//! Counters and histograms, as `/metrics` shows them. No label holds a Run's name.

use codeflare_api::Reason;
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

/// One wake-up of a Run.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct WakeUp {
    /// Reason that the Run shows after it.
    pub(crate) reason: String,
}

/// Everything that is counted.
pub(crate) struct Metrics {
    registry: Registry,
    /// Seconds of a plugin call, fresh instance included.
    pub(crate) plugin_call: Family<PluginCall, Histogram, fn() -> Histogram>,
    /// Wake-ups by the reason that came of them.
    pub(crate) reconcile: Family<WakeUp, Counter>,
    /// Status patches that were sent.
    pub(crate) published: Counter,
    /// Bytes of all versions of plugins that are kept in the cluster.
    pub(crate) plugin_store: Gauge,
}

impl Metrics {
    /// Registers everything.
    pub(crate) fn new() -> Metrics {
        let mut registry = Registry::with_prefix("codeflare");
        let plugin_call: Family<PluginCall, Histogram, fn() -> Histogram> =
            Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.000_01, 2.0, 20)));
        let reconcile = Family::<WakeUp, Counter>::default();
        let published = Counter::default();
        registry.register_with_unit("plugin_call", "Call of a plugin", Unit::Seconds, plugin_call.clone());
        registry.register("reconcile", "Wake-ups of Runs", reconcile.clone());
        registry.register("status_published", "Status patches sent", published.clone());
        let plugin_store = Gauge::default();
        let help = "Versions of plugins that are kept in the cluster";
        registry.register_with_unit("plugin_store", help, Unit::Bytes, plugin_store.clone());
        Metrics { registry, plugin_call, reconcile, published, plugin_store }
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
