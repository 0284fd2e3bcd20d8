//! What may stand in a cell of a table that people open in a spreadsheet.
//!
//! A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula, which can send what stands beside it
//! to a stranger. And where it separates by semicolons it finds cells that we have not made. Nothing is quoted in place
//! of that: what is refused here reads the same in every program, and the last one that does is somebody's script.

use lowkey_host::text::steers;

/// Whether `text` may be a cell, or a part of one.
///
/// # Errors
/// What is wrong with it, for people.
pub(super) fn check(text: &str) -> Result<(), String> {
    if let Some(c) = text.chars().find(|c| steers(*c)) {
        return Err(format!("holds U+{:04X}, which steers terminals or cannot be seen", u32::from(c)));
    }
    if let Some(c) = text.chars().find(|c| SEPARATORS.contains(c)) {
        return Err(format!("holds {c}, at which some spreadsheets and scripts would take it apart"));
    }
    if let Some(c) = text.chars().next().filter(|c| FORMULAS.contains(c)) {
        return Err(format!("begins with {c}, which spreadsheets take for a formula"));
    }
    if text.trim() != text {
        return Err("begins or ends with white space".into());
    }
    if text.len() > LONGEST { Err(format!("is longer than {LONGEST} bytes")) } else { Ok(()) }
}

const SEPARATORS: [char; 4] = [',', ';', '"', '|'];
/// Those of full width are read alike.
const FORMULAS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
/// In bytes; with `.page` behind it, it is the name of a file.
const LONGEST: usize = 200;

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn a_cell_that_a_spreadsheet_or_a_terminal_would_obey_is_refused() {
        for text in [
            "=1+1",
            "+1",
            "-1",
            "@SUM(A1)",
            "＝1",
            "＋1",
            "－1",
            "＠x",
            "a;=1+1",
            "a,b",
            "a\"b",
            "a|b",
            "\ta",
            "a\nb",
            "a\rb",
            "\u{1b}[2J",
            "a\u{202e}b",
            "\u{feff}a",
            "a\u{200b}b",
            "a\u{7f}",
            "a\u{9b}0m",
            " a",
            "a ",
            " =1",
        ] {
            assert!(check(text).is_err(), "{text:?}");
        }
        assert!(check(&"x".repeat(201)).is_err());
        for text in ["", "pump-00001", "Pumpe süd 7", "7", "0x7", "a=b", "a+b@c", "泵-1"] {
            assert_eq!(check(text), Ok(()), "{text:?}");
        }
    }
}
