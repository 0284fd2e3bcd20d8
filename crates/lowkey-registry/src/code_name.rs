//! The name of a code as text: its 8 bytes in hex. The code itself is a secret, and is in no registry.

use lowkey_core::Id;
use lowkey_host::text::Hex;

/// As it stands in registries and in what people are told: 16 digits.
pub fn show_code_name(name: &Id) -> String {
    Hex(name.as_bytes()).to_string()
}

/// The name that `text` is; `None` if it is none.
pub(crate) fn parse_code_name(text: &str) -> Option<Id> {
    let is_digit = |digit: u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
    if text.len() != DIGITS || !text.bytes().all(is_digit) {
        return None;
    }
    Id::new(&u64::from_str_radix(text, 16).ok()?.to_be_bytes())
}

/// Two for each of 8 bytes.
const DIGITS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_s_name_is_sixteen_digits_and_nothing_else() {
        let name = Id::new(&[0x43, 0xdd, 0x20, 0x44, 0x98, 0x16, 0x59, 0x0f]).unwrap();
        assert_eq!(show_code_name(&name), "43dd20449816590f");
        assert_eq!(parse_code_name("43dd20449816590f"), Some(name));
        for wrong in [
            "",
            "43dd20449816590",
            "43dd20449816590f0",
            "43DD20449816590f",
            "+3dd20449816590f",
            "43dd2044981659é",
        ] {
            assert_eq!(parse_code_name(wrong), None, "{wrong}");
        }
    }
}
