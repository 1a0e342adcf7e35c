//! The command line as clap reads it.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

pub(crate) use site::{PodSecurity, SiteArgs};

mod site;

/// Where the host's image has its plugins.
const PLUGINS: &str = "/plugins";
/// The image that the chart of this version names.
pub(crate) const IMAGE: &str = concat!("localhost/codeflare/platform:", env!("CARGO_PKG_VERSION"));
/// Where it has the exec shim.
const SHIM: &str = "/usr/local/lib/codeflare/exec";

/// Large jobs on a shared Kubernetes cluster, launched by plugins
#[derive(Debug, Parser)]
#[command(name = "codeflare", version, max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the controller: watch Runs and carry them to their end
    Host(Box<HostArgs>),
    /// Show what Runs would become, without a cluster: the same code, the same plugins
    Plan(PlanArgs),
    /// Print the CustomResourceDefinitions of the platform
    Crd(CrdArgs),
    /// Print the JSON Schemas of the documents that host and plugins exchange
    Schema(SchemaArgs),
    /// Put source and words of a Run into a pod (its init step runs this)
    Stage(StageArgs),
    /// Compile a plugin from stdin to stdout within limits (the host runs itself with this)
    #[command(hide = true)]
    CompilePlugin {
        /// Bytes of address space
        memory: u64,
        /// Seconds of processor time
        seconds: u64,
        /// Give up everything else before the component is read
        #[arg(long)]
        confined: bool,
    },
    /// Run plugins for a host at the other end of stdin (the host runs itself with this)
    #[command(hide = true)]
    PluginEngine {
        /// Calls at the same time
        threads: usize,
        /// Bytes of memory beyond what is reserved at the start
        memory: u64,
    },
}

const HOST_EXAMPLES: &str = "\
Examples:
  # On a laptop, on the cluster of the current kubeconfig context:
  codeflare host --plugins target/plugins --cache /tmp/codeflare --leader-elect=false \\
    --log-format text";

/// Settings of the controller; the chart sets them by the environment.
#[derive(Debug, clap::Args)]
#[command(after_help = HOST_EXAMPLES)]
pub(crate) struct HostArgs {
    /// Folder of the plugins that `spec.source.file` of a Plugin names
    #[arg(long, value_name = "DIR", env = "CODEFLARE_PLUGINS", hide_env_values = true, default_value = PLUGINS)]
    pub(crate) plugins: PathBuf,
    /// Folder for compiled plugins; it may be lost at any time
    #[arg(
        long,
        value_name = "DIR",
        env = "CODEFLARE_CACHE",
        hide_env_values = true,
        default_value = "/var/cache/codeflare/plugins"
    )]
    pub(crate) cache: PathBuf,
    /// Namespace of the host: its lease and the key that seals records
    #[arg(
        long,
        value_name = "NAME",
        env = "CODEFLARE_NAMESPACE",
        hide_env_values = true,
        default_value = "codeflare-system"
    )]
    pub(crate) namespace: String,
    /// Address of /live, /ready and /metrics
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "CODEFLARE_ADMIN",
        hide_env_values = true,
        default_value = "0.0.0.0:8080"
    )]
    pub(crate) admin: SocketAddr,
    /// Whether a lease decides which of several hosts acts
    #[arg(long, value_name = "BOOL", env = "CODEFLARE_LEADER_ELECT", hide_env_values = true,
        default_value_t = true, action = clap::ArgAction::Set)]
    pub(crate) leader_elect: bool,
    /// Name of this host in the lease and in events [default: the name of the machine]
    #[arg(long, value_name = "NAME", env = "CODEFLARE_IDENTITY", hide_env_values = true)]
    pub(crate) identity: Option<String>,
    /// Runs that are worked on at the same time
    #[arg(long, value_name = "COUNT", env = "CODEFLARE_WORKERS", hide_env_values = true, default_value_t = 16,
        value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) workers: u16,
    #[command(flatten)]
    pub(crate) site: SiteArgs,
    /// YAML file with the kinds that plugins may be granted beside those that the host knows
    /// [default: none]
    #[arg(long, value_name = "FILE", env = "CODEFLARE_GRANT_CEILING", hide_env_values = true)]
    pub(crate) grant_ceiling: Option<PathBuf>,
    /// Seconds for which versions of plugins are kept that no Plugin and no unfinished Run
    /// needs any more
    #[arg(long, value_name = "SECONDS", env = "CODEFLARE_PLUGIN_GRACE", hide_env_values = true, default_value_t = 600,
        value_parser = clap::value_parser!(u64).range(1..=604_800))]
    pub(crate) plugin_grace: u64,
    /// Host that is read without TLS (registries, repositories), as host:port; several, or
    /// this repeated
    #[arg(long, value_name = "HOST:PORT", env = "CODEFLARE_PLAIN_HTTP", hide_env_values = true, value_delimiter = ',')]
    pub(crate) plain_http: Vec<String>,
    /// Certificates (PEM) that registries and repositories may have beside those that the
    /// system trusts
    #[arg(long, value_name = "FILE", env = "CODEFLARE_CA_FILE", hide_env_values = true)]
    pub(crate) ca_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    /// Where plugins run: in a process of their own that has no files, network or
    /// credentials; or, where the kernel does not let it be confined, in the host's
    #[arg(long, value_name = "HOW", env = "CODEFLARE_PLUGIN_ISOLATION", hide_env_values = true, value_enum,
        default_value_t = PluginIsolation::Process)]
    pub(crate) plugin_isolation: PluginIsolation,
    /// Bytes that the host may use with all its processes; those that handle plugins get a
    /// part of it [default: no limit is known]
    #[arg(long, value_name = "BYTES", env = "CODEFLARE_MEMORY_LIMIT", hide_env_values = true,
        value_parser = clap::value_parser!(u64).range(1 << 28..))]
    pub(crate) memory_limit: Option<u64>,
    /// How log lines are written
    #[arg(long, value_name = "FORMAT", env = "CODEFLARE_LOG_FORMAT", hide_env_values = true, value_enum, default_value_t = LogFormat::Json)]
    pub(crate) log_format: LogFormat,
    /// Which log lines are written, such as `info,codeflare_engine=debug`
    #[arg(long, value_name = "FILTER", env = "CODEFLARE_LOG", hide_env_values = true, default_value = "info")]
    pub(crate) log: String,
}

