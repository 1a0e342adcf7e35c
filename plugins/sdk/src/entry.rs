//! What the exports call: JSON text of the host in, WIT records out. A document that
//! cannot be read is a decline that names its place, never a panic.

use codeflare_documents::describe::Description;
use codeflare_documents::shared::Decline;
use serde::de::DeserializeOwned;

use crate::bindings::launcher::codeflare::launcher::types;
use crate::bindings::launcher::exports::codeflare::launcher::{launcher, observer};
use crate::bindings::sizing::exports::codeflare::sizing::sizing;
use crate::{Launcher, SizingPolicy, convert, fault};

/// Answer of `launch`.
pub type Launched = Result<launcher::Plan, types::Error>;
/// Answer of `observe`.
pub type Observed = Result<observer::Observation, types::Error>;
/// Answer of `decide`.
pub type Decided = Result<(sizing::Size, Vec<sizing::Choice>), sizing::Error>;

/// The description as JSON text.
pub fn describe(description: Description) -> String {
    serde_json::json!(description).to_string()
}

/// `codeflare:launcher/launcher.launch`.
///
/// # Errors
/// What the launcher declines with, or that the request cannot be read.
pub fn launch<L: Launcher>(request: &str) -> Launched {
    read(L::describe, request).and_then(L::launch).map(convert::plan).map_err(convert::launcher_error)
}

/// `codeflare:launcher/observer.observe`.
///
/// # Errors
/// What the launcher declines with, or that the request cannot be read.
pub fn observe<L: Launcher>(request: &str) -> Observed {
    read(L::describe, request).and_then(L::observe).map(convert::observation).map_err(convert::launcher_error)
}

/// `codeflare:sizing/sizing.decide`.
///
/// # Errors
/// What the policy declines with, or that the request cannot be read.
pub fn decide<P: SizingPolicy>(request: &str, proposed: Option<sizing::Size>) -> Decided {
    read(P::describe, request)
        .and_then(|request| P::decide(request, proposed.map(convert::proposed)))
        .map(convert::decision)
        .map_err(convert::sizing_error)
}

fn read<T: DeserializeOwned>(describe: fn() -> Description, request: &str) -> Result<T, Decline> {
    serde_json::from_str(request).map_err(|error| {
        let plugin = describe();
        let message = format!("version {} cannot read the host's request: {error}", plugin.version);
        fault::invalid("RequestUnreadable", message, format!("Plugin/{}", plugin.name), "/spec/source")
    })
}

#[cfg(test)]
mod tests {
    use codeflare_documents::launcher::{LaunchPlan, LaunchRequest, Observation, ObserveRequest};
    use serde_json::json;

    use super::*;
    use crate::{make, testing};

    struct Echo;

    impl Launcher for Echo {
        fn describe() -> Description {
            Description { name: "echo".into(), ..testing::description() }
        }

        fn launch(request: LaunchRequest) -> Result<LaunchPlan, Decline> {
            let role = make::role("worker", request.size.workers, codeflare_documents::launcher::Command::Program);
            Ok(make::plan(vec![make::primary(json!({"kind": "Job"}))], vec![role]))
        }

        fn observe(request: ObserveRequest) -> Result<Observation, Decline> {
            Ok(make::observation("Running", "Running", request.name))
        }
    }

    #[test]
    fn an_unreadable_request_is_a_decline() {
        for text in ["", "{", "[]", r#"{"name": 3}"#] {
            let Err(types::Error::Invalid(faults)) = launch::<Echo>(text) else {
                panic!("{text} should be declined");
            };
            assert_eq!(faults.len(), 1);
            assert_eq!((faults[0].code.as_str(), faults[0].object.as_str()), ("RequestUnreadable", "Plugin/echo"));
        }
    }

    #[test]
    fn members_of_a_newer_host_are_ignored() {
        let mut request = json!(testing::launch_request(2));
        request["later"] = json!({"a": 1});
        request["size"]["later"] = json!(2);
        request["size"]["worker"]["later"] = json!(3);
        let plan = launch::<Echo>(&request.to_string()).expect("should be launched");
        assert_eq!(plan.roles[0].count, 2);
        assert_eq!((plan.more.as_str(), plan.roles[0].more.as_str()), ("{}", "{}"));
        assert_eq!(plan.manifests[0].object, r#"{"kind":"Job"}"#);
    }

    #[test]
    fn an_observation_arrives_whole() {
        let request = json!(testing::Observed::new("a-x7k2p", 1).request()).to_string();
        let seen = observe::<Echo>(&request).expect("should be observed");
        assert_eq!(seen.message, "a-x7k2p");
    }
}
