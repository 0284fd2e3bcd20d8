//! `lowkey code new` and `lowkey label`: files that only their owner reads, and nothing where others look.

use crate::common::Folder;
use lowkey_core::label;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::{contains, is_empty};
use std::fs;
use std::os::unix::fs::PermissionsExt;

fn mode(folder: &Folder, name: &str) -> u32 {
    fs::metadata(folder.path(name)).unwrap().permissions().mode() & 0o7777
}

#[test]
fn codes_go_to_a_file_of_one_s_own_and_their_names_are_said() {
    let folder = Folder::empty();
    let made = folder.run("code new -n 3 -o batch.codes").success().stdout(is_empty());
    let said = String::from_utf8_lossy(&made.get_output().stderr).into_owned();
    assert_eq!(mode(&folder, "batch.codes"), 0o600);
    let text = folder.read("batch.codes");
    let codes: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(codes.len(), 3);
    for line in codes {
        let name: String =
            label::parse(line).unwrap().name().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(said.contains(&format!("code {name}\n")) && !said.contains(line), "{said}");
    }
    folder.run("code new -o batch.codes").code(1).stderr(contains("batch.codes: is there already"));
    assert_eq!(folder.read("batch.codes"), text);
    // Where it would stay: a pipe, a log.
    folder
        .run("code new --print")
        .code(2)
        .stdout(is_empty())
        .stderr(contains("standard output is no terminal"));
    folder.run("code new").code(2);
    folder.run("code new -o -").code(2);
}

#[test]
fn a_code_with_an_address_is_a_whole_label_area() {
    let folder = Folder::empty();
    folder.run("code new --address 10.0.2.2:7000 -o pump-7.code").success();
    let text = folder.read("pump-7.code");
    let lines: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(matches!(lines[..], [code, "server 10.0.2.2:7000"] if label::parse(code).is_ok()), "{lines:?}");
    folder.run("label pump-7.code --format svg -o pump-7.svg").success();

    // Several codes are several devices, and an address of two readings or of two lines is none.
    folder.run("code new -n 2 --address 10.0.2.2:7000 -o x.code").code(2);
    folder
        .run("code new --address 010.0.2.2:7000 -o x.code")
        .code(2)
        .stderr(contains("without leading zeros"));
    folder.run("code new --address 10.0.2.2 -o x.code").code(2).stderr(contains("write it as host:port"));
    assert!(!folder.path("x.code").exists());
}

#[test]
fn labels_are_files_of_one_s_own_and_no_code_is_an_argument() {
    let folder = Folder::empty();
    folder.run("code new -o pump-7.code").success();
    folder.run("code new -n 25 -o many.codes").success();
    let text = folder.read("pump-7.code").lines().last().unwrap().to_owned();
    for (format, begin) in [("svg", "<?xml"), ("png", "\u{fffd}PNG"), ("sheet", "<!doctype html>")] {
        let file = format!("label.{format}");
        let label = format!("label pump-7.code --format {format} -o {file}");
        folder.run(&label).success().stdout(is_empty()).stderr(contains(&text[9..]).not());
        assert_eq!(mode(&folder, &file), 0o600);
        let content = fs::read(folder.path(&file)).unwrap();
        assert!(String::from_utf8_lossy(&content).starts_with(begin), "{format}");
        folder.run(&label).code(1).stderr(contains("is there already"));
    }
    assert!(folder.read("label.svg").contains(">pump-7</text>"));
    folder.run("label many.codes pump-7.code --format sheet -o all.html").success();
    assert_eq!(folder.read("all.html").matches("<svg ").count(), 26);
    folder.run("label many.codes --format svg -o x.svg").code(2).stderr(contains("use --format sheet"));
    folder
        .run("label pump-7.code")
        .code(2)
        .stdout(is_empty())
        .stderr(contains("standard output is no terminal"));
    for format in ["svg", "png", "sheet"] {
        folder
            .run(&format!("label pump-7.code --format {format}"))
            .code(2)
            .stdout(is_empty())
            .stderr(contains(format!("a label is a secret; name a file for it: --format {format} -o FILE")));
    }
    folder.run("label pump-7.code -o label.txt").code(2).stderr(contains("--format svg -o FILE"));
    assert!(!folder.path("label.txt").exists());
    // Typed by hand, with a typing error, and where no code belongs.
    let typed = format!("# mine\n {} \n", text.to_lowercase().replace("1/", "1/ "));
    folder.command("label - --format svg -o typed.svg").write_stdin(typed).assert().success();
    let wrong = format!("{}{}\n", &text[..30], text[30..].chars().rev().collect::<String>());
    folder.write("wrong.codes", &wrong);
    fs::set_permissions(folder.path("wrong.codes"), fs::Permissions::from_mode(0o600)).unwrap();
    folder
        .run("label wrong.codes --format svg -o wrong.svg")
        .code(1)
        .stderr(contains("wrong.codes:1:1: a typing error").and(contains(&text[9..30]).not()));
    fs::set_permissions(folder.path("wrong.codes"), fs::Permissions::from_mode(0o644)).unwrap();
    folder.run("label wrong.codes --format svg -o wrong.svg").code(1).stderr(contains("(mode 0644)"));
    folder.run(&format!("label {text} --format svg -o x.svg")).code(1).stderr(contains(&text[9..]).not());
}
