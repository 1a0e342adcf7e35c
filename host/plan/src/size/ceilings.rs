//! Ceilings: what one Run may have at most, whatever policies decided. Pure.
//!
//! Of several `limits` that hold for a namespace, the smallest of each resource. A size is
//! cut to them: a worker that is too large alone is made smaller, then there are as many
//! workers as fit. Each cut is a choice that names who had decided otherwise.

use std::collections::BTreeSet;

use codeflare_api::{ConditionType, Reason, RunSizeConfiguration, quantity};
use codeflare_documents::launcher::Role;
use codeflare_documents::shared::{Choice, Resources, Size};
use serde_json::Value;

use super::Sized;
use super::configurations::{cpu_millis, gpu_resource, holding, label};
use crate::seen::Seen;
use crate::stop::{Problem, Stop};

/// The most of one thing that the pods of a Run may have together.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Ceiling {
    most: u64,
    /// Who says so: `RunSizeConfiguration/name`.
    by: String,
}

/// The ceilings that hold for one Run.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Ceilings {
    workers: Option<Ceiling>,
    /// Thousandths of a core.
    cpu: Option<Ceiling>,
    /// Bytes.
    memory: Option<Ceiling>,
    gpu: Option<Ceiling>,
    /// Resources that count as GPUs.
    gpus: BTreeSet<String>,
}

/// Something that a ceiling can hold for.
struct Measure {
    /// Name of a worker's share in choices, and the field of `limits`.
    share: &'static str,
    field: &'static str,
    write: fn(u64) -> Value,
}

const CPU: Measure = Measure { share: "worker.cpu", field: "cpu", write: |most| quantity::write_cpu(most).into() };
const MEMORY: Measure =
    Measure { share: "worker.memory", field: "memory", write: |most| quantity::write_bytes(most).into() };
const GPU: Measure = Measure { share: "worker.gpu", field: "gpu", write: Value::from };

impl Ceilings {
    /// The ceilings that hold for a Run.
    ///
    /// # Errors
    /// With every limit that is no quantity, and every selector that means nothing.
    pub(crate) fn of(seen: &Seen) -> Result<Ceilings, Stop> {
        let stop = |problems| Stop { step: ConditionType::Sized, problems };
        let holding = holding(seen).map_err(stop)?;
        let mut all = Ceilings { gpus: BTreeSet::from([seen.site.gpu_resource.clone()]), ..Ceilings::default() };
        let mut problems = Vec::new();
        for object in holding {
            all.gpus.insert(gpu_resource(seen, object).to_owned());
            all.lower(object, &mut problems);
        }
        if problems.is_empty() { Ok(all) } else { Err(stop(problems)) }
    }

    fn lower(&mut self, object: &RunSizeConfiguration, problems: &mut Vec<Problem>) {
        let Some(limits) = &object.spec.limits else { return };
        let mut read = |field: &str, value: Option<Result<u64, quantity::NotAQuantity>>| {
            value?
                .map_err(|error| {
                    let pointer = format!("/spec/limits/{field}");
                    problems.push(Problem::new(Reason::FieldInvalid, label(object), pointer, error.to_string()));
                })
                .ok()
        };
        let cpu = read("cpu", limits.cpu.as_ref().map(cpu_millis));
        let memory = read("memory", limits.memory.as_ref().map(|memory| quantity::bytes(&memory.0)));
        for (ceiling, most) in [
            (&mut self.workers, limits.workers.map(u64::from)),
            (&mut self.cpu, cpu),
            (&mut self.memory, memory),
            (&mut self.gpu, limits.gpu.map(u64::from)),
        ] {
            if let Some(most) = most
                && ceiling.as_ref().is_none_or(|one| (most, label(object)) < (one.most, one.by.clone()))
            {
                *ceiling = Some(Ceiling { most, by: label(object) });
            }
        }
    }

    /// A size within the ceilings.
    pub(crate) fn cut(&self, mut sized: Sized) -> Sized {
        let mut worker = sized.size.worker.clone();
        worker.cpu_millis = self.share(&CPU, &self.cpu, worker.cpu_millis, &mut sized);
        worker.memory_bytes = self.share(&MEMORY, &self.memory, worker.memory_bytes, &mut sized);
        for name in self.gpus.iter().filter(|name| worker.extended.contains_key(*name)).cloned().collect::<Vec<_>>() {
            let had = worker.extended.get(&name).copied().unwrap_or(0);
            match self.share(&GPU, &self.gpu, had, &mut sized) {
                0 => drop(worker.extended.remove(&name)),
                has => drop(worker.extended.insert(name, has)),
            }
        }
        sized.size.worker = worker;
        let workers = u64::from(sized.size.workers);
        let fitting = self.each(&sized.size.worker).into_iter().filter_map(|(measure, ceiling, each)| {
            let ceiling = ceiling.as_ref()?;
            Some((ceiling.most.checked_div(each)?, &ceiling.by, measure.field))
        });
        let most = fitting
            .chain(self.workers.iter().map(|ceiling| (ceiling.most, &ceiling.by, "workers")))
            .min_by_key(|(most, by, _)| (*most, (*by).clone()));
        match most {
            Some((most, by, field)) if most < workers => {
                let (most, by) = (u32::try_from(most).unwrap_or(u32::MAX), by.clone());
                with_workers(sized, most, by, format!("its limits.{field} allows a Run no more of this size"))
            }
            _ => sized,
        }
    }

