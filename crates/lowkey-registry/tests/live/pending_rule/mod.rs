//! The pending rule of §6 as a model of small states, of which every one that can come about is looked at: power and
//! lines that fail anywhere, frames that are late, people who press, forget, revoke and say no, two servers or two
//! devices with one code.
//!
//! `rule.rs` is the rule, and says where the code has it; `world.rs` what can happen, `search.rs` what is promised.
//! `code.rs` and `ends.rs` hold the rule against the real key store, the real registry file and both ends of a real
//! link. The server's loop over a link and its windows (`lowkey-host`'s `server`) have their place in words alone;
//! `pairing.rs` plays them at each cut.
//!
//! Not in it: cryptography (whoever has the code can play, and nobody else: `tests/symbolic`), clocks, cuts within a
//! change of a key store (`lowkey-core/tests/flash`), more than two runs at once, and a server that is given an old
//! registry file.

mod code;
mod ends;
mod rule;
mod search;
mod world;

use rule::Wrong;
use search::{Promise, search};
use world::Size;

const ALONE: Size = Size { devices: 1, servers: 1, runs: 2, forgets: 1, were_paired: false };
const PAIRED: Size = Size { were_paired: true, ..ALONE };
const TWO_SERVERS: Size = Size { servers: 2, runs: 1, forgets: 0, ..ALONE };
const TWO_DEVICES: Size = Size { devices: 2, forgets: 0, ..ALONE };

#[test]
fn pairing_6_the_pending_rule_keeps_its_promises_wherever_power_lines_and_people_fail() {
    for size in [ALONE, PAIRED, TWO_SERVERS, TWO_DEVICES] {
        let seen = search(size, None);
        println!("{size:?}: {} worlds, {} steps", seen.worlds, seen.steps);
        assert_eq!(seen.broken, None, "{size:?}");
        assert!(seen.worlds > 1_000);
    }
}

/// Each a rule that is nearly this one, and the promise that is lost by it.
#[test]
fn pairing_6_the_search_finds_what_is_lost_by_each_rule_that_is_nearly_this_one() {
    let nearly = [
        (Wrong::ACutRemovesWhatIsPending, ALONE, Promise::FinalIsPendingOnTheOtherSide),
        (Wrong::TheResponderIsFinalAtItsStore, PAIRED, Promise::FinalIsPendingOnTheOtherSide),
        (Wrong::ThePingLeavesBeforeTheStore, ALONE, Promise::FinalIsPendingOnTheOtherSide),
        (Wrong::PendingTakesTheEarliersPlace, PAIRED, Promise::TheEarlierOneStays),
        (Wrong::AnotherKeyTakesTheDevicesCode, TWO_SERVERS, Promise::OneKeyOfACodeOnADevice),
        (Wrong::AnotherKeyTakesTheServersCode, TWO_DEVICES, Promise::OneKeyOfACodeOnAServer),
        (Wrong::TheSameKeyIsRefusedByTheDevice, ALONE, Promise::FinalIsPendingOnTheOtherSide),
        (Wrong::TheSameKeyIsRefusedByTheServer, ALONE, Promise::FinalIsPendingOnTheOtherSide),
        (Wrong::WhatIsFinalIsStoredAgain, TWO_SERVERS, Promise::FinalIsPendingOnTheOtherSide),
        (Wrong::AFailedAttemptSpendsTheCode, ALONE, Promise::AGoodEnd),
        (Wrong::ForgetForgetsWhatIsSpent, ALONE, Promise::SpentStays),
        (Wrong::ACodeThatIsSpentWorksUnasked, ALONE, Promise::NotUnasked),
        (Wrong::PendingIsNotServed, ALONE, Promise::WhoHasEachOtherConnects),
        (Wrong::PendingIsNotDialled, ALONE, Promise::WhoHasEachOtherConnects),
        (Wrong::ASessionMakesNothingFinal, ALONE, Promise::ASessionMakesFinal),
        (Wrong::ACloseTakesBackWhatIsFinal, ALONE, Promise::TheEarlierOneStays),
        (Wrong::APingIsTakenBack, ALONE, Promise::FinalIsPendingOnTheOtherSide),
        (Wrong::AStrangerDisplacesWhoHasShownTheCode, TWO_DEVICES, Promise::NobodyIsDisplaced),
        (Wrong::AnOlderRunGoesOn, ALONE, Promise::FinalIsPendingOnTheOtherSide),
    ];
    for (wrong, size, promise) in nearly {
        let (found, trace) =
            search(size, Some(wrong)).broken.unwrap_or_else(|| panic!("{wrong:?} goes unseen"));
        assert_eq!(found, promise, "{wrong:?}: {trace:?}");
    }
}
