//! `codeflare host`: arguments to the controller's settings, logging, and the runtime.

use tracing_subscriber::EnvFilter;

use crate::Failure;
use crate::args::{HostArgs, LogFormat, PluginIsolation};

/// Runs the controller until it is told to stop.
pub(crate) fn run(args: HostArgs) -> Result<(), Failure> {
    log(&args)?;
    let program =
        std::env::current_exe().map_err(|error| Failure::one(format!("failed to find this program: {error}")))?;
    let config = codeflare_controller::Config {
        plugins: args.plugins,
        cache: args.cache,
        namespace: args.namespace,
        admin: args.admin,
        leader_elect: args.leader_elect,
        identity: args.identity.unwrap_or_else(machine),
        workers: args.workers,
        site: args.site.site()?,
        ceiling: crate::ceiling::read(args.grant_ceiling.as_deref())?,
        plugin_grace: std::time::Duration::from_secs(args.plugin_grace),
        plain_http: args.plain_http,
        ca_file: args.ca_file,
        source: codeflare_controller::SourceConfig {
            listen: args.source.source_listen,
            url: args.source.source_url.unwrap_or_default(),
            cache: args.source.source_cache,
            cache_bytes: args.source.source_cache_size,
            most_bytes: args.source.source_max_size,
        },
        compiler: vec![program.clone().into(), "compile-plugin".into()],
        isolation: match args.plugin_isolation {
            PluginIsolation::Process => codeflare_engine::Isolation::process(program),
            PluginIsolation::None => codeflare_engine::Isolation::None,
        },
        memory: args.memory_limit,
    };
    // Also where plugins run in this process: a dump would hold the host's token.
    if let Err(error) = codeflare_engine::sandbox::guard_host() {
        tracing::warn!(%error, "other processes of this user can read the host's memory");
    }
    tracing::info!(version = env!("CARGO_PKG_VERSION"), ?config, "starting");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::one(format!("failed to start threads: {error}")))?;
    runtime.block_on(codeflare_controller::run(config)).map_err(|error| Failure::one(chain(&error)))
}

fn log(args: &HostArgs) -> Result<(), Failure> {
    let filter =
        EnvFilter::try_new(&args.log).map_err(|error| Failure::Usage(format!("--log {}: {error}", args.log)))?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()));
    match args.log_format {
        LogFormat::Json => lines.json().flatten_event(true).init(),
        LogFormat::Text => lines.init(),
    }
    Ok(())
}

/// The name of the machine: in a pod, the pod's.
fn machine() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "codeflare-host".to_owned() } else { name.to_owned() }
}

/// An error with all that caused it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
