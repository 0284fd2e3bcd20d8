//! The boot log on a flash whose power fails, or whose controller reports a fault, in the middle of anything.
//!
//! Held to: numbers strictly increase; each cut or fault costs at most a number; without one there is
//! no error; the count is never below the last number; nothing is programmed twice. The flash is that of the
//! log's own tests.

use lowkey_core::boot_log::BootLog;
use lowkey_core::{Counter, CounterFailed};
use test_support::Input;
use test_support::flash::{Misread, Model, Nature, Trouble};

const MAX_OPS: usize = 400;
const UNITS: [usize; 9] = [1, 2, 3, 4, 8, 12, 16, 31, 32];
/// As many cuts in a row as a bank has slots, before the first number, lose the log.
const MIN_SLOTS: u64 = 8;
/// And so can as many as both have, after any number: what reads as sure when a bank is begun may not later.
const BOTH_BANKS: u64 = 2 * MIN_SLOTS;

/// Plays a script of boots: unit, slots, seed, nature, then an operation a byte.
pub fn boot_log(data: &[u8]) {
    let mut input = Input::new(data);
    let unit = input.choose(&UNITS);
    let slots = input.choose(&[8, 9, 16, 32]);
    let seed = u64::from(input.u16());
    let nature = Nature { by_boot: input.flag(), has_code: input.flag() };
    let mut flash = Model::new(unit, 2 * slots * 8_usize.next_multiple_of(unit), seed, nature);
    let operations = 2 * 8_usize.div_ceil(unit) + 2;
    let (mut last, mut lost, mut is_first) = (0, 0, true);
    for _ in 0..MAX_OPS {
        let Some(op) = input.op() else { break };
        // How much goes well before something does not, and what does not.
        let left = input.below(operations);
        flash.trouble = match op % 8 {
            _ if is_first && lost + 1 >= MIN_SLOTS || lost + 1 >= BOTH_BANKS => None,
            0..=3 => None,
            4..=6 => Some((left, Trouble::Cut)),
            _ => Some((left, Trouble::Fault)),
        };
        flash.hit = false;
        let result = BootLog::new(&mut flash).next();
        lost += u64::from(flash.hit);
        match result {
            _ if flash.dead => {} // there is nobody to receive a number
            Ok(number) => {
                assert!(number > last, "{number} after {last}");
                assert!(number <= last + 1 + lost, "{number} after {last}, {lost} lost");
                (last, lost, is_first) = (number, 0, false);
            }
            Err(CounterFailed) => assert!(flash.hit, "no trouble, no number: after {last}"),
        }
        if flash.dead || op & 0x40 != 0 {
            flash.reboot();
        }
        let count = BootLog::new(&mut flash).count();
        assert!(count.is_ok_and(|count| (last..=last + lost).contains(&count)), "{count:?} after {last}");
    }
    // All slots of a bank but the one whose number was given out may be cut: what the log's page says is left.
    if lost + 1 < MIN_SLOTS {
        misread(&mut flash, &mut input, last);
    }
}

/// Then one unit is read wrongly at one start: no number comes twice.
fn misread(flash: &mut Model, input: &mut Input<'_>, mut last: u64) {
    let how = match input.byte() % 4 {
        0 => Misread::All(input.byte()),
        1 => Misread::Fault,
        _ => Misread::Flipped(usize::from(input.byte())),
    };
    let bank =
        if input.flag() { lowkey_core::boot_log::Bank::First } else { lowkey_core::boot_log::Bank::Second };
    flash.misread = Some((bank, input.below(256), how));
    for _ in 0..8 {
        flash.reboot();
        if let Ok(number) = BootLog::new(&mut *flash).next() {
            assert!(number > last, "{number} after {last}, {how:?}");
            last = number;
        }
        flash.misread = None;
    }
}
