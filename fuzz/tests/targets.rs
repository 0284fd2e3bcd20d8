//! Every target over its seeds and over pseudo-random inputs: what stable can do without libFuzzer.

use lowkey_fuzz::{TARGETS, seeds};
use std::panic::{AssertUnwindSafe, catch_unwind};
use test_support::Random;

/// Random inputs for each target. `LOWKEY_FUZZ_RUNS` asks for another number of them.
fn runs(default: usize) -> usize {
    std::env::var("LOWKEY_FUZZ_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(default)
}

fn run(name: &str, default: usize) {
    let target = TARGETS.iter().find(|target| target.0 == name).expect("a target").1;
    let run = |input: &[u8]| {
        if catch_unwind(AssertUnwindSafe(|| target(input))).is_err() {
            let hex: String = input.iter().map(|byte| format!("{byte:02x}")).collect();
            panic!("{name}: {hex}");
        }
    };
    let seeds = seeds::of(name);
    seeds.iter().for_each(|seed| run(seed));
    let mut rng = Random::from_seed(name.len() as u64);
    for i in 0..runs(default) {
        // Half of them random from their first byte, half seeds with a few bytes changed.
        let input = if i % 2 == 0 {
            let len = rng.below(400);
            rng.bytes(len)
        } else {
            let mut input = seeds[rng.below(seeds.len())].clone();
            for _ in 0..=rng.below(6) {
                let at = rng.below(input.len());
                let byte = rng.u64() as u8;
                match rng.below(3) {
                    0 => input.insert(at, byte),
                    1 if at + 1 < input.len() => drop(input.remove(at)),
                    _ => input.iter_mut().skip(at).take(1).for_each(|to| *to = byte),
                }
            }
            input
        };
        run(&input);
    }
}

#[test]
fn label_is_read_as_it_was_written_or_not_at_all() {
    run("label", 20_000);
}

#[test]
fn page_reads_what_lies_there() {
    run("page", 10_000);
}

#[test]
fn boot_log_numbers_rise() {
    run("boot_log", 10_000);
}

#[test]
fn key_store_undoes_nothing_that_it_answered() {
    run("key_store", 400);
}

#[test]
fn handshake_opens_unchanged_messages_only() {
    run("handshake", 3_000);
}

#[test]
fn records_open_unchanged_and_in_order() {
    run("records", 2_000);
}

#[test]
fn link_delivers_what_the_peer_made() {
    run("link", 5_000);
}

#[test]
fn numbered_releases_what_was_acknowledged_and_nothing_else() {
    run("numbered", 5_000);
}

#[test]
fn pair_delivers_what_the_other_sent() {
    run("pair", 2_000);
}

#[test]
fn pairing_comes_to_a_good_end_whatever_disturbs_it() {
    run("pairing", 50);
}

#[test]
fn channel_delivers_each_message_of_a_mailbox_once() {
    run("channel", 500);
}

#[test]
fn c_abi_keeps_what_the_header_says() {
    run("c_abi", 1_000);
}

#[test]
fn both_headers_do_the_same() {
    run("both_headers", 300);
}

#[test]
fn primitives_of_both_bodies_agree() {
    run("primitives", 1_000);
}
