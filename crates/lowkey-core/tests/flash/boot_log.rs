//! The boot log against flash of every unit: cut in the middle of anything, with a bad bit, read wrongly, or unfit.

use crate::{NATURES, UNITS};
use lowkey_core::boot_log::{Bank, BootLog, ERASED, Flash, FlashFailed};
use lowkey_core::{Counter, CounterFailed};
use test_support::Random;
use test_support::flash::{Misread, Model, Nature, Trouble};

/// Bytes of so many slots.
fn slots(unit: usize, n: usize) -> usize {
    2 * n * 8_usize.next_multiple_of(unit)
}

/// Programs and erases of a boot that begins a bank.
fn operations(unit: usize) -> usize {
    2 * 8_usize.div_ceil(unit) + 1
}

fn flash(unit: usize, n: usize, seed: u64) -> Model {
    Model::new(unit, slots(unit, n), seed, Nature::default())
}

/// One boot: asks for one number, with or without a power cut after `power` operations.
fn boot(flash: &mut Model, power: Option<usize>) -> Result<u64, CounterFailed> {
    boot_with(flash, power.map(|left| (left, Trouble::Cut)))
}

/// One boot, in which some operations go well before something does not.
fn boot_with(flash: &mut Model, trouble: Option<(usize, Trouble)>) -> Result<u64, CounterFailed> {
    flash.reboot();
    flash.trouble = trouble;
    let number = BootLog::new(&mut *flash).next();
    // Without power there is nobody to receive it.
    if flash.dead { Err(CounterFailed) } else { number }
}

#[test]
fn without_power_cuts_the_numbers_are_1_2_3_and_banks_take_turns() {
    for unit in UNITS {
        let mut flash = flash(unit, 8, 1);
        for n in 1..=101 {
            assert_eq!(BootLog::new(&mut flash).count(), Ok(n - 1));
            assert_eq!(boot(&mut flash, None), Ok(n), "unit {unit}");
            assert_eq!(BootLog::new(&mut flash).count(), Ok(n));
        }
        // Eight boots a bank: the 9th, 17th, … begin one, the 97th the 12th; and two trials.
        assert_eq!(flash.erases, 12 + 2);
    }
}

/// A log outlives the firmware that has begun it. Made by Python: a number and, behind it, its check, both
/// little-endian and both twice.
#[test]
fn the_layout_of_a_log_is_frozen() {
    let slots = [
        (1, [0x01, 0x00, 0x00, 0x00, 0x59, 0x96, 0x20, 0xbd]),
        (2, [0x02, 0x00, 0x00, 0x00, 0xb3, 0x2c, 0xf2, 0xf3]),
        (3, [0x03, 0x00, 0x00, 0x00, 0xda, 0x6e, 0x03, 0xd8]),
    ];
    for (n, bytes) in slots {
        let mut flash = flash(8, 8, 1);
        (1..=n).for_each(|n| assert_eq!(boot(&mut flash, None), Ok(n)));
        let end = 16 * n as usize;
        assert_eq!(flash.bytes(Bank::First)[end - 16..end], bytes.repeat(2), "{n}");
    }
}

/// What the documentation says of 10,000 erases of each bank.
#[test]
fn two_banks_count_as_many_boots_an_erase_as_the_book_says() {
    for (unit, bank_len, per_erase) in [(4, 1_024, 64), (8, 1_024, 64), (32, 1_024, 16), (2, 2_048, 128)] {
        let mut flash = Model::new(unit, bank_len, 1, Nature::default());
        (1..=per_erase * 10 + 1).for_each(|n| assert_eq!(boot(&mut flash, None), Ok(n)));
        assert_eq!(flash.erases, 10 + 2);
        let boots = 2 * 10_000 * per_erase;
        println!("banks of {bank_len} B, units of {unit} B: {boots} boots from 10,000 erases of each bank");
    }
}

#[test]
fn one_boot_can_take_several_numbers() {
    let mut flash = flash(4, 8, 1);
    let mut log = BootLog::new(&mut flash);
    (1..=20).for_each(|n| assert_eq!(log.next(), Ok(n)));
}

