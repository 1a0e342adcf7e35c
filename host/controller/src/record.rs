//! Step 6, record: the plan and its inputs, written once, read once.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use codeflare_api::{ConditionType, Reason, Run, labels, names};
use codeflare_plan::plan::Record;
use codeflare_plan::record::{RecordError, open, seal};
use codeflare_plan::stop::{Problem, Stop};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::api::{Api, ApiResource, ObjectMeta, PartialObjectMeta, PostParams};
use kube::{Client, ResourceExt};

use crate::api::{create, within};
use crate::context::Context;
use crate::error::{Call, Error};

/// Secret in the host's namespace that holds the key of the seals.
const KEY_SECRET: &str = "codeflare-record-key";
/// Key in that Secret.
const KEY: &str = "key";
/// Records kept in memory; past it all are read again, which costs a request each.
const KEPT: usize = 20_000;

/// Records of attempts: sealed, and remembered once read.
pub(crate) struct Records {
    key: Vec<u8>,
    read: Mutex<HashMap<(String, u32), Arc<Record>>>,
}

impl Records {
    /// Reads the key of the seals, or makes one.
    ///
    /// # Errors
    /// [`Error::RecordKey`].
    pub(crate) async fn with_key(client: &Client, namespace: &str) -> Result<Records, Error> {
        let key = key(client, namespace).await.map_err(|source| Error::RecordKey {
            namespace: namespace.to_owned(),
            name: KEY_SECRET.to_owned(),
            source: Box::new(source),
        })?;
        Ok(Records { key, read: Mutex::default() })
    }

    /// The key of the seals.
    pub(crate) fn key(&self) -> &[u8] {
        &self.key
    }

    fn keep(&self, uid: &str, record: Record) -> Arc<Record> {
        let record = Arc::new(record);
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.len() >= KEPT {
            read.clear();
        }
        read.insert((uid.to_owned(), record.plan.attempt), record.clone());
        record
    }

    /// Forgets the records of a Run.
    pub(crate) fn forget(&self, uid: &str) {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).retain(|(of, _), _| of != uid);
    }
}

/// Attempts of a Run that are recorded, as the watch has seen them.
pub(crate) fn attempts(ctx: &Context, uid: &str) -> BTreeMap<u32, String> {
    ctx.stores
        .records
        .state_filter(|record| record.labels().get(labels::RUN_UID).is_some_and(|of| of == uid))
        .iter()
        .filter_map(|record| Some((record.labels().get(labels::ATTEMPT)?.parse().ok()?, record.name_any())))
        .collect()
}

/// How records are told from other ConfigMaps.
pub(crate) fn selector() -> String {
    format!("{},{}={}", labels::RUN_UID, labels::PART, labels::RECORD)
}

/// The highest attempt that is recorded of each Run, with the name of its record, by UID.
pub(crate) fn highest<'a>(
    records: impl Iterator<Item = &'a PartialObjectMeta<ConfigMap>>,
) -> HashMap<String, (u32, String)> {
    let mut highest = HashMap::new();
    for record in records {
        let label = |name| record.labels().get(name);
        let attempt = label(labels::ATTEMPT).and_then(|text| text.parse().ok());
        let (Some(uid), Some(attempt)) = (label(labels::RUN_UID), attempt) else { continue };
        let known = highest.entry(uid.clone()).or_insert_with(|| (attempt, record.name_any()));
        if known.0 < attempt {
            *known = (attempt, record.name_any());
        }
    }
    highest
}

/// Writes a record. Where one exists already, that one holds.
///
/// # Errors
/// A stop of the step Recorded.
pub(crate) async fn write(ctx: &Context, run: &Run, record: Record) -> Result<Arc<Record>, Stop> {
    let uid = run.uid().unwrap_or_default();
    let namespace = run.namespace().unwrap_or_default();
    let sealed = seal(&record, &uid, &ctx.records.key).map_err(stop)?;
    let name = sealed.name_any();
    let body = serde_json::to_vec(&sealed).map_err(|error| {
        Stop::one(ConditionType::Recorded, Problem::new(Reason::RecordTooLarge, "", "", error.to_string()))
    })?;
    match create::<ConfigMap>(&ctx.client, &ApiResource::erase::<ConfigMap>(&()), &namespace, body).await {
        Ok(_) => Ok(ctx.records.keep(&uid, record)),
        Err(error) if error.already_exists() => read(ctx, run, record.plan.attempt, &name).await,
        Err(error) => Err(error.stop(ConditionType::Recorded, format!("ConfigMap/{name}"))),
    }
}

