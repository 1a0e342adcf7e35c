//! Tests against a real Kubernetes; everything is in `tests/it`. Run them with
//! `hack/test.sh api` and `hack/test.sh e2e`.
