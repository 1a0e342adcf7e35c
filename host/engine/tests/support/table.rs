//! What must come of each guest in `tests/guests/examples`.

use std::time::Duration;

use codeflare_engine::Limits;

/// What must come of a guest.
pub(crate) enum Must {
    /// An answer that passes this look at its JSON.
    Answer(fn(&serde_json::Value) -> bool),
    /// Refused when it is loaded, for this reason.
    NotLoad(&'static str),
    /// Loaded, and each call fails for this reason, with these words in the message.
    Fail(&'static str, &'static str),
}

pub(crate) struct Row {
    pub(crate) guest: &'static str,
    pub(crate) limits: fn() -> Limits,
    pub(crate) must: Must,
    /// Wall time within which it must be over.
    pub(crate) within: Duration,
}

fn usual() -> Limits {
    Limits::default()
}

/// Room for an answer of 100 MB, so that it is the answer that is refused.
fn roomy() -> Limits {
    Limits { memory: 512 << 20, ..Limits::default() }
}

/// No fuel limit to speak of: only the clock stops it.
pub(crate) fn by_the_clock() -> Limits {
    Limits { time: Duration::from_millis(500), fuel: u64::MAX / 2, ..Limits::default() }
}

fn fine(_: &serde_json::Value) -> bool {
    true
}

pub(crate) fn table() -> Vec<Row> {
    let row = |guest, limits, must| Row { guest, limits, must, within: Duration::from_secs(5) };
    let echoes = |answer: &serde_json::Value| {
        let choices = &answer["launched"]["choices"];
        choices[0]["value"]["name"] == "hello-abcde"
    };
    let agrees = |answer: &serde_json::Value| answer["decided"]["size"]["workers"] == 3;
    vec![
        row("good", usual, Must::Answer(echoes)),
        row("good_sizing", usual, Must::Answer(agrees)),
        row("sleeps", usual, Must::Answer(fine)),
        row("opens_files", usual, Must::Answer(fine)),
        row("logs_a_lot", usual, Must::Answer(fine)),
        row("loops_in_launch", usual, Must::Fail("PluginOutOfFuel", "2000000000 units")),
        row("loops_in_describe", usual, Must::NotLoad("PluginOutOfFuel")),
        row("busy_wait", usual, Must::Fail("PluginOutOfFuel", "")),
        row("fills_memory", by_the_clock, Must::Fail("PluginTimedOut", "after 0.5 s")),
        row("grabs_memory", usual, Must::Fail("PluginOutOfMemory", "67108864 bytes")),
        row("recurses", usual, Must::Fail("PluginStackOverflow", "")),
        row("panics", usual, Must::Fail("PluginPanicked", "no room for 7 workers (")),
        row("traps", usual, Must::Fail("PluginTrapped", "about to trap")),
        row("exits", usual, Must::Fail("PluginExited", "")),
        row("huge_answer", roomy, Must::Fail("PluginAnswerTooLarge", "at most 1048576")),
        row("huge_list", usual, Must::Fail("PluginAnswerTooLarge", "at most 1048576")),
        row("not_json", usual, Must::Fail("PluginAnsweredBadly", "/manifests/0/object")),
        row("answers_badly", usual, Must::Fail("PluginAnsweredBadly", "/choices/0/value")),
        row("declines_emptily", usual, Must::Fail("PluginAnsweredBadly", "/invalid")),
        row("bad_description", usual, Must::NotLoad("PluginDescribedBadly")),
        row("asks_for_random", usual, Must::Fail("PluginAskedTooMuch", "1073741824 random bytes")),
        row("hoards_handles", usual, Must::Fail("PluginAskedTooMuch", "handles")),
        row("waits_for_nothing", usual, Must::Fail("PluginAskedTooMuch", "poll of nothing")),
        row("connects", usual, Must::Fail("PluginCalledNotProvided", "wasi:sockets/")),
    ]
}
