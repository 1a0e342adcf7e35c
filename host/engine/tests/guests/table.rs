//! What came of a guest, and all of it as a table.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use codeflare_engine::Engine;
use serde_json::Value;

use crate::guest::Guest;

/// What came of one guest.
pub(crate) struct Row {
    /// `answer`, `loaded` or a reason.
    pub(crate) came: String,
    pub(crate) at_load: bool,
    pub(crate) words: String,
    pub(crate) answer: Value,
    pub(crate) load: Duration,
    pub(crate) call: Duration,
    pub(crate) fuel: u64,
    pub(crate) memory: u64,
}

/// Loads a guest and asks it its question.
pub(crate) async fn row(engine: &Engine, guest: &Guest) -> Row {
    let mut row = Row {
        came: "loaded".into(),
        at_load: true,
        words: String::new(),
        answer: Value::Null,
        load: Duration::ZERO,
        call: Duration::ZERO,
        fuel: 0,
        memory: 0,
    };
    let start = Instant::now();
    let loaded = engine.load(guest.role(), Arc::clone(&guest.bytes), guest.limits()).await;
    row.load = start.elapsed();
    let plugin = match loaded {
        Ok(plugin) => plugin,
        Err(error) => {
            row.came = error.reason().into();
            row.words = error.to_string();
            return row;
        }
    };
    let Some(request) = guest.request() else { return row };
    let called = plugin.call(&request).await;
    row.at_load = false;
    (row.call, row.fuel, row.memory) = (called.elapsed, called.fuel, called.memory);
    match called.answer {
        Ok(answer) => {
            row.came = "answer".into();
            // Not all of them: JSON of a hundred thousand objects is for nobody.
            if !guest.answer.is_empty() {
                row.answer = serde_json::to_value(&answer).unwrap();
            }
        }
        Err(error) => {
            row.came = error.reason().into();
            row.words = error.to_string();
        }
    }
    row
}

/// One line for each guest, but for the functions of WASI: one for each interface.
pub(crate) fn print(rows: &[(&Guest, Row)]) {
    println!(
        "{:<11} {:<26} {:<24} {:>7} {:>7} {:>14} {:>9}  words",
        "category", "guest", "what stopped it", "load ms", "call ms", "fuel", "KiB"
    );
    let mut interfaces: BTreeMap<String, Vec<&Row>> = BTreeMap::new();
    for (guest, row) in rows {
        let parts: Vec<&str> = guest.name.splitn(3, '.').collect();
        if let [package, interface, _] = parts.as_slice() {
            interfaces.entry(format!("wasi:{package}/{interface}")).or_default().push(row);
            continue;
        }
        println!(
            "{:<11} {:<26} {:<24} {:>7} {:>7} {:>14} {:>9}  {}",
            guest.category,
            guest.name,
            row.came,
            row.load.as_millis(),
            row.call.as_millis(),
            row.fuel,
            row.memory >> 10,
            row.words.chars().take(90).collect::<String>().replace('\n', " "),
        );
    }
    if !interfaces.is_empty() {
        println!("\nfunctions of WASI, each called once by a guest of its own");
    }
    for (interface, rows) in interfaces {
        let mut came: BTreeMap<&str, usize> = BTreeMap::new();
        rows.iter().for_each(|row| *came.entry(&row.came).or_default() += 1);
        let came: Vec<String> = came.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        let longest = rows.iter().map(|row| row.call).max().unwrap_or_default();
        println!("{interface:<34} {:<60} at most {:>3} ms", came.join(", "), longest.as_millis());
    }
}
