//! A report, to be read.

use std::fmt;

use m3_model::Report;

/// The figures of a run: the sums, the regions if asked for, and the profile if there is one.
pub(crate) struct Figures<'r> {
    pub(crate) report: &'r Report,
    pub(crate) regions: bool,
}

impl fmt::Display for Figures<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = self.report;
        writeln!(f, "end           {}", report.end)?;
        writeln!(f, "cycles        {:>16}", report.cycles)?;
        writeln!(f, "instructions  {:>16}", report.instructions)?;
        writeln!(f, "peak stack    {:>16}", report.peak_stack)?;
        writeln!(f, "pc hash       {:016x}", report.pc_hash)?;
        writeln!(f, "address hash  {:016x}", report.address_hash)?;
        if self.regions {
            regions(f, report)?;
        }
        if !report.profile.is_empty() {
            profile(f, report)?;
        }
        Ok(())
    }
}

fn regions(f: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    writeln!(f, "\nregion        cycles  instructions   stack  pc hash           address hash")?;
    for region in &report.regions {
        writeln!(
            f,
            "{:>6} {:>13} {:>13} {:>7}  {:016x}  {:016x}",
            region.number,
            region.cycles,
            region.instructions,
            region.peak_stack,
            region.pc_hash,
            region.address_hash
        )?;
    }
    Ok(())
}

fn profile(f: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    let percent = |cycles: u64| cycles as f64 * 100.0 / report.cycles.max(1) as f64;
    writeln!(f, "\n   own cycles      %     inclusive      %     calls  function")?;
    for share in &report.profile {
        writeln!(
            f,
            "{:>13} {:>6.2} {:>13} {:>6.2} {:>9}  {}",
            share.own_cycles,
            percent(share.own_cycles),
            share.inclusive_cycles,
            percent(share.inclusive_cycles),
            share.calls,
            share.name
        )?;
    }
    Ok(())
}
