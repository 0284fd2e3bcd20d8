//! Figures by the names of rows, and sums of them.

use super::program::figure;
use crate::numbers::{Figures, find};

/// The figures of one compiler, looked at.
#[derive(Clone, Copy)]
pub(super) struct View<'f>(pub(super) &'f Figures);

impl View<'_> {
    /// The sum of a figure over `rows`; `None` if one of them was not measured.
    pub(super) fn sum(self, program: &str, rows: &[&str], what: &str) -> Option<u32> {
        rows.iter().map(|row| find(self.0, &figure(program, row, what))).sum()
    }

    /// The largest of a figure over `rows`; `None` if one of them was not measured.
    pub(super) fn largest(self, program: &str, rows: &[&str], what: &str) -> Option<u32> {
        let values: Option<Vec<u32>> =
            rows.iter().map(|row| find(self.0, &figure(program, row, what))).collect();
        values?.into_iter().max()
    }

    /// The cycles of `rows` together.
    pub(super) fn cycles(self, program: &str, rows: &[&str]) -> Option<u32> {
        self.sum(program, rows, "cycles")
    }
}

/// The program whose figures are ours.
pub(super) const LOWKEY: &str = "lowkey";
/// The steps of a handshake there, as a device has it.
pub(super) const KK_INITIATOR: [&str; 2] = ["kk.initiator.write-1", "kk.initiator.read-2"];
/// The one of a pairing and its key store, which are ours too.
pub(super) const PAIRING: &str = "pairing";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_of_all_rows_or_of_none() {
        let figures = [("cycles.p.a.cycles", 3), ("cycles.p.b.cycles", 4)];
        let figures: Figures = figures.map(|(name, value)| (name.to_owned(), value)).into();
        let view = View(&figures);
        assert_eq!(view.cycles("p", &["a", "b"]), Some(7));
        assert_eq!(view.largest("p", &["a", "b"], "cycles"), Some(4));
        assert_eq!(view.cycles("p", &["a", "c"]), None);
        assert_eq!(view.largest("p", &["a", "c"], "cycles"), None);
    }
}
