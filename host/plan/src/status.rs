//! Step 10, status: what the Run shows, and when to come back. Pure.

use codeflare_api::Run;
use jiff::Timestamp;

use crate::live::{Next, Outcome};

/// The Run's next status.
pub fn next(run: &Run, _outcome: &Outcome<'_>, _now: Timestamp) -> Next {
    Next { status: run.status.clone().unwrap_or_default(), events: Vec::new(), wake: None }
}
