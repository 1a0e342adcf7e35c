//! Every row of the table of commands.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use codeflare_plugin::documents::describe::EmittedKind;
use codeflare_plugin::prelude::*;
use codeflare_plugin::testing::launch_request;
use rstest::rstest;
use serde_json::json;
use torch::Torch;

fn request(words: &[&str]) -> LaunchRequest {
    let mut request = launch_request(2);
    request.application.argv = words.iter().map(|word| (*word).to_owned()).collect();
    request.served = Torch::describe().all_kinds().cloned().collect::<Vec<EmittedKind>>();
    request
}

fn command(request: LaunchRequest) -> Command {
    Torch::launch(request).unwrap().roles.remove(0).command
}

#[rstest]
#[case::script(&["python3", "main.py", "--max_epochs", "2"], "python3", &["python3", "main.py", "--max_epochs", "2"])]
#[case::python(&["python", "main.py"], "python", &["python", "main.py"])]
#[case::version(&["python3.11", "main.py"], "python3.11", &["python3.11", "main.py"])]
#[case::folder(&["/usr/bin/python3", "main.py"], "/usr/bin/python3", &["/usr/bin/python3", "main.py"])]
#[case::options(&["python3", "-u", "-X", "dev", "main.py"], "python3", &["python3", "-u", "-X", "dev", "main.py"])]
#[case::module(&["python", "-m", "package.module", "A"], "python", &["python", "-m", "package.module", "A"])]
#[case::code(&["python3", "-c", "print(1)", "A"], "python3", &["python3", "-c", "print(1)", "A"])]
#[case::bare_script(&["main.py", "A"], "python3", &["python3", "main.py", "A"])]
#[case::script_here(&["./main.py"], "python3", &["python3", "./main.py"])]
#[case::shell(&["bash", "train.sh", "A"], "python3", &["bash", "train.sh", "A"])]
#[case::program(&["/opt/train", "--fast"], "python3", &["/opt/train", "--fast"])]
#[case::pythonish(&["pythonic", "A"], "python3", &["pythonic", "A"])]
#[case::a_launcher_as_an_argument(&["python3", "main.py", "-m", "torch.distributed.run"], "python3", &["python3", "main.py", "-m", "torch.distributed.run"])]
#[case::code_that_has_a_module(&["python3", "-c", "x", "-m", "torch.distributed.run"], "python3", &["python3", "-c", "x", "-m", "torch.distributed.run"])]
#[case::literally(&["python3", "main.py", "--", "--n", "1", "$(HOME)", "", "a b"], "python3", &["python3", "main.py", "--", "--n", "1", "$(HOME)", "", "a b"])]
fn goes_to_the_launcher(#[case] words: &[&str], #[case] python: &str, #[case] started: &[&str]) {
    let mut expected = vec![python, "-c", include_str!("../src/start.py"), "1", "--no_python", "--"];
    expected.extend(started);
    assert_eq!(command(request(words)), Command::Argv(expected.into_iter().map(str::to_owned).collect()));
}

#[rstest]
#[case::torchrun(&["torchrun", "main.py"])]
#[case::torchrun_in_a_folder(&["/opt/conda/bin/torchrun", "--max_restarts=1", "main.py"])]
#[case::run(&["python3", "-m", "torch.distributed.run", "main.py"])]
#[case::launch(&["python", "-u", "-W", "ignore", "-m", "torch.distributed.launch", "main.py"])]
fn stays_as_it_is(#[case] words: &[&str]) {
    assert_eq!(command(request(words)), Command::Program);
}

#[test]
fn gets_no_launcher_where_the_application_wants_none() {
    let mut request = request(&["bash", "train.sh"]);
    request.application.framework = json!({"launcher": "none"});
    let plan = Torch::launch(request).unwrap();
    assert_eq!(plan.roles[0].command, Command::Program);
    assert_eq!(plan.roles[0].env[0].0, "PET_NNODES");
}

#[test]
fn must_have_a_word() {
    let Err(Decline::Invalid(faults)) = Torch::launch(request(&[])) else { panic!("should be declined") };
    assert_eq!((faults[0].object.as_str(), faults[0].pointer.as_str()), ("Application/trainer", "/spec/command"));
}
