//! The command line.

use m3_model::{Core, Options, Rules};

/// What was asked for.
#[derive(Debug)]
pub(crate) enum Asked {
    /// What there is to ask for.
    Help,
    Run(Arguments),
}

/// A program, and how it is to be run.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) elf: String,
    /// Files and where they go.
    pub(crate) loads: Vec<(String, u32)>,
    pub(crate) regions: bool,
    pub(crate) options: Options,
}

impl Asked {
    /// Reads the words behind the program's name.
    ///
    /// # Errors
    /// The word that means nothing, or what is missing.
    pub(crate) fn parse(words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Options { echo: true, ..Options::default() };
        let (mut elf, mut loads, mut regions) = (None, Vec::new(), false);
        let mut words = words;
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
            match &*word {
                "--help" | "-h" => return Ok(Self::Help),
                "--load" => loads.push(load(&value()?)?),
                "--flash-wait-states" => options.wait_states = number(&word, &value()?)?,
                "--prefetch" => options.prefetch = true,
                "--core" => options.core = core(&value()?)?,
                "--table" => options.rules = Rules::Table,
                "--rp2350" => options.rules = Rules::Rp2350,
                "--ram" => options.ram = number(&word, &value()?)? as usize,
                "--ram-at" => options.ram_at = Some(number(&word, &value()?)?),
                "--strict" => options.strict = true,
                "--limit" => {
                    let limit = value()?;
                    options.limit = limit
                        .parse()
                        .map_err(|_| format!("--limit {limit}: not a number of instructions"))?;
                }
                "--profile" => options.profile = true,
                "--regions" => regions = true,
                _ if word.starts_with('-') => return Err(format!("there is no option {word}")),
                _ => {
                    if let Some(first) = elf.replace(word.clone()) {
                        return Err(format!("one firmware at a time, and not {first} and {word}"));
                    }
                }
            }
        }
        let elf = elf.ok_or("which firmware? An ELF file is missing")?;
        Ok(Self::Run(Arguments { elf, loads, regions, options }))
    }
}

/// A core by its short name.
fn core(name: &str) -> Result<Core, String> {
    match name {
        "m3" => Ok(Core::CortexM3),
        "m4" => Ok(Core::CortexM4),
        "m33" => Ok(Core::CortexM33),
        _ => Err(format!("--core {name}: none of m3, m4 and m33")),
    }
}

/// `FILE@ADDRESS`.
fn load(word: &str) -> Result<(String, u32), String> {
    let (file, address) =
        word.rsplit_once('@').ok_or_else(|| format!("--load {word}: no @ADDRESS behind the file"))?;
    Ok((file.to_owned(), number("--load", address)?))
}

/// Decimal, or hexadecimal behind `0x`.
fn number(option: &str, word: &str) -> Result<u32, String> {
    let parsed = match word.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => word.parse(),
    };
    parsed.map_err(|_| format!("{option} {word}: not a number of 32 bits"))
}

/// What `--help` says.
pub(crate) const HELP: &str = "\
Runs firmware for a Cortex-M3, M4 or M33 on this machine and says what it would take on the core.

usage: m3-model [OPTION]… FIRMWARE

FIRMWARE is an ELF file. What it says by semihosting comes first on standard output, then cycles, instructions, the
deepest stack in bytes, and two hashes: of the way through the code, and of the addresses it has touched.

  --core CORE            m3, m4 or m33 (m3); of an M33 no manual says what an instruction takes
  --profile              each function's own cycles, those with what it calls, and its calls
  --regions              the same figures for each stretch between `dbg #1` and `dbg #2`
  --load FILE@ADDRESS    puts a file into memory before the start; more than once, if need be
  --flash-wait-states N  flash slower than the core: 2 for an STM32F1 at 72 MHz (0)
  --prefetch             a prefetch buffer of two lines before it
  --ram BYTES            how much RAM there is (64 KiB)
  --ram-at ADDRESS       where it begins (0x20000000, for an m33 0x38000000)
  --table                cycles by table 3-1 of the manual alone, without what it says of loads and stores in a row
  --rp2350               the slowest that one source says of an RP2354, for an m33
  --strict               a fault where there is neither memory nor a register that is known, instead of zeros
  --limit N              the end after so many instructions (10,000,000,000)
  --help                 this text

Numbers are decimal, or hexadecimal behind 0x.

exit status: the firmware's own; 0 if it waits for an interrupt, which never comes; 124 at the limit; 125 after a fault,
or if there was nothing to run
";

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Asked, String> {
        Asked::parse(words.iter().map(|word| (*word).to_owned()))
    }

    #[test]
    fn each_option_of_the_help_is_known() {
        let options = HELP.lines().filter_map(|line| line.trim_start().split(' ').next());
        let options: Vec<&str> = options.filter(|word| word.starts_with("--")).collect();
        assert_eq!(options.len(), 13);
        for option in options {
            let error = parse(&[option]).err().unwrap_or_default();
            assert!(!error.contains("no option"), "{error}");
        }
    }

    #[test]
    fn a_word_that_means_nothing_is_named() {
        let wrong: [(&[&str], &str); 9] = [
            (&[], "which firmware? An ELF file is missing"),
            (&["a", "b"], "one firmware at a time, and not a and b"),
            (&["--fast", "a"], "there is no option --fast"),
            (&["--core", "m0", "a"], "--core m0: none of m3, m4 and m33"),
            (&["a", "--load"], "--load needs a value"),
            (&["--load", "page", "a"], "--load page: no @ADDRESS behind the file"),
            (&["--load", "page@ram", "a"], "--load ram: not a number of 32 bits"),
            (&["--ram", "0x1_0000_0000", "a"], "--ram 0x1_0000_0000: not a number of 32 bits"),
            (&["--limit", "-1", "a"], "--limit -1: not a number of instructions"),
        ];
        for (words, expected) in wrong {
            assert_eq!(parse(words).unwrap_err(), expected);
        }
    }

    #[test]
    fn numbers_are_decimal_or_hexadecimal() {
        let Ok(Asked::Run(run)) = parse(&["--ram", "0x2000", "--load", "p@x@256", "a"]) else { panic!() };
        assert_eq!((run.options.ram, run.loads), (0x2000, vec![("p@x".to_owned(), 256)]));
    }
}
