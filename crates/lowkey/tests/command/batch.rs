//! `lowkey provision` of many devices at once.

use crate::common::Folder;
use lowkey_core::PublicKey;
use lowkey_core::page::Page;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use std::collections::HashMap;
use std::fs;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;
use test_support::Random;

const BATCH: &str = "--batch 40 --name pump-{:02} --address 10.0.2.2:7000 --out pages --manifest m.csv \
                     --registry devices.toml --codes --no-wait";

/// The keys of all pages that are there, by the names of their files.
fn keys(folder: &Folder) -> HashMap<String, PublicKey> {
    let entries = fs::read_dir(folder.path("pages")).into_iter().flatten().map(Result::unwrap);
    let pages = entries.filter(|entry| entry.path().extension().is_some_and(|extension| extension == "page"));
    let key = |bytes: Vec<u8>| Page::read(&bytes).unwrap().load().unwrap().identity().public_key();
    pages
        .map(|entry| (entry.file_name().into_string().unwrap(), key(fs::read(entry.path()).unwrap())))
        .collect()
}

#[test]
fn a_batch_killed_ten_times_makes_each_device_once() {
    let folder = Folder::new();
    let server = folder.public("server.key");
    let mut random = Random::new();
    let mut before = HashMap::new();
    for kill in 0..10 {
        let mut command = folder.program(env!("CARGO_BIN_EXE_lowkey"));
        command.args(format!("provision --server {server} {BATCH}").split_whitespace());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // When so many pages are there, or some time after; it does not matter when, nor whether it has ended by then.
        let pages = before.len() + random.below(8);
        while keys(&folder).len() < pages && child.try_wait().unwrap().is_none() {
            sleep(Duration::from_micros(200));
        }
        sleep(Duration::from_micros(random.below(3000) as u64));
        let _ = child.kill(); // it may have ended
        child.wait().unwrap();
        let now = keys(&folder);
        let kept = before.iter().all(|(name, key)| now.get(name) == Some(key));
        assert!(kept, "kill {kill}: a page was made again");
        before = now;
    }
    folder
        .run(&format!("provision --server {server} {BATCH}"))
        .success()
        .stderr(contains(" of 40 devices made now"));
    let now = keys(&folder);
    assert!(before.iter().all(|(name, key)| now.get(name) == Some(key)));
    assert_eq!(now.len(), 40);
    let registry = folder.read("devices.toml");
    assert_eq!(registry.matches("\nname = \"pump-").count(), 40, "{registry}");
    let check = format!("provision --server {server} --check pages --manifest m.csv --registry devices.toml");
    folder.run(&check).success().stdout("ok: 40 devices: pages, manifest and registry agree\n");
    // A server takes the registry, and the command says of each difference what it is.
    folder
        .run("check --key server.key --devices devices.toml --echo")
        .success()
        .stdout(contains("ok: 41 devices"));
    let manifest = folder.read("m.csv");
    folder.write("m.csv", &manifest.replacen("pump-07,", "pump-7,", 1));
    folder.run(&check).code(1).stderr(
        contains("lowkey: m.csv:8: pages/pump-7.page: there is none")
            .and(contains("\nlowkey: pages/pump-07.page: the manifest does not know it")),
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
