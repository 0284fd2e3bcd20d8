//! Help, version, and arguments that make no sense.

use crate::common::{COMMANDS, Folder};
use predicates::prelude::PredicateBooleanExt;
use predicates::str::{contains, starts_with};

#[test]
fn help_and_version_are_there_for_every_command() {
    let folder = Folder::empty();
    folder.run("--version").success().stdout(starts_with("lowkey 0."));
    for command in COMMANDS.into_iter().chain([""]) {
        folder
            .run(&format!("{command} --help"))
            .success()
            .stdout(contains("xit codes").and(contains("Usage:")));
    }
    // They stand in one place.
    folder.run("--help").success().stdout(contains("Exit codes:\n  0  done").and(contains("\n  7  ")));
    folder.run("show --help").success().stdout(contains("`lowkey --help` lists the exit codes.\n"));
}

#[test]
fn wrong_arguments_exit_with_2_and_say_what_is_missing() {
    let folder = Folder::empty();
    folder.run("").code(2).stderr(contains("Usage"));
    folder.run("dance").code(2).stderr(contains("dance"));
    folder.run("revoke").code(2).stderr(contains("<NAME>"));
    folder.run("serve --key a --devices b").code(2).stderr(contains("--echo"));
    folder
        .run("connect localhost:1 --key a --server nonsense")
        .code(2)
        .stderr(contains("here belongs a public key"));
    folder.run("connect localhost:1 --key a").code(2).stderr(contains("--server"));
}
