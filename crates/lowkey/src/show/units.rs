//! Times and amounts as people read them.

/// The two largest units.
pub(crate) fn time(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{minutes} min {} s", seconds % 60),
        3600..86_400 => format!("{hours} h {} min", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

/// The same in at most seven characters, for a table.
pub(crate) fn short_time(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{minutes}m {}s", seconds % 60),
        3600..86_400 => format!("{hours}h {}m", minutes % 60),
        86_400..8_640_000 => format!("{days}d {}h", hours % 24),
        _ => format!("{days}d"),
    }
}

/// In the largest unit that leaves something in front of the point.
pub(crate) fn amount(bytes: u64) -> String {
    let (unit, name) = match bytes {
        0..1024 => return format!("{bytes} B"),
        1024..0x10_0000 => (1 << 10, "KiB"),
        0x10_0000..0x4000_0000 => (1 << 20, "MiB"),
        _ => (1 << 30, "GiB"),
    };
    let hundredths = u128::from(bytes) * 100 / unit;
    format!("{}.{:02} {name}", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_and_times_are_short() {
        for (bytes, shown) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.00 KiB"),
            (1_600_000, "1.52 MiB"),
            (u64::MAX, "17179869183.99 GiB"),
        ] {
            assert_eq!(amount(bytes), shown);
        }
        for (seconds, shown, short) in [
            (59, "59 s", "59s"),
            (61, "1 min 1 s", "1m 1s"),
            (7265, "2 h 1 min", "2h 1m"),
            (90_000, "1 d 1 h", "1d 1h"),
            (8_640_000, "100 d 0 h", "100d"),
        ] {
            assert_eq!((time(seconds).as_str(), short_time(seconds).as_str()), (shown, short));
            assert!(short.len() <= 7);
        }
    }
}
