#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use codeflare_api::repository::Place as Where;
use codeflare_plan::source::{By, SecretUse};

use super::*;

fn wanted(repo: &str) -> Wanted {
    let place = Where::parse(repo, Some("main"), None).unwrap();
    let by = By::Platform("p".to_owned());
    Wanted { place, secret: Some(SecretUse { namespace: "n".to_owned(), name: "s".to_owned(), by }) }
}

fn found(commit: &str) -> Found {
    let text = || "x".to_owned();
    Found { repo: text(), reference: text(), commit: commit.to_owned(), path: text(), digest: text(), bytes: 1 }
}

fn failure(passing: bool, secret: Option<&str>) -> Failure {
    let reason = if passing { Reason::RepoUnreachable } else { Reason::RepoCredentialsRefused };
    let again = if passing { Retry::Backoff } else { Retry::OnChange };
    Failure { problem: Problem::new(reason, "", "", "no"), again, secret: secret.map(str::to_owned) }
}

/// A book, and a clock that moves when it is told to.
struct Desk {
    book: Book<&'static str>,
    now: Instant,
    of: Wanted,
}

impl Desk {
    fn new() -> Desk {
        Desk { book: Book::new(), now: Instant::now(), of: wanted("https://git.example/a") }
    }

    /// `pending`, the reason or the commit, and what is to be done.
    fn look(&mut self, run: &'static str) -> (String, Option<Todo>) {
        let (look, todo) = self.book.look(run, &run, &self.of.clone(), self.now);
        let said = match look {
            Look::Pending => "pending".to_owned(),
            Look::Failed(problem) => problem.reason.as_str().to_owned(),
            Look::Found(found) => found.commit,
        };
        (said, todo)
    }

    fn ended(&mut self, number: u64, result: Result<Found, Failure>) -> (Vec<&'static str>, Option<Todo>) {
        let (mut woken, todo) = self.book.ended(&self.of.clone(), number, result, self.now);
        woken.sort_unstable();
        (woken, todo)
    }

    fn later(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }
}

fn pending(todo: Option<Todo>) -> (String, Option<Todo>) {
    ("pending".to_owned(), todo)
}

#[test]
fn runs_that_come_together_share_an_attempt_that_began_behind_all_of_them() {
    let mut desk = Desk::new();
    assert_eq!(desk.look("a"), pending(Some(Todo::Attempt(1))));
    for run in ["b", "c", "a"] {
        assert_eq!(desk.look(run), pending(None), "{run}");
    }
    // The first attempt may have seen what was there before b and c.
    assert_eq!(desk.ended(1, Ok(found("1"))), (vec!["a"], Some(Todo::Attempt(2))));
    assert_eq!(desk.look("b"), pending(None));
    assert_eq!(desk.ended(2, Ok(found("2"))), (vec!["a", "b", "c"], None));
    for (run, commit) in [("b", "2"), ("c", "2"), ("a", "2")] {
        assert_eq!(desk.look(run), (commit.to_owned(), None), "{run}");
    }
}

#[test]
fn a_run_keeps_what_it_has_taken_while_the_branch_moves() {
    let mut desk = Desk::new();
    desk.look("a");
    desk.ended(1, Ok(found("1")));
    assert_eq!(desk.look("a").0, "1");
    assert_eq!(desk.look("b"), pending(Some(Todo::Attempt(2))));
    assert_eq!(desk.ended(2, Ok(found("2"))), (vec!["b"], None));
    assert_eq!((desk.look("a").0, desk.look("b").0), ("1".to_owned(), "2".to_owned()));
    // Recorded, it is forgotten; whoever comes again asks anew.
    desk.book.forget("a");
    assert_eq!(desk.look("a"), pending(Some(Todo::Attempt(3))));
}

