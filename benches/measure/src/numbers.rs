//! `benches/numbers.toml`: the figures that somebody committed, one table for each compiler.

use std::{fmt, fs, ops::Range};

use toml::de::{DeTable, DeValue};
use xtask::{command::Result, root};

/// The figures under one compiler, in the order in which they are measured.
pub(crate) type Figures = Vec<(String, u32)>;

/// Whose figures: each verb measures its own and leaves the others alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// `cargo xtask size`.
    Size,
    /// `cargo xtask cycles`: everything whose name begins with `cycles.`.
    Cycles,
}

impl Family {
    fn of(name: &str) -> Self {
        if name.starts_with("cycles.") { Self::Cycles } else { Self::Size }
    }
}

/// The file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Numbers {
    sections: Vec<(String, Figures)>,
}

impl Numbers {
    /// Reads the file; empty if there is none yet.
    ///
    /// # Errors
    /// A line of it cannot be read.
    pub(crate) fn read() -> Result<Self> {
        Self::parse(&fs::read_to_string(root().join(FILE)).unwrap_or_default())
    }

    /// Writes the file.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn write(&self) -> Result<()> {
        Ok(fs::write(root().join(FILE), self.to_string())?)
    }

    /// Reads the file's text.
    ///
    /// # Errors
    /// The line that is no TOML, or neither a compiler nor a figure.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let wrong = |place: Range<usize>, what: &str| {
            let line = 1 + text[..place.start.min(text.len())].matches('\n').count();
            format!("{FILE}:{line}: {what}")
        };
        let document =
            DeTable::parse(text).map_err(|error| wrong(error.span().unwrap_or_default(), error.message()))?;
        let mut sections = Vec::new();
        for (compiler, table) in document.get_ref() {
            let mut placed = Vec::new();
            let known = match table.get_ref() {
                DeValue::Table(table) => take("", table, &mut placed),
                _ => Err(table.span()),
            };
            known.map_err(|place| wrong(place, "neither a [\"compiler\"] nor a figure"))?;
            placed.sort_unstable();
            let figures = placed.into_iter().map(|(_, name, value)| (name, value)).collect();
            sections.push((compiler.span().start, (compiler.get_ref().to_string(), figures)));
        }
        sections.sort_unstable();
        Ok(Self { sections: sections.into_iter().map(|(_, section)| section).collect() })
    }

    /// What was committed under `compiler`.
    pub(crate) fn of(&self, compiler: &str) -> Option<&Figures> {
        self.sections.iter().find(|(name, _)| name == compiler).map(|(_, figures)| figures)
    }

    /// The compilers of the file, in its order.
    pub(crate) fn compilers(&self) -> impl Iterator<Item = &str> {
        self.sections.iter().map(|(name, _)| name.as_str())
    }

    /// One figure under `compiler`.
    pub(crate) fn figure(&self, compiler: &str, name: &str) -> Option<u32> {
        find(self.of(compiler)?, name)
    }

    /// Puts `figures` in the place of what `family` had committed under `compiler`; all others stay as they are.
    pub(crate) fn set(&mut self, compiler: &str, family: Family, figures: Figures) {
        let place = match self.sections.iter().position(|(name, _)| name == compiler) {
            Some(place) => place,
            None => {
                self.sections.push((compiler.to_owned(), Vec::new()));
                self.sections.len() - 1
            }
        };
        let section = &mut self.sections[place].1;
        section.retain(|(name, _)| Family::of(name) != family);
        match family {
            Family::Size => drop(section.splice(..0, figures)),
            Family::Cycles => section.extend(figures),
        }
    }

    /// Holds `measured` by `compiler` against what is committed, and prints what differs. A compiler that the file
    /// does not know is compared with its first one, for information.
    ///
    /// # Errors
    /// A figure is larger by more than `tolerance` gives its name, or nothing is committed; `remedy` is the
    /// command that commits.
    pub(crate) fn compare(
        &self,
        compiler: &str,
        measured: &Figures,
        tolerance: fn(&str) -> Tolerance,
        remedy: &str,
    ) -> Result<()> {
        // What another verb measured says nothing about this one's figures.
        let knows = |figures: &Figures| measured.iter().any(|(name, _)| find(figures, name).is_some());
        let Some(committed) = self.of(compiler).filter(|figures| knows(figures)) else {
            let Some((other, figures)) = self.sections.iter().find(|(_, figures)| knows(figures)) else {
                return Err(format!("{FILE} has no such figures yet: {remedy}").into());
            };
            println!("{FILE} has no figures of {compiler}; next to those of {other}:");
            changes(figures, measured).iter().for_each(|change| println!("  {change}"));
            return Ok(());
        };
        let changes = changes(committed, measured);
        let is_growth = |change: &&Change| change.is_growth(tolerance(&change.name));
        let shown: Vec<&Change> =
            changes.iter().filter(|change| change.is_visible() || is_growth(change)).collect();
        shown.iter().for_each(|change| println!("  {change}"));
        let grown: Vec<String> =
            changes.iter().filter(is_growth).map(|change| format!("\n  {change}")).collect();
        if !grown.is_empty() {
            let grown = grown.concat();
            return Err(format!("more than it may be next to {FILE}:{grown}\non purpose: {remedy}").into());
        }
        match shown.is_empty() {
            true => println!("as committed"),
            false => println!("to commit these figures: {remedy}"),
        }
        Ok(())
    }
}

