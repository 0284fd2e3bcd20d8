//! The command line.

use m3_model::{Options, Rules};

/// What was asked for.
pub(crate) struct Arguments {
    pub(crate) elf: String,
    /// Files and where they go.
    pub(crate) loads: Vec<(String, u32)>,
    pub(crate) regions: bool,
    pub(crate) options: Options,
}

impl Arguments {
    pub(crate) fn parse(words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Options { echo: true, ..Options::default() };
        let (mut elf, mut loads, mut regions) = (None, Vec::new(), false);
        let mut words = words;
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value\n{USAGE}"));
            match &*word {
                "--load" => loads.push(load(&value()?)?),
                "--flash-wait-states" => options.wait_states = number(&value()?)?,
                "--prefetch" => options.prefetch = true,
                "--table" => options.rules = Rules::Table,
                "--ram" => options.ram = number(&value()?)? as usize,
                "--strict" => options.strict = true,
                "--limit" => options.limit = value()?.parse().map_err(|_| format!("not a limit\n{USAGE}"))?,
                "--profile" => options.profile = true,
                "--regions" => regions = true,
                _ if word.starts_with('-') => return Err(format!("unknown option {word}\n{USAGE}")),
                _ if elf.is_some() => return Err(format!("more than one program\n{USAGE}")),
                _ => elf = Some(word),
            }
        }
        let elf = elf.ok_or_else(|| format!("no program\n{USAGE}"))?;
        Ok(Self { elf, loads, regions, options })
    }
}

/// `FILE@ADDRESS`.
fn load(word: &str) -> Result<(String, u32), String> {
    let (file, address) = word.rsplit_once('@').ok_or_else(|| format!("{word} has no @address\n{USAGE}"))?;
    Ok((file.to_owned(), number(address)?))
}

/// Decimal, or hexadecimal behind `0x`.
fn number(word: &str) -> Result<u32, String> {
    let parsed = match word.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => word.parse(),
    };
    parsed.map_err(|_| format!("not a number: {word}\n{USAGE}"))
}

const USAGE: &str = "usage: m3-model [--load FILE@ADDRESS]… [--flash-wait-states N] [--prefetch] [--table] \
                     [--ram BYTES] [--profile] [--regions] [--limit N] [--strict] ELF";
