//! Files in the `state` folder of a server that is stopped.

use crate::failure::{Exit, Failure};
use lowkey_registry::text_file::shown;
use lowkey_sinks::SinkError;
use std::path::{Path, PathBuf};

/// Sees that a file is there, and ours: what another user's server believes, that user writes.
///
/// # Errors
/// [`Exit::File`]: it is not.
pub(crate) fn is_ours(folder: &Path, file: Option<PathBuf>, what: &str) -> Result<(), Failure> {
    let Some(file) = file else {
        let why = format!("{}: {what} is not kept there; is it the server's `state`?", shown(folder));
        return Err(Failure::new(Exit::File, why));
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let owner =
            file.metadata().map_err(|error| Failure::file(format_args!("{}: {error}", shown(&file))))?;
        let (owner, us) = (owner.uid(), rustix::process::geteuid().as_raw());
        if owner != us {
            let why =
                "and is written by that user alone; run this as that one, with `runuser -u NAME -- lowkey …`";
            let why = format!("{}: belongs to user {owner}, {why}", shown(&file));
            return Err(Failure::new(Exit::File, why));
        }
    }
    Ok(())
}

/// Why one was not opened; `if_used` follows if a server has it open.
pub(crate) fn not_opened(error: &SinkError, if_used: &str) -> Failure {
    match error {
        SinkError::InUse(why) => Failure::file(format_args!("{why}{if_used}")),
        error => Failure::file(error),
    }
}
