//! The drivers and sources of `examples/chips-c`, on models of the chips: the boot log while the power fails, and
//! random numbers while what they come from does.

mod archive;

use archive::{ARCHIVE, cc, run};
use std::path::{Path, PathBuf};
use std::process::Command;

const STRICT: [&str; 10] = [
    "-std=c99",
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wshadow",
    "-Wconversion",
    "-Wcast-qual",
    "-Wc++-compat",
    "-Werror",
    "-O1",
];

/// Neither a number twice nor a log that is lost, whatever the power does.
fn counts_boots(chip: &str) {
    let model = if chip.starts_with("stm32") { "stm32.c" } else { &format!("{chip}.c") };
    let mut cc = compiler("flash");
    // In place of the driver's own, which includes it by the same name.
    cc.arg("-include").arg(models().join("mapped.h")).arg(format!("-DCHIP=\"{chip}xx.h\""));
    cc.arg(chips("flash").join(format!("{chip}.c")));
    cc.args(["boots.c", "cells.c", model].map(|file| models().join(file)));
    play(cc, chip);
}

/// Works on its model, and says so when that does not.
fn is_watched(source: &str, more: &[&str]) {
    let mut cc = compiler("random");
    cc.args(more).args([source, "noise", "health"].map(|file| chips("random").join(format!("{file}.c"))));
    cc.args([source, "noises", "cells"].map(|file| models().join(format!("{file}.c"))));
    play(cc, &format!("{source}{}", more.concat()));
}

#[test]
fn boots_are_counted_on_an_stm32f1_while_the_power_fails() {
    counts_boots("stm32f1");
}

#[test]
fn boots_are_counted_on_an_stm32f4_while_the_power_fails() {
    counts_boots("stm32f4");
}

#[test]
fn boots_are_counted_on_an_nrf52_while_the_power_fails() {
    counts_boots("nrf52");
}

#[test]
fn boots_are_counted_on_an_rp2040_while_the_power_fails() {
    counts_boots("rp2040");
}

#[test]
fn boots_are_counted_on_an_stm32l4_while_the_power_fails() {
    counts_boots("stm32l4");
}

#[test]
fn boots_are_counted_on_an_stm32u5_while_the_power_fails() {
    counts_boots("stm32u5");
}

#[test]
fn boots_are_counted_on_an_stm32h5_while_the_power_fails() {
    counts_boots("stm32h5");
}

#[test]
fn boots_are_counted_on_an_stm32h7_while_the_power_fails() {
    counts_boots("stm32h7");
}

#[test]
fn sp800_90b_4_4_a_source_fails_at_the_limits_and_no_sooner() {
    let mut cc = compiler("random");
    cc.args([chips("random"), models()].map(|folder| folder.join("health.c"))).arg(models().join("cells.c"));
    play(cc, "health");
}

#[test]
fn noise_of_an_adc_that_is_stuck_is_found_out() {
    is_watched("adc_stm32f1", &[]);
}

#[test]
fn two_clocks_that_run_in_step_are_found_out() {
    is_watched("jitter_stm32f1", &[]);
}

#[test]
fn a_ring_oscillator_that_is_stuck_is_found_out() {
    is_watched("rosc_rp2040", &[]);
}

#[test]
fn an_stm32_s_generator_is_started_again_and_never_gives_a_word_twice() {
    is_watched("rng_stm32", &[]);
    is_watched("rng_stm32", &["-DRNG_WITH_CONDITIONER"]);
}

#[test]
fn an_nrf52_s_generator_that_is_stuck_is_found_out() {
    is_watched("rng_nrf52", &[]);
}

/// With the models of what is named of the chips.
fn compiler(folder: &str) -> Command {
    let mut cc = cc();
    cc.args(STRICT);
    for folder in [models(), chips(folder), here().join("include")] {
        cc.arg("-I").arg(folder);
    }
    cc
}

fn play(mut cc: Command, name: &str) {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("chip-{name}"));
    run(cc.arg(&*ARCHIVE).arg("-o").arg(&program));
    run(&mut Command::new(program));
}

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn models() -> PathBuf {
    here().join("tests/chips")
}

fn chips(folder: &str) -> PathBuf {
    here().join("../../examples/chips-c").join(folder)
}
