//! Every decision of the path of a Run, as pure functions: no client, no clock, no
//! environment, no engine. `now` is an argument, a plugin's answer is an input.

pub mod act;
pub mod diagnose;
pub mod draft;
pub mod launch;
pub mod live;
pub mod lock;
pub mod observe;
pub mod plan;
pub mod ready;
pub mod record;
pub mod resolve;
pub mod schema;
pub mod seen;
pub mod size;
pub mod source;
pub mod status;
pub mod stop;
pub mod usage;
