//! Every error of a channel is one for `?`, for `Box<dyn Error>`, and for people.

use lowkey_transport::{Error, PostError, PushError, Refusal};
use std::path::Path;
use test_support::{all_are_errors, errors::errors_of};

#[test]
fn every_error_says_what_is_wrong_and_none_is_forgotten() {
    let listed = all_are_errors![Error, PostError, PushError, Refusal];
    for error in errors_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        assert!(listed.contains(&&*error), "{error} is not in the list");
    }
}

#[test]
fn refusals_and_what_a_mailbox_does_not_take_are_said_in_words() {
    assert_eq!(PostError::Full.to_string(), "the mailbox is full");
    assert_eq!(PostError::TooLong.to_string(), "the message is longer than the mailbox takes");
    assert_eq!(PushError::Full.to_string(), "the outbox is full until something is acknowledged");
    assert_eq!(PushError::Exhausted.to_string(), "no number is left before the next start");
    assert_eq!(Refusal::BUSY.to_string(), "refused: the peer is busy");
    assert_eq!(Refusal::new(77).to_string(), "refused (77)");
}
