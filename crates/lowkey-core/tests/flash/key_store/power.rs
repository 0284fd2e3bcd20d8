//! The power fails at every operation on the flash.

use super::{BANK_LEN, Change, NEW, PAIRED, Said, after, change, flash, open, pinnings, said};
use crate::{NATURES, UNITS};
use lowkey_core::boot_log::{Bank, ERASED};
use lowkey_core::key_store::StoreError;
use test_support::Random;
use test_support::flash::{Misread, Model, Trouble};

/// What was done before, and what is cut.
const CUTS: &[(&[Change], Change)] = &[
    (&[], Change::MakeKeys(1)),
    (&[], Change::Address("a:1")),
    (NEW, Change::Start),
    (NEW, Change::Store(0, 0)),
    (PAIRED, Change::Start),
    (PAIRED, Change::Finalise(1, 1)),
    (PAIRED, Change::Remove(1, 1)),
    (PAIRED, Change::Store(2, 2)),
    (PAIRED, Change::Confirmed(1)),
    (PAIRED, Change::Forget),
];

/// Opens a store and changes it, with trouble after so many operations. What it said at the end, and the number of a
/// start that somebody was given.
fn play(
    flash: &mut Model,
    step: Change,
    trouble: Option<(usize, Trouble)>,
) -> (Result<Said, StoreError>, u64) {
    flash.reboot();
    flash.trouble = trouble;
    let result = open(&mut *flash).and_then(|mut store| {
        let number = change(&mut store, step)?;
        Ok((said(&store), number.unwrap_or(0)))
    });
    // Without power there is nobody to receive it.
    match result {
        Ok((said, number)) if !flash.dead => (Ok(said), number),
        Ok(_) => (Err(StoreError::Flash), 0),
        Err(error) => (Err(error), 0),
    }
}

/// What lies there after a reboot.
fn look(flash: &mut Model) -> Result<Said, StoreError> {
    flash.reboot();
    open(&mut *flash).map(|store| said(&store))
}

#[test]
fn a_power_cut_at_any_operation_leaves_what_was_before_or_what_was_asked() {
    for (case, unit) in UNITS.into_iter().enumerate() {
        for (which, (before, step)) in CUTS.iter().enumerate() {
            let nature = NATURES[(case + which) % 4];
            let mut new = flash(unit, (case + which / 2) % 2 == 0, nature, which as u64);
            let was = after(&mut new, before);
            let mut done = new.clone();
            let is = play(&mut done, *step, None).0.expect("no trouble");
            // Every operation, or with small units every few.
            let stride = if unit < 8 { 1 + 40 / unit } else { 1 };
            let mut reached = true;
            for place in (0..).step_by(stride) {
                let mut cut = new.clone();
                let (result, _) = play(&mut cut, *step, Some((place, Trouble::Cut)));
                let case = format!("unit {unit}, {nature:?}, {step:?} cut after {place}: {result:?}");
                if let Ok(said) = &result {
                    assert_eq!(*said, is, "{case}");
                }
                reached = cut.hit;
                for _ in 0..3 {
                    let left = look(&mut cut).unwrap_or_else(|error| panic!("{case}, then {error}"));
                    assert!(left == was || left == is, "{case}, then {left:?}");
                }
                if !reached {
                    break;
                }
                // And it goes on.
                if let Some(more) = [Change::Start, Change::MakeKeys(9)].iter().find(|more| {
                    (**more == Change::Start) == look(&mut cut).is_ok_and(|left| left.public_key.is_some())
                }) {
                    play(&mut cut, *more, None).0.unwrap_or_else(|error| panic!("{case}, {more:?}: {error}"));
                }
            }
            assert!(!reached);
        }
    }
}