    /// One worker's share: never above what the whole Run may have.
    fn share(&self, measure: &Measure, ceiling: &Option<Ceiling>, has: u64, sized: &mut Sized) -> u64 {
        match ceiling {
            Some(ceiling) if ceiling.most < has => {
                let why = format!("its limits.{} is the most that a Run may have", measure.field);
                let value = (measure.write)(ceiling.most);
                overrule(&mut sized.choices, measure.share, value, &ceiling.by, why);
                ceiling.most
            }
            _ => has,
        }
    }

    /// Every measure of a pod.
    fn each(&self, of: &Resources) -> [(Measure, &Option<Ceiling>, u64); 3] {
        let gpus =
            self.gpus.iter().filter_map(|name| of.extended.get(name)).fold(0_u64, |sum, one| sum.saturating_add(*one));
        [(CPU, &self.cpu, of.cpu_millis), (MEMORY, &self.memory, of.memory_bytes), (GPU, &self.gpu, gpus)]
    }

    /// A smaller size for roles that together are above a ceiling: a launcher may have pods
    /// beside the workers. None where they are within.
    ///
    /// # Errors
    /// Where fewer workers would not do.
    pub(crate) fn shrink(&self, sized: &Sized, roles: &[Role], launcher: &str) -> Result<Option<Sized>, Stop> {
        let mut fewer: Option<(u64, &Over<'_>)> = None;
        let above = self.above(sized, roles);
        for over in &above {
            let less = over.by.checked_div(over.each).map(|_| over.by.div_ceil(over.each));
            let left = u64::from(sized.size.workers).saturating_sub(less.unwrap_or(u64::MAX));
            if left == 0 {
                return Err(refused(over, launcher));
            }
            if fewer.is_none_or(|(least, _)| left < least) {
                fewer = Some((left, over));
            }
        }
        Ok(fewer.map(|(left, over)| {
            let why = format!("pods beside the workers count too, and its limits.{} holds for all", over.measure.field);
            with_workers(sized.clone(), u32::try_from(left).unwrap_or(u32::MAX), over.ceiling.by.clone(), why)
        }))
    }

    /// Refuses roles that are above a ceiling.
    ///
    /// # Errors
    /// With the first ceiling that they are above.
    pub(crate) fn hold(&self, sized: &Sized, roles: &[Role], launcher: &str) -> Result<(), Stop> {
        self.above(sized, roles).first().map_or(Ok(()), |over| Err(refused(over, launcher)))
    }

    /// Every ceiling that roles are above together.
    fn above(&self, sized: &Sized, roles: &[Role]) -> Vec<Over<'_>> {
        let each = self.each(&sized.size.worker);
        each.into_iter()
            .enumerate()
            .filter_map(|(place, (measure, ceiling, each))| {
                let ceiling = ceiling.as_ref()?;
                let asked = roles.iter().fold(0_u64, |sum, role| {
                    let of = role.resources.as_ref().unwrap_or(&sized.size.worker);
                    let one = self.each(of).get(place).map_or(0, |(_, _, one)| *one);
                    sum.saturating_add(one.saturating_mul(role.count.into()))
                });
                let by = asked.saturating_sub(ceiling.most);
                (by > 0).then_some(Over { measure, ceiling, asked, by, each })
            })
            .collect()
    }
}

/// A ceiling that roles are above.
struct Over<'a> {
    measure: Measure,
    ceiling: &'a Ceiling,
    /// What they ask for in all.
    asked: u64,
    /// How much of it is above.
    by: u64,
    /// What one worker has of it.
    each: u64,
}

fn refused(over: &Over<'_>, launcher: &str) -> Stop {
    let field = over.measure.field;
    let message = format!(
        "its roles ask for {} of {field} in all, and {} allows a Run {}; choose a smaller size, or let an admin raise limits.{field}",
        plain(&(over.measure.write)(over.asked)),
        over.ceiling.by,
        plain(&(over.measure.write)(over.ceiling.most)),
    );
    Stop::one(ConditionType::Planned, Problem::new(Reason::PlanRefused, format!("Plugin/{launcher}"), "", message))
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn with_workers(mut sized: Sized, workers: u32, by: String, why: String) -> Sized {
    overrule(&mut sized.choices, "workers", workers.into(), &by, why);
    sized.size = Size { workers, ..sized.size };
    sized
}

/// Adds a choice over whoever decided the same field before.
fn overrule(choices: &mut Vec<Choice>, field: &str, value: Value, by: &str, why: String) {
    let before = choices.iter().rev().find(|choice| choice.field == field);
    let over = before.map(|before| {
        std::iter::once((before.by.clone(), before.value.clone())).chain(before.over.iter().cloned()).collect()
    });
    choices.push(Choice { field: field.to_owned(), value, by: by.to_owned(), why, over: over.unwrap_or_default() });
}
