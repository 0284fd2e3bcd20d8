//! What `log.level` may be: levels, or targets with one.

use tracing::Level;
use tracing_subscriber::filter::{LevelFilter, Targets};

/// Whether `text` is a filter under which this server can say something, or is meant to say nothing.
///
/// The subscriber takes any word for a target, and shows all of that target and nothing else: `inof` would silence us.
///
/// # Errors
/// What is wrong, and what to write.
pub(super) fn check(text: &str) -> Result<(), String> {
    const HINT: &str = "write error, warn, info, debug, trace or off, or TARGET=LEVEL";
    let wrong = |why: &str| Err(format!("{text:?} is no level ({why}); {HINT}"));
    let mut off = false;
    for part in text.split(',').map(str::trim) {
        let level = part.rsplit_once('=').map_or(part, |(_, level)| level);
        match level.parse::<LevelFilter>() {
            Ok(level) if !part.is_empty() => off |= level == LevelFilter::OFF,
            _ => return wrong(&format!("{part:?} names none")),
        }
    }
    match text.parse::<Targets>() {
        Err(error) => wrong(&error.to_string()),
        Ok(targets) if off || targets.would_enable(OURS, &Level::ERROR) => Ok(()),
        Ok(_) => Err(format!(
            "{text:?} shows no event of this server, whose target is {OURS:?}; write {OURS}=info as well, or off"
        )),
    }
}

/// The target of all events of ours.
const OURS: &str = "lowkey";

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn what_would_silence_the_server_by_mistake_is_no_level() {
        for right in
            ["info", "WARN", "off", "lowkey=debug", "hyper=off,info", "error,lowkey=trace", "lowkey=off"]
        {
            assert_eq!(check(right), Ok(()), "{right}");
        }
        for wrong in [
            "",
            "inof",
            "lowkey",
            "lowkey=inof",
            "info,",
            "info,inof",
            "lowky=debug",
            "hyper=debug",
            "lowkey=loud",
        ] {
            assert!(check(wrong).is_err(), "{wrong}");
        }
    }
}
