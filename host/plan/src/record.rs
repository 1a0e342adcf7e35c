//! Step 6, record: the bytes of a record and their seal. Pure.

use k8s_openapi::api::core::v1::ConfigMap;

use crate::plan::Record;

/// Why a record cannot be written or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// More than one object can hold.
    #[error("the record has {bytes} bytes compressed; at most {limit} fit into one object")]
    TooLarge {
        /// Compressed size.
        bytes: usize,
        /// Limit.
        limit: usize,
    },
    /// Written or changed by somebody else.
    #[error("the record was written or changed by somebody else: {what}")]
    Forged {
        /// What does not fit.
        what: String,
    },
}

/// The immutable ConfigMap that records an attempt of the Run with this UID.
///
/// # Errors
/// [`RecordError::TooLarge`].
pub fn seal(_record: &Record, _run_uid: &str, _key: &[u8]) -> Result<ConfigMap, RecordError> {
    Err(RecordError::TooLarge { bytes: 0, limit: 0 })
}

/// Reads a record back, if it is ours: made for this Run and attempt, and unchanged.
///
/// # Errors
/// [`RecordError::Forged`].
pub fn open(_object: &ConfigMap, _run_uid: &str, _attempt: u32, _key: &[u8]) -> Result<Record, RecordError> {
    Err(RecordError::Forged { what: "not written yet".into() })
}
