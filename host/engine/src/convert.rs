//! WIT records in, documents out: JSON members parsed, growth members checked, and the
//! text of the answer measured before anything of it is parsed.
//!
//! An answer is refused at the first member that breaks the contract, with its path.

mod launcher;
mod sizing;

pub(crate) use sizing::{Proposed, proposed};

use codeflare_documents::call::Answer;
use codeflare_documents::shared::{Choice, Decline, Fault};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::CallError;

/// An answer as it left the plugin: records of strings, of which nothing is parsed yet.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Raw {
    Launched(launcher::Launched),
    Observed(launcher::Observed),
    Decided(sizing::Decided),
}

impl Raw {
    /// Refuses an answer with more text than `most` bytes.
    ///
    /// # Errors
    /// `AnswerTooLarge`.
    pub(crate) fn check(&self, most: usize) -> Result<(), CallError> {
        let mut measure = Measure { bytes: 0, most };
        match self {
            Raw::Launched(answer) => launcher::measure_launched(&mut measure, answer),
            Raw::Observed(answer) => launcher::measure_observed(&mut measure, answer),
            Raw::Decided(answer) => sizing::measure(&mut measure, answer),
        }
        measure.done()
    }

    /// The document of an answer that is not too large.
    ///
    /// # Errors
    /// `AnswerTooLarge`, `AnsweredBadly`.
    pub(crate) fn answer(self, most: usize) -> Result<Answer, CallError> {
        self.check(most)?;
        match self {
            Raw::Launched(answer) => launcher::launched(answer),
            Raw::Observed(answer) => launcher::observed(answer),
            Raw::Decided(answer) => sizing::decided(answer),
        }
    }
}

/// Adds up the text of an answer and refuses it when there is too much.
struct Measure {
    bytes: usize,
    most: usize,
}

impl Measure {
    fn text(&mut self, text: &str) {
        self.bytes = self.bytes.saturating_add(text.len());
    }

    /// A list costs for its elements too, or empty ones would be free.
    fn list<T>(&mut self, list: &[T]) {
        self.bytes = self.bytes.saturating_add(list.len().saturating_mul(8));
    }

    fn done(&self) -> Result<(), CallError> {
        if self.bytes > self.most {
            return Err(CallError::AnswerTooLarge { bytes: self.bytes, most: self.most });
        }
        Ok(())
    }
}

/// A member that is JSON text.
fn json(pointer: &str, text: &str) -> Result<Value, CallError> {
    serde_json::from_str(text).map_err(|error| CallError::bad(pointer, format!("not JSON: {error}")))
}

/// A member that is JSON text of an object; empty text is the empty object.
fn object(pointer: &str, text: &str) -> Result<Value, CallError> {
    if text.is_empty() {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    match json(pointer, text)? {
        value @ Value::Object(_) => Ok(value),
        _ => Err(CallError::bad(pointer, "must be a JSON object")),
    }
}

/// A growth member of which this version knows nothing.
fn nothing(pointer: &str, text: &str) -> Result<Value, CallError> {
    let value = object(pointer, text)?;
    match value.as_object().and_then(|members| members.keys().next()) {
        Some(member) => {
            Err(CallError::bad(format!("{pointer}/{member}"), "this version of the host knows no such member"))
        }
        None => Ok(value),
    }
}

/// A choice, whatever package its WIT record is of.
fn choice(
    at: &str,
    field: String,
    value: &str,
    by: String,
    why: String,
    over: Vec<(String, String)>,
) -> Result<Choice, CallError> {
    let over = over
        .into_iter()
        .enumerate()
        .map(|(index, (who, value))| Ok((who, json(&format!("{at}/over/{index}/1"), &value)?)))
        .collect::<Result<_, CallError>>()?;
    Ok(Choice { value: json(&format!("{at}/value"), value)?, field, by, why, over })
}

/// Faults as an answer; without any, nobody would know what to do.
fn declined(kind: fn(Vec<Fault>) -> Decline, name: &str, faults: Vec<Fault>) -> Result<Answer, CallError> {
    if faults.is_empty() {
        return Err(CallError::bad(format!("/{name}"), "declines without a fault"));
    }
    for (index, fault) in faults.iter().enumerate() {
        let code = &fault.code;
        let pascal = code.starts_with(|c: char| c.is_ascii_uppercase())
            && code.chars().all(|c| c.is_ascii_alphanumeric())
            && code.len() <= 64;
        if !pascal {
            return Err(CallError::bad(
                format!("/{name}/{index}/code"),
                "must be PascalCase, at most 64 letters and digits",
            ));
        }
    }
    Ok(Answer::Declined(kind(faults)))
}
