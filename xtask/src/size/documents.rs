//! The table in the README and in the book, which is made from `benches/numbers.toml` and from nothing else.

use std::{fmt::Write as _, fs};

use super::{
    ROWS,
    numbers::{Numbers, grouped},
};
use crate::{command::Result, root};

/// Puts the table into every document that has a place for it.
///
/// # Errors
/// A document is missing or has no such place.
pub(super) fn write(numbers: &Numbers) -> Result<()> {
    for file in FILES {
        let text = fs::read_to_string(root().join(file))?;
        fs::write(root().join(file), with_table(&text, numbers).ok_or_else(|| no_place(file))?)?;
    }
    Ok(())
}

/// Makes sure that every document shows what is committed.
///
/// # Errors
/// The document that does not.
pub(super) fn check(numbers: &Numbers) -> Result<()> {
    for file in FILES {
        let text = fs::read_to_string(root().join(file))?;
        if with_table(&text, numbers).ok_or_else(|| no_place(file))? != text {
            return Err(format!(
                "{file} does not show the figures of benches/numbers.toml: {}",
                super::WRITE
            )
            .into());
        }
    }
    Ok(())
}

/// `text` with the table between its two marks.
fn with_table(text: &str, numbers: &Numbers) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{}{END}{after}", table(numbers)))
}

fn table(numbers: &Numbers) -> String {
    let mut table = String::from("\n| program | bytes of |");
    let mut rule = String::from("| --- | --- |");
    for compiler in numbers.compilers() {
        // A String takes everything.
        let _ = write!(table, " {compiler} |");
        rule.push_str(" ---: |");
    }
    table = format!("{table}\n{rule}\n");
    for (name, title) in ROWS {
        let row = name.replace('_', "-");
        for (figure, what) in [("flash", "flash"), ("static-ram", "static RAM"), ("peak-stack", "peak stack")]
        {
            let title = if figure == "flash" { title } else { "" };
            let _ = write!(table, "| {title} | {what} |");
            for compiler in numbers.compilers() {
                let value = numbers.figure(compiler, &format!("{row}.{figure}"));
                let _ = write!(table, " {} |", value.map_or_else(String::new, |value| grouped(value, ',')));
            }
            table.push('\n');
        }
    }
    table + "\n"
}

fn no_place(file: &str) -> String {
    format!("{file} has no place for the table, between {BEGIN} and {END}")
}

const FILES: [&str; 2] = ["README.md", "docs/src/footprint.md"];
const BEGIN: &str = "<!-- cargo xtask size -->";
const END: &str = "<!-- end -->";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_gets_the_table_between_its_marks_and_keeps_the_rest() {
        let numbers = Numbers::parse("[\"rustc 1\"]\ncore-kk.flash = 1_234\n").unwrap();
        let text = with_table("a <!-- cargo xtask size -->old<!-- end --> b", &numbers).unwrap();
        assert!(text.starts_with("a <!-- cargo xtask size -->\n\n| program | bytes of | rustc 1 |\n"));
        assert!(text.contains("| flash | 1,234 |\n"));
        assert!(text.ends_with("\n<!-- end --> b"));
        assert_eq!(with_table(&text, &numbers), Some(text));
        assert_eq!(with_table("no marks", &numbers), None);
    }
}
