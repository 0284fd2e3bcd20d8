//! The library as C sees it: each program of tests/c is compiled, linked with the archive, and run.

mod archive;
mod programs;

use lowkey_core::page::Contents;
use lowkey_core::{Id, Identity, Secret};
use programs::{Initiator, play, scratch, watch};

use Initiator::{Channel, Device};

fn play_both(name: &str) {
    [Channel, Device].into_iter().for_each(|initiator| play(name, initiator, &[]));
}

#[test]
fn every_mode_from_c_to_c() {
    play_both("modes");
}

#[test]
fn header_and_archive_are_of_the_same_version() {
    play("version", Channel, &[]);
}

#[test]
fn what_is_not_a_channel_is_a_status() {
    play_both("not_a_channel");
}

#[test]
fn a_copy_of_an_object_is_none() {
    play("copies", Channel, &[]);
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
    play("keys", Channel, &[]);
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
    let page = scratch().join("key.page");
    std::fs::write(&page, contents.encode().unwrap().expose()).unwrap();
    play("flash", Channel, &[page.as_ref()]);
}

#[test]
fn wrong_arguments_of_a_beginning_leave_what_was_there() {
    play("begin", Channel, &[]);
}

#[test]
fn an_open_channel_survives_every_wrong_call() {
    play_both("open");
}

#[test]
fn pairing_keeps_what_the_protocol_says_wherever_it_ends() {
    play("pairing", Channel, &[]);
    watch("pairing", Channel);
}

#[test]
fn a_key_store_keeps_what_it_answered_and_forgets_on_demand() {
    play("key_store", Channel, &[]);
    watch("key_store", Channel);
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
    let modes = ["1", "2", "3", "4"].map(AsRef::as_ref);
    play("damage", Channel, &modes);
    play("damage", Device, &modes[..2]);
}

#[test]
fn several_channels_live_side_by_side() {
    play_both("several");
}

#[test]
fn pauses_grow_until_a_channel_was_good_for_something() {
    play("backoff", Channel, &[]);
}

#[test]
fn the_archive_has_every_function() {
    play("every_function", Channel, &[]);
}

#[test]
fn wrong_arguments_of_a_device_leave_what_was_there() {
    play("device", Device, &[]);
}

#[test]
fn a_device_begun_again_is_a_new_channel() {
    play("begin_again", Device, &[]);
}

#[test]
fn nothing_beside_what_was_given_is_touched() {
    play_both("heap");
    [Channel, Device].into_iter().for_each(|initiator| watch("heap", initiator));
}

#[test]
fn valgrind_finds_nothing_in_calls_that_are_wrong() {
    watch("open", Channel);
    for name in ["begin_again", "not_a_channel", "after_the_end", "open"] {
        watch(name, Device);
    }
}
