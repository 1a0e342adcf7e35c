//! What is kept of a plugin, as objects and back. Pure.
//!
//! ```text
//! plugin-<digest>-<n>       a piece of its bytes
//! plugin-<digest>-<sheet>   whose they are and how they are loaded: role, limits, pieces
//! plugin-<digest>-p<proof>  who signed them; see `proofs`
//! ```
//!
//! Both are immutable and named after what is in them. Nothing of it is believed: each
//! piece has its SHA-256 on the sheet, the whole has that which it was asked for by.

use std::collections::BTreeMap;
use std::time::Duration;

use codeflare_api::labels;
use codeflare_engine::{Limits, Role};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::ResourceExt;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Bytes of a piece: an object may have 1 MiB with everything on it.
pub(super) const PIECE: usize = 896 << 10;
/// Pieces of the largest component that the engine takes, 64 MiB.
const MOST_PIECES: usize = 74;
/// Digits of a digest in names and labels, which have at most 63 characters.
const SHORT: usize = 40;
/// Digits that tell the sheets of one digest apart.
const SHEET: usize = 10;
/// Key of a piece in `binaryData`.
const BYTES: &str = "bytes";
/// Key of a sheet in `data`.
const TEXT: &str = "sheet";

/// What is to be known to load a plugin's bytes as they were loaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sheet {
    /// Name of the Plugin.
    pub(super) plugin: String,
    /// `sha256:…` of the whole.
    pub(super) digest: String,
    role: Purpose,
    limits: Caps,
    /// Bytes of the whole.
    pub(super) bytes: usize,
    /// SHA-256 of each piece, in hexadecimal.
    pieces: Vec<String>,
}

/// [`Role`], as it is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Purpose {
    Launcher,
    SizingPolicy,
    Progress,
}

/// [`Limits`], as they are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Caps {
    millis: u64,
    fuel: u64,
    memory: u64,
    output: u64,
}

impl Sheet {
    /// The sheet of a plugin that was loaded from these bytes.
    pub(super) fn new(plugin: &str, digest: &str, role: Role, limits: Limits, bytes: &[u8]) -> Sheet {
        Sheet {
            plugin: plugin.to_owned(),
            digest: digest.to_owned(),
            role: match role {
                Role::Launcher => Purpose::Launcher,
                Role::SizingPolicy => Purpose::SizingPolicy,
                Role::Progress => Purpose::Progress,
            },
            limits: Caps {
                millis: u64::try_from(limits.time.as_millis()).unwrap_or(u64::MAX),
                fuel: limits.fuel,
                memory: limits.memory,
                output: u64::try_from(limits.output).unwrap_or(u64::MAX),
            },
            bytes: bytes.len(),
            pieces: bytes.chunks(PIECE).map(hex).collect(),
        }
    }

    /// What it was loaded as.
    pub(super) fn role(&self) -> Role {
        match self.role {
            Purpose::Launcher => Role::Launcher,
            Purpose::SizingPolicy => Role::SizingPolicy,
            Purpose::Progress => Role::Progress,
        }
    }

    /// What a call of it may cost.
    pub(super) fn limits(&self) -> Limits {
        Limits {
            time: Duration::from_millis(self.limits.millis),
            fuel: self.limits.fuel,
            memory: self.limits.memory,
            output: usize::try_from(self.limits.output).unwrap_or(usize::MAX),
        }
    }

    /// Name of the sheet's object.
    pub(super) fn name(&self) -> String {
        sheet_name(&self.digest, &self.text())
    }

    /// Names of the pieces' objects, in order.
    pub(super) fn piece_names(&self) -> Vec<String> {
        (0..self.pieces.len()).map(|place| format!("{}-{place}", prefix(&self.digest))).collect()
    }

    /// The sheet as an object.
    pub(super) fn object(&self) -> ConfigMap {
        ConfigMap {
            data: Some(BTreeMap::from([(TEXT.to_owned(), self.text())])),
            ..object(self.name(), &self.digest, labels::PLUGIN_SHEET)
        }
    }

