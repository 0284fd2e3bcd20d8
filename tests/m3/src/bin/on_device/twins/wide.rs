//! X25519 for cores with UMAAL.

use lowkey_crypto::testing::{Dsp, Element, PlainWide, Wide};

use super::{equal, field::ODD, x25519};
use crate::{Verdict, random::Random};

/// Every pair of odd operands, and random ones.
pub(crate) fn compare(rounds: u16, random: &mut Random) -> Verdict {
    for a in ODD {
        for b in ODD {
            pair(a, b)?;
        }
        pair(&random.words(), a)?;
        pair(a, &random.words())?;
    }
    for _ in 0..rounds {
        pair(&random.words(), &random.words())?;
        // Words that carry far.
        pair(&sparse(random), &sparse(random))?;
    }
    Ok(())
}

/// As [`x25519::compare`].
pub(crate) fn compare_ladders(most: u16, random: &mut Random) -> Verdict {
    x25519::compare_both((PlainWide::multiply, Dsp::multiply), most, random)
}

fn pair(a: &Element, b: &Element) -> Verdict {
    // Any operands.
    let (mut one, mut other) = ([0; 8], [1; 8]);
    PlainWide::mul(&mut one, a, b);
    Dsp::mul(&mut other, a, b);
    equal(&one, &other, "wide mul")?;
    PlainWide::square(&mut one, a);
    Dsp::square(&mut other, a);
    equal(&one, &other, "wide square")?;
    for mask in [0, u32::MAX] {
        PlainWide::square_of_one(&mut one, &[*a, *b], mask);
        Dsp::square_of_one(&mut other, &[*a, *b], mask);
        equal(&one, &other, "wide square_of_one")?;
    }
    // Reduced ones.
    let (a, b) = (reduced(a), reduced(b));
    let (mut one_sum, mut other_sum) = (a, a);
    PlainWide::butterfly(&mut one, &mut one_sum, &b);
    Dsp::butterfly(&mut other, &mut other_sum, &b);
    equal(&(one, one_sum), &(other, other_sum), "wide butterfly")
}

/// The same below 2^255 + 2^11, the bound of [`Wide`]; what is above comes down to it.
fn reduced(a: &Element) -> Element {
    let mut a = *a;
    let [lowest, middle @ .., top] = &mut a;
    if *top > 0x8000_0000 {
        *top &= 0x7FFF_FFFF;
    } else if *top == 0x8000_0000 {
        *lowest %= 1 << 11;
        *middle = [0; 6];
    }
    a
}

/// Words of which most are all ones or zeros.
fn sparse(random: &mut Random) -> Element {
    let [choice] = random.words();
    let mut words = random.words();
    for (i, word) in words.iter_mut().enumerate() {
        match choice >> (4 * i) & 7 {
            0..=3 => *word = u32::MAX,
            4 | 5 => *word = 0,
            _ => {}
        }
    }
    words
}
