//! Answers of `codeflare:sizing`, and the size that a policy is given.

use codeflare_documents::call::Answer;
use codeflare_documents::shared::{Decline, Fault, Resources, Size};
use codeflare_documents::sizing::Decision;

use super::{Measure, choice, declined, nothing};
use crate::bindings::sizing::exports::codeflare::sizing::sizing as wit;
use crate::error::CallError;

/// The size that the policy before proposed, as the WIT record.
pub(crate) type Proposed = wit::Size;

/// That record of a document.
pub(crate) fn proposed(size: &Size) -> Proposed {
    let extended = size.worker.extended.iter();
    wit::Size {
        workers: size.workers,
        worker: wit::Resources {
            cpu_millis: size.worker.cpu_millis,
            memory_bytes: size.worker.memory_bytes,
            extended: extended.map(|(name, count)| (name.clone(), *count)).collect(),
        },
        more: "{}".into(),
    }
}

/// Answer of `decide`, as it left the plugin.
pub(crate) type Decided = Result<(wit::Size, Vec<wit::Choice>), wit::Error>;

/// Adds up its text.
pub(super) fn measure(measure: &mut Measure, answer: &Decided) {
    let (size, choices) = match answer {
        Ok(decision) => decision,
        Err(wit::Error::Invalid(list) | wit::Error::Waiting(list)) => {
            measure.list(list);
            for fault in list {
                for text in [&fault.code, &fault.message, &fault.object, &fault.pointer] {
                    measure.text(text);
                }
            }
            return;
        }
    };
    measure.text(&size.more);
    measure.list(&size.worker.extended);
    for (name, _) in &size.worker.extended {
        measure.text(name);
    }
    measure.list(choices);
    for choice in choices {
        for text in [&choice.field, &choice.value, &choice.by, &choice.why] {
            measure.text(text);
        }
        measure.list(&choice.over);
        for (who, value) in &choice.over {
            measure.text(who);
            measure.text(value);
        }
    }
}

/// The document of it.
///
/// # Errors
/// `AnsweredBadly`.
pub(super) fn decided(answer: Decided) -> Result<Answer, CallError> {
    let (size, choices) = match answer {
        Ok(decision) => decision,
        Err(wit::Error::Invalid(list)) => return faults("invalid", Decline::Invalid, list),
        Err(wit::Error::Waiting(list)) => return faults("waiting", Decline::Waiting, list),
    };
    nothing("/size/more", &size.more)?;
    Ok(Answer::Decided(Decision {
        size: Size {
            workers: size.workers,
            worker: Resources {
                cpu_millis: size.worker.cpu_millis,
                memory_bytes: size.worker.memory_bytes,
                extended: size.worker.extended.into_iter().collect(),
            },
        },
        choices: choices
            .into_iter()
            .enumerate()
            .map(|(index, c)| {
                let at = format!("/choices/{index}");
                choice(&at, c.field, &c.value, c.by, c.why, c.over)
            })
            .collect::<Result<_, _>>()?,
    }))
}

fn faults(name: &str, kind: fn(Vec<Fault>) -> Decline, faults: Vec<wit::Fault>) -> Result<Answer, CallError> {
    let faults = faults.into_iter().map(|fault| Fault {
        code: fault.code,
        message: fault.message,
        object: fault.object,
        pointer: fault.pointer,
    });
    declined(kind, name, faults.collect())
}
