//! A password that was used is nowhere but in its Secret.

use std::io::Read;
use std::path::Path;

use anyhow::{Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, ListParams};

use super::scene::{Scene, get};
use crate::world::World;

/// Every kind that the host writes or that tells of what it does.
const KINDS: [(&str, &str, &str); 10] = [
    ("codeflare.dev", "v1alpha1", "Application"),
    ("codeflare.dev", "v1alpha1", "Run"),
    ("codeflare.dev", "v1alpha1", "Plugin"),
    ("codeflare.dev", "v1alpha1", "PlatformRepoSecret"),
    ("", "v1", "ConfigMap"),
    ("", "v1", "Service"),
    ("", "v1", "Pod"),
    ("", "v1", "Event"),
    ("events.k8s.io", "v1", "Event"),
    ("batch", "v1", "Job"),
];

impl Scene {
    /// Looks for the password in every object but Secrets, in records, in the host's log,
    /// metrics and files, and in argv and environment of every process.
    pub(super) async fn nowhere(&self, world: &World, namespace: &str) -> Result<()> {
        let forms =
            [self.canary.clone(), STANDARD.encode(&self.canary), STANDARD.encode(format!("ann:{}", self.canary))];
        let mut places = vec![("the host's log".to_owned(), world.host.log().into_bytes())];
        let metrics = format!("http://{}/metrics", world.host.admin());
        places.push(("metrics".to_owned(), get(&metrics, None).await?.1));
        for (group, version, kind) in KINDS {
            let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
            let all = Api::<DynamicObject>::all_with(world.client.clone(), &resource);
            for object in all.list(&ListParams::default()).await? {
                let name = format!("{kind} {}", object.metadata.name.clone().unwrap_or_default());
                let record = object.data["binaryData"]["record"].as_str().map(str::to_owned);
                places.push((name.clone(), serde_json::to_vec(&object)?));
                // What cannot be read was forged by another test.
                if let Some(json) = record.and_then(|packed| unpacked(&packed).ok()) {
                    places.push((format!("the record in {name}"), json));
                }
            }
        }
        names(&self.cache(), &mut places)?;
        let mut processes = 0;
        for process in std::fs::read_dir("/proc")?.flatten() {
            if !process.file_name().to_string_lossy().bytes().all(|byte| byte.is_ascii_digit()) {
                continue;
            }
            processes += 1;
            for of in ["cmdline", "environ"] {
                // One that has ended meanwhile has neither.
                let bytes = std::fs::read(process.path().join(of)).unwrap_or_default();
                places.push((process.path().join(of).display().to_string(), bytes));
            }
        }
        let records = places.iter().filter(|(place, _)| place.starts_with("the record")).count();
        println!(
            "{namespace}: the password was looked for in {} places, {records} records and {processes} processes among them",
            places.len()
        );
        ensure!(records > 0 && processes > 0, "nothing was looked at");
        for (place, bytes) in places {
            let found = forms.iter().any(|form| bytes.windows(form.len()).any(|part| part == form.as_bytes()));
            ensure!(!found, "the password is in {place}");
        }
        Ok(())
    }
}

fn unpacked(record: &str) -> Result<Vec<u8>> {
    let mut json = Vec::new();
    zstd::Decoder::new(STANDARD.decode(record)?.as_slice())?.read_to_end(&mut json)?;
    Ok(json)
}

/// Names and contents of files.
fn names(folder: &Path, places: &mut Vec<(String, Vec<u8>)>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        places.push((path.display().to_string(), path.display().to_string().into_bytes()));
        places.push((format!("the file {}", path.display()), std::fs::read(&path)?));
    }
    Ok(())
}