/// Source of Runs out of git repositories.
#[derive(Debug, clap::Args)]
pub(crate) struct SourceArgs {
    /// How pods of Runs reach the host to get their source, such as
    /// `http://codeflare-source.codeflare-system.svc:8081` [default: source is not fetched]
    #[arg(long, value_name = "URL", env = "CODEFLARE_SOURCE_URL", hide_env_values = true)]
    pub(crate) source_url: Option<String>,
    /// Address at which it is served to them
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "CODEFLARE_SOURCE_LISTEN",
        hide_env_values = true,
        default_value = "0.0.0.0:8081"
    )]
    pub(crate) source_listen: SocketAddr,
    /// Folder for source that was fetched; it may be lost at any time
    #[arg(
        long,
        value_name = "DIR",
        env = "CODEFLARE_SOURCE_CACHE",
        hide_env_values = true,
        default_value = "/var/cache/codeflare/sources"
    )]
    pub(crate) source_cache: PathBuf,
    /// Size of that folder at most
    #[arg(long, value_name = "SIZE", env = "CODEFLARE_SOURCE_CACHE_SIZE", hide_env_values = true,
        default_value = "4Gi", value_parser = size)]
    pub(crate) source_cache_size: u64,
    /// Size of one source at most, as it comes over the network and unpacked
    #[arg(long, value_name = "SIZE", env = "CODEFLARE_SOURCE_MAX_SIZE", hide_env_values = true,
        default_value = "256Mi", value_parser = size)]
    pub(crate) source_max_size: u64,
}

/// Bytes of a quantity, such as `2Gi`.
fn size(text: &str) -> Result<u64, String> {
    codeflare_api::quantity::bytes(text).map_err(|error| error.to_string())
}

/// Where plugins run.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum PluginIsolation {
    /// In a confined process of their own
    Process,
    /// In the host's process: WebAssembly alone is between plugins and its credentials
    None,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LogFormat {
    /// One JSON object a line, for machines
    Json,
    /// For people
    Text,
}

const PLAN_EXAMPLES: &str = "\
Examples:
  # What would this Run become on a cluster with Jobs and Services only?
  codeflare plan -f examples/02-workers --kinds batch/v1/Job,v1/Service

  # From a pipe, one Run of several:
  helm template my-platform | codeflare plan -f - --run hello

  # What was decided when a Run was launched, decided once more:
  kubectl get configmap hello-x7k2p-record -o yaml > record.yaml
  codeflare plan --record record.yaml

Exit codes: 0 planned; 1 something is wrong, every error on stderr; 2 wrong command line.
Fields are checked against the schemas; rules across fields are the API server's.";

