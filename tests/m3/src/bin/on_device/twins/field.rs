//! The field.

use lowkey_crypto::testing::{Element, Plain, Thumb2, Twin};

use super::equal;
use crate::{Verdict, random::Random};

/// Every pair of odd operands, and random ones.
pub(crate) fn compare(rounds: u16, random: &mut Random) -> Verdict {
    for a in ODD {
        for b in ODD {
            pair(a, b)?;
        }
        pair(&random.words(), a)?;
    }
    for _ in 0..rounds {
        pair(&random.words(), &random.words())?;
    }
    Ok(())
}

fn pair(a: &Element, b: &Element) -> Verdict {
    // Any operands.
    let (mut one, mut other) = ([0; 8], [1; 8]);
    Plain::mul(&mut one, a, b);
    Thumb2::mul(&mut other, a, b);
    equal(&one, &other, "mul")?;
    Plain::square(&mut one, a);
    Thumb2::square(&mut other, a);
    equal(&one, &other, "square")?;
    in_place(a, b, Plain::mul_by, Thumb2::mul_by, "mul_by")?;
    in_place(a, b, |a, _| Plain::square_in_place(a), |a, _| Thumb2::square_in_place(a), "square_in_place")?;
    in_place(a, b, Plain::add_multiple, Thumb2::add_multiple, "add_multiple")?;
    for mask in [0, u32::MAX] {
        in_place(a, b, |a, b| Plain::select(a, b, mask), |a, b| Thumb2::select(a, b, mask), "select")?;
    }
    // Reduced ones.
    let (a, b) = (&reduced(a), &reduced(b));
    in_place(a, b, Plain::subtract, Thumb2::subtract, "subtract")?;
    let (mut one_b, mut other_b) = (*b, *b);
    Plain::butterfly(&mut one, a, &mut one_b);
    Thumb2::butterfly(&mut other, a, &mut other_b);
    equal(&(one, one_b), &(other, other_b), "butterfly")
}

/// Both on a copy of `a`.
fn in_place(
    a: &Element,
    b: &Element,
    plain: impl Fn(&mut Element, &Element),
    thumb2: impl Fn(&mut Element, &Element),
    otherwise: &'static str,
) -> Verdict {
    let (mut one, mut other) = (*a, *a);
    plain(&mut one, b);
    thumb2(&mut other, b);
    equal(&one, &other, otherwise)
}

/// The same below 2^255 + 2^242, the bound of [`Element`]; what is above comes down to it.
fn reduced(a: &Element) -> Element {
    let mut a = *a;
    let [.., top] = &mut a;
    if *top >= LIMIT {
        *top = if *top % 2 == 0 { LIMIT - 1 } else { *top & 0x7FFF_FFFF };
    }
    a
}

/// The highest word of 2^255 + 2^242.
const LIMIT: u32 = 0x8004_0000;

const ONES: u32 = u32::MAX;
/// Little-endian words.
pub(crate) const ODD: &[Element] = &[
    [0; 8],
    [1, 0, 0, 0, 0, 0, 0, 0],
    // p - 1, p, p + 1
    [0xFFFF_FFEC, ONES, ONES, ONES, ONES, ONES, ONES, 0x7FFF_FFFF],
    [0xFFFF_FFED, ONES, ONES, ONES, ONES, ONES, ONES, 0x7FFF_FFFF],
    [0xFFFF_FFEE, ONES, ONES, ONES, ONES, ONES, ONES, 0x7FFF_FFFF],
    // 2^255 - 1, 2^255, 2^255 + 2^242 - 1
    [ONES, ONES, ONES, ONES, ONES, ONES, ONES, 0x7FFF_FFFF],
    [0, 0, 0, 0, 0, 0, 0, 0x8000_0000],
    [ONES, ONES, ONES, ONES, ONES, ONES, ONES, 0x8003_FFFF],
    // 2p - 1, 2p, 2p + 1, 2^256 - 1
    [0xFFFF_FFD9, ONES, ONES, ONES, ONES, ONES, ONES, ONES],
    [0xFFFF_FFDA, ONES, ONES, ONES, ONES, ONES, ONES, ONES],
    [0xFFFF_FFDB, ONES, ONES, ONES, ONES, ONES, ONES, ONES],
    [ONES; 8],
    // A carry from one end to the other.
    [38, ONES, ONES, ONES, ONES, ONES, ONES, ONES],
    [0, ONES, ONES, ONES, ONES, ONES, ONES, ONES],
    // Words, halves and bits in turn.
    [ONES, 0, ONES, 0, ONES, 0, ONES, 0],
    [0, ONES, 0, ONES, 0, ONES, 0, ONES],
    [0x0000_FFFF; 8],
    [0xFFFF_0000; 8],
    [0x8000_0000; 8],
    [0x0000_8000; 8],
    [0x5555_5555; 8],
    [0xAAAA_AAAA; 8],
    [0, 0, 0, ONES, 0, 0, 0, 0],
    [0, 0, 0, 0, ONES, 0, 0, 0],
];