/// How far a figure may grow unnoticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tolerance {
    /// By so many percent.
    Percent(u32),
    /// By so much.
    Units(u32),
}

impl fmt::Display for Numbers {
    /// One line a row: figures that follow each other and have all of their names but the last part in common.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEAD)?;
        for (compiler, figures) in &self.sections {
            writeln!(f, "\n[\"{compiler}\"]")?;
            let row = |name: &str| name.rsplit_once('.').map(|(row, _)| row.to_owned());
            for figures in figures.chunk_by(|(a, _), (b, _)| row(a).is_some() && row(a) == row(b)) {
                if let [(name, value)] = figures {
                    writeln!(f, "{name} = {}", grouped(*value, '_'))?;
                    continue;
                }
                let inside = figures.iter().filter_map(|(name, value)| {
                    let (_, what) = name.rsplit_once('.')?;
                    Some(format!("{what} = {}", grouped(*value, '_')))
                });
                let inside: Vec<String> = inside.collect();
                writeln!(f, "{} = {{ {} }}", row(&figures[0].0).unwrap_or_default(), inside.join(", "))?;
            }
        }
        Ok(())
    }
}

/// The figure `name` among `figures`.
pub(crate) fn find(figures: &Figures, name: &str) -> Option<u32> {
    figures.iter().find(|(figure, _)| figure == name).map(|(_, value)| *value)
}

/// A figure that is not what it was.
#[derive(Debug, PartialEq, Eq)]
struct Change {
    name: String,
    before: Option<u32>,
    now: u32,
}

impl Change {
    /// Whether it can be seen in a tenth of a percent.
    fn is_visible(&self) -> bool {
        let visible = |before: u32| u64::from(before.abs_diff(self.now)) * 2_000 >= u64::from(before).max(1);
        self.before.is_none_or(visible)
    }

    /// Whether it grew by more than `tolerance`.
    fn is_growth(&self, tolerance: Tolerance) -> bool {
        let limit = |before: u32| match tolerance {
            Tolerance::Percent(percent) => u64::from(before) * u64::from(100 + percent),
            Tolerance::Units(units) => (u64::from(before) + u64::from(units)) * 100,
        };
        self.before.is_some_and(|before| u64::from(self.now) * 100 > limit(before))
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, before, now } = self;
        let now = grouped(*now, ',');
        match before {
            None => write!(f, "{name}: {now}, not committed yet"),
            Some(0) => write!(f, "{name}: {now}, was 0"),
            Some(before) => {
                let percent = 100.0 * (f64::from(self.now) / f64::from(*before) - 1.0);
                write!(f, "{name}: {now}, was {} ({percent:+.1} %)", grouped(*before, ','))
            }
        }
    }
}