/// What to plan, and on what.
#[derive(Debug, clap::Args)]
#[command(after_help = PLAN_EXAMPLES)]
pub(crate) struct PlanArgs {
    /// File or folder with Applications, Runs, RunSizeConfigurations, Plugins (and the
    /// ConfigMaps that hold plugins), YAML or JSON; `-` is stdin; repeat it for several
    #[arg(short, long = "file", value_name = "FILE", required_unless_present = "record", conflicts_with = "record", num_args = 1..)]
    pub(crate) file: Vec<PathBuf>,
    /// Kinds that the cluster would serve, such as `batch/v1/Job,v1/Service`
    /// [default: all that the host can create]
    #[arg(long, value_name = "KINDS", value_delimiter = ',', conflicts_with = "record")]
    pub(crate) kinds: Vec<String>,
    /// Folder of plugins; all of them serve where the files have no Plugin
    #[arg(long, value_name = "DIR", env = "CODEFLARE_PLUGINS", hide_env_values = true, default_value = PLUGINS)]
    pub(crate) plugins: PathBuf,
    /// The one Run to plan; without it all
    #[arg(long, value_name = "NAME", conflicts_with = "record")]
    pub(crate) run: Option<String>,
    /// Namespace of objects that name none
    #[arg(short, long, value_name = "NAME", default_value = "default", conflicts_with = "record")]
    pub(crate) namespace: String,
    /// Replay the attempt that this ConfigMap records, as kubectl prints it; `-` is stdin
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
    /// Bytes of a plugin that the record names [default: from the cache, then the folder]
    #[arg(long, value_name = "FILE", requires = "record")]
    pub(crate) plugin: Vec<PathBuf>,
    /// Folder for compiled plugins [default: codeflare/plugins in the user's cache]
    #[arg(long, value_name = "DIR", env = "CODEFLARE_CACHE", hide_env_values = true)]
    pub(crate) cache: Option<PathBuf>,
    /// YAML file with the kinds that plugins may be granted beside those that the host knows
    /// [default: none]
    #[arg(long, value_name = "FILE", conflicts_with = "record")]
    pub(crate) grant_ceiling: Option<PathBuf>,
    /// `runAsUser` and `fsGroup` of the pods
    #[arg(long, value_name = "UID", default_value_t = 1000, conflicts_with = "record")]
    pub(crate) user: i64,
    /// Pod Security Standard that the pods follow
    #[arg(long, value_name = "STANDARD", value_enum, default_value_t = PodSecurity::Restricted, conflicts_with = "record")]
    pub(crate) pod_security: PodSecurity,
    /// The platform's own image, for the init step of pods that get source
    #[arg(long, value_name = "IMAGE", default_value = IMAGE, conflicts_with = "record")]
    pub(crate) image: String,
    /// What to print: objects as YAML with the choices as comments; plans as JSON lines;
    /// or records, which `--record` reads
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = Format::Yaml)]
    pub(crate) output: Format,
}

/// What to print of a plan.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Format {
    /// The objects
    Yaml,
    /// The plan, one JSON object a line
    Json,
    /// The record, as a ConfigMap that no host executes
    Record,
}

/// Where to put the definitions.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  codeflare crd | kubectl apply --server-side -f -\n  codeflare crd --dir charts/codeflare-platform/crds"
)]
pub(crate) struct CrdArgs {
    /// Write one file each into this folder instead of printing them
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}

/// Which schema, and where to put it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  codeflare schema launch-request\n  codeflare schema --dir wit/schemas")]
pub(crate) struct SchemaArgs {
    /// Name of a document; without it all, as one JSON object by name
    #[arg(conflicts_with = "dir")]
    pub(crate) name: Option<String>,
    /// Write one file each into this folder instead of printing them
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}

const STAGE_EXAMPLES: &str = "\
Examples:
  # In the init step of a pod:
  codeflare stage --from /stage/stage.json --workdir /workdir --into /codeflare

  # What would be there, on a laptop:
  kubectl get configmap hello-x7k2p-stage -o jsonpath='{.data.stage\\.json}' > stage.json
  codeflare stage --from stage.json --workdir /tmp/workdir";

/// What to stage, and where to.
#[derive(Debug, clap::Args)]
#[command(after_help = STAGE_EXAMPLES, group = clap::ArgGroup::new("where").required(true).multiple(true))]
pub(crate) struct StageArgs {
    /// The document: files, words and the folder in which they start
    #[arg(long, value_name = "FILE")]
    pub(crate) from: PathBuf,
    /// Write the files below this folder
    #[arg(long, value_name = "DIR", group = "where")]
    pub(crate) workdir: Option<PathBuf>,
    /// Write the words and the shim that runs them into this folder
    #[arg(long, value_name = "DIR", group = "where")]
    pub(crate) into: Option<PathBuf>,
    /// The shim
    #[arg(long, value_name = "FILE", default_value = SHIM, requires = "into")]
    pub(crate) shim: PathBuf,
}
