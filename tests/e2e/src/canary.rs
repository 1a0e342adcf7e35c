//! A password that was used is nowhere but in its Secret: where it is looked for.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::api::{Api, DynamicObject, ListParams};
use kube::discovery::{Discovery, verbs};
use kube::{Client, ResourceExt};

/// What was collected, to be searched at once.
pub struct Search {
    /// The password as it may be written.
    forms: [String; 3],
    places: Vec<(String, Vec<u8>)>,
    objects: usize,
    records: usize,
    processes: usize,
}

impl Search {
    /// For the password of a user: as it is, encoded as a Secret has it, and as a request has
    /// it together with the user.
    pub fn new(user: &str, password: &str) -> Search {
        let forms = [password.to_owned(), STANDARD.encode(password), STANDARD.encode(format!("{user}:{password}"))];
        Search { forms, places: Vec::new(), objects: 0, records: 0, processes: 0 }
    }

    /// A place by its name, and what is in it.
    pub fn add(&mut self, place: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.places.push((place.into(), bytes.into()));
    }

    /// Every object that the API server lists, but for Secrets; of records what is packed too.
    ///
    /// # Errors
    /// If the server does not say which kinds it has.
    pub async fn objects(&mut self, client: &Client) -> Result<()> {
        let discovery = Discovery::new(client.clone()).run().await.context("which kinds there are")?;
        for (resource, can) in discovery.groups().flat_map(|group| group.recommended_resources()) {
            if resource.kind == "Secret" || !can.supports_operation(verbs::LIST) {
                continue;
            }
            let all = Api::<DynamicObject>::all_with(client.clone(), &resource);
            // A kind whose definition another test takes away meanwhile has no objects.
            let Ok(listed) = all.list(&ListParams::default()).await else { continue };
            for object in listed {
                self.objects += 1;
                let name = format!("{} {}", resource.kind, object.name_any());
                // What cannot be read was forged by another test.
                let record = object.data.pointer("/binaryData/record").and_then(|record| record.as_str());
                if let Some(json) = record.and_then(|packed| unpacked(packed).ok()) {
                    self.records += 1;
                    self.add(format!("the record in {name}"), json);
                }
                self.add(name, serde_json::to_vec(&object)?);
            }
        }
        Ok(())
    }

    /// Names and contents of all files below a folder.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn files(&mut self, folder: &Path) -> Result<()> {
        for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            let name = path.display().to_string();
            self.add(format!("the name {name}"), name.clone());
            if path.is_dir() && !path.is_symlink() {
                self.files(&path)?;
            } else if path.is_file() {
                self.add(format!("the file {name}"), std::fs::read(&path)?);
            }
        }
        Ok(())
    }

    /// Words and environment of every process of this machine, those in pods among them.
    ///
    /// # Errors
    /// If there is no `/proc`.
    pub fn processes(&mut self) -> Result<()> {
        for process in std::fs::read_dir("/proc")?.flatten() {
            if !process.file_name().to_string_lossy().bytes().all(|byte| byte.is_ascii_digit()) {
                continue;
            }
            self.processes += 1;
            for of in ["cmdline", "environ"] {
                let path = process.path().join(of);
                // One that has ended meanwhile has neither.
                self.add(path.display().to_string(), std::fs::read(&path).unwrap_or_default());
            }
        }
        Ok(())
    }

    /// That it is in none of the places, and that these are some.
    ///
    /// # Errors
    /// With the place where it is.
    pub fn nowhere(&self) -> Result<String> {
        ensure!(self.records > 0 && self.processes > 0, "nothing was looked at");
        for (place, bytes) in &self.places {
            let found = self.forms.iter().any(|form| bytes.windows(form.len()).any(|part| part == form.as_bytes()));
            ensure!(!found, "the password is in {place}");
        }
        let (places, Search { objects, records, processes, .. }) = (self.places.len(), self);
        Ok(format!(
            "the password was looked for in {places} places: {objects} objects, {records} records and {processes} processes among them"
        ))
    }
}

fn unpacked(record: &str) -> Result<Vec<u8>> {
    let mut json = Vec::new();
    zstd::Decoder::new(STANDARD.decode(record)?.as_slice())?.read_to_end(&mut json)?;
    Ok(json)
}