    /// The piece at a place of these bytes as an object.
    pub(super) fn piece(&self, place: usize, bytes: &[u8]) -> Option<(String, ConfigMap)> {
        let piece = bytes.chunks(PIECE).nth(place)?;
        let name = self.piece_names().into_iter().nth(place)?;
        let data = BTreeMap::from([(BYTES.to_owned(), ByteString(piece.to_vec()))]);
        let map = object(name.clone(), &self.digest, labels::PLUGIN_BYTES);
        Some((name, ConfigMap { binary_data: Some(data), ..map }))
    }

    /// Reads a sheet back.
    ///
    /// # Errors
    /// What does not fit: it was written by somebody else, or changed.
    pub(super) fn read(object: &ConfigMap) -> Result<Sheet, String> {
        let label = format!("ConfigMap/{}", object.name_any());
        let text = object.data.as_ref().and_then(|data| data.get(TEXT));
        let text = text.ok_or_else(|| format!("{label} has no `{TEXT}`"))?;
        let sheet: Sheet = serde_json::from_str(text).map_err(|error| format!("{label}: {error}"))?;
        if sheet_name(&sheet.digest, text) != object.name_any() {
            return Err(format!("{label} was changed: its name is not that of what is in it"));
        }
        if sheet.pieces.len() > MOST_PIECES {
            return Err(format!("{label} names {} pieces; a plugin has at most {MOST_PIECES}", sheet.pieces.len()));
        }
        Ok(sheet)
    }

    /// The bytes of one piece, if they are what the sheet says.
    ///
    /// # Errors
    /// Names the object that was changed.
    pub(super) fn check<'a>(&self, place: usize, object: &'a ConfigMap) -> Result<&'a [u8], String> {
        let found = object.binary_data.as_ref().and_then(|data| data.get(BYTES)).map(|bytes| bytes.0.as_slice());
        let found = found.unwrap_or_default();
        if self.pieces.get(place).is_some_and(|wanted| *wanted == hex(found)) {
            return Ok(found);
        }
        Err(format!("ConfigMap/{} was changed: its bytes are not those that were kept", object.name_any()))
    }

    /// Whether these are the bytes that the digest names.
    pub(super) fn is(&self, bytes: &[u8]) -> bool {
        self.digest == digest(bytes)
    }

    fn text(&self) -> String {
        // Members of plain types only: nothing in it can fail to be written.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Whether an object that is there is the one that is wanted.
pub(super) fn same(found: &ConfigMap, wanted: &ConfigMap) -> bool {
    let labelled = wanted.labels().iter().all(|(name, value)| found.labels().get(name) == Some(value));
    labelled
        && found.metadata.deletion_timestamp.is_none()
        && found.immutable == wanted.immutable
        && found.data.clone().unwrap_or_default() == wanted.data.clone().unwrap_or_default()
        && found.binary_data.clone().unwrap_or_default() == wanted.binary_data.clone().unwrap_or_default()
}

/// The digits by which what is kept of a digest is found.
pub(super) fn short(digest: &str) -> String {
    digest.trim_start_matches("sha256:").chars().take(SHORT).collect()
}

/// `sha256:` and the SHA-256 of bytes in hexadecimal.
pub(super) fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex(bytes))
}

fn sheet_name(digest: &str, text: &str) -> String {
    let own: String = hex(text.as_bytes()).chars().take(SHEET).collect();
    format!("{}-{own}", prefix(digest))
}

/// What the names of everything that is kept of a digest begin with.
pub(super) fn prefix(digest: &str) -> String {
    format!("plugin-{}", short(digest))
}