/// Boots again and again, with a power cut or a fault in about one of `odds` of them, and holds every number to the
/// promise.
fn numbers_rise(mut flash: Model, seed: u64, boots: usize, odds: usize, operations: usize, case: &str) {
    let mut rng = Random::from_seed(!seed);
    let (mut last, mut cuts) = (0, 0);
    for boot_number in 0..boots {
        // As many cuts before the first number as a bank has slots would lose the log.
        let is_cut = rng.below(odds) == 0 && (last > 0 || cuts < 7);
        let how = if rng.below(4) == 0 { Trouble::Fault } else { Trouble::Cut };
        flash.hit = false;
        match boot_with(&mut flash, is_cut.then(|| (rng.below(operations + 1), how))) {
            Ok(number) => {
                cuts += u64::from(flash.hit); // a fault in a slot: the one behind it was taken
                let case = format!("{case}, seed {seed}, boot {boot_number}: {number} after {last}");
                assert!(number > last, "{case}");
                assert!(number <= last + 1 + cuts, "{case}, {cuts} cuts: a cut costs at most a number");
                (last, cuts) = (number, 0);
            }
            Err(CounterFailed) => {
                assert!(flash.hit, "{case}, seed {seed}, boot {boot_number}: no cut, no number after {last}");
                cuts += 1;
            }
        }
        let count = BootLog::new(&mut flash).count();
        if flash.dead {
            flash.reboot();
        }
        assert!(
            count.is_ok_and(|count| (last..=last + cuts).contains(&count)),
            "{case}, seed {seed}, boot {boot_number}: {count:?} after {last}, {cuts} cuts"
        );
    }
}

#[test]
fn no_number_comes_twice_and_none_is_lost_for_good_after_power_cuts() {
    for unit in UNITS {
        for nature in NATURES {
            for (n, odds, runs) in [(8, 2, 2), (9, 2, 1)] {
                for seed in 0..runs {
                    let flash = Model::new(unit, slots(unit, n), seed, nature);
                    let case = format!("unit {unit}, {nature:?}, {n} slots");
                    numbers_rise(flash, seed, 15 * n, odds, operations(unit), &case);
                }
            }
        }
    }
}

/// Every place for a cut, then every place for a second and a third one.
#[test]
fn three_power_cuts_anywhere_cost_at_most_three_numbers() {
    for unit in [4, 8] {
        let places = operations(unit) + 1;
        for nature in NATURES {
            for before in [0, 1, 6, 7, 8, 15] {
                for cuts in 0..places * places * places {
                    let cuts = [cuts % places, cuts / places % places, cuts / places / places];
                    let mut flash = Model::new(unit, slots(unit, 8), cuts[0] as u64, nature);
                    (1..=before).for_each(|n| assert_eq!(boot(&mut flash, None), Ok(n)));
                    let mut given = vec![before];
                    given.extend(cuts.iter().flat_map(|cut| boot(&mut flash, Some(*cut)).ok()));
                    given.extend((0..6).map(|_| boot(&mut flash, None).expect("the log was lost")));
                    let case =
                        format!("unit {unit}, {nature:?}, {before} boots, cuts in {cuts:?}: {given:?}");
                    assert!(given.is_sorted_by(|a, b| a < b), "{case}");
                    assert!(*given.last().unwrap() <= before + 9, "{case}");
                }
            }
        }
    }
}

/// Any one bit of both banks, at any time: the next number is higher, and so are all behind it.
#[test]
fn one_bad_bit_anywhere_costs_no_number_twice_and_no_log() {
    for unit in [2, 8, 32] {
        for boots in [1, 8, 9, 16] {
            for (bank, bit) in both((0..slots(unit, 8) * 8).step_by(if unit == 8 { 3 } else { 11 })) {
                let mut flash = flash(unit, 8, 1);
                (1..=boots).for_each(|n| assert_eq!(boot(&mut flash, None), Ok(n)));
                flash.flip(bank, bit);
                let mut last = boots;
                for _ in 0..9 {
                    let number = boot(&mut flash, None);
                    assert!(
                        number.is_ok_and(|number| number > last),
                        "unit {unit}, {boots} boots, bit {bit} of {bank:?}, after {last}: {number:?}"
                    );
                    last = number.unwrap_or(last);
                }
            }
        }
    }
}

