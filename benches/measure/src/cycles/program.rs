//! The measured programs, and what is asked of each.

use std::{
    path::{Path, PathBuf},
    slice,
};

use xtask::{command::Result, firmware};

use super::{
    core::{Core, M3, M4, M33, M33_PLAIN},
    emulator, model,
    output::{Said, regions},
};
use crate::numbers::Figures;

/// A binary of `benches/cortex-m3` at one level of optimisation.
pub(super) struct Program {
    pub(super) core: Core,
    /// What it is called on a Cortex-M3.
    plain: &'static str,
    pub(super) binary: &'static str,
    features: &'static [&'static str],
    /// Where it is not that of the profile that users copy. The peers are generic: their code is compiled in the last
    /// crate, where a level of their own would do nothing, so it is the whole binary's.
    level: Option<&'static str>,
}

/// Core by core, ours first.
pub(super) const PROGRAMS: [Program; 11] = [
    ours(M3, "lowkey", &[]),
    ours(M3, "pairing", &["pairing"]),
    peers(M3, "peers-s", "opt-level='s'"),
    peers(M3, "peers-3", "opt-level=3"),
    ours(M4, "lowkey", &[]),
    peers(M4, "peers-s", "opt-level='s'"),
    peers(M4, "peers-3", "opt-level=3"),
    ours(M33, "lowkey", &[]),
    ours(M33_PLAIN, "lowkey", &[]),
    peers(M33, "peers-s", "opt-level='s'"),
    peers(M33, "peers-3", "opt-level=3"),
];

const fn ours(core: Core, binary: &'static str, features: &'static [&'static str]) -> Program {
    Program { core, plain: binary, binary, features, level: None }
}

const fn peers(core: Core, plain: &'static str, level: &'static str) -> Program {
    Program { core, plain, binary: "peers", features: &["peers"], level: Some(level) }
}

impl Program {
    /// How its figures begin.
    pub(super) fn name(&self) -> String {
        self.core.program(self.plain)
    }

    /// Builds it and returns its ELF file.
    pub(super) fn build(&self) -> Result<PathBuf> {
        let name = self.name();
        let (settings, variant) = match &self.level {
            None => (&[][..], ""),
            Some(level) => (slice::from_ref(level), &*name),
        };
        firmware::build_as(self.core.built_for, (FOLDER, self.binary, variant), self.features, settings)
    }

    /// Runs it two or three times, and returns what it said and its figures.
    ///
    /// # Errors
    /// A run failed; the runs do not agree on the results; QEMU and the model do not agree on the instructions.
    pub(super) fn measure(&self, elf: &Path, model: &Path) -> Result<(Said, Figures)> {
        let of_this = |error| format!("{}: {error}", self.name());
        let modelled = |options| model::run(model, self.core, elf, options).map_err(of_this);
        let again = self.core.again.map(|again| modelled(again.options)).transpose()?;
        let emulated = emulator::run(self.core, elf).map_err(of_this)?;
        self.figures(&modelled(&[])?, again.as_deref(), &emulated).map_err(|error| of_this(error).into())
    }

    /// What the runs have said, made figures.
    fn figures(&self, fast: &str, again: Option<&str>, emulated: &str) -> Result<(Said, Figures)> {
        let regions = regions(fast)?;
        let again = again.map(Said::parse).transpose()?;
        let (fast, emulated) = (Said::parse(fast)?, Said::parse(emulated)?);
        if let Some(again) = &again {
            fast.agrees_with(again).map_err(|error| format!("read again: {error}"))?;
        }
        fast.agrees_with(&emulated).map_err(|error| format!("model and QEMU: {error}"))?;
        if fast.rows.len() != regions.len() {
            return Err("the model saw other rows than the program says".into());
        }
        let (mut figures, name) = (Figures::new(), self.name());
        let mut add = |row: &str, what, value| figures.push((figure(&name, row, what), value));
        for (number, ((row, emulated), region)) in
            fast.rows.iter().zip(&emulated.rows).zip(&regions).enumerate()
        {
            emulator::check(self.core, emulated, region)?;
            add(&row.name, "cycles", row.cycles);
            let read_again = again.as_ref().and_then(|again| again.rows.get(number));
            if let Some((again, row_again)) = self.core.again.zip(read_again) {
                add(&row.name, again.figure, row_again.cycles);
            }
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
        let (_, figures) = PROGRAMS[0].figures(MODEL, Some(&slow), emulated).unwrap();
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
        let refused = |slow: &str, emulated: &str| {
            PROGRAMS[0].figures(MODEL, Some(slow), emulated).unwrap_err().to_string()
        };
        assert!(refused(&MODEL.replace("0f", "1f"), emulated).starts_with("read again: "));
        assert!(refused(MODEL, &emulated.replace("0f", "1f")).starts_with("model and QEMU: "));
        assert!(refused(MODEL, &emulated.replace("18", "99")).contains("QEMU"));
    }
}
