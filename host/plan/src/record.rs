//! Step 6, record: the bytes of a record and their seal. Pure.
//!
//! A record lies in the Run's namespace, where others may write. It is sealed: an HMAC
//! over the Run's UID, the attempt and the bytes, with a key that only the host has.

use std::collections::BTreeMap;
use std::io::Read;

use codeflare_api::{labels, names};
use hmac::{Hmac, KeyInit, Mac};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use sha2::Sha256;

use crate::plan::Record;

/// Most bytes of a record, compressed: an object may have 1 MiB with everything on it.
pub const MOST: usize = 768 << 10;
/// Most bytes of a record, unpacked.
const MOST_UNPACKED: u64 = 64 << 20;
/// Key of the bytes in `binaryData`.
const BYTES: &str = "record";
/// Key of the seal in `data`.
const SEAL: &str = "seal";
/// Level of zstd: faster than the network, and small.
const LEVEL: i32 = 3;

/// Why a record cannot be written or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// More than one object can hold.
    #[error(
        "the record has {bytes} bytes compressed; at most {limit} fit into one object; use fewer or smaller objects"
    )]
    TooLarge {
        /// Compressed size.
        bytes: usize,
        /// Limit.
        limit: usize,
    },
    /// Written or changed by somebody else.
    #[error(
        "the record was written or changed by somebody else ({what}); nothing of it is executed; delete it and make another Run"
    )]
    Forged {
        /// What does not fit.
        what: String,
    },
}

/// The immutable ConfigMap that records an attempt of the Run with this UID.
///
/// # Errors
/// [`RecordError::TooLarge`].
pub fn seal(record: &Record, run_uid: &str, key: &[u8]) -> Result<ConfigMap, RecordError> {
    let plan = &record.plan;
    let json = serde_json::to_vec(record).map_err(|error| forged(&error.to_string()))?;
    let bytes = zstd::encode_all(json.as_slice(), LEVEL).map_err(|error| forged(&error.to_string()))?;
    if bytes.len() > MOST {
        return Err(RecordError::TooLarge { bytes: bytes.len(), limit: MOST });
    }
    let run = record.seen.run.metadata.name.clone().unwrap_or_default();
    let label = |name: &str, value: String| (name.to_owned(), value);
    let seal = hex(&mac(run_uid, plan.attempt, &bytes, key).finalize().into_bytes());
    Ok(ConfigMap {
        metadata: ObjectMeta {
            name: Some(names::record(&plan.name)),
            namespace: Some(plan.namespace.clone()),
            labels: Some(BTreeMap::from([
                label(labels::MANAGED_BY, labels::MANAGER.to_owned()),
                label(labels::RUN, labels::run_value(&run)),
                label(labels::RUN_UID, run_uid.to_owned()),
                label(labels::ATTEMPT, plan.attempt.to_string()),
                label(labels::PART, labels::RECORD.to_owned()),
            ])),
            owner_references: Some(vec![OwnerReference {
                api_version: format!("{}/{}", codeflare_api::GROUP, codeflare_api::VERSION),
                kind: "Run".to_owned(),
                name: run,
                uid: run_uid.to_owned(),
                controller: Some(true),
                block_owner_deletion: Some(false),
            }]),
            ..ObjectMeta::default()
        },
        immutable: Some(true),
        data: Some(BTreeMap::from([(SEAL.to_owned(), seal)])),
        binary_data: Some(BTreeMap::from([(BYTES.to_owned(), ByteString(bytes))])),
    })
}

/// Reads a record back, if it is ours: made for this Run and attempt, and unchanged.
///
/// # Errors
/// [`RecordError::Forged`].
pub fn open(object: &ConfigMap, run_uid: &str, attempt: u32, key: &[u8]) -> Result<Record, RecordError> {
    let bytes = bytes(object)?;
    let seal = object.data.as_ref().and_then(|data| data.get(SEAL)).ok_or_else(|| forged("it has no seal"))?;
    let seal = unhex(seal).ok_or_else(|| forged("its seal is not hexadecimal"))?;
    // Compared in constant time: how far a guess is right must not show.
    mac(run_uid, attempt, bytes, key).verify_slice(&seal).map_err(|_| forged("its seal does not fit"))?;
    let record = unpack(bytes)?;
    let label = |name| object.metadata.labels.as_ref().and_then(|labels| labels.get(name)).map(String::as_str);
    let labelled = (label(labels::RUN_UID), label(labels::ATTEMPT));
    if labelled != (Some(run_uid), Some(attempt.to_string().as_str())) {
        return Err(forged("its labels are not of this Run and attempt"));
    }
    let name = names::record(&record.plan.name);
    if record.plan.attempt != attempt || object.metadata.name.as_ref() != Some(&name) {
        return Err(forged("it is of another attempt"));
    }
    if record.seen.run.metadata.uid.as_deref() != Some(run_uid) {
        return Err(forged("it is of another Run"));
    }
    Ok(record)
}

/// Reads a record without judging whose it is: for people who replay one.
///
/// # Errors
/// [`RecordError::Forged`] where it cannot be read.
pub fn peek(object: &ConfigMap) -> Result<Record, RecordError> {
    unpack(bytes(object)?)
}

fn bytes(object: &ConfigMap) -> Result<&[u8], RecordError> {
    let found = object.binary_data.as_ref().and_then(|data| data.get(BYTES));
    found.map(|bytes| bytes.0.as_slice()).ok_or_else(|| forged("it has no binaryData `record`"))
}

fn unpack(bytes: &[u8]) -> Result<Record, RecordError> {
    let decoder = zstd::Decoder::new(bytes).map_err(|error| forged(&error.to_string()))?;
    let mut json = Vec::new();
    let read = decoder.take(MOST_UNPACKED + 1).read_to_end(&mut json).map_err(|error| forged(&error.to_string()))?;
    if u64::try_from(read).is_ok_and(|read| read > MOST_UNPACKED) {
        return Err(forged("it unpacks to more than a record can have"));
    }
    serde_json::from_slice(&json).map_err(|error| forged(&error.to_string()))
}

/// Every part with its length before it, so that no two inputs give the same text.
fn mac(run_uid: &str, attempt: u32, bytes: &[u8], key: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("should take a key of any length, as HMAC does");
    for part in [run_uid.as_bytes(), &attempt.to_be_bytes(), bytes] {
        mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        mac.update(part);
    }
    mac
}

fn forged(what: &str) -> RecordError {
    RecordError::Forged { what: what.to_owned() }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Lower-case digits only: a seal has one spelling.
fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    let pairs = digits.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    let read: Option<Vec<u8>> =
        pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect();
    read.filter(|bytes| hex(bytes) == text)
}
