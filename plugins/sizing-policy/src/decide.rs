//! From a size name to numbers: the RunSizeConfiguration with the lowest priority that
//! defines the name wins, by name where two have the same; then the wishes of the user.

use codeflare_plugin::prelude::*;
use codeflare_plugin::{fault, quantity};
use serde_json::Value;

pub(crate) fn decide(request: &DecideRequest, proposed: Option<&Size>) -> Result<Decision, Decline> {
    let asked = &request.asked;
    let mut defining: Vec<_> = request
        .configurations
        .iter()
        .filter_map(|configuration| Some((configuration, configuration.sizes.get(&asked.size)?)))
        .collect();
    defining.sort_by_key(|(configuration, _)| (configuration.priority, &configuration.name));
    let Some(((winner, shirt), losers)) = defining.split_first() else {
        return Err(unknown(request));
    };
    let sizing = Sizing { asked, winner, shirt, losers, proposed };
    let workers = sizing.workers(request);
    let (memory, memory_choice) = sizing.memory(request);
    let (gpu, gpu_choice) = sizing.gpu(request);
    let mut worker = Resources { cpu_millis: shirt.cpu_millis, memory_bytes: memory, ..Resources::default() };
    if gpu > 0 {
        worker.extended.insert(winner.gpu_resource.clone(), gpu);
    }
    let count = asked.workers.unwrap_or(shirt.workers);
    Ok(Decision {
        size: Size { workers: count, worker },
        choices: vec![workers, sizing.cpu(), memory_choice, gpu_choice],
    })
}

struct Sizing<'a> {
    asked: &'a Asked,
    winner: &'a Configuration,
    shirt: &'a TeeShirt,
    /// Others that define the size, best first.
    losers: &'a [(&'a Configuration, &'a TeeShirt)],
    proposed: Option<&'a Size>,
}

impl Sizing<'_> {
    fn workers(&self, request: &DecideRequest) -> Choice {
        let choice = self.choice("workers", |shirt| shirt.workers.into(), |size| size.workers.into());
        let Some(workers) = self.asked.workers else { return choice };
        let by = self.asked.workers_by.clone().unwrap_or_else(|| format!("Run/{}", request.run.name));
        overrule(choice, workers.into(), by, "this number of workers was asked for".into())
    }

    fn cpu(&self) -> Choice {
        let text = |millis| quantity::cpu(millis).into();
        self.choice("worker.cpu", |shirt| text(shirt.cpu_millis), |size| text(size.worker.cpu_millis))
    }

    fn memory(&self, request: &DecideRequest) -> (u64, Choice) {
        let text = |bytes| quantity::bytes(bytes).into();
        let choice =
            self.choice("worker.memory", |shirt| text(shirt.memory_bytes), |size| text(size.worker.memory_bytes));
        match self.asked.min_memory_bytes {
            Some(least) if least > self.shirt.memory_bytes => {
                let by = format!("Application/{}", request.application.name);
                (least, overrule(choice, text(least), by, "it needs at least this much (minMemory)".into()))
            }
            _ => (self.shirt.memory_bytes, choice),
        }
    }

    fn gpu(&self, request: &DecideRequest) -> (u64, Choice) {
        let gpus = |size: &Size| size.worker.extended.get(&self.winner.gpu_resource).copied().unwrap_or(0).into();
        let choice = self.choice("worker.gpu", |shirt| shirt.gpu.into(), gpus);
        if self.asked.gpus || self.shirt.gpu == 0 {
            return (self.shirt.gpu, choice);
        }
        let by = self.asked.gpus_refused_by.clone().unwrap_or_else(|| format!("Run/{}", request.run.name));
        let why = "it does not say supportsGpu: true, which both Run and Application must".to_owned();
        (0, overrule(choice, 0.into(), by, why))
    }

    /// What the winner says, over everybody who says otherwise.
    fn choice(&self, field: &str, of: impl Fn(&TeeShirt) -> Value, proposed: impl Fn(&Size) -> Value) -> Choice {
        let value = of(self.shirt);
        let by = |configuration: &Configuration| format!("RunSizeConfiguration/{}", configuration.name);
        let mut over: Vec<_> = self.losers.iter().map(|(loser, shirt)| (by(loser), of(shirt))).collect();
        over.extend(self.proposed.map(|size| ("policies before".to_owned(), proposed(size))));
        over.retain(|(_, other)| *other != value);
        let others = if self.losers.is_empty() { "" } else { ", with the lowest priority of those that do" };
        let why = format!("it defines size {}{others}; {} asked for it", self.asked.size, self.asked.size_by);
        Choice { field: field.to_owned(), value, by: by(self.winner), why, over }
    }
}

/// The same field, decided by somebody else over the tee shirt.
fn overrule(choice: Choice, value: Value, by: String, why: String) -> Choice {
    let mut over = vec![(choice.by, choice.value)];
    over.extend(choice.over);
    over.retain(|(_, other)| *other != value);
    Choice { field: choice.field, value, by, why, over }
}

fn unknown(request: &DecideRequest) -> Decline {
    let asked = &request.asked;
    let mut known: Vec<_> = request.configurations.iter().collect();
    known.sort_by_key(|configuration| (configuration.priority, &configuration.name));
    let mut sizes: Vec<(&TeeShirt, &str)> = Vec::new();
    for (name, shirt) in known.into_iter().flat_map(|configuration| &configuration.sizes) {
        if !sizes.iter().any(|(_, other)| other == name) {
            sizes.push((shirt, name));
        }
    }
    sizes.sort_by_key(|(shirt, name)| (shirt.workers, shirt.cpu_millis, shirt.memory_bytes, *name));
    let names: Vec<_> = sizes.into_iter().map(|(_, name)| name).collect();
    let message = if names.is_empty() {
        format!("size `{}` is unknown: no RunSizeConfiguration defines any size; create one", asked.size)
    } else {
        format!("size `{}` is unknown; known sizes: {}", asked.size, names.join(", "))
    };
    // A default that nobody wrote down can only be mended by asking for another size.
    let object = if asked.size_by.contains('/') { asked.size_by.clone() } else { format!("Run/{}", request.run.name) };
    fault::invalid("UnknownSize", message, object, "/spec/size")
}
