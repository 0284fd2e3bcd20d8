//! What the initiators of `lowkey_kk.h` and of `lowkey.h` do is the same, to the byte.

use test_support::Random;
use test_support::side_by_side::{Reached, side_by_side};

#[test]
fn both_headers_do_the_same_on_random_schedules() {
    let mut random = Random::new();
    let mut all = Reached::default();
    for _ in 0..SCHEDULES {
        let len = random.below(400);
        let mut script = random.bytes(len);
        // Most of them open first: whether the channel is of KK or KKpsk0, its sizes, then what an application does.
        if random.below(4) > 0 {
            let kinds = random.u64() as u8 & 1 | if random.below(3) == 0 { random.u64() as u8 } else { 0 };
            script.splice(..0, [kinds, 9, 1, 224, 224]);
        }
        let Reached { opened, pieces, closed, refusals } = side_by_side(&script);
        all.opened += opened;
        all.pieces += pieces;
        all.closed += closed;
        all.refusals += refusals;
    }
    // Not all of them were over before they began.
    assert!(
        all.opened > SCHEDULES / 2 && all.pieces > SCHEDULES / 4 && all.closed > SCHEDULES / 20,
        "{all:?}"
    );
    println!("{all:?}");
}

const SCHEDULES: usize = 500;
