//! The measured programs, and what is asked of each.

use std::path::{Path, PathBuf};

use xtask::{command::Result, firmware};

use super::{
    emulator,
    model::{self, Flash},
    output::{Said, regions},
};
use crate::numbers::Figures;

/// A binary of `benches/cortex-m3` at one level of optimisation.
pub(super) struct Program {
    /// How its figures begin.
    pub(super) name: &'static str,
    binary: &'static str,
    features: &'static [&'static str],
    /// Where it is not that of the profile that users copy. The peers are generic: their code is compiled in the last
    /// crate, where a level of their own would do nothing, so it is the whole binary's.
    level: Option<&'static str>,
}

/// Ours first.
pub(super) const PROGRAMS: [Program; 4] = [
    Program { name: "lowkey", binary: "lowkey", features: &[], level: None },
    Program { name: "pairing", binary: "pairing", features: &["pairing"], level: None },
    Program { name: "peers-s", binary: "peers", features: &["peers"], level: Some("opt-level='s'") },
    Program { name: "peers-3", binary: "peers", features: &["peers"], level: Some("opt-level=3") },
];

impl Program {
    /// Builds it and returns its ELF file.
    pub(super) fn build(&self) -> Result<PathBuf> {
        match self.level {
            None => firmware::build_with(FOLDER, self.binary, self.features),
            Some(level) => firmware::build_as((FOLDER, self.binary, self.name), self.features, &[level]),
        }
    }

    /// Runs it three times, and returns what it said and its figures.
    ///
    /// # Errors
    /// A run failed; the runs do not agree on the results; QEMU and the model do not agree on the instructions.
    pub(super) fn measure(&self, elf: &Path, model: &Path) -> Result<(Said, Figures)> {
        let of_this = |error| format!("{}: {error}", self.name);
        self.figures(
            &model::run(model, elf, Flash::Fast).map_err(of_this)?,
            &model::run(model, elf, Flash::Stm32f1).map_err(of_this)?,
            &emulator::run(elf).map_err(of_this)?,
        )
        .map_err(|error| of_this(error).into())
    }

    /// What three runs have said, made figures.
    fn figures(&self, fast: &str, slow: &str, emulated: &str) -> Result<(Said, Figures)> {
        let regions = regions(fast)?;
        let [fast, slow, emulated] = [fast, slow, emulated].map(Said::parse);
        let (fast, slow, emulated) = (fast?, slow?, emulated?);
        fast.agrees_with(&slow).map_err(|error| format!("with slower flash: {error}"))?;
        fast.agrees_with(&emulated).map_err(|error| format!("model and QEMU: {error}"))?;
        if fast.rows.len() != regions.len() {
            return Err("the model saw other rows than the program says".into());
        }
        let mut figures = Figures::new();
        let mut add = |row: &str, what, value| figures.push((figure(self.name, row, what), value));
        for (((row, slow), emulated), region) in
            fast.rows.iter().zip(&slow.rows).zip(&emulated.rows).zip(&regions)
        {
            emulator::check(emulated, region)?;
            add(&row.name, "cycles", row.cycles);
            add(&row.name, "stm32f1", slow.cycles);
            add(&row.name, "instructions", region.instructions);
            add(&row.name, "stack", region.stack);
        }
        fast.sizes.iter().for_each(|(name, bytes)| add(name, "bytes", *bytes));
        Ok((fast, figures))
    }
}

/// The name of a figure: of which program, of which row, and what it counts.
pub(super) fn figure(program: &str, row: &str, what: &str) -> String {
    format!("cycles.{program}.{row}.{what}")
}

/// The workspace of the programs.
const FOLDER: &str = "benches/cortex-m3";

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: &str = "\
row a cycles 30 ticks 29
size session 112
digest 0f
region cycles instructions stack
0 0 0 0
1 28 10 64
";

    #[test]
    fn three_runs_become_four_figures_a_row() {
        let (slow, emulated) = (MODEL.replace("30", "40"), "row a cycles 0 ticks 18\ndigest 0f\n");
        let (_, figures) = PROGRAMS[0].figures(MODEL, &slow, emulated).unwrap();
        let expected = [
            ("cycles.lowkey.a.cycles", 30),
            ("cycles.lowkey.a.stm32f1", 40),
            ("cycles.lowkey.a.instructions", 10),
            ("cycles.lowkey.a.stack", 64),
            ("cycles.lowkey.session.bytes", 112),
        ];
        assert_eq!(figures, expected.map(|(name, value)| (name.to_owned(), value)));
    }

    #[test]
    fn runs_that_differ_are_an_error() {
        let emulated = "row a cycles 0 ticks 18\ndigest 0f\n";
        let refused =
            |slow: &str, emulated: &str| PROGRAMS[0].figures(MODEL, slow, emulated).unwrap_err().to_string();
        assert!(refused(&MODEL.replace("0f", "1f"), emulated).starts_with("with slower flash: "));
        assert!(refused(MODEL, &emulated.replace("0f", "1f")).starts_with("model and QEMU: "));
        assert!(refused(MODEL, &emulated.replace("18", "99")).contains("QEMU"));
    }
}
