//! Bits that rot, units that are misread, and banks that hold something else: none of that is another store, and none
//! of it is a new one.

use super::{BANK_LEN, Change, NEW, PAIRED, Said, after, change, flash, open, said};
use crate::{NATURES, UNITS};
use lowkey_core::boot_log::{Bank, ERASED};
use lowkey_core::key_store::{KeyStore, StoreError};
use test_support::Random;
use test_support::flash::{Misread, Model, Trouble};

const BANKS: [Bank; 2] = [Bank::First, Bank::Second];

fn start_over(flash: &mut Model) -> Result<KeyStore<&mut Model>, StoreError> {
    let mut store = KeyStore::new(flash);
    store.start_over().map(|()| store)
}

fn look(flash: &mut Model) -> Result<Said, StoreError> {
    flash.reboot();
    open(flash).map(|store| said(&store))
}

/// Stores in use, in one bank and in the other, with one seed and with several.
fn stores(unit: usize) -> impl Iterator<Item = (Model, Said)> {
    [NEW, PAIRED].into_iter().flat_map(move |changes| {
        (0..2).flat_map(move |more| {
            [false, true].map(|clears| {
                let mut flash = flash(unit, clears, NATURES[0], 1);
                let said = after(&mut flash, &[changes, &[Change::Start, Change::Start][..more]].concat());
                (flash, said)
            })
        })
    })
}

#[test]
fn one_bad_bit_anywhere_is_damage_or_nothing() {
    for (unit, stride) in [(2, 197), (8, 47), (32, 67)] {
        let mut found = [0, 0];
        for (new, was) in stores(unit) {
            for (bank, bit) in BANKS
                .into_iter()
                .flat_map(|bank| (0..BANK_LEN * 8).step_by(stride).map(move |bit| (bank, bit)))
            {
                let mut flash = new.clone();
                flash.flip(bank, bit);
                match look(&mut flash) {
                    Ok(left) => {
                        assert_eq!(left, was, "unit {unit}, bit {bit} of {bank:?}");
                        found[0] += 1;
                    }
                    Err(error) => {
                        assert_eq!(error, StoreError::Damaged, "unit {unit}, bit {bit} of {bank:?}");
                        found[1] += 1;
                    }
                }
            }
        }
        assert!(found[0] > 0 && found[1] > 0, "{found:?}");
    }
}

/// At one start: what is there, or an error, and afterwards it is as if nothing had been.
#[test]
fn one_unit_that_is_misread_is_an_error_at_most() {
    let misreads = [Misread::All(ERASED), Misread::All(0), Misread::Flipped(3), Misread::Fault];
    for (unit, (new, was)) in
        [8, 32].into_iter().flat_map(|unit| stores(unit).map(move |store| (unit, store)))
    {
        for (bank, index) in BANKS.into_iter().flat_map(|bank| (0..BANK_LEN / unit).map(move |i| (bank, i))) {
            let mut flash = new.clone();
            let misread = misreads[index % 4];
            flash.misread = Some((bank, index, misread));
            let case = format!("unit {unit}, {misread:?} in {index} of {bank:?}");
            match look(&mut flash) {
                Ok(left) => assert_eq!(left, was, "{case}"),
                Err(error) => {
                    assert!(matches!(error, StoreError::Damaged | StoreError::Flash), "{case}: {error}");
                }
            }
            flash.misread = None;
            assert_eq!(look(&mut flash), Ok(was.clone()), "{case}");
        }
    }
}

#[test]
fn a_damaged_store_is_no_blank_one_and_opens_no_window_by_itself() {
    for unit in UNITS {
        for (new, was) in stores(unit) {
            for byte in [0, 0x55, 0xfe] {
                let mut flash = new.clone();
                BANKS.iter().for_each(|bank| flash.put(*bank, &vec![byte; BANK_LEN / unit * unit]));
                assert_eq!(look(&mut flash), Err(StoreError::Damaged), "unit {unit}, {byte}");
            }
            // One of them is gone, or reads as erased.
            for bank in BANKS {
                let mut flash = new.clone();
                flash.put(bank, &vec![ERASED; BANK_LEN / unit * unit]);
                let left = look(&mut flash);
                assert!(left == Err(StoreError::Damaged) || left == Ok(was.clone()), "unit {unit}: {left:?}");
            }
        }
    }
}