/// One unit reads wrongly, or not at all: at one start, or from now on.
#[test]
fn one_unit_that_is_misread_costs_no_number_twice_and_no_log() {
    let misreads = [Misread::All(ERASED), Misread::All(0), Misread::Flipped(3), Misread::Fault];
    for (unit, boots) in [2, 8, 32].into_iter().flat_map(|unit| [1, 8, 9, 16].map(move |boots| (unit, boots)))
    {
        for (bank, index) in both(0..slots(unit, 8) / unit) {
            for (misread, for_good) in misreads.into_iter().flat_map(|how| [(how, false), (how, true)]) {
                let mut flash = flash(unit, 8, 1);
                (1..=boots).for_each(|n| assert_eq!(boot(&mut flash, None), Ok(n)));
                flash.misread = Some((bank, index, misread));
                let mut last = boots;
                for start in 0..10 {
                    let number = boot(&mut flash, None);
                    // For good, there may be none: a bank that never reads as erased is not begun.
                    assert!(
                        number.is_ok_and(|number| number > last)
                            || (number.is_err() && (start == 0 || for_good)),
                        "unit {unit}, {boots} boots, {misread:?} in {index} of {bank:?}, after {last}: {number:?}"
                    );
                    last = number.unwrap_or(last);
                    flash.misread = flash.misread.filter(|_| for_good);
                }
            }
        }
    }
}

/// The cases that one error alone does not reach: before it, and after it, the power fails.
#[test]
fn one_misread_among_power_cuts_costs_no_number_twice() {
    let misreads = [Misread::Flipped(0), Misread::Flipped(30), Misread::Fault];
    for unit in [4, 8] {
        for seed in 0..1_500 {
            let mut rng = Random::from_seed(seed);
            let nature = NATURES[rng.below(4)];
            let mut flash = Model::new(unit, slots(unit, 8), seed, nature);
            let when = 2 + rng.below(28);
            let mut last = 0;
            for start in 0..40 {
                let index = rng.below(slots(unit, 8) / unit);
                let bank = if rng.below(2) == 0 { Bank::First } else { Bank::Second };
                flash.misread = (start == when).then(|| (bank, index, misreads[rng.below(3)]));
                let power = (start > 0 && rng.below(3) == 0).then(|| rng.below(operations(unit) + 1));
                if let Ok(number) = boot(&mut flash, power) {
                    assert!(number > last, "unit {unit}, {nature:?}, seed {seed}: {number} after {last}");
                    last = number;
                }
            }
        }
    }
}

/// A cell that can no longer be cleared: the slot behind it is taken.
#[test]
fn a_unit_that_does_not_take_costs_a_number_and_none_comes_twice() {
    let mut flash = flash(4, 8, 1);
    (1..=3).for_each(|n| assert_eq!(boot(&mut flash, None), Ok(n)));
    flash.misread = Some((Bank::First, 13, Misread::All(ERASED)));
    assert_eq!(boot(&mut flash, None), Ok(5));
    assert_eq!(boot(&mut flash, None), Ok(6));
}

#[test]
fn a_log_that_does_not_fit_its_flash_says_so_at_the_first_boot_and_at_each() {
    // The controller programs more bytes at once than the driver says.
    for (unit, together) in [(1, 2), (1, 32), (4, 2), (4, 4), (4, 8), (8, 2), (8, 4), (16, 2)] {
        let mut flash = flash(unit, 16, 1).with_units_together(together);
        (0..5).for_each(|_| assert_eq!(boot(&mut flash, None), Err(CounterFailed), "{together} of {unit} B"));
    }
    for unit in UNITS {
        // The banks cannot be erased, as a log needs it only later.
        let mut locked = flash(unit, 8, 1);
        locked.cannot_erase = true;
        (0..5).for_each(|_| assert_eq!(boot(&mut locked, None), Err(CounterFailed), "unit {unit}"));
        let mut short = Model::new(unit, slots(unit, 8) - unit, 1, Nature::default());
        assert_eq!(boot(&mut short, None), Err(CounterFailed), "unit {unit}");
        assert!(BootLog::new(&mut short).count().is_err());
    }
    for unit in [0, 33, 64] {
        let mut flash = Model::new(unit, 4_096, 1, Nature::default());
        assert_eq!(boot(&mut flash, None), Err(CounterFailed));
    }
}

