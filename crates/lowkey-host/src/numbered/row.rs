//! Which run a device is in, and which it has been in.

use super::{DIGEST_LEN, Last, RunId, Unstored};
use crate::text::{Hex, unhex};
use std::fmt;
use std::str::FromStr;

/// What is kept of a device whose messages are numbered. As a text it is one line in hex and numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    run: RunId,
    last: Option<Last>,
    /// The oldest first.
    old: Vec<RunId>,
}

/// How many runs of a device are remembered that another has taken the place of.
pub const MOST_OLD_RUNS: usize = 16;

impl Row {
    /// Of a device that is in its first run.
    pub fn new(run: RunId) -> Self {
        Self { run, last: None, old: Vec::new() }
    }

    /// The run that the device is in.
    pub fn run(&self) -> RunId {
        self.run
    }

    /// What of it is stored.
    pub fn last(&self) -> Option<Last> {
        self.last
    }

    /// The runs that it was in before, the oldest first.
    pub fn old_runs(&self) -> &[RunId] {
        &self.old
    }

    /// A session of `run` is confirmed. Whether that changes the row: then write it before anything else.
    ///
    /// # Errors
    /// [`Unstored::Replaced`]: another has taken its place. [`Unstored::TooManyRuns`]: no room is left for one more.
    /// The row is as it was.
    pub fn enter(&mut self, run: RunId) -> Result<bool, Unstored> {
        if self.run == run {
            return Ok(false);
        }
        if self.old.contains(&run) {
            return Err(Unstored::Replaced);
        }
        if self.old.len() >= MOST_OLD_RUNS {
            return Err(Unstored::TooManyRuns);
        }
        self.old.push(self.run);
        (self.run, self.last) = (run, None);
        Ok(true)
    }

    /// Says that this is stored. Whether it is above what was: the row never goes back.
    pub fn store(&mut self, last: Last) -> bool {
        let rises = self.last.is_none_or(|before| before.number < last.number);
        if rises {
            self.last = Some(last);
        }
        rises
    }

    /// A person has decided that the runs before this one count no more. How many they were.
    pub fn forget_old_runs(&mut self) -> usize {
        std::mem::take(&mut self.old).len()
    }
}

impl fmt::Display for Row {
    /// `run number digest old …`, all but the number in hex; number and digest are `-` where nothing is stored.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", Hex(self.run.as_bytes()))?;
        match self.last {
            Some(Last { number, digest }) => write!(f, "{number} {}", Hex(&digest))?,
            None => f.write_str("- -")?,
        }
        self.old.iter().try_for_each(|run| write!(f, " {}", Hex(run.as_bytes())))
    }
}

impl FromStr for Row {
    type Err = NoRow;

    fn from_str(text: &str) -> Result<Self, NoRow> {
        let mut words = text.split(' ');
        let mut word = || words.next().ok_or(NoRow);
        let run = eight(word()?).map(RunId::new)?;
        let last = match (word()?, word()?) {
            ("-", "-") => None,
            (number, digest) => {
                let is_plain = number.bytes().all(|digit| digit.is_ascii_digit());
                let number = number.parse().ok().filter(|number| *number > 0 && is_plain).ok_or(NoRow)?;
                Some(Last { number, digest: eight(digest)? })
            }
        };
        let old = words.map(|run| eight(run).map(RunId::new)).collect::<Result<Vec<_>, _>>()?;
        if old.len() > MOST_OLD_RUNS { Err(NoRow) } else { Ok(Self { run, last, old }) }
    }
}

fn eight(text: &str) -> Result<[u8; 8], NoRow> {
    const { assert!(DIGEST_LEN == 8 && RunId::LEN == 8) };
    unhex(text).and_then(|bytes| bytes.try_into().ok()).ok_or(NoRow)
}

/// A text that is no [`Row`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRow;

impl fmt::Display for NoRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not what is kept of a device whose messages are numbered")
    }
}

impl std::error::Error for NoRow {}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(n: u8) -> RunId {
        RunId::new([n; 8])
    }

    #[test]
    fn a_replaced_run_is_never_taken_again_and_after_sixteen_a_person_decides() {
        let mut row = Row::new(run(0));
        assert!(row.store(Last { number: u64::MAX, digest: [1; 8] }));
        for next in 1..=16 {
            assert_eq!(row.enter(run(next)), Ok(true), "{next}");
            assert_eq!(row.last(), None);
            assert_eq!(row.enter(run(next)), Ok(false));
        }
        let before = row.clone();
        for old in 0..16 {
            assert_eq!(row.enter(run(old)), Err(Unstored::Replaced), "{old}");
        }
        assert_eq!(row.enter(run(17)), Err(Unstored::TooManyRuns));
        assert_eq!(row, before);
        assert_eq!(row.forget_old_runs(), 16);
        assert_eq!((row.run(), row.forget_old_runs()), (run(16), 0));
        assert_eq!(row.enter(run(17)), Ok(true));
    }

    #[test]
    fn a_row_does_not_go_back() {
        let mut row = Row::new(run(0));
        assert!(row.store(Last { number: 7, digest: [1; 8] }));
        for number in [0, 6, 7] {
            assert!(!row.store(Last { number, digest: [2; 8] }));
        }
        assert_eq!(row.last(), Some(Last { number: 7, digest: [1; 8] }));
    }

    #[test]
    fn a_row_reads_as_it_was_written_and_nothing_else_is_one() {
        let mut row = Row::new(run(0xa0));
        assert_eq!(row.to_string(), "a0a0a0a0a0a0a0a0 - -");
        for next in 1..=16 {
            assert_eq!(row.to_string().parse(), Ok(row.clone()));
            row.enter(run(next)).unwrap();
            row.store(Last { number: u64::MAX - u64::from(next), digest: [next; 8] });
        }
        let text = row.to_string();
        assert_eq!(text.parse(), Ok(row));
        for wrong in [
            "",
            "a0a0a0a0a0a0a0a0",
            "a0 - -",
            "a0a0a0a0a0a0a0a0 - 0101010101010101",
            "a0a0a0a0a0a0a0a0 0 0101010101010101",
            "a0a0a0a0a0a0a0a0 +1 0101010101010101",
            "a0a0a0a0a0a0a0a0 1 01",
            "a0a0a0a0a0a0a0a0 - - ",
            "a0a0a0a0a0a0a0a0 - - x",
            &format!("{text} 1111111111111111"),
        ] {
            assert_eq!(wrong.parse::<Row>(), Err(NoRow), "{wrong}");
        }
    }
}