/// What of `measured` differs from `committed`.
fn changes(committed: &Figures, measured: &Figures) -> Vec<Change> {
    let changes = measured.iter().map(|(name, now)| Change {
        name: name.clone(),
        before: find(committed, name),
        now: *now,
    });
    changes.filter(|change| change.before != Some(change.now)).collect()
}

/// Takes the figures in `table`, whose names begin with `within`, each with its place in the text: the parser keeps no
/// order. Something else is an error, with its place.
fn take(
    within: &str,
    table: &DeTable<'_>,
    placed: &mut Vec<(usize, String, u32)>,
) -> std::result::Result<(), Range<usize>> {
    for (key, value) in table {
        let name = format!("{within}{}", key.get_ref());
        match value.get_ref() {
            DeValue::Table(row) => take(&format!("{name}."), row, placed)?,
            DeValue::Integer(number) if number.radix() == 10 => {
                let number = number.as_str().replace('_', "").parse().map_err(|_| value.span())?;
                placed.push((value.span().start, name, number));
            }
            _ => return Err(value.span()),
        }
    }
    Ok(())
}

/// `number` with its thousands apart.
pub(crate) fn grouped(number: u32, separator: char) -> String {
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
pub(crate) const FILE: &str = "benches/numbers.toml";
const HEAD: &str = "\
# What Lowkey takes, by compiler: on a Cortex-M3, and on a Cortex-M4 or M33 where a name says `m4` or `m33`. Flash, RAM
# and stack in bytes: each row of benches/size less its empty firmware, and (`c-`) of benches/size-c the library's
# share, measured and compared by `cargo xtask size`, written by `cargo xtask size --write`. What begins with `cycles`:
# each row of benches/cortex-m3, likewise by `cargo xtask cycles` and `cargo xtask cycles --write`.
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
        let row = [("core-kk.flash", 16_208), ("core-kk.static-ram", 0), ("other.flash", 5)];
        numbers.set("rustc 1.95.0", Family::Size, figures(&row));
        numbers.set("Debian's rustc 1.96.0", Family::Size, figures(&[("core-kk.flash", 1_234_567)]));
        let text = numbers.to_string();
        assert!(text.contains("\ncore-kk = { flash = 16_208, static-ram = 0 }\nother.flash = 5\n"), "{text}");
        assert!(text.ends_with("\n\n[\"Debian's rustc 1.96.0\"]\ncore-kk.flash = 1_234_567\n"), "{text}");
        assert_eq!(Numbers::parse(&text).unwrap(), numbers);
    }

    #[test]
    fn the_committed_numbers_are_written_as_they_are_read() {
        let text = fs::read_to_string(root().join(FILE)).unwrap();
        assert_eq!(Numbers::parse(&text).unwrap().to_string(), text);
    }

    #[test]
    fn numbers_of_one_compiler_are_set_without_the_others() {
        let mut numbers = Numbers::parse("[\"a\"]\nx = 1\n[\"b\"]\nx = 2\n").unwrap();
        numbers.set("a", Family::Size, figures(&[("x", 3)]));
        assert_eq!(numbers.of("a"), Some(&figures(&[("x", 3)])));
        assert_eq!(numbers.of("b"), Some(&figures(&[("x", 2)])));
        assert_eq!(numbers.of("c"), None);
    }

    #[test]
    fn numbers_of_one_verb_are_set_without_the_other_s() {
        let mut numbers = Numbers::parse("[\"a\"]\nx = 1\ncycles.x = 2\n").unwrap();
        numbers.set("a", Family::Size, figures(&[("x", 3), ("y", 4)]));
        numbers.set("a", Family::Cycles, figures(&[("cycles.z", 5)]));
        assert_eq!(numbers.of("a"), Some(&figures(&[("x", 3), ("y", 4), ("cycles.z", 5)])));
        assert_eq!(numbers.figure("a", "y"), Some(4));
    }

    #[test]
    fn numbers_name_the_line_that_they_cannot_read() {
        let wrong = [
            ("x = 1", 1),
            ("# a\n\n[\"a\"]\nx = 1.5", 4),
            ("[\"a\"]\nx = 1\nx = 2", 3),
            ("[\"a\"]\nx = { y = -1 }", 2),
            ("[\"a\"]\nx", 2),
            ("[\"a\"]\nx = { y }", 2),
        ];
        for (text, line) in wrong {
            let error = Numbers::parse(text).unwrap_err().to_string();
            assert!(error.starts_with(&format!("benches/numbers.toml:{line}: ")), "{error}");
        }
    }

    #[test]
    fn growth_begins_above_the_tolerance() {
        let by = |before, now, tolerance| Change { name: String::new(), before, now }.is_growth(tolerance);
        let grew = |before, now, percent| by(before, now, Tolerance::Percent(percent));
        assert!(!grew(Some(10_000), 10_200, 2));
        assert!(grew(Some(10_000), 10_201, 2));
        assert!(!grew(Some(10_000), 10_000, 0));
        assert!(grew(Some(10_000), 10_001, 0));
        assert!(!grew(Some(10_000), 5_000, 0));
        assert!(grew(Some(0), 1, 2));
        assert!(!grew(None, 10_000, 0));
        assert!(!grew(Some(u32::MAX), u32::MAX, 0));
        assert!(!by(Some(10_000), 10_004, Tolerance::Units(4)));
        assert!(by(Some(10_000), 10_005, Tolerance::Units(4)));
    }

    #[test]
    fn figures_are_compared_with_their_own_compiler_s_or_for_information() {
        let numbers = Numbers::parse("[\"a\"]\nx = 100\n[\"b\"]\ncycles.x = 100\n").unwrap();
        let compare = |compiler, name, now, tolerance: fn(&str) -> Tolerance| {
            numbers.compare(compiler, &figures(&[(name, now)]), tolerance, "the remedy")
        };
        assert!(compare("a", "x", 102, |_| Tolerance::Percent(2)).is_ok());
        let error = compare("a", "x", 103, |_| Tolerance::Percent(2)).unwrap_err().to_string();
        assert_eq!(
            error,
            "more than it may be next to benches/numbers.toml:\n  x: 103, was 100 (+3.0 %)\non purpose: the remedy"
        );
        assert!(compare("b", "cycles.x", 101, |_| Tolerance::Percent(0)).is_err());
        assert!(compare("a", "cycles.x", 101, |_| Tolerance::Percent(0)).is_ok(), "only b has that one");
        let few = Numbers::parse("[\"a\"]\nx = 100_000\n").unwrap();
        assert!(
            few.compare("a", &figures(&[("x", 100_001)]), |_| Tolerance::Percent(0), "").is_err(),
            "one is too many"
        );
        assert!(compare("c", "x", 1_000, |_| Tolerance::Percent(0)).is_ok());
        assert!(compare("a", "cycles.unknown", 1, |_| Tolerance::Percent(0)).is_err());
    }

    #[test]
    fn changes_leave_out_what_is_the_same() {
        let committed = figures(&[("a.flash", 1_000), ("a.stack", 3_000), ("gone.flash", 1)]);
        let measured = figures(&[("a.flash", 1_000), ("a.stack", 3_300), ("b.flash", 20_000)]);
        let lines: Vec<_> = changes(&committed, &measured).iter().map(ToString::to_string).collect();
        assert_eq!(lines, ["a.stack: 3,300, was 3,000 (+10.0 %)", "b.flash: 20,000, not committed yet"]);
    }

    #[test]
    fn grouped_sets_thousands_apart() {
        let text = [0, 12, 123, 1_234, 123_456, 1_234_567].map(|number| grouped(number, ','));
        assert_eq!(text, ["0", "12", "123", "1,234", "123,456", "1,234,567"]);
    }
}
