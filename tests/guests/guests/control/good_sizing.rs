//! A sizing policy that agrees with the one before it.
//! ---
//! role: sizing-policy
//! comes-to: answer
//! answer: {/decided/size/workers: 3}

wit_bindgen::generate!({
    path: ["../../wit/plugin", "../../wit/sizing"],
    world: "codeflare:sizing/sizing-policy-plugin",
    generate_all,
});

use exports::codeflare::plugin::describe;
use exports::codeflare::sizing::sizing::{self, Choice, Error, Resources, Size};

struct Policy;

impl describe::Guest for Policy {
    fn describe() -> String {
        r#"{"name": "agrees", "version": "0.1.0", "summary": "Agrees."}"#.into()
    }
}

impl sizing::Guest for Policy {
    fn decide(request: String, proposed: Option<Size>) -> Result<(Size, Vec<Choice>), Error> {
        let worker = Resources {
            cpu_millis: 500,
            memory_bytes: 1 << 30,
            extended: vec![("nvidia.com/gpu".into(), 1)],
        };
        let size = proposed.unwrap_or(Size {
            workers: 2,
            worker,
            more: "{}".into(),
        });
        let choice = Choice {
            field: "workers".into(),
            value: size.workers.to_string(),
            by: "plugin agrees".into(),
            why: "it was proposed".into(),
            over: vec![("request".into(), request)],
        };
        Ok((size, vec![choice]))
    }
}

export!(Policy);