/// The power fails before the bank that was erased is guarded, and a bit goes wrong in the other one.
#[test]
fn one_bad_bit_makes_no_blank_store_while_the_other_bank_is_merely_erased() {
    for unit in [2, 8, 32] {
        for (mut new, was) in stores(unit) {
            new.put(Bank::Second, &vec![ERASED; BANK_LEN / unit * unit]);
            if look(&mut new.clone()) != Ok(was.clone()) {
                continue; // the second one was in use
            }
            for bit in (0..BANK_LEN * 8).step_by(31) {
                let mut flash = new.clone();
                flash.flip(Bank::First, bit);
                let left = look(&mut flash);
                assert!(
                    left == Err(StoreError::Damaged) || left == Ok(was.clone()),
                    "unit {unit}, {bit}: {left:?}"
                );
            }
        }
    }
}

/// Somebody has asked for it at the device: then there is a store again, and its windows have to be asked for.
#[test]
fn a_store_in_place_of_a_damaged_one_has_to_be_asked_for_a_window() {
    for (index, unit) in UNITS.into_iter().enumerate() {
        for place in (0..).step_by(if unit < 8 { 40 } else { 3 }) {
            let mut flash = flash(unit, false, NATURES[index % 4], place as u64);
            after(&mut flash, PAIRED);
            BANKS.iter().for_each(|bank| (0..40).for_each(|byte| flash.flip(*bank, byte * 64)));
            assert_eq!(look(&mut flash), Err(StoreError::Damaged));
            flash.trouble = Some((place, Trouble::Cut));
            let over = start_over(&mut flash).map(|store| said(&store));
            flash.trouble = None;
            let (is_cut, left) = (flash.hit, look(&mut flash));
            let left = left.or_else(|error| {
                assert!(
                    is_cut && error == StoreError::Damaged,
                    "unit {unit}, {place}: {error} after {over:?}"
                );
                start_over(&mut flash).map(|store| said(&store))
            });
            assert_eq!(left, Ok(Said::default()), "unit {unit}, {place}");
            let mut store = start_over(&mut flash).expect("it is no longer damaged");
            change(&mut store, Change::MakeKeys(2)).expect("a store");
            assert!(!store.may_pair_unasked());
            if !is_cut {
                break;
            }
        }
    }
}

/// Whoever goes on with one all the same gets no window by itself, and no keys either: it is not known what was spent.
#[test]
fn a_damaged_store_that_cannot_be_started_over_is_as_if_nobody_had_read_it() {
    for unit in UNITS {
        let mut flash = flash(unit, false, NATURES[0], 1);
        after(&mut flash, PAIRED);
        BANKS.iter().for_each(|bank| (0..40).for_each(|byte| flash.flip(*bank, byte * 64)));
        flash.trouble = Some((0, Trouble::Fault));
        let mut store = KeyStore::new(&mut flash);
        assert_eq!(store.start_over(), Err(StoreError::Flash));
        assert!(!store.may_pair_unasked(), "unit {unit}");
        assert_eq!(change(&mut store, Change::MakeKeys(1)), Err(StoreError::Flash), "unit {unit}");
        assert_eq!(look(&mut flash), Err(StoreError::Damaged), "unit {unit}");
    }
}

/// Bytes of anything are no store; and whatever is read gives no key.
#[test]
fn noise_is_no_store() {
    for seed in 0..60 {
        let mut rng = Random::from_seed(seed);
        let mut flash = flash(8, false, NATURES[0], seed);
        BANKS.iter().for_each(|bank| flash.put(*bank, &rng.bytes(BANK_LEN)));
        assert_eq!(look(&mut flash), Err(StoreError::Damaged), "seed {seed}");
    }
}
