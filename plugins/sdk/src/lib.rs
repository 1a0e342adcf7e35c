//! SDK for plugins of the CodeFlare Platform: implement [`Launcher`] or
//! [`SizingPolicy`], export it, compile for `wasm32-wasip2`.
//!
//! In: requests as the types of [`documents`]; members that a newer host adds are
//! ignored. Out: the same crate's answers, which the export macros translate to WIT.
//! A plugin has no files, network, clock or environment: the answer depends on the
//! request alone, and unit tests run natively (see [`testing`]).
//!
//! A complete launcher:
//!
//! ```
//! use codeflare_plugin::prelude::*;
//! use codeflare_plugin::{holes, kind};
//! use serde_json::json;
//!
//! struct Once;
//!
//! impl Launcher for Once {
//!     fn describe() -> Description {
//!         Description {
//!             name: "once".into(),
//!             version: env!("CARGO_PKG_VERSION").into(),
//!             summary: "Runs a program in one pod".into(),
//!             frameworks: vec!["once".into()],
//!             kinds: vec![kind("batch", "v1", "Job")],
//!             variants: Vec::new(),
//!             settings_schema: closed_object(),
//!             framework_schema: closed_object(),
//!             usage: false,
//!         }
//!     }
//!
//!     fn launch(_request: LaunchRequest) -> Result<LaunchPlan, Decline> {
//!         let job = json!({
//!             "apiVersion": "batch/v1",
//!             "kind": "Job",
//!             "metadata": {"name": holes::name("")},
//!             "spec": {
//!                 "completionMode": "Indexed",
//!                 "completions": holes::count("main"),
//!                 "parallelism": holes::count("main"),
//!                 "backoffLimit": 0,
//!                 "podReplacementPolicy": "Failed",
//!                 "template": holes::pod("main"),
//!             },
//!         });
//!         Ok(plan(vec![primary(job)], vec![role("main", 1, Command::Program)]))
//!     }
//!
//!     fn observe(request: ObserveRequest) -> Result<Observation, Decline> {
//!         let job = request.objects.first().map(|live| &live.object);
//!         let ended = job.and_then(|job| job.pointer("/status/succeeded")).is_some();
//!         let (phase, reason) = if ended { ("Succeeded", "Succeeded") } else { ("Running", "Running") };
//!         Ok(observation(phase, reason, "the pod says so"))
//!     }
//! }
//!
//! codeflare_plugin::export_launcher!(Once);
//!
//! // Natively, in a test:
//! let plan = Once::launch(codeflare_plugin::testing::launch_request(1)).unwrap();
//! assert_eq!(plan.roles.len(), 1);
//! ```

#[doc(hidden)]
pub mod bindings;
#[doc(hidden)]
pub mod entry;

pub mod blame;
mod convert;
pub mod fault;
pub mod holes;
pub mod live;
pub mod log;
pub mod make;
pub mod quantity;
pub mod settings;
pub mod state;
pub mod testing;
pub mod workers;

pub use codeflare_documents as documents;
pub use make::kind;

use codeflare_documents::describe::Description;
use codeflare_documents::launcher::{LaunchPlan, LaunchRequest, Observation, ObserveRequest};
use codeflare_documents::shared::{Decline, Size};
use codeflare_documents::sizing::{DecideRequest, Decision};

/// What a plugin usually needs.
pub mod prelude {
    pub use crate::make::{closed_object, headless, observation, plan, primary, role, supporting, suspend};
    pub use crate::{Launcher, SizingPolicy};
    pub use codeflare_documents::describe::Description;
    pub use codeflare_documents::launcher::*;
    pub use codeflare_documents::shared::{Choice, Decline, Fault, Resources, Size};
    pub use codeflare_documents::sizing::{Asked, Configuration, DecideRequest, Decision, TeeShirt, Usage};
}

/// A plugin that describes the objects that run a Run, and reads them back.
pub trait Launcher {
    /// What the plugin says of itself; called once, when it is loaded.
    fn describe() -> Description;

    /// The objects that run one attempt of a Run. The same request must give the same
    /// plan: the host records it, and replays compare.
    ///
    /// # Errors
    /// [`Decline::Invalid`] with every fault that somebody must mend.
    fn launch(request: LaunchRequest) -> Result<LaunchPlan, Decline>;

    /// Reads the state of the Run out of the live objects and pods.
    ///
    /// # Errors
    /// Only where the state cannot be said at all; a failed Run is an observation.
    fn observe(request: ObserveRequest) -> Result<Observation, Decline>;
}

/// A plugin that decides how big a Run is.
pub trait SizingPolicy {
    /// What the plugin says of itself; called once, when it is loaded.
    fn describe() -> Description;

    /// The size, given what the policy before proposed (none for the first).
    ///
    /// # Errors
    /// [`Decline::Invalid`] with every fault that somebody must mend.
    fn decide(request: DecideRequest, proposed: Option<Size>) -> Result<Decision, Decline>;
}

/// Exports a [`Launcher`] as the world `codeflare:launcher/launcher-plugin`. Does nothing
/// on other targets than WebAssembly, so that native tests link.
#[macro_export]
macro_rules! export_launcher {
    ($launcher:ty) => {
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, unused_imports, reason = "the generated exports")]
        mod codeflare_plugin_exports {
            use super::*;
            use $crate::bindings::launcher::exports::codeflare::launcher::{launcher, observer};
            use $crate::bindings::plugin::exports::codeflare::plugin::describe;

            struct Guest;

            impl describe::Guest for Guest {
                fn describe() -> String {
                    $crate::entry::describe(<$launcher as $crate::Launcher>::describe())
                }
            }

            impl launcher::Guest for Guest {
                fn launch(request: String) -> $crate::entry::Launched {
                    $crate::entry::launch::<$launcher>(&request)
                }
            }

            impl observer::Guest for Guest {
                fn observe(request: String) -> $crate::entry::Observed {
                    $crate::entry::observe::<$launcher>(&request)
                }
            }

            $crate::bindings::launcher::export_world!(Guest with_types_in $crate::bindings::launcher);
            $crate::bindings::plugin::export_world!(Guest with_types_in $crate::bindings::plugin);
        }
    };
}

/// Exports a [`SizingPolicy`] as the world `codeflare:sizing/sizing-policy-plugin`. Does
/// nothing on other targets than WebAssembly, so that native tests link.
#[macro_export]
macro_rules! export_sizing_policy {
    ($policy:ty) => {
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, unused_imports, reason = "the generated exports")]
        mod codeflare_plugin_exports {
            use super::*;
            use $crate::bindings::plugin::exports::codeflare::plugin::describe;
            use $crate::bindings::sizing::exports::codeflare::sizing::sizing;

            struct Guest;

            impl describe::Guest for Guest {
                fn describe() -> String {
                    $crate::entry::describe(<$policy as $crate::SizingPolicy>::describe())
                }
            }

            impl sizing::Guest for Guest {
                fn decide(request: String, proposed: Option<sizing::Size>) -> $crate::entry::Decided {
                    $crate::entry::decide::<$policy>(&request, proposed)
                }
            }

            $crate::bindings::sizing::export_world!(Guest with_types_in $crate::bindings::sizing);
            $crate::bindings::plugin::export_world!(Guest with_types_in $crate::bindings::plugin);
        }
    };
}
