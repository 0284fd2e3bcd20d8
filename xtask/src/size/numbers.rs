//! `benches/numbers.toml`: the figures that somebody committed, one section for each compiler.
//!
//! Of TOML it uses comments, `["table"]` and `dotted.key = 1_234`, and nothing else is read.

use std::fmt;

use crate::command::Result;

/// The figures under one compiler, in the order in which they are measured.
pub(super) type Figures = Vec<(String, u32)>;

/// The file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Numbers {
    sections: Vec<(String, Figures)>,
}

impl Numbers {
    /// Reads the file's text.
    ///
    /// # Errors
    /// The line that is none of the three kinds.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut numbers = Self::default();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let known = numbers.read(line);
            known.ok_or_else(|| format!("{FILE}:{}: neither a [\"compiler\"] nor a figure", index + 1))?;
        }
        Ok(numbers)
    }

    fn read(&mut self, line: &str) -> Option<()> {
        if let Some(compiler) = line.strip_prefix("[\"") {
            self.sections.push((compiler.strip_suffix("\"]")?.to_owned(), Vec::new()));
        } else {
            let (name, value) = line.split_once('=')?;
            let value = value.trim().replace('_', "").parse().ok()?;
            self.sections.last_mut()?.1.push((name.trim().to_owned(), value));
        }
        Some(())
    }

    /// What was committed under `compiler`.
    pub(super) fn of(&self, compiler: &str) -> Option<&Figures> {
        self.sections.iter().find(|(name, _)| name == compiler).map(|(_, figures)| figures)
    }

    /// The compilers of the file, in its order.
    pub(super) fn compilers(&self) -> impl Iterator<Item = &str> {
        self.sections.iter().map(|(name, _)| name.as_str())
    }

    /// One figure under `compiler`.
    pub(super) fn figure(&self, compiler: &str, name: &str) -> Option<u32> {
        self.of(compiler)?.iter().find(|(figure, _)| figure == name).map(|(_, value)| *value)
    }

    /// The first compiler of the file, to compare an unknown one with.
    pub(super) fn first(&self) -> Option<&(String, Figures)> {
        self.sections.first()
    }

    /// Puts `figures` in the place of what was committed under `compiler`; other compilers stay as they are.
    pub(super) fn set(&mut self, compiler: &str, figures: Figures) {
        match self.sections.iter_mut().find(|(name, _)| name == compiler) {
            Some((_, old)) => *old = figures,
            None => self.sections.push((compiler.to_owned(), figures)),
        }
    }
}

impl fmt::Display for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEAD)?;
        for (compiler, figures) in &self.sections {
            writeln!(f, "\n[\"{compiler}\"]")?;
            for (name, value) in figures {
                writeln!(f, "{name} = {}", grouped(*value, '_'))?;
            }
        }
        Ok(())
    }
}

/// A figure that is not what it was.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Change {
    name: String,
    before: Option<u32>,
    now: u32,
}

impl Change {
    /// Whether it grew by more than 2 %.
    pub(super) fn is_growth(&self) -> bool {
        self.before.is_some_and(|before| u64::from(self.now) * 50 > u64::from(before) * 51)
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, before, now } = self;
        let now = grouped(*now, ',');
        match before {
            None => write!(f, "{name}: {now} B, not committed yet"),
            Some(0) => write!(f, "{name}: {now} B, was 0 B"),
            Some(before) => {
                let percent = 100.0 * (f64::from(self.now) / f64::from(*before) - 1.0);
                write!(f, "{name}: {now} B, was {} B ({percent:+.1} %)", grouped(*before, ','))
            }
        }
    }
}

/// What of `measured` differs from `committed`.
pub(super) fn changes(committed: &Figures, measured: &Figures) -> Vec<Change> {
    let before = |name: &str| committed.iter().find(|(old, _)| old == name).map(|(_, value)| *value);
    let changes =
        measured.iter().map(|(name, now)| Change { name: name.clone(), before: before(name), now: *now });
    changes.filter(|change| change.before != Some(change.now)).collect()
}

/// `number` with its thousands apart.
pub(super) fn grouped(number: u32, separator: char) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

/// The file, from the repository's root.
pub(super) const FILE: &str = "benches/numbers.toml";
const HEAD: &str = "\
# What Lowkey takes on a Cortex-M3, in bytes, by compiler: each row of benches/size less its empty firmware.
# Measured and compared by `cargo xtask size`, written by `cargo xtask size --write`.
";

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(values: &[(&str, u32)]) -> Figures {
        values.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect()
    }

    #[test]
    fn numbers_read_what_they_write() {
        let mut numbers = Numbers::default();
        numbers.set("rustc 1.95.0", figures(&[("core-kk.flash", 16_208), ("core-kk.static-ram", 0)]));
        numbers.set("Debian's rustc 1.96.0", figures(&[("core-kk.flash", 1_234_567)]));
        let text = numbers.to_string();
        assert!(text.ends_with("\n\n[\"Debian's rustc 1.96.0\"]\ncore-kk.flash = 1_234_567\n"), "{text}");
        assert_eq!(Numbers::parse(&text).unwrap(), numbers);
    }

    #[test]
    fn numbers_of_one_compiler_are_set_without_the_others() {
        let mut numbers = Numbers::parse("[\"a\"]\nx = 1\n[\"b\"]\nx = 2\n").unwrap();
        numbers.set("a", figures(&[("x", 3)]));
        assert_eq!(numbers.of("a"), Some(&figures(&[("x", 3)])));
        assert_eq!(numbers.of("b"), Some(&figures(&[("x", 2)])));
        assert_eq!(numbers.of("c"), None);
        assert_eq!(numbers.first().unwrap().0, "a");
    }

    #[test]
    fn numbers_name_the_line_that_they_cannot_read() {
        for (text, line) in [("x = 1", 1), ("# a\n\n[\"a\"]\nx = 1.5", 4), ("[a]", 1), ("[\"a\"]\nx", 2)] {
            let error = Numbers::parse(text).unwrap_err().to_string();
            assert!(error.starts_with(&format!("benches/numbers.toml:{line}: ")), "{error}");
        }
    }

    #[test]
    fn growth_begins_above_two_percent() {
        let grew = |before, now| Change { name: String::new(), before, now }.is_growth();
        assert!(!grew(Some(10_000), 10_200));
        assert!(grew(Some(10_000), 10_201));
        assert!(!grew(Some(10_000), 5_000));
        assert!(grew(Some(0), 1));
        assert!(!grew(None, 10_000));
        assert!(!grew(Some(u32::MAX), u32::MAX));
    }

    #[test]
    fn changes_leave_out_what_is_the_same() {
        let committed = figures(&[("a.flash", 1_000), ("a.stack", 3_000), ("gone.flash", 1)]);
        let measured = figures(&[("a.flash", 1_000), ("a.stack", 3_300), ("b.flash", 20_000)]);
        let lines: Vec<_> = changes(&committed, &measured).iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            ["a.stack: 3,300 B, was 3,000 B (+10.0 %)", "b.flash: 20,000 B, not committed yet"]
        );
    }

    #[test]
    fn grouped_sets_thousands_apart() {
        let text = [0, 12, 123, 1_234, 123_456, 1_234_567].map(|number| grouped(number, ','));
        assert_eq!(text, ["0", "12", "123", "1,234", "123,456", "1,234,567"]);
    }
}
