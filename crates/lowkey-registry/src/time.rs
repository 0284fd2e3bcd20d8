//! Moments as TOML and RFC 3339 write them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};
use toml_datetime::{Datetime, Offset};

/// Reads a moment as a registry writes it, `2026-12-31T00:00:00Z` or with an offset such as `+02:00`.
pub fn parse_time(text: &str) -> Option<SystemTime> {
    moment(text.parse().ok()?).ok()
}

/// The moment that a date-time with an offset stands for; else what is missing.
pub(crate) fn moment(written: Datetime) -> Result<SystemTime, &'static str> {
    let (Some(date), Some(time)) = (written.date, written.time) else {
        return Err("needs a date, a time and an offset");
    };
    let offset = match written.offset {
        None => return Err("has no offset, and no server knows where it was written"),
        Some(Offset::Z) => 0,
        Some(Offset::Custom { minutes }) => i64::from(minutes),
    };
    let days = days(date.year.into(), date.month.into(), date.day.into());
    let minutes = (days * 24 + i64::from(time.hour)) * 60 + i64::from(time.minute) - offset;
    let seconds = minutes * 60 + i64::from(time.second.unwrap_or(0));
    let since = Duration::from_secs(seconds.unsigned_abs());
    let whole = if seconds < 0 { UNIX_EPOCH.checked_sub(since) } else { UNIX_EPOCH.checked_add(since) };
    let fraction = Duration::from_nanos(time.nanosecond.unwrap_or(0).into());
    whole.and_then(|whole| whole.checked_add(fraction)).ok_or("is too far away for this machine's clock")
}

/// Days from 1970-01-01 to a date, in years that begin in March so that leap days come last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use lowkey_host::show_time;

    #[test]
    fn moments_come_back_from_their_text() {
        for text in [
            "1970-01-01T00:00:00Z",
            "2000-02-29T23:59:59Z",
            "2001-03-01T00:00:00Z",
            "2026-12-31T12:34:56Z",
            "2100-02-28T00:00:00Z",
            "9999-12-31T23:59:59Z",
        ] {
            assert_eq!(show_time(parse_time(text).unwrap()), text);
        }
        let utc = parse_time("2026-12-31T00:00:00Z").unwrap();
        assert_eq!(parse_time("2026-12-31T02:00:00+02:00"), Some(utc));
        assert_eq!(parse_time("2026-12-30 18:30:00-05:30"), Some(utc));
        assert_eq!(parse_time("2026-12-31T00:00:00.5Z"), Some(utc + Duration::from_millis(500)));
        assert_eq!(parse_time("1969-12-31T23:59:00Z"), Some(UNIX_EPOCH - Duration::from_secs(60)));
        assert!(parse_time("0000-01-01T00:00:00Z").unwrap() < UNIX_EPOCH);
        for none in ["2026-12-31T00:00:00", "2026-12-31", "00:00:00", "tomorrow", "2026-02-30T00:00:00Z", ""]
        {
            assert_eq!(parse_time(none), None, "{none}");
        }
    }
}
