//! `lowkey generate`: what packages take along.

use crate::common::{COMMANDS, Folder};
use predicates::str::{contains, is_empty};
use std::fs;

#[test]
fn there_is_a_man_page_for_every_command_and_for_the_settings() {
    let folder = Folder::empty();
    folder.run("generate man pages").success().stdout(is_empty());
    // And lowkey(1), lowkey.toml(5) and devices.toml(5), and a page for each command of a command.
    assert_eq!(fs::read_dir(folder.path("pages")).unwrap().count(), COMMANDS.len() + 3 + BELOW.len());
    for command in COMMANDS.into_iter().chain(BELOW) {
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
fn the_page_of_registries_has_every_field_that_one_may_have() {
    let folder = Folder::new();
    folder.run("generate man pages").success();
    let page = folder.read("pages/devices.toml.5");
    folder.write("devices.toml", "[[device]]\nname = \"a\"\ncolour = \"red\"\n");
    let checked = folder.run("check --key server.key --devices devices.toml --echo").code(1);
    let said = String::from_utf8(checked.get_output().stderr.clone()).unwrap();
    let fields = said.split_once("here stand ").unwrap().1.lines().next().unwrap().replace(" and ", ", ");
    let fields: Vec<&str> = fields.split(", ").chain(["server"]).collect();
    assert_eq!(page.matches("\n.TP\n").count(), fields.len(), "{fields:?}");
    for field in fields {
        assert!(page.contains(&format!("\n.TP\n\\fB{field}\\fR")), "{field}");
    }
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

/// Commands of commands.
const BELOW: [&str; 12] = [
    "aside-free",
    "aside-list",
    "aside-show",
    "code-new",
    "page-show",
    "registry-diff",
    "registry-forget",
    "registry-forget-runs",
    "registry-pull",
    "registry-push",
    "registry-streams",
    "registry-watch",
];
