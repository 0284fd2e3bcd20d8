//! A table, for a terminal and for Markdown.

use std::fmt::Write as _;

/// Cells in columns; the first column is text, the others are numbers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Grid {
    head: Vec<String>,
    rows: Vec<(Rank, Vec<String>)>,
}

/// What a row is to the rows around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rank {
    /// It stands for itself.
    Single,
    /// The sum of the parts behind it.
    Whole,
    /// A part of the whole before it.
    Part,
}

impl Grid {
    pub(super) fn new(head: &[&str]) -> Self {
        Self { head: head.iter().map(|&cell| cell.to_owned()).collect(), rows: Vec::new() }
    }

    /// Adds a row; cells that it lacks are empty.
    pub(super) fn row(&mut self, rank: Rank, cells: impl IntoIterator<Item = String>) {
        let mut row: Vec<String> = cells.into_iter().collect();
        row.resize(self.head.len(), String::new());
        self.rows.push((rank, row));
    }

    /// Columns side by side; parts are set back.
    pub(super) fn text(&self) -> String {
        let titled = |(rank, row): &(Rank, Vec<String>)| {
            let mut row = row.clone();
            if *rank == Rank::Part {
                row[0].insert_str(0, "  ");
            }
            row
        };
        let lines: Vec<Vec<String>> =
            [self.head.clone()].into_iter().chain(self.rows.iter().map(titled)).collect();
        let width = |column: usize| lines.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..self.head.len()).map(width).collect();
        let mut text = String::new();
        for row in &lines {
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                // A String takes everything.
                let _ = match column {
                    0 => write!(text, "{cell:<width$}"),
                    _ => write!(text, "  {cell:>width$}"),
                };
            }
            text.truncate(text.trim_end().len());
            text.push('\n');
        }
        text
    }

    /// A table in Markdown, with an empty line before and behind it; wholes are emphasised.
    pub(super) fn markdown(&self) -> String {
        let line = |row: &[String]| format!("| {} |\n", row.join(" | "));
        let titled = |(rank, row): &(Rank, Vec<String>)| {
            let mut row = row.clone();
            if *rank == Rank::Whole {
                row[0] = format!("**{}**", row[0]);
            }
            line(&row)
        };
        let rule = "| --- |".to_owned() + &" ---: |".repeat(self.head.len() - 1);
        let rows: String = self.rows.iter().map(titled).collect();
        format!("\n{}{rule}\n{rows}\n", line(&self.head))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_is_the_same_table_in_both_forms() {
        let mut grid = Grid::new(&["what", "cycles"]);
        grid.row(Rank::Whole, ["whole".to_owned(), "1,234".to_owned()]);
        grid.row(Rank::Part, ["part".to_owned()]);
        assert_eq!(grid.text(), "what    cycles\nwhole    1,234\n  part\n");
        let table = "\n| what | cycles |\n| --- | ---: |\n| **whole** | 1,234 |\n| part |  |\n\n";
        assert_eq!(grid.markdown(), table);
    }
}