/// A device's life, in which the power fails again and again, in what finishes an earlier change too.
fn a_life(unit: usize, seed: u64) {
    let mut rng = Random::from_seed(!seed);
    let nature = NATURES[rng.below(4)];
    let mut flash = flash(unit, rng.below(2) == 0, nature, seed);
    let (mut before, mut last) = (look(&mut flash).expect("a new store"), 0);
    for step_number in 0..40 {
        let n = rng.below(3);
        let step = match rng.below(9) {
            _ if before.public_key.is_none() => Change::MakeKeys(rng.u64()),
            0 => Change::Store(n, n as u8),
            1 => Change::Finalise(n, n as u8),
            2 => Change::Remove(n, n as u8),
            3 => Change::Confirmed(n),
            4 => Change::Address(["", "a:1", "b:2"][n]),
            5 if rng.below(4) == 0 => Change::Forget,
            _ => Change::Start,
        };
        let mut undisturbed = flash.clone();
        let should = play(&mut undisturbed, step, None).0;
        let mut may_be = vec![before.clone()];
        may_be.extend(should.clone());
        // Mostly where a change ends and what was before is erased.
        let operations = 2 * (BANK_LEN / 2 / unit) + 12;
        let place = if rng.below(2) == 0 { rng.below(operations) } else { rng.below(12) };
        let how = if rng.below(4) == 0 { Trouble::Fault } else { Trouble::Cut };
        let trouble = (rng.below(2) == 0).then_some((place, how));
        flash.hit = false;
        let (result, number) = play(&mut flash, step, trouble);
        let case = format!("unit {unit}, {nature:?}, seed {seed}, {step_number}: {step:?}, {trouble:?}");
        if !flash.hit {
            assert_eq!(result, should, "{case}");
        }
        if number > 0 {
            assert!(number > last, "{case}: {number} after {last}");
            last = number;
        }
        // The power fails while that is being put right.
        for _ in 0..rng.below(4) {
            flash.reboot();
            flash.trouble = Some((rng.below(8), Trouble::Cut));
            let _cut = open(&mut flash).err();
        }
        flash.trouble = None;
        let left = look(&mut flash).unwrap_or_else(|error| panic!("{case}: {error}"));
        assert!(may_be.contains(&left), "{case}: {left:?} of {may_be:?}");
        assert!(
            !flash.hit || result.is_err() || result == Ok(left.clone()),
            "{case}: what was answered is undone"
        );
        before = left;
    }
}

#[test]
fn power_cuts_one_after_the_other_lose_nothing_that_was_answered() {
    for (index, unit) in UNITS.into_iter().enumerate() {
        let lives = if unit < 8 { 2 } else { 8 };
        (0..lives).for_each(|seed| a_life(unit, seed * 10 + index as u64));
    }
}

#[test]
fn a_first_start_that_is_cut_again_and_again_stays_unprovisioned() {
    for (index, unit) in UNITS.into_iter().enumerate() {
        let mut rng = Random::from_seed(index as u64);
        let mut flash = flash(unit, false, NATURES[index % 4], index as u64);
        for n in 0..60 {
            let (result, _) =
                play(&mut flash, Change::MakeKeys(n), Some((rng.below(360 / unit), Trouble::Cut)));
            assert!(result.is_err() && flash.hit);
            let left = look(&mut flash).unwrap_or_else(|error| panic!("unit {unit}, {n}: {error}"));
            assert!(left.public_key.is_none() && left.may_pair_unasked);
        }
        play(&mut flash, Change::MakeKeys(99), None).0.expect("the power is back");
    }
}

#[test]
fn a_store_that_does_not_fit_its_flash_says_so_before_there_are_keys() {
    // The controller programs more bytes at once than the driver says.
    for (unit, together) in [(1, 2), (4, 2), (8, 2), (8, 4), (16, 2)] {
        let mut flash = flash(unit, false, NATURES[0], 1).with_units_together(together);
        for _ in 0..3 {
            let (result, _) = play(&mut flash, Change::MakeKeys(1), None);
            assert_eq!(result, Err(StoreError::Flash), "{together} of {unit} B");
            assert_eq!(look(&mut flash).expect("a new store").public_key, None);
        }
    }
    for unit in UNITS {
        let mut locked = flash(unit, false, NATURES[0], 1);
        locked.cannot_erase = true;
        assert_eq!(play(&mut locked, Change::MakeKeys(1), None).0, Err(StoreError::Flash));
        let mut short = Model::new(unit, 408, 1, NATURES[0]);
        assert_eq!(open(&mut short).err(), Some(StoreError::Unfit));
    }
    for unit in [0, 33, 64] {
        let mut flash = Model::new(unit, 4_096, 1, NATURES[0]);
        assert_eq!(open(&mut flash).err(), Some(StoreError::Unfit), "unit {unit}");
    }
}

/// What the book says of 10,000 erases of each bank.
#[test]
fn two_banks_take_as_many_starts_an_erase_as_the_book_says() {
    for (unit, bank_len, clears, per_erase) in [
        (4, 1_024, true, 13),
        (8, 1_024, true, 12),
        (2, 2_048, true, 34),
        (32, 2_048, true, 23),
        (8, 2_048, false, 1),
        (32, 8_192, false, 1),
    ] {
        let mut flash = Model::new(unit, bank_len, 1, NATURES[0]);
        flash.clears = clears;
        after(&mut flash, &[Change::MakeKeys(1)]);
        let erases = flash.erases;
        after(&mut flash, &vec![Change::Start; per_erase * 20]);
        assert_eq!(flash.erases - erases, 20, "{unit} {bank_len} {clears}");
        let starts = 2 * 10_000 * per_erase;
        let how = if clears { "cleared" } else { "written once" };
        println!(
            "banks of {bank_len} B, units of {unit} B, {how}: {starts} starts from 10,000 erases of each bank"
        );
    }
}

