//! KK on core alone, compiled for the cores with the DSP extension. It runs in the cycle model: QEMU's board of these
//! programs has a Cortex-M3, and the UART that they speak through is on no board with another core.

use std::path::Path;

use xtask::{command::Result, firmware};

use super::{CORE_ALONE, KEY_PAGE, RAM, SIZE, Script, Taken, grouped, parts, row};
use crate::{
    cycles::{
        core::{Core, M4, M33},
        model,
    },
    image::Image,
    numbers::Figures,
    players,
};

/// A core, and how the row is called.
struct Row {
    core: Core,
    title: &'static str,
}

const ROWS: [Row; 2] = [
    Row { core: M4, title: "KK initiator on core alone, Cortex-M4" },
    Row { core: M33, title: "the same, Cortex-M33 with the DSP extension" },
];

/// How the figures of each row begin, and its title.
pub(super) fn titled() -> [(String, &'static str); ROWS.len()] {
    ROWS.map(|row| (row.name(), row.title))
}

/// Builds and runs each; returns the figures of all.
///
/// # Errors
/// One fails, or takes more than it may.
pub(super) fn measure(script: &Script) -> Result<Figures> {
    let model = players::program("m3-model")?;
    let page = format!("{}@{KEY_PAGE}", script.page(CORE_ALONE).display());
    let mut figures = Figures::new();
    for row in ROWS {
        let of =
            |program| taken(&model, &page, row.core, &firmware::build_on(row.core.built_for, SIZE, program)?);
        let taken = of(CORE_ALONE)?.less(&of("empty")?)?;
        taken.print(row.title);
        if taken.flash > FLASH {
            let (title, limit) = (row.title, grouped(FLASH, ','));
            return Err(format!("{title}: {} B of flash, and at most {limit} B", taken.flash).into());
        }
        let its = [("flash", taken.flash), ("static-ram", taken.ram), ("peak-stack", taken.stack)];
        figures.extend(its.map(|(figure, bytes)| (format!("{}.{figure}", row.name()), bytes)));
    }
    Ok(figures)
}

impl Row {
    fn name(&self) -> String {
        self.core.program(&row(CORE_ALONE))
    }
}

fn taken(model: &Path, page: &str, core: Core, elf: &Path) -> Result<Taken> {
    let image = Image::read(elf)?;
    let said = model::run(model, core, elf, &["--ram-at", RAM, "--load", page])?;
    let stack = said.lines().find_map(|line| line.strip_prefix("ok stack ")?.trim().parse().ok());
    let stack = stack.ok_or_else(|| format!("the model said: {said}"))?;
    Ok(Taken { flash: image.flash, ram: image.ram, stack, parts: parts::of(&image), panics: None })
}

/// What each may take of flash, with any compiler.
const FLASH: u32 = 8_400;
