//! A flash that does not do what it is asked, once or from then on: what is answered to a pairing is so.

use super::{Change, NEW, PAIRED, Said, after, change, flash, open, said};
use crate::{NATURES, UNITS};
use lowkey_core::key_store::StoreError;
use test_support::flash::{Model, Trouble};

/// What a pairing and a session of KK ask for, and what was before.
const ASKED: [(&[Change], Change); 6] = [
    (NEW, Change::Store(0, 0)),
    (PAIRED, Change::Store(1, 1)), // again
    (PAIRED, Change::Store(2, 2)),
    (PAIRED, Change::Finalise(1, 1)),
    (PAIRED, Change::Confirmed(1)),
    (PAIRED, Change::Remove(1, 1)),
];

/// What the store answers and what it then has, with trouble after so many operations; and what it has once the flash
/// is well again and the power came back.
fn play(flash: &mut Model, step: Change, trouble: (usize, Trouble)) -> (Result<(), StoreError>, Said, Said) {
    flash.trouble = Some(trouble);
    let mut store = open(&mut *flash).expect("it only reads");
    let answer = change(&mut store, step).map(drop);
    let has = said(&store);
    flash.trouble = None;
    flash.reboot();
    (answer, has, after(flash, &[]))
}

#[test]
fn pairing_6_what_a_store_answers_is_so_whichever_operation_fails_once_or_from_then_on() {
    for (case, unit) in UNITS.into_iter().enumerate() {
        for (which, (before, step)) in ASKED.into_iter().enumerate() {
            let mut new = flash(unit, false, NATURES[(case + which) % 4], which as u64);
            let was = after(&mut new, before);
            let is = after(&mut new.clone(), &[step]);
            // Every operation, or with small units every few.
            let stride = if unit < 8 { 1 + 40 / unit } else { 1 };
            for how in [Trouble::Fault, Trouble::Broken] {
                for place in (0..).step_by(stride) {
                    let mut failing = new.clone();
                    let (answer, has, later) = play(&mut failing, step, (place, how));
                    let case = format!("unit {unit}, {step:?}, {how:?} at {place}: {answer:?}");
                    if answer.is_ok() {
                        assert_eq!((&has, &later), (&is, &is), "{case}");
                    } else {
                        assert_eq!(answer, Err(StoreError::Flash), "{case}");
                        assert_eq!(has, was, "{case}");
                        // A flash that is broken may keep the last mark all the same, as a power cut there may.
                        assert!(
                            later == was || matches!(how, Trouble::Broken) && later == is,
                            "{case}: {later:?}"
                        );
                    }
                    // And what was missing is made up for: nothing of before is left.
                    let settled = after(&mut failing, &[Change::Start, step]);
                    assert_eq!(settled, is, "{case}");
                    if !failing.hit {
                        break;
                    }
                }
            }
        }
    }
}
