//! What each setting is worth that the archive for C is built with and that is not stable Rust.

use pack::archive::{self, Machine, Saving};
use xtask::{command::Result, toolchain::TARGET};

use super::{Script, c};
use crate::numbers::grouped;

/// Prints a row for none of them, and one for each with those before it.
pub(super) fn print(compiler: &str) -> Result<()> {
    let script = Script::record()?;
    let titles = c::ROWS.each_ref().map(|row| format!(" {} |", row.title));
    println!("| {compiler} |{}", titles.concat());
    println!("| --- |{}", " ---: |".repeat(titles.len()));
    for count in 0..=Saving::ALL.len() {
        let (savings, _) = Saving::ALL.split_at(count);
        let title = savings
            .last()
            .map_or("nothing but the profile".to_owned(), |last| format!("and {}", last.title()));
        let archive = archive::build_with(&Machine::bare(TARGET), savings)?;
        let cells = c::rows(&archive, &script)?.into_iter().map(|[flash, _, stack]| {
            let [flash, stack] = [flash, stack].map(|bytes| grouped(bytes, ','));
            format!(" {flash} / {stack} |")
        });
        println!("| {title} |{}", cells.collect::<String>());
    }
    Ok(())
}
