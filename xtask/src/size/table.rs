//! The tables in the README and in the book.

use std::fmt::Write as _;

use super::{ROWS, parts, row};
use crate::{
    documents::Table,
    numbers::{Numbers, grouped},
};

/// The figures, for each document that shows them, and where the flash goes.
pub(super) fn tables(numbers: &Numbers) -> Vec<Table> {
    let figures = FILES.iter().map(|file| Table { file, mark: MARK, text: table(numbers) });
    figures.chain([Table { file: FILES[1], mark: PARTS_MARK, text: parts_table(numbers) }]).collect()
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
        let row = row(name);
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

const FILES: [&str; 2] = ["README.md", "docs/src/footprint.md"];
const MARK: &str = "cargo xtask size";
const PARTS_MARK: &str = "cargo xtask size: parts";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_a_column_for_each_compiler() {
        let numbers = Numbers::parse("[\"rustc 1\"]\ncore-kk.flash = 1_234\n").unwrap();
        let text = table(&numbers);
        assert!(text.starts_with("\n| program | bytes of | rustc 1 |\n"));
        assert!(text.contains("| flash | 1,234 |\n"));
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
