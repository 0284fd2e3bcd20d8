//! `lowkey provision` of many devices at once.

use crate::common::Folder;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;
use test_support::Random;

const COUNT: usize = 10_000;
const BATCH: &str = "--batch 10000 --name pump-{:05} --address 10.0.2.2:7000 --out pages --manifest m.csv \
                     --registry devices.toml --codes --no-wait";
const LAST: usize = 9; // of ten kills

fn page(folder: &Folder, n: usize) -> PathBuf {
    folder.path(&format!("pages/pump-{n:05}.page"))
}

/// What is in the pages that there are, from the one of this number on.
fn pages(folder: &Folder, from: usize) -> impl Iterator<Item = Vec<u8>> {
    (from..=COUNT).map_while(|n| fs::read(page(folder, n)).ok())
}

/// By SIGKILL: at the first page, at ever later ones, and behind the last one, where manifest and registry are written.
#[test]
fn a_batch_of_ten_thousand_killed_ten_times_makes_each_device_once() {
    let folder = Folder::new();
    let server = folder.public("server.key");
    let mut random = Random::new();
    let mut first_seen = Vec::new();
    for kill in 0..=LAST {
        let mut command = folder.program(env!("CARGO_BIN_EXE_lowkey"));
        command.args(format!("provision --server {server} {BATCH}").split_whitespace());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // When it has come so far, or some time after; it does not matter when, nor whether it has ended by then. More
        // of them early: each run that goes on reads what is there.
        let far = page(&folder, (kill * kill * COUNT / LAST / LAST).max(1));
        while !far.exists() && child.try_wait().unwrap().is_none() {
            sleep(Duration::from_micros(500));
        }
        sleep(Duration::from_micros(random.below(3000) as u64));
        let _ = child.kill(); // it may have ended
        child.wait().unwrap();
        first_seen.extend(pages(&folder, first_seen.len() + 1));
    }
    folder
        .run(&format!("provision --server {server} {BATCH}"))
        .success()
        .stderr(contains(format!(" of {COUNT} devices made now, in ")));
    first_seen.extend(pages(&folder, first_seen.len() + 1));
    assert_eq!(first_seen.len(), COUNT);
    assert!(pages(&folder, 1).eq(first_seen), "a page was made again");
    assert_eq!(folder.read("devices.toml").matches("\nname = \"pump-").count(), COUNT);
    let check = format!("provision --server {server} --check pages --manifest m.csv --registry devices.toml");
    folder.run(&check).success().stdout("ok: 10000 devices: pages, manifest and registry agree\n");
}

#[test]
fn a_check_names_the_line_and_the_file_that_differ() {
    let folder = Folder::new();
    let server = folder.public("server.key");
    folder.run(&format!("provision --server {server} {BATCH}").replace("10000", "8")).success();
    // A server takes the registry.
    folder
        .run("check --key server.key --devices devices.toml --echo")
        .success()
        .stdout(contains("ok: 9 devices"));
    let manifest = folder.read("m.csv");
    folder.write("m.csv", &manifest.replacen("pump-00007,", "pump-7,", 1));
    let check = format!("provision --server {server} --check pages --manifest m.csv --registry devices.toml");
    folder.run(&check).code(1).stderr(
        contains("lowkey: m.csv:8: pages/pump-7.page: there is none")
            .and(contains("\nlowkey: pages/pump-00007.page: the manifest does not know it")),
    );
}

#[test]
fn a_batch_is_told_from_one_device_by_its_arguments() {
    let folder = Folder::new();
    let server = folder.public("server.key");
    let rest = format!("--server {server} --out pages --manifest m.csv --registry devices.toml --no-wait");
    folder.write("names.csv", "name,serial\npump-1,17\n=1+1,18\n");
    folder
        .run(&format!("provision --csv names.csv {rest}"))
        .code(1)
        .stderr(contains("names.csv:3: the name"));
    folder.write("names.csv", "name,serial\npump-1,17\n");
    folder.run(&format!("provision --csv names.csv {rest}")).success().stderr(
        contains("1 of 1 devices made now").and(contains("added to devices.toml")).and(contains("LKS").not()),
    );
    assert!(folder.read("devices.toml").contains("labels = { serial = \"17\" }"));
    for arguments in [
        format!("provision --server {server} --name a"),
        format!("provision --batch 2 --name a-{{}} --server {server}"),
        format!("provision --batch 2 {rest}"),
        format!("provision --batch 0 --name a-{{}} {rest}"),
        format!("provision --batch 2 --csv names.csv --name a-{{}} {rest}"),
        format!("provision --batch 2 --name a-{{}} -o a.page {rest}"),
        format!("provision --batch 2 --name a-{{}} --psk {rest}"),
        format!("provision --csv names.csv --name a {rest}"),
        format!("provision --name a -o a.page {rest}"),
        format!("provision --check pages --server {server} --registry devices.toml"),
        format!("provision --csv - {rest}"),
    ] {
        folder.run(&arguments).code(2);
    }
}