/// All eight numbers of a bank have one copy left, and nobody has begun the other bank.
#[test]
fn a_full_bank_without_a_number_that_has_both_copies_is_not_left_for_another() {
    for spoiled in 0..2 {
        let mut flash = flash(8, 8, 1);
        (1..=8).for_each(|n| assert_eq!(boot(&mut flash, None), Ok(n)));
        let mut bytes = flash.bytes(Bank::First);
        bytes.chunks_mut(16).for_each(|slot| slot[8 * spoiled..][..8].fill(0));
        flash.put(Bank::First, &bytes);
        assert_eq!(boot(&mut flash, None), Err(CounterFailed), "copy {spoiled}");
        assert_eq!(BootLog::new(&mut flash).count(), Ok(8), "copy {spoiled}");
    }
}

#[test]
fn a_flash_that_is_not_told_how_to_clear_says_so() {
    struct Bare;

    impl Flash for Bare {
        fn unit(&self) -> usize {
            4
        }

        fn bank_len(&self) -> usize {
            1_024
        }

        fn read(&mut self, _: Bank, _: usize, _: &mut [u8]) -> Result<(), FlashFailed> {
            Ok(())
        }

        fn program(&mut self, _: Bank, _: usize, _: &[u8]) -> Result<(), FlashFailed> {
            Ok(())
        }

        fn erase(&mut self, _: Bank) -> Result<(), FlashFailed> {
            Ok(())
        }
    }

    assert_eq!(Bare.clear(Bank::First, 0), Err(FlashFailed));
}

/// A bank that no longer erases is not begun.
#[test]
fn a_bank_that_does_not_erase_is_an_error_every_time() {
    let mut flash = flash(4, 8, 1);
    (1..=8).for_each(|n| assert_eq!(boot(&mut flash, None), Ok(n)));
    flash.cannot_erase = true;
    (0..3).for_each(|_| assert_eq!(boot(&mut flash, None), Err(CounterFailed)));
    flash.cannot_erase = false;
    assert_eq!(boot(&mut flash, None), Ok(9));
}

#[test]
fn damage_is_an_error_and_not_a_guess_and_never_a_new_device() {
    for boots in 1..30 {
        for byte in [0, 0x55, 1, 0xfe] {
            let mut flash = flash(4, 8, 1);
            (1..=boots).for_each(|n| assert_eq!(boot(&mut flash, None), Ok(n)));
            flash.put(Bank::First, &[byte; 128]);
            flash.put(Bank::Second, &[byte; 128]);
            assert_eq!(boot(&mut flash, None), Err(CounterFailed), "{boots} boots, {byte}");
            assert!(BootLog::new(&mut flash).count().is_err());
        }
    }
    // The second bank is blank, and the first holds what no cut leaves there.
    for byte in [0, 0x55, 0xfe] {
        let mut flash = flash(8, 8, 1);
        flash.put(Bank::First, &[byte; 8]);
        assert_eq!(boot(&mut flash, None), Err(CounterFailed), "{byte}");
    }
}

/// Words of the log before this one: a number and its check, then a word of zeros for each boot; 0 and nothing at
/// first.
#[test]
fn the_log_of_an_earlier_version_gives_no_number() {
    const WORDS: usize = 256;
    for unit in [1, 2, 4, 8, 16, 32] {
        for boots in 1..WORDS - 2 {
            let mut words = [u32::MAX; WORDS];
            words[0] = 0;
            words[2..2 + boots].fill(0);
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
            let (mut first, mut both) = (
                Model::new(unit, 1_024, 1, Nature::default()),
                Model::new(unit, 1_024, 1, Nature::default()),
            );
            first.put(Bank::First, &bytes);
            assert_eq!(boot(&mut first, None), Err(CounterFailed), "{boots} boots");
            both.put(Bank::Second, &bytes);
            assert_eq!(boot(&mut both, None), Err(CounterFailed), "{boots} boots");
        }
    }
}

/// Both banks, and each of `indices` in it.
fn both(indices: impl Iterator<Item = usize>) -> impl Iterator<Item = (Bank, usize)> {
    indices.flat_map(|index| [(Bank::First, index), (Bank::Second, index)])
}
