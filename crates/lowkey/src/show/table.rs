//! A table: for people as wide as their terminal, for programs a line each with tabs.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// One column.
#[derive(Clone, Copy)]
pub(crate) struct Column {
    pub(crate) heading: &'static str,
    pub(crate) side: Side,
    /// How much of what is too long is shown at least, in characters; a column that is never cut has none.
    pub(crate) least: Option<usize>,
}

/// On which side of its column a cell stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Right,
}

/// What stands in a cell: for people, and for programs.
pub(crate) struct Cell {
    pub(crate) said: String,
    pub(crate) raw: String,
}

impl Cell {
    /// The same for both.
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { said: text.clone(), raw: text }
    }
}

/// A line for each row, and no heading: cells with a tab between them.
pub(crate) fn for_programs(rows: &[Vec<Cell>]) -> String {
    let mut lines = String::new();
    for row in rows {
        let cells: Vec<&str> = row.iter().map(|cell| &*cell.raw).collect();
        lines += &cells.join("\t");
        lines.push('\n');
    }
    lines
}

/// A heading and a line for each row, none wider than `width` if that can be.
pub(crate) fn for_people(columns: &[Column], rows: &[Vec<Cell>], width: usize, style: Style) -> String {
    let mut widths: Vec<usize> = columns.iter().map(|column| column.heading.width()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.said.width());
        }
    }
    shrink(columns, &mut widths, width);
    let heading = columns.iter().map(|column| column.heading);
    let mut lines = style.bold(line(columns, &widths, heading).trim_end());
    lines.push('\n');
    for row in rows {
        lines += line(columns, &widths, row.iter().map(|cell| &*cell.said)).trim_end();
        lines.push('\n');
    }
    lines
}

/// Takes from the widest column that may be cut until all fit, or none may be cut any more.
fn shrink(columns: &[Column], widths: &mut [usize], width: usize) {
    let gaps = GAP.len() * columns.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + gaps > width {
        let cut = columns.iter().zip(widths.iter_mut());
        let cut = cut.filter(|(column, width)| column.least.is_some_and(|least| **width > least));
        let Some((_, widest)) = cut.max_by_key(|(_, width)| **width) else { return };
        *widest -= 1;
    }
}

fn line<'c>(columns: &[Column], widths: &[usize], cells: impl Iterator<Item = &'c str>) -> String {
    let cells = columns.iter().zip(widths).zip(cells).map(|((column, width), cell)| {
        let cell = cut(cell, *width);
        let space = " ".repeat(width.saturating_sub(cell.width()));
        if column.side == Side::Left { cell + &space } else { space + &cell }
    });
    cells.collect::<Vec<_>>().join(GAP)
}

/// `text` in at most so many columns of a terminal.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let (mut cut, mut taken) = (String::new(), 1);
    for c in text.chars() {
        taken += c.width().unwrap_or(0);
        if taken > width {
            break;
        }
        cut.push(c);
    }
    cut + "…"
}

/// How a terminal is made to show something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Coloured,
}

impl Style {
    pub(crate) fn bold(self, text: &str) -> String {
        self.with(text, "1")
    }

    pub(crate) fn warning(self, text: &str) -> String {
        self.with(text, "33")
    }

    fn with(self, text: &str, code: &str) -> String {
        if self == Self::Plain { text.to_owned() } else { format!("\x1b[{code}m{text}\x1b[0m") }
    }
}

const GAP: &str = "  ";

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 3] = [
        Column { heading: "NAME", side: Side::Left, least: Some(6) },
        Column { heading: "FROM", side: Side::Left, least: Some(4) },
        Column { heading: "IN", side: Side::Right, least: None },
    ];

    fn rows() -> Vec<Vec<Cell>> {
        let row = |name: &str, from: &str, amount: &str| [name, from, amount].map(Cell::plain).into();
        vec![row("泵-七号-北区-二十", "2001:db8::17", "9 B"), row("p", "192.0.2.7", "1.52 MiB")]
    }

    #[test]
    fn a_table_is_as_wide_as_what_is_in_it_or_as_the_terminal() {
        let wide = for_people(&COLUMNS, &rows(), 80, Style::Plain);
        assert_eq!(
            wide,
            "NAME               FROM                IN\n\
             泵-七号-北区-二十  2001:db8::17       9 B\n\
             p                  192.0.2.7     1.52 MiB\n"
        );
        for width in [10, 25, 30, 40, 41, 200] {
            let lines = for_people(&COLUMNS, &rows(), width, Style::Plain);
            let least = 6 + 4 + 8 + 4;
            assert!(lines.lines().all(|line| line.width() <= width.max(least)), "{width}:\n{lines}");
        }
        let narrow = for_people(&COLUMNS, &rows(), 25, Style::Plain);
        assert!(narrow.contains("泵-七…") && narrow.contains('…'), "{narrow}");
        assert!(for_people(&COLUMNS, &[], 80, Style::Coloured).starts_with("\x1b[1mNAME"));
    }

    #[test]
    fn programs_have_tabs_and_no_heading() {
        assert!(for_programs(&rows()).ends_with("\np\t192.0.2.7\t1.52 MiB\n"));
    }
}
