//! The tables in the README and in the book.

use std::fmt::Write as _;

use xtask::documents::Table;

use super::{OTHERS, ROWS, c, modelled, parts, row};
use crate::numbers::{Numbers, grouped};

/// The figures, for each document that shows them, and where the flash goes.
pub(super) fn tables(numbers: &Numbers) -> Vec<Table> {
    let rows = ROWS.map(|(name, title)| (row(name), title));
    let in_c = c::ROWS.each_ref().map(|row| (row.name.to_owned(), row.title));
    let others = OTHERS.map(|(name, title)| (row(name), title));
    let (outbox, pairing) = others.split_at(1);
    let of_a_device = [("C", &in_c[..c::OF_A_DEVICE], &c::FIGURES), ("Rust", &rows[..], &IN_RUST)];
    let tables = [
        (README, MARK, summary(numbers, &of_a_device)),
        (BOOK, MARK, table(numbers, &rows, &IN_RUST)),
        (BOOK, MODELLED_MARK, table(numbers, &modelled::titled(), &IN_RUST)),
        (BOOK, OUTBOX_MARK, table(numbers, outbox, &IN_RUST)),
        (BOOK, PAIRING_MARK, table(numbers, pairing, &IN_RUST)),
        (BOOK, C_MARK, table(numbers, &in_c, &c::FIGURES)),
        (BOOK, PARTS_MARK, parts_table(numbers)),
    ];
    tables.map(|(file, mark, text)| Table { file, mark, text }).into()
}

/// How the figures of a row begin, and its title.
type Titled<'t> = (String, &'t str);
/// A figure of each row, and what it is.
type Figure = (&'static str, &'static str);

/// A line for each row, by its language, with the first compiler of the file.
fn summary(numbers: &Numbers, parts: &[(&str, &[Titled<'_>], &[Figure; 3])]) -> String {
    let compiler = numbers.compilers().next().unwrap_or_default();
    let mut table =
        format!("\n| {compiler} | in | flash | RAM | peak stack |\n| --- | --- | ---: | ---: | ---: |\n");
    for (language, rows, figures) in parts {
        for (row, title) in *rows {
            let _ = write!(table, "| {title} | {language} |");
            for (figure, _) in *figures {
                let bytes = numbers.figure(compiler, &format!("{row}.{figure}"));
                let _ = write!(table, " {} |", bytes.map_or_else(String::new, |bytes| grouped(bytes, ',')));
            }
            table.push('\n');
        }
    }
    table + "\n"
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

/// A line for each of `figures` of each of `rows`.
fn table(numbers: &Numbers, rows: &[Titled<'_>], figures: &[Figure]) -> String {
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
const IN_RUST: [Figure; 3] = [("flash", "flash"), ("static-ram", "static RAM"), ("peak-stack", "peak stack")];
const README: &str = "README.md";
const BOOK: &str = "docs/src/footprint.md";
const MARK: &str = "cargo xtask size";
const C_MARK: &str = "cargo xtask size: C";
const MODELLED_MARK: &str = "cargo xtask size: cortex-m4 and m33";
const OUTBOX_MARK: &str = "cargo xtask size: outbox";
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
    fn the_summary_has_a_line_for_each_program_and_says_in_which_language_it_is() {
        let numbers = Numbers::parse("[\"rustc 1\"]\ncore-kk.flash = 1_234\n").unwrap();
        let text = summary(&numbers, &[("Rust", &[("core-kk".to_owned(), "KK")], &IN_RUST)]);
        assert!(text.starts_with("\n| rustc 1 | in | flash | RAM | peak stack |\n"), "{text}");
        assert!(text.ends_with("| KK | Rust | 1,234 |  |  |\n\n"), "{text}");
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
