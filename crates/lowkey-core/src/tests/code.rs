//! The protocol, "Pairing" (§6): the code, as bytes and as people type it.

use crate::code::base32;
use crate::code::label::{self, LabelError};
use crate::code::{Code, CodeError};
use std::format;
use std::string::String;
use std::vec::Vec;

/// The vector of §6.
const BYTES: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
const TEXT: &str = "AAAQEAYEAUDAOCAJBIFQYDIOB4";
/// Another one, since nobody may use that.
const USABLE: &str = "A77YGBAH76BQIB77QMCAP74DAQ";
const PSK: &str = "b4d30a99339bac9cc6cc8a0c9061fc73505aed0bc53854ad92c8d8cbd54c266f";
const NAME: &str = "43dd204498165944";

#[test]
fn pairing_a_code_has_the_psk_and_the_name_of_the_page() {
    assert_eq!(written(&BYTES), TEXT);
    let code = Code::of(&BYTES).unwrap();
    assert_eq!(code.psk().secret().expose()[..], super::common::hex(PSK)[..]);
    assert_eq!(code.name().as_bytes(), super::common::hex(NAME));
}

#[test]
fn pairing_the_code_of_the_page_is_nobody_s() {
    assert_eq!(Code::new(&BYTES).map(drop), Err(CodeError::Published));
    assert_eq!(Code::parse(TEXT).map(drop), Err(CodeError::Published));
}

#[test]
fn pairing_a_code_is_read_as_people_type_it() {
    let bytes = [[7, 0xff], [0x83, 4]].concat().repeat(4);
    for typed in [USABLE, "a77ygbah76bqib77qmcap74daq", " A77Y-GBAH-76BQ IB77-qmca-P74D-AQ-"] {
        assert_eq!(Code::parse(typed).unwrap().expose(), bytes, "{typed}");
    }
    for len in Code::MIN..=Code::MAX {
        let bytes: Vec<u8> = (0..len).map(|at| (at * 37 + 255) as u8).collect();
        assert_eq!(Code::parse(written(&bytes)).unwrap().expose(), bytes);
    }
}

#[test]
fn pairing_anything_else_is_no_code_and_says_what_is_wrong() {
    let refused = |text: &str| Code::parse(text).map(drop).unwrap_err();
    let with = |at: usize, letter: char| {
        let mut letters: Vec<char> = TEXT.chars().collect();
        letters[at] = letter;
        letters.into_iter().collect::<String>()
    };
    // Every letter that is none: the digits that look like letters, padding, what is beside the ranges in ASCII.
    for letter in "0189=+/@[`{1:_.\t\n\0\u{7f}\u{e9}\u{ff21}".chars() {
        assert_eq!(refused(&with(7, letter)), CodeError::Letter, "{letter:?}");
    }
    // The two bits behind the last byte are zeros.
    assert_eq!(refused(&with(25, '5')), CodeError::LastLetter);
    // Too short to be a code, whatever its last letter is.
    for len in 1..26 {
        assert_eq!(refused(&USABLE[..len]), CodeError::Length, "{len}");
    }
    // A letter too few, too many; a length that no bytes give; nothing.
    let short = &TEXT[..25];
    for text in [short, &format!("{TEXT}A"), &written(&BYTES[1..]), &written(&[7; 33]), ""] {
        assert_eq!(refused(text), CodeError::Length, "{text}");
    }
    assert_eq!(refused(&"A".repeat(400)), CodeError::Length);
    // A whole label is right for another function.
    assert!(refused(LABEL).as_str().contains("label::parse"));
    for len in [0, 15, 33] {
        assert_eq!(Code::new(&[7; 40][..len]).map(drop), Err(CodeError::Length));
    }
}

#[test]
fn a_blank_label_area_is_no_code() {
    for len in Code::MIN..=Code::MAX {
        for byte in [0, 0xff] {
            let bytes = &mut [byte; Code::MAX][..len];
            assert_eq!(Code::new(bytes).map(drop), Err(CodeError::Blank));
            assert_eq!(Code::parse(written(bytes)).map(drop), Err(CodeError::Blank));
            bytes[len - 1] ^= 1;
            assert!(Code::new(bytes).is_ok());
        }
        assert!(Code::new(&[7; Code::MAX][..len]).is_ok());
    }
}

#[test]
fn base32_takes_every_letter_in_both_cases_and_nothing_else() {
    let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    for byte in 0..=127_u8 {
        let letter = char::from(byte);
        let value = letters.find(letter.to_ascii_uppercase());
        let mut out = [0; 5];
        let read = base32::decode(format!("{letter}AAAAAAA"), &mut out);
        match value {
            Some(value) => assert_eq!((read, out[0]), (Ok(5), (value << 3) as u8), "{letter:?}"),
            None if matches!(letter, ' ' | '-') => assert_eq!(read, Ok(4), "seven letters"),
            None => assert_eq!(read, Err(CodeError::Letter), "{letter:?}"),
        }
    }
}