/// An immutable object without content that is kept of a digest.
pub(super) fn object(name: String, digest: &str, part: &str) -> ConfigMap {
    let label = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    ConfigMap {
        metadata: ObjectMeta {
            name: Some(name),
            labels: Some(BTreeMap::from([
                label(labels::MANAGED_BY, labels::MANAGER),
                label(labels::PART, part),
                label(labels::DIGEST, &short(digest)),
            ])),
            ..ObjectMeta::default()
        },
        immutable: Some(true),
        ..ConfigMap::default()
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(bytes: &[u8]) -> Sheet {
        Sheet::new("marker", &digest(bytes), Role::Launcher, Limits::default(), bytes)
    }

    fn objects(bytes: &[u8]) -> Vec<ConfigMap> {
        let sheet = sheet(bytes);
        (0..sheet.piece_names().len()).map(|place| sheet.piece(place, bytes).expect("should be a piece").1).collect()
    }

    #[test]
    fn bytes_come_back_from_pieces_that_fit_into_objects() {
        for (length, pieces) in [(1, 1), (PIECE, 1), (PIECE + 1, 2), (3 * PIECE, 3), (64 << 20, MOST_PIECES)] {
            let bytes: Vec<u8> = (0..length).map(|at| u8::try_from(at % 251).unwrap_or_default()).collect();
            let sheet = sheet(&bytes);
            let objects = objects(&bytes);
            assert_eq!(objects.len(), pieces, "{length}");
            let mut joined = Vec::new();
            for (place, object) in objects.iter().enumerate() {
                assert!(object.name_any().len() <= 63 && object.immutable == Some(true));
                joined.extend_from_slice(sheet.check(place, object).expect("should be what was kept"));
            }
            assert!(sheet.is(&joined) && joined == bytes, "{length}");
        }
    }

    #[test]
    fn a_piece_or_a_sheet_that_was_changed_is_named() {
        let bytes = vec![7; PIECE + 5];
        let sheet = sheet(&bytes);
        let mut object = objects(&bytes).pop().expect("should have pieces");
        let data = object.binary_data.as_mut().and_then(|data| data.get_mut(BYTES)).expect("should have bytes");
        *data.0.last_mut().expect("should have a byte") ^= 1;
        let refused = sheet.check(1, &object).expect_err("should be refused");
        assert!(refused.contains(&object.name_any()), "{refused}");
        // Another piece in its place is none either.
        assert!(sheet.check(1, objects(&bytes).first().expect("should have pieces")).is_err());

        let object = sheet.object();
        assert_eq!(Sheet::read(&object), Ok(sheet.clone()));
        let mut raised = object.clone();
        let text = raised.data.as_mut().and_then(|data| data.get_mut(TEXT)).expect("should have a text");
        *text = text.replace("\"fuel\":2000000000", "\"fuel\":9000000000");
        assert_ne!(raised, object, "nothing was changed: {object:?}");
        let refused = Sheet::read(&raised).expect_err("should be refused");
        assert!(refused.contains(&object.name_any()), "{refused}");
    }

    #[test]
    fn a_sheet_has_the_role_and_the_limits_that_it_was_made_with() {
        for role in [Role::Launcher, Role::SizingPolicy, Role::Progress] {
            let limits = Limits { time: Duration::from_millis(1500), fuel: 5, memory: 6, output: 7 };
            let sheet = Sheet::new("a", &digest(b"x"), role, limits, b"x");
            let back = Sheet::read(&sheet.object()).expect("should be a sheet");
            assert_eq!((back.role(), back.limits()), (role, limits));
        }
        // Other limits, another Plugin: another sheet beside the same pieces.
        let one = sheet(b"x");
        let other = Sheet { plugin: "other".into(), ..one.clone() };
        assert_ne!(one.name(), other.name());
        assert_eq!(one.piece_names(), other.piece_names());
    }

    #[test]
    fn an_object_is_the_wanted_one_only_with_its_labels_and_bytes() {
        let wanted = sheet(b"x").object();
        assert!(same(&wanted, &wanted));
        let changes: [fn(&mut ConfigMap); 3] = [
            |map| map.metadata.labels = None,
            |map| map.immutable = None,
            |map| map.data = Some(BTreeMap::from([(TEXT.to_owned(), String::new())])),
        ];
        for change in changes {
            let mut other = wanted.clone();
            change(&mut other);
            assert!(!same(&other, &wanted), "{other:?}");
        }
        let mut more = wanted.clone();
        more.labels_mut().insert("team".into(), "ml".into());
        assert!(same(&more, &wanted));
    }
}
