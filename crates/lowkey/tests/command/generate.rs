//! `lowkey generate`: what packages take along.

use crate::common::{COMMANDS, Folder};
use predicates::str::{contains, is_empty};
use std::fs;

#[test]
fn there_is_a_man_page_for_every_command_and_for_the_settings() {
    let folder = Folder::empty();
    folder.run("generate man pages").success().stdout(is_empty());
    // And lowkey(1), lowkey-code-new(1), lowkey-page-show(1) and lowkey.toml(5).
    assert_eq!(fs::read_dir(folder.path("pages")).unwrap().count(), COMMANDS.len() + 4);
    for command in COMMANDS.into_iter().chain(["code-new", "page-show"]) {
        let page = folder.read(&format!("pages/lowkey-{command}.1"));
        assert!(page.contains(".SH \"EXIT STATUS\""), "{command}");
        let escaped = command.replace('-', "\\-");
        assert!(page.contains(&format!("lowkey\\-{escaped} \\-")), "{command}");
    }
    let settings = folder.read("pages/lowkey.toml.5");
    for setting in ["key", "sessions_per_address", "lifetime", "format"] {
        assert!(settings.contains(&format!("\n.TP\n\\fB{setting}\\fR")), "{setting}");
    }
    assert!(settings.contains("LOWKEY_LIMITS_SESSIONS_PER_ADDRESS"));
}

#[test]
fn there_are_completions_for_three_shells() {
    let folder = Folder::empty();
    folder.run("generate completions here").success();
    for file in ["lowkey.bash", "_lowkey", "lowkey.fish"] {
        let text = folder.read(&format!("here/{file}"));
        for command in COMMANDS {
            assert!(text.contains(command), "{file}: {command}");
        }
        assert!(text.contains("send-proxy"), "{file}");
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error() {
    let folder = Folder::empty();
    folder.write("file", "");
    folder.run("generate man file/pages").code(1).stderr(contains("file/pages: "));
    folder.run("generate poems here").code(2).stderr(contains("poems"));
}
