//! The last lines of a plugin, as its Plugin object shows them. Pure.
//!
//! Whoever writes a plugin writes these lines: they are cut, and nothing in them moves a
//! cursor or breaks a table.

use std::collections::VecDeque;

use codeflare_api::plugin::LogLine;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

/// Lines that are shown.
const LINES: usize = 10;
/// Longest line, in characters.
const LONGEST: usize = 256;

/// The last lines of a plugin.
#[derive(Clone, Debug, Default)]
pub(super) struct Said(VecDeque<LogLine>);

impl Said {
    /// What an object shows already.
    pub(super) fn of(lines: &[LogLine]) -> Said {
        Said(lines.iter().rev().take(LINES).rev().cloned().collect())
    }

    /// One line more.
    pub(super) fn add(&mut self, step: &str, level: &str, message: &str, now: Timestamp) {
        self.0.push_back(LogLine {
            // As the API server keeps it: whole seconds.
            time: Time(Timestamp::from_second(now.as_second()).unwrap_or(now)),
            step: step.to_owned(),
            level: level.to_owned(),
            message: tame(message),
        });
        while self.0.len() > LINES {
            self.0.pop_front();
        }
    }

    /// The lines, newest at the end.
    pub(super) fn lines(&self) -> Vec<LogLine> {
        self.0.iter().cloned().collect()
    }
}

/// A message on one line of at most [`LONGEST`] characters, marked where it is cut.
fn tame(message: &str) -> String {
    let mut out = String::new();
    let mut length = 0;
    for character in message.trim().chars() {
        // Those that turn the direction of text around are as bad as those that move.
        let odd = character.is_control()
            || matches!(character, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let shown = if odd { character.escape_default().to_string() } else { character.to_string() };
        let characters = shown.chars().count();
        if length + characters > LONGEST - 1 {
            out.push('…');
            break;
        }
        length += characters;
        out.push_str(&shown);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_short_and_has_nothing_that_acts_on_who_reads_it() {
        let long = "ä".repeat(300);
        for (text, expected) in [
            ("all is well", "all is well".to_owned()),
            ("  two\nlines\r\n", "two\\nlines".to_owned()),
            ("\u{1b}[2Jgone", "\\u{1b}[2Jgone".to_owned()),
            ("evil\u{202e}txt.exe", "evil\\u{202e}txt.exe".to_owned()),
            ("a\u{0}b\tc", "a\\u{0}b\\tc".to_owned()),
            (&long, format!("{}…", "ä".repeat(255))),
            ("", String::new()),
        ] {
            let tamed = tame(text);
            assert_eq!(tamed, expected, "{text:?}");
            assert!(tamed.chars().count() <= LONGEST);
        }
        assert!(tame(&"\u{1b}".repeat(300)).chars().count() <= LONGEST);
    }

    #[test]
    fn the_last_ten_lines_stay_also_over_a_restart() {
        let now = Timestamp::from_millisecond(1500).expect("should be a time");
        let mut said = Said::default();
        (0..12).for_each(|line| said.add("launch", "info", &format!("line {line}"), now));
        let mut again = Said::of(&said.lines());
        again.add("observe", "error", "more", now);
        let lines = again.lines();
        let texts: Vec<_> = lines.iter().map(|line| line.message.as_str()).collect();
        assert_eq!((texts.len(), texts.first(), texts.last()), (10, Some(&"line 3"), Some(&"more")));
        assert!(lines.iter().all(|line| line.time.0.as_millisecond() == 1000));
        let of = |line: &LogLine| (line.step.clone(), line.level.clone());
        assert_eq!(lines.first().map(of), Some(("launch".into(), "info".into())));
        assert_eq!(lines.last().map(of), Some(("observe".into(), "error".into())));
    }
}
