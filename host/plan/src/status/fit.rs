//! A status that stays small, whatever a plugin or a user says. Pure.

use codeflare_api::RunStatus;

/// Most bytes of a status, as JSON.
pub(super) const MOST: usize = 4096;
/// Longest reason, in bytes.
const LONGEST_WORD: usize = 64;
/// Texts are not cut below this, in bytes, to make a status fit.
const SHORTEST: usize = 128;

/// At most this many bytes of the text on one line, cut between characters and marked
/// where it is. (A control character would take six bytes, and break a table.)
pub(super) fn cut(text: &str, most: usize) -> String {
    let line = text.replace(char::is_control, " ");
    if line.len() <= most {
        return line;
    }
    let kept = most.saturating_sub('…'.len_utf8());
    format!("{}…", line.get(..line.floor_char_boundary(kept)).unwrap_or_default())
}

/// A plugin's word for a reason, if it is one: PascalCase, short.
pub(crate) fn word(text: &str) -> Option<&str> {
    let good = text.len() <= LONGEST_WORD
        && text.starts_with(|first: char| first.is_ascii_uppercase())
        && text.chars().all(|character| character.is_ascii_alphanumeric());
    good.then_some(text)
}

/// The status in [`MOST`] bytes: what the record tells too goes first, what is wrong last.
pub(super) fn fit(mut status: RunStatus) -> RunStatus {
    while bytes(&status) > MOST {
        if !shrink(&mut status) {
            break;
        }
    }
    status
}

fn bytes(status: &RunStatus) -> usize {
    serde_json::to_vec(status).map_or(0, |json| json.len())
}

/// Makes the status a little smaller, or says that nothing is left to be taken away.
fn shrink(status: &mut RunStatus) -> bool {
    if status.launch.as_mut().is_some_and(|launch| launch.choices.pop().is_some()) {
        return true;
    }
    let longest = status.conditions.iter_mut().map(|condition| &mut condition.message).max_by_key(|text| text.len());
    if longest.is_some_and(halve) || status.message.as_mut().is_some_and(halve) {
        return true;
    }
    status.launch.as_mut().is_some_and(|launch| launch.sizing_policies.pop().is_some() || launch.size.take().is_some())
}

fn halve(text: &mut String) -> bool {
    if text.len() <= SHORTEST {
        return false;
    }
    *text = cut(text, text.len() / 2);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_text_has_whole_characters_and_says_so() {
        for (text, most, expected) in [
            ("", 4, ""),
            ("four", 4, "four"),
            ("fives", 4, "f…"),
            ("äöü", 6, "äöü"),
            ("äöüß", 6, "ä…"),
            ("äöüß", 7, "äö…"),
            ("abc", 2, "…"),
            ("a\nb\u{0}", 4, "a b "),
        ] {
            assert_eq!(cut(text, most), expected, "{text} {most}");
        }
    }

    #[test]
    fn a_word_is_pascal_case_and_short() {
        let long = "A".repeat(65);
        for (text, good) in [
            ("Running", true),
            ("A1", true),
            ("running", false),
            ("Two Words", false),
            ("", false),
            ("1A", false),
            (&long, false),
            (&long[1..], true),
        ] {
            assert_eq!(word(text), good.then_some(text), "{text}");
        }
    }
}
