//! KK on core alone, compiled for a Cortex-M4. It runs in the cycle model: QEMU's board of these programs has a
//! Cortex-M3, and the UART that they speak through is on no board with an M4.

use std::path::{Path, PathBuf};

use xtask::{
    command::{Command, Result},
    firmware,
    toolchain::Core,
};

use super::{CORE_ALONE, KEY_PAGE, SIZE, Script, Taken, grouped, parts};
use crate::{cycles::model, image::Image, numbers::Figures, players};

/// Builds and runs it; returns its figures.
///
/// # Errors
/// It fails, or takes more than it may.
pub(super) fn measure(script: &Script) -> Result<Figures> {
    let model = players::program("m3-model")?;
    let page = format!("{}@{KEY_PAGE}", script.page(CORE_ALONE).display());
    let run = |program| taken(&model, &page, &firmware::build_on(Core::M4, SIZE, program)?);
    let taken = run(CORE_ALONE)?.less(&run("empty")?)?;
    taken.print(TITLE);
    if taken.flash > FLASH {
        return Err(format!(
            "on a Cortex-M4 KK on core alone takes at most {} B of flash",
            grouped(FLASH, ',')
        )
        .into());
    }
    let figures = [("flash", taken.flash), ("static-ram", taken.ram), ("peak-stack", taken.stack)];
    Ok(figures.map(|(figure, bytes)| (format!("{ROW}.{figure}"), bytes)).into())
}

fn taken(model: &Path, page: &str, elf: &PathBuf) -> Result<Taken> {
    let image = Image::read(elf)?;
    let run = Command::new(model).args(["--core", "m4", "--load", page]).args([elf]).limit(model::LIMIT);
    let said = run.quiet()?;
    let stack = said.lines().find_map(|line| line.strip_prefix("ok stack ")?.trim().parse().ok());
    let stack = stack.ok_or_else(|| format!("the model said: {said}"))?;
    Ok(Taken { flash: image.flash, ram: image.ram, stack, parts: parts::of(&image), panics: None })
}

/// How its figures begin, and its title.
pub(super) const ROW: &str = "core-kk-m4";
pub(super) const TITLE: &str = "KK initiator on core alone, Cortex-M4";
/// What it may take of flash, with any compiler.
const FLASH: u32 = 8_400;
