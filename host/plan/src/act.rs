//! Step 9, act: what to do about a live Run. Pure.

use crate::live::{Acts, Situation};

/// Decides what to do about a live Run.
pub fn act(_situation: &Situation<'_>) -> Acts {
    Acts::default()
}
