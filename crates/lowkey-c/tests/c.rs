//! The library as C sees it: each program of tests/c is compiled, linked with the archive, and run.

mod archive;

use archive::{ARCHIVE, cc, run};
use lowkey_core::page::Contents;
use lowkey_core::{Id, Identity, Secret};
use std::path::{Path, PathBuf};
use std::process::Command;

const STRICT: [&str; 7] =
    ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wcast-qual", "-Werror"];
const OPTIMISED: &str = "-O1";
/// What every program has.
const PARTS: [&str; 4] = ["side.c", "either.c", "calls.c", "wire.c"];

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn scratch() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("lowkey-c")
}

/// What initiates in a program: with a device it tests `lowkey_kk.h` where that has what `lowkey.h` has.
#[derive(Clone, Copy)]
enum Initiator {
    Channel,
    Device,
}

fn play(name: &str) {
    play_with(name, Initiator::Channel, &[]);
}

/// Plays it with a device.
fn play_device(name: &str) {
    play_with(name, Initiator::Device, &[]);
}

fn play_both(name: &str) {
    play(name);
    play_device(name);
}

fn play_with(name: &str, initiator: Initiator, arguments: &[&Path]) {
    run(Command::new(compile(name, initiator)).args(arguments));
}

fn compile(name: &str, initiator: Initiator) -> PathBuf {
    let (define, suffix) = match initiator {
        Initiator::Channel => (None, ""),
        Initiator::Device => (Some("-DDEVICE"), "-device"),
    };
    let (folder, program) = (here().join("tests/c"), scratch().join(format!("{name}{suffix}")));
    std::fs::create_dir_all(scratch()).unwrap();
    let archive = &*ARCHIVE;
    let mut cc = cc();
    cc.args(STRICT).arg(OPTIMISED).args(define).arg("-I").arg(here().join("include"));
    cc.arg(folder.join(format!("{name}.c"))).args(PARTS.map(|part| folder.join(part)));
    cc.arg(archive);
    run(cc.arg("-o").arg(&program));
    program
}

#[test]
fn every_mode_from_c_to_c() {
    play_both("modes");
}

#[test]
fn header_and_archive_are_of_the_same_version() {
    play("version");
}

#[test]
fn what_is_not_a_channel_is_a_status() {
    play_both("not_a_channel");
}

#[test]
fn a_copy_of_an_object_is_none() {
    play("copies");
}

#[test]
fn buffers_over_each_other_or_over_an_object_are_a_status() {
    play_both("overlaps");
}

#[test]
fn after_the_end_every_call_gives_what_ended_it() {
    play_both("after_the_end");
}

#[test]
fn wrong_keys_and_seeds_are_a_status() {
    play("keys");
}

#[test]
fn a_page_and_a_boot_log_are_read_where_they_lie() {
    let id = Id::new(b"device-7").unwrap();
    let key = |byte| Secret::new([byte; 32]);
    let contents = Contents {
        id,
        address: "10.0.0.2:7000",
        static_key: &key(1),
        peer: Identity::new(key(2)).unwrap().public_key(),
        hedge: &key(3),
        seed: &key(4),
        psk: Some(&key(5)),
    };
    std::fs::create_dir_all(scratch()).unwrap(); // the program is compiled later
    let page = scratch().join("key.page");
    std::fs::write(&page, contents.encode().unwrap().expose()).unwrap();
    play_with("flash", Initiator::Channel, &[&page]);
}

#[test]
fn wrong_arguments_of_a_beginning_leave_what_was_there() {
    play("begin");
}

#[test]
fn an_open_channel_survives_every_wrong_call() {
    play_both("open");
}

#[test]
fn callbacks_may_stop_anywhere() {
    play_both("callbacks");
}

#[test]
fn a_stream_that_takes_nothing_is_read_on() {
    play_both("full");
}

#[test]
fn a_stream_changed_or_cut_at_any_byte_gives_a_status() {
    for (initiator, modes) in
        [(Initiator::Channel, &["1", "2", "3", "4"][..]), (Initiator::Device, &["1", "2"])]
    {
        let program = compile("damage", initiator);
        modes.iter().for_each(|mode| run(Command::new(&program).arg(mode)));
    }
}

#[test]
fn several_channels_live_side_by_side() {
    play_both("several");
}

#[test]
fn pauses_grow_until_a_channel_was_good_for_something() {
    play("backoff");
}

#[test]
fn the_archive_has_every_function() {
    play("every_function");
}
