//! What is asked for.

use crate::fault::Fault;
use std::{
    path::{PathBuf, absolute},
    time::Duration,
};
use xtask::command::Result;

#[derive(Debug)]
pub(crate) struct Arguments {
    /// The command, built.
    pub(crate) lowkey: PathBuf,
    pub(crate) devices: usize,
    pub(crate) faults: Vec<Fault>,
    /// For how long; without it, until somebody ends it.
    pub(crate) time: Option<Duration>,
    /// After how much silence the server asks a device, and ends its session.
    pub(crate) silence: Duration,
    pub(crate) is_trial: bool,
}

impl Arguments {
    /// The command's path comes first.
    ///
    /// # Errors
    /// A word that means nothing here.
    pub(crate) fn read(words: &[String]) -> Result<Self> {
        let mut words = words.iter().map(String::as_str).peekable();
        let lowkey = absolute(words.next().ok_or(USAGE)?)?;
        let (devices, silence) = (100, Duration::from_secs(10));
        let mut read = Self { lowkey, devices, faults: Vec::new(), time: None, silence, is_trial: false };
        while let Some(word) = words.next() {
            let mut number = || -> Result<u64> {
                let number = words.next().and_then(|number| number.parse().ok());
                Ok(number.ok_or_else(|| format!("a whole number stands behind {word}; {USAGE}"))?)
            };
            match word {
                "--devices" => read.devices = number()?.try_into()?,
                "--seconds" => read.time = Some(Duration::from_secs(number()?)),
                "--silence" => read.silence = Duration::from_secs(number()?.clamp(1, 3600)),
                "--try" => read.is_trial = true,
                "--faults" => {
                    let named = words.next_if(|next| !next.starts_with("--"));
                    read.faults = named.map_or_else(|| Ok(Fault::ALL.to_vec()), Fault::list)?;
                }
                _ => return Err(format!("{word} means nothing here; {USAGE}").into()),
            }
        }
        if !(LEAST..=MOST).contains(&read.devices) {
            return Err(format!("--devices: {LEAST} to {MOST}").into());
        }
        Ok(read)
    }
}

/// Room for every fault.
const LEAST: usize = 40;
/// As many addresses as there are for them.
const MOST: usize = 60_000;
const USAGE: &str =
    "usage: cargo xtask fleet [--devices N] [--faults [FAULT,…]] [--seconds N] [--silence N] [--try]";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &str) -> Result<Arguments> {
        Arguments::read(&words.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn faults_are_all_of_them_or_those_that_are_named() {
        assert_eq!(read("lowkey --devices 50").unwrap().faults, []);
        assert_eq!(read("lowkey --faults --devices 50").unwrap().faults, Fault::ALL);
        assert_eq!(read("lowkey --faults slow,pages").unwrap().faults, [Fault::Slow, Fault::Pages]);
        let unknown = read("lowkey --faults slow,lazy").unwrap_err().to_string();
        assert!(unknown.contains("lazy") && unknown.contains("absent"), "{unknown}");
        for wrong in ["lowkey --devices", "lowkey --devices 3", "lowkey --seconds x", "lowkey 5"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
