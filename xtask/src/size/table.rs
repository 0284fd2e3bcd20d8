//! The tables in the README and in the book.

use std::fmt::Write as _;

use super::{PAIRING, ROWS, c, parts, row};
use crate::{
    documents::Table,
    numbers::{Numbers, grouped},
};

/// The figures, for each document that shows them, and where the flash goes.
pub(super) fn tables(numbers: &Numbers) -> Vec<Table> {
    let rows = ROWS.map(|(name, title)| (row(name), title));
    let figures = FILES.iter().map(|file| Table { file, mark: MARK, text: table(numbers, &rows, &IN_RUST) });
    let in_c = c::ROWS.each_ref().map(|row| (row.name.to_owned(), row.title));
    let device = table(numbers, &in_c[..c::OF_A_DEVICE], &c::FIGURES);
    let pairing = PAIRING.map(|(name, title)| (row(name), title));
    let others = [
        (FILES[1], PAIRING_MARK, table(numbers, &pairing, &IN_RUST)),
        (FILES[0], DEVICE_MARK, device),
        (FILES[1], C_MARK, table(numbers, &in_c, &c::FIGURES)),
        (FILES[1], PARTS_MARK, parts_table(numbers)),
    ];
    figures.chain(others.map(|(file, mark, text)| Table { file, mark, text })).collect()
}

/// Where the flash of each row goes, with the first compiler of the file.
fn parts_table(numbers: &Numbers) -> String {
    let compiler = numbers.compilers().next().unwrap_or_default();
    let mut table = format!("\n| bytes of flash, {compiler} |");
    let mut rule = String::from("| --- |");
    for (_, title) in ROWS {
        let _ = write!(table, " {title} |");
        rule.push_str(" ---: |");
    }
    table = format!("{table}\n{rule}\n");
    for part in 0..parts::COUNT {
        let _ = write!(table, "| {} |", parts::title(part));
        for (name, _) in ROWS {
            let bytes = numbers.figure(compiler, &parts::figure(&row(name), part));
            let _ = write!(table, " {} |", bytes.map_or_else(String::new, |bytes| grouped(bytes, ',')));
        }
        table.push('\n');
    }
    table + "\n"
}

/// A line for each of `figures` (its name, and what it is) of each of `rows` (how its figures begin, and its title).
fn table(numbers: &Numbers, rows: &[(String, &str)], figures: &[(&str, &str)]) -> String {
    let mut table = String::from("\n| program | bytes of |");
    let mut rule = String::from("| --- | --- |");
    for compiler in numbers.compilers() {
        // A String takes everything.
        let _ = write!(table, " {compiler} |");
        rule.push_str(" ---: |");
    }
    table = format!("{table}\n{rule}\n");
    for (row, title) in rows {
        for (i, (figure, what)) in figures.iter().enumerate() {
            let title = if i == 0 { title } else { "" };
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

/// The figures of a row, and what they are.
const IN_RUST: [(&str, &str); 3] =
    [("flash", "flash"), ("static-ram", "static RAM"), ("peak-stack", "peak stack")];
const FILES: [&str; 2] = ["README.md", "docs/src/footprint.md"];
const MARK: &str = "cargo xtask size";
const DEVICE_MARK: &str = "cargo xtask size: a device in C";
const C_MARK: &str = "cargo xtask size: C";
const PAIRING_MARK: &str = "cargo xtask size: pairing";
const PARTS_MARK: &str = "cargo xtask size: parts";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_a_column_for_each_compiler() {
        let numbers = Numbers::parse("[\"rustc 1\"]\ncore-kk.flash = 1_234\n").unwrap();
        let text = table(&numbers, &[("core-kk".to_owned(), "KK")], &IN_RUST);
        assert!(text.starts_with("\n| program | bytes of | rustc 1 |\n"));
        assert!(text.contains("| KK | flash | 1,234 |\n|  | static RAM |  |\n"), "{text}");
        assert!(text.ends_with("\n\n"));
    }

    #[test]
    fn the_parts_have_a_column_for_each_program() {
        let numbers =
            Numbers::parse("[\"rustc 1\"]\nflash-of.core-kk = { x25519 = 2_500, program = 9 }\n").unwrap();
        let text = parts_table(&numbers);
        assert!(text.contains("\n| X25519 | 2,500 |  |  |\n"), "{text}");
        assert!(text.starts_with("\n| bytes of flash, rustc 1 | KK initiator on core alone |"), "{text}");
    }
}
