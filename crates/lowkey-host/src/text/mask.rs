//! Secrets that somebody put where something else belongs, in errors and logs.

use lowkey_core::label;

/// `text` with all but the beginning of every private key, PSK and label in it left out, for errors and logs. (A bare
/// pairing code looks like any other word.)
///
/// ```
/// let said = "no such file: LKSEC1QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L";
/// assert_eq!(lowkey_host::text::mask(said), "no such file: LKSEC1…");
/// ```
pub fn mask(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = beginning(rest) {
        let (shown, secret) = rest.split_at(at);
        masked.push_str(shown);
        rest =
            secret.trim_start_matches(|c: char| !ENDS.contains(&c) && !c.is_whitespace() && !c.is_control());
        if rest.len() < secret.len() {
            masked.push('…');
        }
    }
    masked.push_str(rest);
    masked
}

/// Whether `text` is no name of a device, because a secret stands in it: a key, a label, or a bare pairing code, which
/// a scanner types wherever it is asked. Names are shown everywhere.
pub fn holds_a_secret(text: &str) -> bool {
    mask(text) != text || label::parse(text).is_ok()
}

/// Where what is secret of the next secret begins.
fn beginning(text: &str) -> Option<usize> {
    let text = text.as_bytes();
    (0..text.len()).find_map(|at| {
        let begins = |prefix: &&&[u8]| {
            text[at..].get(..prefix.len()).is_some_and(|here| here.eq_ignore_ascii_case(prefix))
        };
        SECRETS.iter().find(begins).map(|prefix| at + prefix.len())
    })
}

const SECRETS: [&[u8]; 3] = [b"lksec1", b"lkpsk1", b"lowkey:1/"];
/// What can stand behind a secret in an error of ours.
const ENDS: [char; 11] = ['"', '\'', '`', '/', '\\', ':', ';', ',', ')', '=', '…'];

#[cfg(test)]
mod tests {
    use super::{holds_a_secret, mask};

    #[test]
    fn secrets_of_any_case_are_masked_wherever_they_stand() {
        assert_eq!(mask("a LKSEC1QQQQ, \"lkpsk1zzzz\" b"), "a LKSEC1…, \"lkpsk1…\" b");
        assert_eq!(mask("--key=LkSec1Abc/def"), "--key=LkSec1…/def");
        assert_eq!(mask("üLKSEC1ü-ü"), "üLKSEC1…");
        assert_eq!(mask("lowkey:1/ABCD-EFGH: no such file"), "lowkey:1/…: no such file");
        for same in ["", "this is a PSK (LKPSK1…); no", "lkpub1abc", "LKSEC1", "LOWKEY:1/", "lowkey: 1/2"] {
            assert_eq!(mask(same), same);
        }
    }

    #[test]
    fn pairing_a_bare_code_is_no_name_however_it_is_typed() {
        for code in [
            "BAEAQCAIBAEAQCAIBAEAQCAIBA",
            "baea qcai baea qcai baea qcai ba",
            "baea-qcai-baea-qcai-baea-qcai-ba",
            "lowkey:1/x",
        ] {
            assert!(holds_a_secret(code), "{code}");
        }
        for name in ["pump-7", "the pump of the north wing", "BAEAQCAIBAEAQCAIBAEAQCAI", ""] {
            assert!(!holds_a_secret(name), "{name}");
        }
    }
}
