//! What a handshake takes on parts that can be bought: computed from its cycles and what a data sheet says of the
//! current, not measured on any.

use super::{
    core::{Core, M3, M4, M33},
    grid::{Grid, Rank},
    view::{KK_INITIATOR, LOWKEY, View},
};
use crate::numbers::grouped;

/// A part that runs from its own flash, by its data sheet.
struct Part {
    name: &'static str,
    core: Core,
    /// Which reading of the core's cycles is the part's.
    reading: &'static str,
    megahertz: u32,
    /// Typical, of all of the part while the core runs.
    microamperes: u32,
    millivolts: u32,
}

const PARTS: [Part; 3] = [
    // STMicroelectronics DS5319, "Typical current consumption in Run mode, code with data processing running from
    // Flash": external clock, all peripherals disabled, 25 °C.
    Part {
        name: "STM32F103",
        core: M3,
        reading: "stm32f1",
        megahertz: 72,
        microamperes: 27_000,
        millivolts: 3_300,
    },
    // Nordic Semiconductor, nRF52840 Product Specification, "Current consumption", CPU running: CoreMark from flash,
    // DC/DC regulator.
    Part {
        name: "nRF52840",
        core: M4,
        reading: "cycles",
        megahertz: 64,
        microamperes: 3_300,
        millivolts: 3_000,
    },
    // Nordic Semiconductor, nRF54L15 Datasheet, "Current consumption", CPU running: CoreMark from non-volatile memory,
    // cache enabled.
    Part {
        name: "nRF54L15",
        core: M33,
        reading: "bound",
        megahertz: 128,
        microamperes: 2_600,
        millivolts: 3_000,
    },
];

/// Each part with the time and energy of a handshake, and how many of them a coin cell has.
pub(super) fn grid(view: View<'_>) -> Grid {
    let mut grid = Grid::new(&[
        "part",
        "core",
        "MHz",
        "mA",
        "V",
        "handshake, ms",
        "handshake, µJ",
        "handshakes a CR2032",
        "record of 64 B, µJ",
    ]);
    for part in &PARTS {
        let cycles = |rows| view.sum(&part.core.program(LOWKEY), rows, part.reading);
        let shown = |value: Option<f64>, decimals: usize| {
            value.map_or_else(String::new, |value| format!("{value:.decimals$}"))
        };
        let handshake = cycles(&KK_INITIATOR);
        let whole =
            |value: Option<f64>| value.map_or_else(String::new, |value| grouped(value.round() as u32, ','));
        grid.row(
            Rank::Single,
            [
                part.name.to_owned(),
                part.core.name.to_owned(),
                part.megahertz.to_string(),
                format!("{:.1}", f64::from(part.microamperes) / 1e3),
                format!("{:.1}", f64::from(part.millivolts) / 1e3),
                shown(handshake.map(|cycles| part.seconds(cycles) * 1e3), 1),
                whole(handshake.map(|cycles| part.joules(cycles) * 1e6)),
                whole(handshake.map(|cycles| three_digits(CR2032 / part.coulombs(cycles)))),
                shown(cycles(&["record.seal-64"]).map(|cycles| part.joules(cycles) * 1e6), 1),
            ],
        );
    }
    grid
}

impl Part {
    fn seconds(&self, cycles: u32) -> f64 {
        f64::from(cycles) / (f64::from(self.megahertz) * 1e6)
    }

    fn coulombs(&self, cycles: u32) -> f64 {
        self.seconds(cycles) * f64::from(self.microamperes) * 1e-6
    }

    fn joules(&self, cycles: u32) -> f64 {
        self.coulombs(cycles) * f64::from(self.millivolts) * 1e-3
    }
}

/// More would say more than a data sheet's typical value does.
fn three_digits(value: f64) -> f64 {
    let unit = 10_f64.powf(value.log10().floor() - 2.0);
    (value / unit).round() * unit
}

/// What a cell has in coulombs: 225 mAh, as most data sheets of it say.
const CR2032: f64 = 0.225 * 3_600.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbers::Figures;

    #[test]
    fn a_part_takes_its_current_for_as_long_as_its_cycles_last() {
        let figures: Figures = KK_INITIATOR
            .map(|row| (format!("cycles.lowkey-m4.{row}.cycles"), 32_000_000))
            .into_iter()
            .chain([("cycles.lowkey-m4.record.seal-64.cycles".to_owned(), 6_400)])
            .collect();
        // 64,000,000 cycles at 64 MHz are a second; 3.3 mA at 3 V are 9.9 mW; 810 C by 3.3 mC are 245,454.
        let table = grid(View(&figures)).markdown();
        let row = "| nRF52840 | Cortex-M4 | 64 | 3.3 | 3.0 | 1000.0 | 9,900 | 245,000 | 1.0 |\n";
        assert!(table.contains(row), "{table}");
        assert!(table.contains("| STM32F103 | Cortex-M3 | 72 | 27.0 | 3.3 |  |  |  |  |\n"), "{table}");
    }

    #[test]
    fn three_digits_are_left_of_a_number() {
        assert_eq!(three_digits(245_454.5), 245_000.0);
        assert_eq!(three_digits(245_500.0), 246_000.0);
        assert_eq!(three_digits(12_039_999.0), 12_000_000.0);
        assert_eq!(three_digits(1.0), 1.0);
    }
}
