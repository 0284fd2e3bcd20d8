//! The table in the README and in the book.

use std::fmt::Write as _;

use super::ROWS;
use crate::{
    documents::Table,
    numbers::{Numbers, grouped},
};

/// The table, once for each document that shows it.
pub(super) fn tables(numbers: &Numbers) -> Vec<Table> {
    FILES.iter().map(|file| Table { file, mark: MARK, text: table(numbers) }).collect()
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

const FILES: [&str; 2] = ["README.md", "docs/src/footprint.md"];
const MARK: &str = "cargo xtask size";

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
}
