//! The compact body's primitives against the portable ones: X25519, the AEAD, BLAKE2s; and its field against arithmetic
//! on numbers of any size.
//!
//! Holds to: both give the same bytes; what one seals the other opens, and neither opens anything else; a field's
//! result stands for the right residue and is as small as it promises. The pieces that a hash is given do not matter.

use lowkey_crypto::{
    Forged,
    testing::{Body, Compact, Element, Plain, Portable, Twin},
};

use crate::residue::Residue;
use test_support::Input;

/// Runs the script in `data`.
pub fn primitives(data: &[u8]) {
    let mut input = Input::new(data);
    while let Some(op) = input.op() {
        match op % 4 {
            0 => x25519(&mut input),
            1 => aead(&mut input),
            2 => blake2s(&mut input),
            _ => arithmetic(&mut input),
        }
    }
}

fn x25519(input: &mut Input<'_>) {
    let (private, public) = (number(input), number(input));
    assert_eq!(
        Compact::public_key(&private),
        Portable::public_key(&private),
        "the public key of {private:x?}"
    );
    let shared = Compact::diffie_hellman(&private, &public);
    assert_eq!(shared, Portable::diffie_hellman(&private, &public), "{private:x?} times {public:x?}");
}

fn aead(input: &mut Input<'_>) {
    let (key, nonce) = (number(input), array(input));
    let (ad, plain) = (input.chunk(), input.chunk());
    let mut texts = [plain.to_vec(), plain.to_vec()];
    let [ours, theirs] = &mut texts;
    let tag = Compact::seal(&key, &nonce, ad, ours);
    assert_eq!(tag, Portable::seal(&key, &nonce, ad, theirs), "the tag over {plain:x?}");
    assert_eq!(ours, theirs, "{plain:x?} sealed");

    // One bit of what was sealed, its tag or the data, or none of them.
    let (mut ad, mut tag) = (ad.to_vec(), tag);
    let bits = (ad.len() + ours.len() + tag.len()) * 8;
    let bit = input.below(bits + 1);
    let honest = bit == bits;
    if !honest {
        let mut all = ad.iter_mut().chain(&mut *ours).chain(&mut tag);
        all.nth(bit / 8).into_iter().for_each(|byte| *byte ^= 1 << (bit % 8));
        theirs.clone_from(ours);
    }
    let expected = if honest { Ok(()) } else { Err(Forged) };
    assert_eq!(Compact::open(&key, &nonce, &ad, ours, &tag), expected);
    assert_eq!(Portable::open(&key, &nonce, &ad, theirs, &tag), expected);
    if honest {
        assert_eq!([&ours[..], theirs], [plain; 2]);
    }
}

fn blake2s(input: &mut Input<'_>) {
    let key = number(input);
    // A MAC of BLAKE2's own if the pad is zero, otherwise a half of HMAC's.
    let mac = input.flag().then(|| (&key, input.byte()));
    let pieces: Vec<&[u8]> = (0..input.below(5)).map(|_| input.chunk()).collect();
    let whole = pieces.concat();
    assert_eq!(Compact::hash(mac, &pieces), Portable::hash(mac, &[&whole]), "the hash of {whole:x?}");
}

fn arithmetic(input: &mut Input<'_>) {
    let (a, b) = (element(input), element(input));
    let (x, y) = (Residue::of(&a), Residue::of(&b));
    let mut out = [0; 8];
    Plain::mul(&mut out, &a, &b);
    is(&out, &x.times(&y), "a product");
    let mut product = a;
    Plain::mul_by(&mut product, &b);
    assert_eq!(product, out);
    Plain::square(&mut out, &a);
    is(&out, &x.times(&x), "a square");
    let mut square = a;
    Plain::square_in_place(&mut square);
    assert_eq!(square, out);
    let mut sum = a;
    Plain::add_multiple(&mut sum, &b);
    is(&sum, &x.plus(&Residue::of(&[121_666, 0, 0, 0, 0, 0, 0, 0]).times(&y)), "a + 121,666 b");
    for (mask, chosen) in [(0, a), (u32::MAX, b)] {
        let mut selected = a;
        Plain::select(&mut selected, &b, mask);
        assert_eq!(selected, chosen);
    }

    // These want reduced operands; what they give fits 256 bits.
    let (a, b) = (reduced(a), reduced(b));
    let (x, y) = (Residue::of(&a), Residue::of(&b));
    let mut difference = a;
    Plain::subtract(&mut difference, &b);
    assert_eq!(Residue::of(&difference), x.minus(&y), "{a:x?} - {b:x?}");
    let (mut sum, mut other) = ([0; 8], b);
    Plain::butterfly(&mut sum, &a, &mut other);
    assert_eq!(Residue::of(&sum), x.plus(&y), "{a:x?} + {b:x?}");
    assert_eq!(Residue::of(&other), x.minus(&y), "{a:x?} - {b:x?}");
}

/// The right residue, and reduced.
fn is(result: &Element, expected: &Residue, what: &str) {
    assert_eq!(Residue::of(result), *expected, "{what}: {result:x?}");
    assert!(result[7] < LIMIT, "{what} is not reduced: {result:x?}");
}

fn reduced(mut a: Element) -> Element {
    if a[7] >= LIMIT {
        a[7] &= 0x7FFF_FFFF;
    }
    a
}

fn element(input: &mut Input<'_>) -> Element {
    let bytes = number(input);
    std::array::from_fn(|i| u32::from_le_bytes(std::array::from_fn(|j| bytes[4 * i + j])))
}

/// 32 bytes: as they come, or near a number at which something ends.
fn number(input: &mut Input<'_>) -> [u8; 32] {
    let kind = input.byte();
    let top = if kind & 1 == 0 { 0x7F } else { 0xFF };
    match kind % 8 {
        0..=3 => array(input),
        // p, 2^255, 2p, 2^256, and 128 below and above.
        4 | 5 => {
            let mut bytes = [0xFF; 32];
            (bytes[0], bytes[31]) = (input.byte(), top);
            bytes
        }
        6 => {
            let mut bytes = [0; 32];
            bytes[0] = input.byte();
            bytes
        }
        _ => [input.byte(); 32],
    }
}

fn array<const N: usize>(input: &mut Input<'_>) -> [u8; N] {
    std::array::from_fn(|_| input.byte())
}

/// The highest word of 2^255 + 2^242, below which *reduced* is.
const LIMIT: u32 = 0x8004_0000;