#[test]
fn base32_is_written_as_it_is_read_whatever_the_bytes() {
    for value in 0..=255_u8 {
        for len in 0..7 {
            let bytes: Vec<u8> = (0..len).map(|at| value.wrapping_mul(at * 2 + 1).wrapping_add(at)).collect();
            let (mut letters, mut back) = ([0; 12], [0; 8]);
            let n = base32::encode(&bytes, &mut letters).unwrap();
            let text = core::str::from_utf8(&letters[..n]).unwrap();
            assert_eq!(text, written(&bytes));
            assert_eq!(base32::decode(text, &mut back).unwrap(), bytes.len());
            assert_eq!(back[..bytes.len()], bytes);
            let short = n.saturating_sub(1);
            let refused = base32::encode(&bytes, &mut letters[..short]);
            assert_eq!(refused.is_err(), n > 0);
        }
    }
}

/// Made by Python's hashlib and base64: of the code of §6, and of one that may be used.
const LABEL_OF_PAGE: &str = "LOWKEY:1/IPOSAREYCZMUIAABAIBQIBIGA4EASCQLBQGQ4DYVRQ";
const LABEL: &str = "LOWKEY:1/WXP7G7GOMX742B77QMCAP74DAQD77AYEA77YGBEWME";

#[test]
fn pairing_a_label_holds_name_code_and_check() {
    let mut text = [0; label::LEN];
    for (code, expected) in [(Code::of(&BYTES), LABEL_OF_PAGE), (Code::parse(USABLE), LABEL)] {
        label::write(&code.unwrap(), &mut text).unwrap();
        assert_eq!(text, expected.as_bytes());
    }
    let long = Code::new(&[7; 17]).unwrap();
    assert_eq!(label::write(&long, &mut text), Err(CodeError::Length));
    assert_eq!(text, LABEL.as_bytes());
    let alphanumeric =
        |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || b" $%*+-./:".contains(byte);
    assert!(text.iter().all(alphanumeric));
}

#[test]
fn pairing_a_code_is_typed_bare_or_as_the_whole_label() {
    let expected = Code::parse(USABLE).unwrap();
    let spaced = "  lowkey:1/ wxp7g 7gomx-742b7-7qmca-p74da-qd77a-yea77-ygbew-me\n";
    let without_its_beginning = &LABEL["LOWKEY:1/".len()..];
    for text in [LABEL, spaced, without_its_beginning, USABLE, "a77y-gbah-76bq-ib77-qmca-p74d-aq "] {
        assert_eq!(label::parse(text).unwrap().expose(), expected.expose(), "{text}");
    }
}

#[test]
fn pairing_inside_a_label_spaces_and_hyphens_are_skipped_and_no_other_white_space() {
    for at in "LOWKEY:".len()..LABEL.len() {
        let with = |skipped: &str| label::parse(format!("{}{skipped}{}", &LABEL[..at], &LABEL[at..]));
        // The version and its stroke are one.
        assert_eq!(with(" - ").is_ok(), at != "LOWKEY:1".len(), "{at}");
        ["\t", "\n", "\r", "\x0c"].iter().for_each(|other| assert!(with(other).is_err(), "{at}"));
    }
}

#[test]
fn pairing_a_typing_error_anywhere_in_a_label_is_named_as_one() {
    for at in "LOWKEY:1/".len()..LABEL.len() {
        for other in ["A", "7", "0", "\u{e9}", "", "BB"] {
            let wrong = format!("{}{other}{}", &LABEL[..at], &LABEL[at + 1..]);
            if wrong != LABEL {
                let error = label::parse(&wrong).unwrap_err();
                assert!(error.as_str().starts_with("a typing error"), "{wrong}: {error}");
            }
        }
    }
    for (wrong, error) in [
        ("", LabelError::Code(CodeError::Length)),
        ("LOWKEY:", LabelError::Version),
        ("LOWKEY:2/AAAA", LabelError::Version),
        ("LOWKEY:1/AAAA", LabelError::Code(CodeError::Length)),
        ("AAAQEAYEAUDAOCAJBIFQYDIOB1", LabelError::Code(CodeError::Letter)),
        ("\u{202e}AAAQ", LabelError::Code(CodeError::Letter)),
        ("AAAAAAAAAAAAAAAAAAAAAAAAAA", LabelError::Code(CodeError::Blank)),
        ("A77YGBAH76BQIB77QMCAP74DAR", LabelError::Code(CodeError::LastLetter)),
        (LABEL_OF_PAGE, LabelError::Code(CodeError::Published)),
        (&LABEL_OF_PAGE["LOWKEY:1/".len()..], LabelError::Code(CodeError::Published)),
    ] {
        assert_eq!(label::parse(wrong).unwrap_err(), error, "{wrong}");
    }
}

#[test]
fn a_code_is_not_printed() {
    assert_eq!(format!("{:?}", Code::new(&[7; 16])), "Ok(Code(..))");
}

/// RFC 4648 §6 without padding.
fn written(bytes: &[u8]) -> String {
    let bit = |n: usize| bytes.get(n / 8).is_some_and(|byte| byte << (n % 8) & 0x80 != 0);
    let letter = |n: usize| (0..5).fold(0, |value, at| value * 2 + usize::from(bit(5 * n + at)));
    let letters = (0..(bytes.len() * 8).div_ceil(5)).map(letter);
    letters.map(|value| char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[value])).collect()
}
