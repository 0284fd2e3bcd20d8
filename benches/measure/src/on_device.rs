//! The device's own tests: `on_device` of `tests/m3`, run in QEMU and in the cycle model by `tests/host/on-device`.

use xtask::{
    command::{Command, Result},
    firmware, setup,
    toolchain::Core,
};

use crate::{image::Image, players, size};

/// Builds the tests and runs them on every page of cases; then what the library for C leaves on the stack.
///
/// # Errors
/// What failed, and where.
pub fn check() -> Result<()> {
    setup::ensure([&setup::QEMU])?;
    let (folder, name) = ("tests/m3", "on_device");
    let cores = [("m3", Core::M3), ("m4", Core::M4), ("m33", Core::M33_DSP), ("m33-no-dsp", Core::M33)];
    for (core, built_for) in cores {
        let elf = firmware::build_on(built_for, folder, name)?;
        let Image { flash, .. } = Image::read(&elf)?;
        if flash > PAGE_AT {
            return Err(format!(
                "the tests take {flash} B of an {core}'s flash; the page of cases begins at {PAGE_AT}"
            )
            .into());
        }
        Command::new(players::program("on-device")?).args([elf.as_os_str(), core.as_ref()]).run()?;
    }
    size::residue()
}

/// The upper half of the flash.
const PAGE_AT: u32 = 0x2_0000;
