//! Open files: for each device its socket, and the service's socket for its stream.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use xtask::command::Result;

/// Lets us, and the server that we start, have as many as so many devices take.
///
/// # Errors
/// We may not, and how to be let.
pub(crate) fn suffice_for(devices: usize) -> Result<()> {
    let wanted = 2 * devices as u64 + SPARE;
    let limit = getrlimit(Resource::Nofile);
    if limit.maximum.is_none_or(|maximum| maximum >= wanted) {
        let current = limit.maximum.map_or(wanted, |maximum| maximum);
        setrlimit(Resource::Nofile, Rlimit { current: Some(current), maximum: limit.maximum })?;
        return Ok(());
    }
    // Root may ask for more.
    let more = Rlimit { current: Some(wanted), maximum: Some(wanted) };
    setrlimit(Resource::Nofile, more).map_err(|_| {
        let maximum = limit.maximum.unwrap_or_default();
        let fewer = maximum.saturating_sub(SPARE) / 2;
        format!(
            "{devices} devices take {wanted} open files, and this process may have {maximum}: ask for at most \
             --devices {fewer}, or raise the limit (`ulimit -Hn`, as root) and call again"
        )
    })?;
    Ok(())
}

const SPARE: u64 = 200;