#[test]
fn what_may_pass_is_tried_again_less_and_less_often_and_its_reason_stays() {
    let mut desk = Desk::new();
    desk.look("a");
    let mut number = 1;
    for delay in [5, 10, 20, 40, 80, 160, 300, 300, 300] {
        assert_eq!(desk.ended(number, Err(failure(true, None))), (vec!["a"], None));
        desk.later(delay - 1);
        assert_eq!(desk.look("a"), ("RepoUnreachable".to_owned(), None), "{delay}");
        desk.later(1);
        number += 1;
        assert_eq!(desk.look("a"), ("RepoUnreachable".to_owned(), Some(Todo::Attempt(number))), "{delay}");
        assert_eq!(desk.look("a"), ("RepoUnreachable".to_owned(), None));
    }
    // A Run that comes meanwhile is not put off with an old answer.
    assert_eq!(desk.look("b"), pending(None));
    assert_eq!(desk.ended(number, Ok(found("1"))), (vec!["a"], Some(Todo::Attempt(number + 1))));
    assert_eq!(desk.look("a").0, "1");
}

#[test]
fn what_does_not_pass_waits_for_another_secret_or_is_looked_at_slowly() {
    let mut desk = Desk::new();
    desk.look("a");
    desk.ended(1, Err(failure(false, Some("7"))));
    assert_eq!(desk.look("a"), ("RepoCredentialsRefused".to_owned(), None));
    desk.later(20);
    assert_eq!(desk.look("a").1, Some(Todo::Secret));
    assert_eq!(desk.look("a").1, None, "once is enough");
    assert_eq!(desk.book.secret(&desk.of.clone(), Some("7")), None);
    assert_eq!(desk.book.secret(&desk.of.clone(), Some("8")), Some(Todo::Attempt(2)));
    assert_eq!(desk.book.secret(&desk.of.clone(), Some("9")), None, "it is being tried already");
    desk.ended(2, Err(failure(false, Some("8"))));
    desk.later(299);
    assert_eq!(desk.look("a").1, Some(Todo::Secret));
    desk.later(1);
    assert_eq!(desk.look("a").1, Some(Todo::Attempt(3)));
}

#[test]
fn an_edit_of_the_application_is_another_question() {
    let mut desk = Desk::new();
    desk.look("a");
    desk.ended(1, Err(failure(false, None)));
    let other = wanted("https://git.example/b");
    let (look, todo) = desk.book.look("a", &"a", &other, desk.now);
    assert!(matches!(look, Look::Pending) && todo == Some(Todo::Attempt(1)));
    assert_eq!(desk.book.places.len(), 1, "nobody waits for the first place");
    // What the old question comes to wakes nobody.
    assert_eq!(desk.ended(2, Ok(found("1"))), (vec![], None));
}

#[test]
fn nothing_is_kept_of_what_nobody_waits_for() {
    let mut desk = Desk::new();
    desk.look("a");
    desk.book.forget("a");
    assert_eq!(desk.book.places.len(), 1, "its attempt still runs");
    assert_eq!(desk.ended(1, Ok(found("1"))), (vec![], None));
    assert_eq!((desk.book.places.len(), desk.book.runs.len()), (0, 0));
}

#[test]
fn runs_that_were_deleted_without_a_word_are_forgotten_in_time() {
    let mut desk = Desk::new();
    let names: Vec<String> = (0..MANY).map(|number| format!("run-{number}")).collect();
    for (number, name) in names.iter().enumerate() {
        let of = wanted(&format!("https://git.example/{number}"));
        let (_, todo) = desk.book.look(name, &"gone", &of, desk.now);
        let number = match todo {
            Some(Todo::Attempt(number)) => number,
            other => panic!("{other:?}"),
        };
        desk.book.ended(&of, number, Err(failure(false, None)), desk.now);
    }
    desk.later(FORGOTTEN.as_secs() - 1);
    desk.look("a");
    desk.look("a");
    assert_eq!(desk.book.runs.len(), MANY + 1);
    desk.later(60);
    desk.look("a");
    assert_eq!((desk.book.runs.len(), desk.book.places.len()), (1, 1));
}
