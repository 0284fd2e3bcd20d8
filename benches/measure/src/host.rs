//! The charts of what a host takes, drawn from the tables of the chapter that shows them and from nothing else.
//!
//! The tables are copied from what one run of `cargo xtask bench` printed.

use std::fs;

use xtask::{command::Result, root};

use crate::chart::{Bar, Chart, Unit, Whose};

/// Draws every chart.
///
/// # Errors
/// The chapter has no such figures, or a file cannot be written.
pub fn write() -> Result<()> {
    for (file, svg) in all()? {
        fs::write(root().join(FOLDER).join(file), svg)?;
    }
    Ok(())
}

/// Makes sure that the charts show what the tables say.
///
/// # Errors
/// The file that does not.
pub fn check() -> Result<()> {
    for (file, svg) in all()? {
        if fs::read_to_string(root().join(FOLDER).join(file)).unwrap_or_default() != svg {
            let remedy = "cargo xtask bench --charts";
            return Err(format!("{FOLDER}/{file} is not drawn from {CHAPTER}: {remedy}").into());
        }
    }
    Ok(())
}

fn all() -> Result<Vec<(&'static str, String)>> {
    let text = fs::read_to_string(root().join(CHAPTER))?;
    PICTURES.iter().map(|picture| Ok((picture.file, picture.chart(&text)?.svg()))).collect()
}

/// Ratios, below a bar of 1.00 for the others.
struct Picture {
    file: &'static str,
    title: &'static str,
    bars: &'static [(&'static str, Cell)],
}

/// A row, by how it begins, and a column.
type Cell = (&'static str, &'static str);

impl Picture {
    fn chart(&self, text: &str) -> Result<Chart> {
        let mut bars = vec![Bar { label: "they".to_owned(), whose: Whose::Theirs, parts: vec![100] }];
        for (label, (row, column)) in self.bars {
            let missing = || format!("{CHAPTER} has no figure in the row {row:?} and the column {column:?}");
            let value = figure(text, row, column).ok_or_else(missing)?;
            bars.push(Bar { label: (*label).to_owned(), whose: Whose::Ours, parts: vec![value] });
        }
        Ok(Chart { title: self.title.to_owned(), legend: &[], unit: Unit::Hundredth, bars })
    }
}

/// A figure with two decimals, in hundredths.
fn figure(text: &str, row: &str, column: &str) -> Option<u32> {
    let mut at = None;
    for line in text.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if let Some(found) = cells.iter().position(|cell| **cell == *column).filter(|_| cells.len() > 2) {
            at = Some(found);
        } else if cells.len() < 3 {
            at = None; // the table is over
        } else if let Some(at) = at.filter(|_| cells[1].starts_with(row)) {
            let (whole, rest) = cells.get(at)?.split_once('.')?;
            return Some(
                whole.parse::<u32>().ok()? * 100 + rest.parse::<u32>().ok().filter(|_| rest.len() == 2)?,
            );
        }
    }
    None
}

const PICTURES: [Picture; 2] = [
    Picture {
        file: "host-handshake.svg",
        title: "A handshake in memory, both sides: our time ÷ theirs",
        bars: &[
            ("next to snow", ("handshake", "snow 0.10")),
            ("rustls, X25519MLKEM768", ("handshake", "rustls 0.23, X25519MLKEM768")),
            ("rustls, X25519 alone", ("handshake", "rustls 0.23, X25519")),
        ],
    },
    Picture {
        file: "host-echo.svg",
        title: "Echo over loopback, 16 clients, next to tokio-rustls: our time ÷ theirs",
        bars: &[
            ("64 B", ("echo of 64 B, 16 clients", "ChaCha20-Poly1305")),
            ("1 KiB", ("echo of 1 KiB, 16 clients", "ChaCha20-Poly1305")),
            ("16 KiB", ("echo of 16 KiB, 16 clients", "ChaCha20-Poly1305")),
            ("a handshake and a byte", ("handshakes and one byte", "ChaCha20-Poly1305")),
        ],
    },
];

const CHAPTER: &str = "docs/src/footprint.md";
/// Beside the chapter.
const FOLDER: &str = "docs/src/pictures";

#[cfg(test)]
mod tests {
    use super::*;

    const TABLES: &str = "\
| what | a | bee |
| --- | ---: | ---: |
| x | 0.32 | 1.05 |
| y | | 2.50 |

| x | 9.99 |
| what | c |
| x | 1.00 |
";

    #[test]
    fn a_figure_is_where_its_row_meets_its_column() {
        assert_eq!(figure(TABLES, "x", "a"), Some(32));
        assert_eq!(figure(TABLES, "x", "bee"), Some(105));
        assert_eq!(figure(TABLES, "y", "bee"), Some(250));
        assert_eq!(figure(TABLES, "x", "c"), Some(100));
    }

    #[test]
    fn what_is_not_there_is_no_figure() {
        assert_eq!(figure(TABLES, "y", "a"), None);
        assert_eq!(figure(TABLES, "z", "a"), None);
        assert_eq!(figure(TABLES, "x", "d"), None);
        assert_eq!(figure("| what | a |\n| x | 0.5 |\n", "x", "a"), None);
    }
}
