//! The digest store: what was kept of plugins, in the host's namespace.
//!
//! Written before a Plugin serves, read when nothing else has the bytes any more. Every
//! request may be the last one before the host dies: pieces come before the sheet that
//! names them and go after it, and whoever writes looks at each object first.

use std::sync::Arc;

use codeflare_api::labels::{self, FIELD_MANAGER};
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::api::{Api, DeleteParams, ListParams, PostParams, Preconditions};
use kube::{Client, ResourceExt};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::collect::Stored;
use super::kept::{self, Sheet};
use crate::api::within;
use crate::error::Call;

/// How often an object that somebody else writes at the same time is looked at.
const TRIES: usize = 3;

/// The store.
pub(super) struct Store {
    pub(super) maps: Api<ConfigMap>,
    /// Held by whoever writes or deletes.
    turn: Arc<Mutex<()>>,
}

/// The right to write: what was kept stays kept until it is dropped.
pub(super) struct Turn {
    _held: OwnedMutexGuard<()>,
}

/// Why bytes cannot be had.
#[derive(Debug)]
pub(super) enum Lack {
    /// The API server did not answer; they may be there.
    Unread(Call),
    /// They are not there, or not what was kept.
    Lost(String),
}

impl Store {
    /// The store in a namespace.
    pub(super) fn new(client: &Client, namespace: &str) -> Store {
        Store { maps: Api::namespaced(client.clone(), namespace), turn: Arc::default() }
    }

    /// Waits for the right to write.
    pub(super) async fn turn(&self) -> Turn {
        Turn { _held: self.turn.clone().lock_owned().await }
    }

    /// Keeps a plugin's bytes with their sheet: writes what is not there, and what somebody
    /// has changed anew.
    ///
    /// # Errors
    /// In words, with the object that could not be written.
    pub(super) async fn keep(&self, _: &Turn, sheet: &Sheet, bytes: &[u8]) -> Result<(), String> {
        for place in 0..sheet.piece_names().len() {
            if let Some((name, piece)) = sheet.piece(place, bytes) {
                self.put(&name, &piece).await?;
            }
        }
        self.put(&sheet.name(), &sheet.object()).await
    }

    pub(super) async fn put(&self, name: &str, wanted: &ConfigMap) -> Result<(), String> {
        let failed = |error: Call| format!("ConfigMap/{name}: {}", error.words());
        for _ in 0..TRIES {
            match within(self.maps.get_opt(name)).await.map_err(failed)? {
                Some(found) if kept::same(&found, wanted) => return Ok(()),
                Some(found) => {
                    tracing::warn!(object = name, "what was kept of a plugin was changed; it is written anew");
                    self.delete(name, &found.uid().unwrap_or_default()).await.map_err(failed)?;
                }
                None => {}
            }
            let params = PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() };
            match within(self.maps.create(&params, wanted)).await {
                Ok(_) => return Ok(()),
                Err(error) if error.already_exists() => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Err(format!("ConfigMap/{name}: somebody else writes it again and again"))
    }

    /// Deletes one object, if it is still the one that was looked at.
    ///
    /// # Errors
    /// Where the API server refuses or does not answer; not if it is gone or another one.
    pub(super) async fn delete(&self, name: &str, uid: &str) -> Result<(), Call> {
        let only = Preconditions { uid: Some(uid.to_owned()), resource_version: None };
        match within(self.maps.delete(name, &DeleteParams::background().preconditions(only))).await {
            Err(error) if !matches!(error.code(), Some(404 | 409)) => Err(error),
            _ => Ok(()),
        }
    }

    /// The sheet of a digest: that of this Plugin which was written last, or else that of
    /// another one that had the same bytes.
    ///
    /// # Errors
    /// [`Lack`].
    pub(super) async fn sheet(&self, plugin: &str, digest: &str) -> Result<Sheet, Lack> {
        let wanted = format!("{},{}={}", part(labels::PLUGIN_SHEET), labels::DIGEST, kept::short(digest));
        let found = within(self.maps.list(&ListParams::default().labels(&wanted))).await.map_err(Lack::Unread)?;
        let mut why = "nothing is kept of it".to_owned();
        let mut sheets: Vec<(bool, Option<Time>, Sheet)> = Vec::new();
        for object in found {
            match Sheet::read(&object) {
                Ok(sheet) if sheet.digest == digest => {
                    sheets.push((sheet.plugin == plugin, object.creation_timestamp(), sheet));
                }
                Ok(_) => {}
                Err(changed) => why = changed,
            }
        }
        let best = sheets.into_iter().max_by(|(own, time, _), (other_own, other_time, _)| {
            (own, time.as_ref().map(|time| time.0)).cmp(&(other_own, other_time.as_ref().map(|time| time.0)))
        });
        best.map(|(_, _, sheet)| sheet).ok_or(Lack::Lost(why))
    }

    /// The bytes of a sheet.
    ///
    /// # Errors
    /// [`Lack`]; a piece that was changed is named.
    pub(super) async fn bytes(&self, sheet: &Sheet) -> Result<Vec<u8>, Lack> {
        let mut bytes = Vec::new();
        for (place, name) in sheet.piece_names().iter().enumerate() {
            let piece = within(self.maps.get_opt(name)).await.map_err(Lack::Unread)?;
            let piece = piece.ok_or_else(|| Lack::Lost(format!("ConfigMap/{name} is gone")))?;
            bytes.extend_from_slice(sheet.check(place, &piece).map_err(Lack::Lost)?);
        }
        if sheet.is(&bytes) {
            Ok(bytes)
        } else {
            Err(Lack::Lost(format!("ConfigMap/{} names other bytes than those of its digest", sheet.name())))
        }
    }

    /// Everything that is kept.
    ///
    /// # Errors
    /// Where the API server does not answer.
    pub(super) async fn all(&self) -> Result<Vec<Stored>, Call> {
        let sheets = within(self.maps.list(&ListParams::default().labels(&part(labels::PLUGIN_SHEET)))).await?;
        let others = format!("{} in ({}, {})", labels::PART, labels::PLUGIN_BYTES, labels::PLUGIN_PROOF);
        let pieces = within(self.maps.list_metadata(&ListParams::default().labels(&others))).await?;
        let sheets = sheets.iter().map(|object| {
            // One that was changed is nobody's: it goes with its digest.
            let known = Sheet::read(object).map(|sheet| (sheet.plugin, sheet.bytes)).unwrap_or_default();
            Stored::new(object, Some(known))
        });
        Ok(sheets.chain(pieces.iter().map(|object| Stored::new(object, None))).collect())
    }
}

fn part(part: &str) -> String {
    format!("{}={part}", labels::PART)
}
