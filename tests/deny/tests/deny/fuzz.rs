//! Answers at random: whatever a guest returns, the check says yes or no and does not panic,
//! and what it lets through is sound. `CODEFLARE_FUZZ` says how many answers,
//! `CODEFLARE_FUZZ_SEED` which ones.

use std::collections::{BTreeSet, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use codeflare_deny::cluster::{Cluster, drafts};
use codeflare_deny::mutate::Mutator;
use codeflare_deny::sound;
use codeflare_documents::launcher::LaunchPlan;

/// Answers of a usual run of the tests.
const FEW: u64 = 20_000;
/// Most characters of a refusal that tell it from another.
const WORDS: usize = 400;
/// An answer with so many faults is far from any plan.
const MANY: usize = 4;

/// What came of an answer.
enum Came {
    /// It is no answer of a launcher.
    NoAnswer,
    /// It is refused, in these words, for so many reasons.
    Refused(BTreeSet<String>, usize),
    /// It is a plan, which is sound.
    Plan(usize),
}

fn judge(cluster: &Cluster, text: &str) -> Came {
    let Ok(draft) = serde_json::from_str::<LaunchPlan>(text) else { return Came::NoAnswer };
    match cluster.judge(draft) {
        Ok(plan) => {
            sound::hold(&plan);
            Came::Plan(plan.objects.len() * 100 + plan.roles.len())
        }
        Err(stop) => {
            let words = stop.problems.iter().take(MANY).map(|problem| shape(&problem.line())).collect();
            Came::Refused(words, stop.problems.len())
        }
    }
}

/// A message without what is quoted in it and without numbers: the same for the same fault.
fn shape(message: &str) -> String {
    let mut quoted = false;
    let plain = |c: &char| {
        quoted ^= matches!(c, '`' | '"');
        !quoted && !c.is_ascii_digit() && *c != '/'
    };
    message.chars().filter(plain).take(WORDS).collect()
}

fn variable(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|error| panic!("{name}={text}: {error}")))
}

#[test]
fn whatever_a_guest_answers_is_judged() {
    let count = variable("CODEFLARE_FUZZ").unwrap_or(FEW);
    let seed = variable("CODEFLARE_FUZZ_SEED").unwrap_or(1);
    let cluster = Cluster::new();
    let mut mutator = Mutator::new(seed, drafts().into_iter().map(|(_, draft)| draft).collect());
    let (mut no_answers, mut refused, mut plans, mut seen) = (0_u64, 0_u64, 0_u64, HashSet::new());
    let start = Instant::now();
    for number in 0..count {
        let (answer, text) = mutator.answer();
        let came = catch_unwind(AssertUnwindSafe(|| judge(&cluster, &text)))
            .unwrap_or_else(|_| panic!("answer {number} of seed {seed}: {text}"));
        let kind = match came {
            Came::NoAnswer => {
                no_answers += 1;
                continue;
            }
            Came::Refused(_, MANY..) => {
                refused += 1;
                continue;
            }
            Came::Refused(words, _) => {
                refused += 1;
                words.into_iter().collect()
            }
            Came::Plan(shape) => {
                plans += 1;
                format!("plan {shape}")
            }
        };
        // What is new is worth to go on from, unless it is far from any plan.
        if !answer.is_null() && seen.len() < 1 << 16 && seen.insert(kind) {
            mutator.keep(answer);
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "seed {seed}: {count} answers in {seconds:.0} s, {:.0} a second: {plans} plans, {refused} refused, \
         {no_answers} no answers; {} kinds of outcome, {} answers kept",
        f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / seconds,
        seen.len(),
        mutator.kept(),
    );
    assert_eq!(plans + refused + no_answers, count);
    // A generator that no longer comes past the first rule tests nothing.
    assert!(plans * 200 > count && refused * 3 > count && seen.len() > 100, "{plans} plans, {} kinds", seen.len());
}
