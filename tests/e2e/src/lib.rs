//! Tests against a real Kubernetes: `tests/it`, `tests/faults` and `tests/real`. Run them
//! with `hack/test.sh api`, `hack/test.sh faults` and `hack/test.sh e2e`. Here is what several
//! of them use.

pub mod canary;
