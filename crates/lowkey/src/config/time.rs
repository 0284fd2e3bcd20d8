//! Times as people write them: `500ms`, `60s`, `10m`, `24h`, `7d`, or several as in `1h30m`.

use std::time::Duration;

const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// The time that `text` is, if it is one.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut milliseconds: u64 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, behind) = rest.split_at(digits);
        let unit_ends = behind.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(unit_ends);
        let (_, length) = UNITS.iter().find(|(name, _)| *name == unit)?;
        let part = number.parse::<u64>().ok()?.checked_mul(*length)?;
        milliseconds = milliseconds.checked_add(part)?;
        rest = behind.trim_start();
    }
    Some(Duration::from_millis(milliseconds))
}

/// `time` in the largest unit that it is a whole number of.
pub(crate) fn show(time: Duration) -> String {
    let milliseconds = time.as_millis();
    if milliseconds == 0 {
        return "0s".into();
    }
    let fits = |(_, length): &&(&str, u64)| milliseconds.is_multiple_of(u128::from(*length));
    let (unit, length) = UNITS.iter().rev().find(fits).unwrap_or(&UNITS[0]);
    format!("{}{unit}", milliseconds / u128::from(*length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_numbers_with_units() {
        for (text, milliseconds) in [
            ("500ms", 500),
            ("60s", 60_000),
            ("10m", 600_000),
            ("24h", 86_400_000),
            ("1h30m", 5_400_000),
            ("0s", 0),
        ] {
            assert_eq!(parse(text), Some(Duration::from_millis(milliseconds)), "{text}");
        }
        for none in [
            "",
            "60",
            "s",
            "60 s x",
            "-1s",
            "1.5s",
            "60S",
            "99999999999999999999s",
            "18446744073709551615d",
            "üs",
        ] {
            assert_eq!(parse(none), None, "{none}");
        }
    }

    #[test]
    fn a_time_is_shown_as_it_can_be_written() {
        for text in ["500ms", "60s", "10m", "24h", "7d", "90s", "0s"] {
            let time = parse(text).unwrap();
            assert_eq!(parse(&show(time)), Some(time), "{text}");
        }
        assert_eq!(show(Duration::from_secs(3600)), "1h");
    }
}