/// Reads a record.
///
/// # Errors
/// A stop of the step Recorded: gone, or not ours.
pub(crate) async fn read(ctx: &Context, run: &Run, attempt: u32, name: &str) -> Result<Arc<Record>, Stop> {
    read_of(ctx, &run.namespace().unwrap_or_default(), &run.uid().unwrap_or_default(), attempt, name).await
}

/// Reads a record of a Run of which no more is known than its UID.
///
/// # Errors
/// A stop of the step Recorded: gone, or not ours.
pub(crate) async fn read_of(
    ctx: &Context,
    namespace: &str,
    uid: &str,
    attempt: u32,
    name: &str,
) -> Result<Arc<Record>, Stop> {
    read_with(&ctx.client, &ctx.records, namespace, uid, attempt, name).await
}

/// Reads a record, also where this host does not act.
///
/// # Errors
/// A stop of the step Recorded: gone, or not ours.
pub(crate) async fn read_with(
    client: &Client,
    records: &Records,
    namespace: &str,
    uid: &str,
    attempt: u32,
    name: &str,
) -> Result<Arc<Record>, Stop> {
    let kept = records.read.lock().unwrap_or_else(PoisonError::into_inner).get(&(uid.to_owned(), attempt)).cloned();
    if let Some(record) = kept {
        return Ok(record);
    }
    let api = Api::<ConfigMap>::namespaced(client.clone(), namespace);
    let object = within(api.get_opt(name))
        .await
        .map_err(|error| error.stop(ConditionType::Recorded, format!("ConfigMap/{name}")))?
        .ok_or_else(|| gone(name))?;
    let record = open(&object, uid, attempt, &records.key).map_err(stop)?;
    Ok(records.keep(uid, record))
}

/// The stop of a Run whose record is gone.
pub(crate) fn gone(name: &str) -> Stop {
    let message = "it is gone, so that nobody knows what was launched; make another Run";
    Stop::one(ConditionType::Recorded, Problem::new(Reason::RecordGone, format!("ConfigMap/{name}"), "", message))
}

/// Name of the record of an attempt of a Run.
pub(crate) fn name(run: &Run, attempt: u32) -> String {
    names::record(&names::base(&run.name_any(), &run.uid().unwrap_or_default(), attempt))
}

fn stop(error: RecordError) -> Stop {
    let reason = match error {
        RecordError::TooLarge { .. } => Reason::RecordTooLarge,
        RecordError::Forged { .. } => Reason::RecordForged,
    };
    Stop::one(ConditionType::Recorded, Problem::new(reason, "", "", error.to_string()))
}

async fn key(client: &Client, namespace: &str) -> Result<Vec<u8>, Call> {
    let api = Api::<Secret>::namespaced(client.clone(), namespace);
    if let Some(key) = within(api.get_opt(KEY_SECRET)).await?.and_then(bytes) {
        return Ok(key);
    }
    let fresh = Secret {
        metadata: ObjectMeta { name: Some(KEY_SECRET.to_owned()), ..ObjectMeta::default() },
        immutable: Some(true),
        data: Some(BTreeMap::from([(KEY.to_owned(), ByteString(rand::random::<[u8; 32]>().to_vec()))])),
        ..Secret::default()
    };
    match within(api.create(&PostParams::default(), &fresh)).await {
        Ok(secret) => bytes(secret),
        // Another replica was faster: its key holds.
        Err(error) if error.already_exists() => bytes(within(api.get(KEY_SECRET)).await?),
        Err(error) => return Err(error),
    }
    .ok_or_else(|| Call::Write(format!("it has no 32 bytes under `{KEY}`; delete it and start again")))
}

fn bytes(secret: Secret) -> Option<Vec<u8>> {
    secret.data?.remove(KEY).map(|bytes| bytes.0).filter(|bytes| bytes.len() == 32)
}
