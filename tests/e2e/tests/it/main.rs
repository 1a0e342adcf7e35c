//! Tests against a real API server. Without one they say so and pass: `hack/test.sh`
//! brings it up and sets `CODEFLARE_API_KUBECONFIG`.

mod rules;
mod server;