/// Neither the bank of before nor a slot of before holds what was there.
#[test]
fn what_was_forgotten_or_replaced_is_in_neither_bank() {
    for clears in [false, true] {
        let mut flash = flash(8, clears, NATURES[0], 1);
        after(&mut flash, PAIRED);
        let lies_there = |flash: &Model, key: &[u8]| {
            [Bank::First, Bank::Second]
                .iter()
                .any(|bank| flash.bytes(*bank).windows(key.len()).any(|bytes| bytes == key))
        };
        let (hedge, shared) = {
            let store = open(&mut flash).expect("a store");
            let shared: Vec<_> =
                pinnings(&store).iter().map(|keys| *keys.peer().shared_secret().expose()).collect();
            (*store.hedge().expect("keys").expose(), shared)
        };
        assert!(lies_there(&flash, &hedge) && shared.iter().all(|shared| lies_there(&flash, shared)));
        after(&mut flash, &[Change::Finalise(1, 1)]);
        assert!(lies_there(&flash, &shared[0]) && !lies_there(&flash, &shared[1]), "replaced");
        after(&mut flash, &[Change::Forget]);
        assert!(!lies_there(&flash, &hedge) && !lies_there(&flash, &shared[0]), "forgotten");
    }
}

/// Both banks are whole, and what a power cut has left undecided reads in the way that is worst.
fn both_whole() -> (Model, Said, Said) {
    let mut flash = flash(8, false, NATURES[0], 1);
    let was = after(&mut flash, PAIRED);
    // The bank of before is not erased, as if the power failed at the very beginning of that.
    flash.cannot_erase = true;
    let (result, _) = play(&mut flash, Change::Finalise(1, 1), None);
    assert!(result.is_ok(), "{result:?}");
    flash.cannot_erase = false;
    let is = look(&mut flash.clone()).expect("a store");
    assert_ne!(was, is);
    (flash, was, is)
}

/// The bank of the newer one, and the unit of its first mark: behind guard and begun.
const FIRST_MARK: (Bank, usize) = (Bank::Second, 2);

#[test]
fn an_entry_without_a_mark_counts_for_nothing_whatever_it_reads_as() {
    let (mut flash, was, _) = both_whole();
    flash.misread = Some((FIRST_MARK.0, FIRST_MARK.1, Misread::All(ERASED)));
    assert_eq!(look(&mut flash), Ok(was));
}

/// A mark that was cut has counted at one start and does not at the next, and the erase of that one start was cut.
#[test]
fn no_bank_is_erased_on_the_word_of_a_mark_that_may_have_been_cut() {
    let (mut flash, _, is) = both_whole();
    flash.cannot_erase = true;
    assert_eq!(look(&mut flash), Err(StoreError::Flash), "the mark counted, and the erase began");
    flash.cannot_erase = false;
    flash.misread = Some((FIRST_MARK.0, FIRST_MARK.1, Misread::All(ERASED)));
    assert_eq!(look(&mut flash), Ok(is));
}

#[test]
fn a_unit_that_does_not_take_is_an_error_and_what_was_before_stays() {
    // Of the bank that comes next: what says that it has begun, in the entry, in the seed beside it, its first mark.
    for index in [1, 6, 6 + 20, 6 + 44, FIRST_MARK.1, 6 + 360 / 8] {
        let mut flash = flash(8, false, NATURES[0], 1);
        let was = after(&mut flash, PAIRED);
        flash.misread = Some((Bank::Second, index, Misread::All(ERASED)));
        let (result, _) = play(&mut flash, Change::Finalise(1, 1), None);
        flash.misread = None;
        let is = look(&mut flash);
        // A mark of four does not have to take.
        assert!(
            result.is_err() && is == Ok(was) || index == FIRST_MARK.1 && is == result,
            "{index}: {result:?}"
        );
    }
}

/// With an error-correcting code, what was cut may read as erased and refuses what is written.
#[test]
fn what_a_cut_has_left_that_reads_as_erased_is_erased_once_more() {
    let mut new = flash(1, false, NATURES[3], 1);
    after(&mut new, NEW);
    for n in 0..150 {
        new.reboot(); // another chance
        let mut flash = new.clone();
        let cut = play(&mut flash, Change::Store(0, 0), Some((0, Trouble::Cut))).0;
        assert!(cut.is_err() && flash.hit);
        play(&mut flash, Change::Store(0, 0), None).0.unwrap_or_else(|error| panic!("{n}: {error}"));
    }
}
