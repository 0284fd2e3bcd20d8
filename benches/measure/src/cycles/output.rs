//! What a program says: `row NAME cycles C ticks T`, `size NAME BYTES`, `digest HEX`; and what the model adds.

use xtask::command::Result;

/// The lines of a program.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) rows: Vec<Row>,
    /// What something has in memory, in bytes.
    pub(super) sizes: Vec<(String, u32)>,
    digest: String,
}

/// A timed piece of work.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) name: String,
    /// By DWT's CYCCNT; 0 in QEMU, which has none.
    pub(super) cycles: u32,
    /// By SysTick, in 24 bits.
    pub(super) ticks: u32,
}

impl Said {
    /// Reads the lines; those of others are left out.
    ///
    /// # Errors
    /// The program did not come to its end, the digest.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut said = Self::default();
        for line in text.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words[..] {
                ["row", name, "cycles", cycles, "ticks", ticks] => {
                    let (cycles, ticks) = (cycles.parse()?, ticks.parse()?);
                    said.rows.push(Row { name: name.to_owned(), cycles, ticks });
                }
                ["size", name, bytes] => said.sizes.push((name.to_owned(), bytes.parse()?)),
                ["digest", digest] => said.digest = digest.to_owned(),
                _ => (),
            }
        }
        if said.digest.is_empty() || said.rows.is_empty() {
            return Err(format!("the program stopped early: {}", text.trim_end()).into());
        }
        Ok(said)
    }

    /// Makes sure that both ran the same rows and computed the same.
    ///
    /// # Errors
    /// They did not.
    pub(super) fn agrees_with(&self, other: &Self) -> Result<()> {
        let names = |said: &Self| said.rows.iter().map(|row| row.name.clone()).collect::<Vec<_>>();
        if names(self) != names(other) {
            return Err("not the same rows".into());
        }
        if self.digest != other.digest {
            return Err(format!("not the same results: {} and {}", self.digest, other.digest).into());
        }
        Ok(())
    }
}

/// What the model counted between a row's marks.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Region {
    pub(super) instructions: u32,
    /// How deep the stack went below the caller's, in bytes.
    pub(super) stack: u32,
}

/// The model's table of regions, without the first, which is the empty row that the program subtracts.
///
/// # Errors
/// There is no such table.
pub(super) fn regions(text: &str) -> Result<Vec<Region>> {
    let mut lines = text.lines().skip_while(|line| !line.starts_with("region ")).skip(1);
    let mut regions = Vec::new();
    while let Some([_number, _cycles, instructions, stack, ..]) =
        lines.next().map(|line| line.split_whitespace().collect::<Vec<_>>()).as_deref()
    {
        regions.push(Region { instructions: instructions.parse()?, stack: stack.parse()? });
    }
    if regions.is_empty() {
        return Err("the model shows no regions".into());
    }
    regions.remove(0);
    Ok(regions)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "\
size session 112
pass 1
row kk.initiator.write-1 cycles 7611428 ticks 7611426
digest 44b06fa8f93940e0
end           exit 0
";

    #[test]
    fn the_lines_of_a_program_are_found_among_others() {
        let said = Said::parse(SAID).unwrap();
        assert_eq!(said.sizes, [("session".to_owned(), 112)]);
        let row = Row { name: "kk.initiator.write-1".to_owned(), cycles: 7_611_428, ticks: 7_611_426 };
        assert_eq!(said.rows, [row]);
        assert_eq!(said.digest, "44b06fa8f93940e0");
    }

    #[test]
    fn a_program_without_its_end_is_an_error_that_quotes_it() {
        let error = Said::parse("size session 112\npanicked at src/kk.rs:7\n").unwrap_err().to_string();
        assert!(error.contains("panicked at src/kk.rs:7"), "{error}");
        assert!(Said::parse("row a cycles 1 ticks x\ndigest 0").is_err());
    }

    #[test]
    fn two_runs_agree_if_rows_and_results_are_the_same_whatever_the_time() {
        let said = Said::parse(SAID).unwrap();
        let with = |from: &str, to: &str| Said::parse(&SAID.replace(from, to)).unwrap();
        assert!(said.agrees_with(&with("7611428", "0")).is_ok());
        assert!(said.agrees_with(&with("44b0", "44b1")).is_err());
        assert!(said.agrees_with(&with("write-1", "write-2")).is_err());
    }

    #[test]
    fn regions_are_read_without_the_empty_one() {
        let text = "cycles 9\n\nregion        cycles  instructions   stack  pc hash\n     0   0   0   0  cbf2\n     \
                    1  3626018   1716134  1472  ad06\n\n   own cycles\n";
        assert_eq!(regions(text).unwrap(), [Region { instructions: 1_716_134, stack: 1_472 }]);
        assert!(regions("cycles 9\n").is_err());
    }
}
