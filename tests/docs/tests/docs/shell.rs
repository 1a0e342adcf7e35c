//! Commands of the documentation exist: those of `codeflare` with every option, and every
//! path of this repository that a command or a line of text names.

use crate::blocks::help;
use crate::{code, files, markdown, read, root};

/// Folders whose paths are held to be there.
const FOLDERS: [&str; 8] = ["hack/", "examples/", "charts/", "host/", "plugins/", "tests/", "wit/", "benches/"];

fn commands() -> Vec<String> {
    let snapshots = files("host/tests/snapshots", ".snap");
    let names = snapshots.iter().filter_map(|path| path.split_once("cli__help-")?.1.strip_suffix(".snap"));
    names.filter(|name| *name != "all").map(str::to_owned).collect()
}

/// What is wrong with the commands of `codeflare` in a line.
fn faults(line: &str, known: &[String]) -> Vec<String> {
    let own = |piece: &&str| {
        let program = piece.split_whitespace().next().unwrap_or_default();
        program == "codeflare" || program.ends_with("/codeflare")
    };
    line.split('|').filter(own).filter_map(|piece| fault(piece, known)).collect()
}

fn fault(command: &str, known: &[String]) -> Option<String> {
    // What is quoted or goes elsewhere is not the command's.
    let command = command.split(['>', ';', '&', '\'', '"', '#']).next()?;
    let mut words = command.split_whitespace().skip(1);
    let name = words.next()?;
    if matches!(name, "--help" | "--version") {
        return None;
    }
    if !known.iter().any(|known| known == name) {
        return Some(format!("there is no command `codeflare {name}`"));
    }
    let help = help(name);
    let has = |option: &&str| {
        let option = option.split('=').next().unwrap_or(option);
        help.split(|c: char| c.is_whitespace() || c == ',').any(|word| word == option)
    };
    let mut unknown = words.filter(|word| word.starts_with('-') && *word != "-").filter(|option| !has(option));
    unknown.next().map(|option| format!("`codeflare {name}` has no option {option}"))
}

#[test]
fn every_command_of_codeflare_exists_with_its_options() {
    let known = commands();
    let (mut wrong, mut count) = (Vec::new(), 0);
    for page in markdown() {
        for block in code::blocks(&page, &read(&page)).into_iter().filter(|block| block.language == "sh") {
            let text = block.text.replace("\\\n", " ");
            count += text.matches("codeflare ").count();
            let found = text.lines().flat_map(|line| faults(line, &known));
            wrong.extend(found.map(|fault| format!("{}: {fault}", block.place)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 5, "only {count} commands were found");
}

#[test]
fn a_command_that_does_not_exist_is_found() {
    let known = commands();
    for (line, faulty) in [
        ("codeflare plan -f examples/01-hello --kinds v1/Pod", false),
        ("target/debug/codeflare plan -f a -o json | jq --raw-output .", false),
        ("helm template . --set a=b | codeflare plan -f -", false),
        ("helm upgrade codeflare charts/codeflare-platform --wait", false),
        ("codeflare --version", false),
        ("codeflare plan --flie a", true),
        ("cat a | codeflare paln", true),
    ] {
        assert_eq!(!faults(line, &known).is_empty(), faulty, "{line}");
    }
}

#[test]
fn every_path_of_the_repository_exists() {
    let mut wrong = Vec::new();
    for page in markdown() {
        let text = read(&page);
        // Documents of other folders speak of their own.
        let words = text.split(|c: char| c.is_whitespace() || "`()[]\"'|,;<>:".contains(c));
        for word in words.map(|word| word.trim_start_matches("./").trim_end_matches(['.', '/'])) {
            let ours = FOLDERS.iter().any(|folder| word.starts_with(folder));
            if ours && !word.contains(['*', '$', '{', '…', '#']) && !exists(word) {
                wrong.push(format!("{page}: {word}"));
            }
        }
    }
    wrong.dedup();
    assert!(wrong.is_empty(), "these paths are not in the repository:\n{}", wrong.join("\n"));
}

/// Whether a path is there, or a name in a path, such as `plugins/job` or `tests/it`; or a
/// template of what each makes for oneself.
fn exists(path: &str) -> bool {
    root().join(path).exists() || root().join(format!("{path}.template")).exists()
}
