//! KK on core alone at other settings of the build profile, to see what each setting of the one to copy is worth.

use std::path::Path;

use xtask::{
    command::{Command, Result},
    firmware,
    toolchain::Core,
};

use super::{CORE_ALONE, KEY_PAGE, SIZE, Script, Taken};
use crate::{cycles::model, numbers::grouped, players};

/// Prints a row for each way of building.
pub(super) fn print(compiler: &str) -> Result<()> {
    let model = players::program("m3-model")?;
    let script = Script::record()?;
    println!("| {compiler} | flash, B | peak stack, B | cycles |");
    println!("| --- | ---: | ---: | ---: |");
    for (name, title, settings) in WAYS {
        let run = |program| -> Result<(Taken, u32)> {
            let elf = firmware::build_as(Core::M3, (SIZE, program, name), &[], settings)?;
            Ok((Taken::of(program, &elf, &script)?, cycles(&model, &elf, &script)?))
        };
        let ((empty, start), (taken, cycles)) = (run("empty")?, run(CORE_ALONE)?);
        let taken = taken.less(&empty)?;
        let figures = [taken.flash, taken.stack, cycles.saturating_sub(start)];
        let [flash, stack, cycles] = figures.map(|figure| grouped(figure, ','));
        println!("| {title} | {flash} | {stack} | {cycles} |");
    }
    Ok(())
}

/// What the program takes in the model, from reset to its last word.
fn cycles(model: &Path, elf: &Path, script: &Script) -> Result<u32> {
    let load = format!("{}@{KEY_PAGE}", script.page(CORE_ALONE).display());
    let said = Command::new(model).args(["--load", &load]).args([elf]).limit(model::LIMIT).quiet()?;
    let cycles = said.lines().find_map(|line| line.strip_prefix("cycles")?.trim().parse().ok());
    cycles.ok_or_else(|| format!("the model said: {said}").into())
}

/// A folder, a title, and what is other than in the profile to copy.
const WAYS: [(&str, &str, &[&str]); 7] = [
    ("copy", "the profile to copy: `z`, fat LTO, one unit", &[]),
    ("s", "`opt-level = \"s\"`", &["opt-level=\"s\""]),
    ("2", "`opt-level = 2`", &["opt-level=2"]),
    ("3", "`opt-level = 3`", &["opt-level=3"]),
    ("thin", "`lto = \"thin\"`", &["lto=\"thin\""]),
    ("no-lto", "`lto = \"off\"`", &["lto=\"off\""]),
    ("units", "`codegen-units = 16`", &["codegen-units=16"]),
];
