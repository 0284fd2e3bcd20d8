//! What a channel may take, on a Cortex-M3, a Cortex-M4 and a Cortex-M33. Printed as met or missed; who has met one may
//! not miss it again.

use xtask::command::Result;

use super::{
    core::{M4, M33},
    grid::{Grid, Rank},
    view::{KK_INITIATOR, LOWKEY, View},
};
use crate::numbers::grouped;

/// A limit that a figure must not exceed.
struct Target {
    title: &'static str,
    limit: u32,
    unit: Unit,
    measured: fn(View<'_>) -> Option<u32>,
}

enum Unit {
    Cycles,
    /// Both figures are cycles for 1,024 bytes, shown for one.
    CyclesAByte,
    Bytes,
}

const TARGETS: [Target; 9] = [
    Target {
        title: "X25519",
        limit: 2_400_000,
        unit: Unit::Cycles,
        measured: |view| view.cycles(LOWKEY, &["x25519.diffie-hellman"]),
    },
    Target {
        title: "KK initiator, the whole handshake",
        limit: 9_780_000,
        unit: Unit::Cycles,
        measured: |view| view.cycles(LOWKEY, &KK_INITIATOR),
    },
    Target {
        title: "KK initiator, after the server's answer",
        limit: 5_000_000,
        unit: Unit::Cycles,
        measured: |view| view.cycles(LOWKEY, &["kk.initiator.read-2"]),
    },
    Target {
        title: "AEAD, seal 1,024 bytes",
        limit: 36 * 1_024,
        unit: Unit::CyclesAByte,
        measured: |view| view.cycles(LOWKEY, &["aead.seal-1024"]),
    },
    Target {
        title: "`size_of::<Session>()`",
        limit: 160,
        unit: Unit::Bytes,
        measured: |view| view.sum(LOWKEY, &["session"], "bytes"),
    },
    Target {
        title: "X25519, Cortex-M4",
        limit: 560_000,
        unit: Unit::Cycles,
        measured: |view| view.cycles(&M4.program(LOWKEY), &["x25519.diffie-hellman"]),
    },
    Target {
        title: "KK initiator, the whole handshake, Cortex-M4",
        limit: 2_700_000,
        unit: Unit::Cycles,
        measured: |view| view.cycles(&M4.program(LOWKEY), &KK_INITIATOR),
    },
    Target {
        title: "AEAD, seal 1,024 bytes, Cortex-M4",
        limit: 20 * 1_024,
        unit: Unit::CyclesAByte,
        measured: |view| view.cycles(&M4.program(LOWKEY), &["aead.seal-1024"]),
    },
    Target {
        // By the slower of two readings: no manual has its cycles.
        title: "X25519, Cortex-M33, at most",
        limit: 900_000,
        unit: Unit::Cycles,
        measured: |view| view.sum(&M33.program(LOWKEY), &["x25519.diffie-hellman"], "bound"),
    },
];

/// Every target with what was measured.
pub(super) fn grid(view: View<'_>) -> Grid {
    let mut grid = Grid::new(&["target", "at most", "measured", ""]);
    for target in &TARGETS {
        let measured = (target.measured)(view);
        let verdict = measured.map_or("", |value| if value <= target.limit { "met" } else { "missed" });
        let shown = measured.map_or_else(String::new, |value| target.unit.show(value));
        let cells = [target.title.to_owned(), target.unit.show(target.limit), shown, verdict.to_owned()];
        grid.row(Rank::Single, cells);
    }
    grid
}

/// Makes sure that `measured` misses no target that `committed` meets.
///
/// # Errors
/// The first that it misses.
pub(super) fn still_met(committed: View<'_>, measured: View<'_>) -> Result<()> {
    for target in &TARGETS {
        let meets = |view| (target.measured)(view).is_some_and(|value| value <= target.limit);
        if meets(committed) && !meets(measured) {
            return Err(format!("{} was within its target and is no longer", target.title).into());
        }
    }
    Ok(())
}

impl Unit {
    fn show(&self, value: u32) -> String {
        match self {
            Self::Cycles => format!("{} cycles", grouped(value, ',')),
            Self::CyclesAByte => format!("{} cycles a byte", per_byte(value)),
            Self::Bytes => format!("{value} B"),
        }
    }
}

/// A 1,024th with one decimal.
fn per_byte(cycles: u32) -> String {
    format!("{:.1}", f64::from(cycles) / 1_024.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbers::Figures;

    fn x25519(cycles: u32) -> Figures {
        vec![("cycles.lowkey.x25519.diffie-hellman.cycles".to_owned(), cycles)]
    }

    #[test]
    fn a_target_that_was_met_must_not_be_missed() {
        let (met, missed) = (x25519(2_400_000), x25519(2_400_001));
        let check = |before, now| still_met(View(before), View(now)).is_ok();
        assert!(check(&met, &met));
        assert!(check(&missed, &missed));
        assert!(check(&missed, &met));
        assert!(!check(&met, &missed));
    }

    #[test]
    fn the_table_says_met_or_missed() {
        let text = |cycles| grid(View(&x25519(cycles))).text();
        assert!(text(2_400_000).contains("2,400,000 cycles  2,400,000 cycles  met\n"));
        assert!(text(2_400_001).contains("2,400,000 cycles  2,400,001 cycles  missed\n"));
        assert!(text(1).contains("36.0 cycles a byte\n"), "nothing measured, nothing said");
    }
}
