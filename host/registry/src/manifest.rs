//! Manifests: the parts of them that count here. Pure.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

/// The one kind of manifest that has a component.
pub(crate) const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
/// A list of manifests.
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// What a component is called as a layer: today, and by the tools before.
pub(crate) const LAYERS: [&str; 2] = ["application/wasm", "application/vnd.wasm.content.layer.v1+wasm"];

/// A manifest.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Manifest {
    schema_version: u64,
    media_type: Option<String>,
    #[serde(default)]
    pub(crate) layers: Vec<Descriptor>,
    manifests: Option<IgnoredAny>,
}

/// What a manifest says of a blob.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Descriptor {
    pub(crate) media_type: String,
    pub(crate) digest: String,
    pub(crate) size: u64,
    #[serde(default)]
    pub(crate) annotations: BTreeMap<String, String>,
}

/// A list of what refers to a manifest.
#[derive(Debug, Deserialize)]
pub(crate) struct Index {
    #[serde(default)]
    pub(crate) manifests: Vec<Referrer>,
}

/// One of them.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Referrer {
    pub(crate) digest: String,
    #[serde(default)]
    pub(crate) artifact_type: String,
}

/// Reads an image manifest.
///
/// # Errors
/// What it is instead, in words.
pub(crate) fn read(bytes: &[u8]) -> Result<Manifest, String> {
    let manifest: Manifest =
        serde_json::from_slice(bytes).map_err(|error| format!("its manifest cannot be read: {error}"))?;
    if manifest.manifests.is_some() {
        return Err("it is an index of several manifests; name the one that has the component".to_owned());
    }
    if manifest.schema_version != 2 {
        return Err(format!("its manifest has schemaVersion {}, not 2", manifest.schema_version));
    }
    match manifest.media_type.as_deref() {
        None | Some(IMAGE) => Ok(manifest),
        Some(other) => Err(format!("its manifest is {}, not {IMAGE}", shown(other))),
    }
}

impl Manifest {
    /// The component.
    ///
    /// # Errors
    /// What it has instead, in words.
    pub(crate) fn component(&self) -> Result<&Descriptor, String> {
        let [layer] = self.layers.as_slice() else {
            return Err(format!("it has {} layers, not one", self.layers.len()));
        };
        if !LAYERS.contains(&layer.media_type.as_str()) {
            return Err(format!("its layer is {}, not {}", shown(&layer.media_type), LAYERS.join(" or ")));
        }
        if !crate::reference::is_digest(&layer.digest) {
            return Err("its layer has no digest of the form sha256:…".to_owned());
        }
        Ok(layer)
    }
}

/// Text of a stranger, fit for a message.
pub(crate) fn shown(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_graphic() && c != '`' { c } else { '?' };
    format!("`{}`", text.chars().take(100).map(plain).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(json: &str) -> Result<String, String> {
        let manifest = read(json.as_bytes())?;
        manifest.component().map(|layer| layer.digest.clone())
    }

    #[test]
    fn one_layer_of_wasm_is_a_component_and_nothing_else_is() {
        let digest = format!("sha256:{}", "0".repeat(64));
        let layer = |media: &str, digest: &str| {
            format!(r#"{{"mediaType": "{media}", "digest": "{digest}", "size": 8, "annotations": {{"a": "b"}}}}"#)
        };
        let (new, old) = (layer(LAYERS[0], &digest), layer(LAYERS[1], &digest));
        let tar = layer("application/vnd.oci.image.layer.v1.tar", &digest);
        let plain = |layers: &str| format!(r#"{{"schemaVersion": 2, "config": {{}}, "layers": [{layers}]}}"#);
        for good in [
            plain(&new),
            plain(&old),
            format!(r#"{{"schemaVersion": 2, "mediaType": "{IMAGE}", "artifactType": "x", "layers": [{new}]}}"#),
        ] {
            assert_eq!(component(&good).as_ref(), Ok(&digest), "{good}");
        }
        let evil = layer("a`\\u001b[31m", &digest);
        for (bad, words) in [
            (plain(""), "0 layers"),
            (r#"{"schemaVersion": 2}"#.to_owned(), "0 layers"),
            (plain(&format!("{new}, {new}")), "2 layers"),
            (plain(&tar), "its layer is `application/vnd.oci.image.layer.v1.tar`, not application/wasm or"),
            (plain(&layer(LAYERS[0], "sha512:00")), "no digest of the form"),
            (plain(&evil), "its layer is `a??[31m`"),
            (format!(r#"{{"schemaVersion": 2, "mediaType": "{INDEX}", "manifests": []}}"#), "an index of several"),
            (format!(r#"{{"schemaVersion": 2, "mediaType": "x/y", "layers": [{new}]}}"#), "its manifest is `x/y`"),
            (r#"{"schemaVersion": 1, "layers": []}"#.to_owned(), "schemaVersion 1"),
            ("<html>".to_owned(), "cannot be read"),
            (format!("{}1{}", "[".repeat(5000), "]".repeat(5000)), "cannot be read"),
        ] {
            let said = component(&bad).expect_err(&bad);
            assert!(said.contains(words), "{said}");
        }
    }
}
