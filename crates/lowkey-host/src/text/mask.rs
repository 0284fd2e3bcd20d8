//! Secrets that somebody put where something else belongs, in errors and logs.

use lowkey_core::label;

/// `text` with all but the beginning of every private key, PSK and label in it left out, for errors and logs. (A bare
/// pairing code looks like any other word.) One that was wrapped, by a blank or the end of a line, is left out to its
/// end.
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
        rest = behind(secret);
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

/// What stands behind a secret whose beginning has been shown already.
fn behind(secret: &str) -> &str {
    let mut rest = word(secret).1;
    let first = &secret[..secret.len() - rest.len()];
    if first.is_empty() {
        return rest;
    }
    let is_upper = !first.chars().any(|c| c.is_ascii_lowercase());
    let mut letters = first.chars().filter(char::is_ascii_alphanumeric).count();
    // The rest of one that was wrapped: letters as a key or a code has them, written as the first were.
    while letters < LONGEST {
        let (next, further) = word(gap(rest));
        let fits = |c: char| match c {
            '-' => true,
            c => {
                c.is_ascii_alphanumeric()
                    && if is_upper { !c.is_ascii_lowercase() } else { !c.is_ascii_uppercase() }
            }
        };
        if gap(rest).len() == rest.len() || next.is_empty() || !next.chars().all(fits) {
            break;
        }
        let more = next.chars().filter(char::is_ascii_alphanumeric).count();
        if letters + more > LONGEST {
            break;
        }
        (rest, letters) = (further, letters + more);
    }
    rest
}

/// Up to a blank or what can stand behind a secret, and from there.
fn word(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| ENDS.contains(&c) || c.is_whitespace() || c.is_control());
    text.split_at(end.unwrap_or(text.len()))
}

/// Without the blanks and ends of lines at its beginning, those that are written as escapes too.
fn gap(text: &str) -> &str {
    let mut rest = text;
    loop {
        let trimmed = rest.trim_start_matches(|c: char| c.is_whitespace() || c.is_control());
        let escapes = ["\\n", "\\r", "\\t", "\\\n", "\\\r\n"];
        match escapes.iter().find_map(|escape| trimmed.strip_prefix(escape)) {
            Some(further) => rest = further,
            None => return trimmed,
        }
    }
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

/// How many letters and digits a secret has at most behind its beginning: those of 32 bytes and a checksum.
const LONGEST: usize = 58;
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
    fn a_secret_that_was_wrapped_ends_where_it_does() {
        for (text, masked) in [
            ("a LKSEC1QPZRY9X8 GF2TVDW0S3\n  JN54KHCE6MUA7L no such file", "a LKSEC1… no such file"),
            ("\"LKSEC1QPZRY9X8\\nGF2TVDW0S3\": no", "\"LKSEC1…\": no"),
            ("LKSEC1QPZRY9X8\\\n GF2TVDW0S3", "LKSEC1…"),
            ("lkpsk1qpzry9x8\r\ngf2tvdw0s3", "lkpsk1…"),
            ("lowkey:1/BAEA-QCAI BAEA QCAI, and more", "lowkey:1/…, and more"),
            ("LKSEC1QPZRY9X8 such a file", "LKSEC1… such a file"),
            ("LKSEC1 qpzr", "LKSEC1 qpzr"),
        ] {
            assert_eq!(mask(text), masked);
        }
        // No key is longer: what stands behind it is something else.
        let key = "Q".repeat(58);
        assert_eq!(mask(&format!("LKSEC1{key} XYZ LKSEC1{key} XYZ")), "LKSEC1… XYZ LKSEC1… XYZ");
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
