//! What is handed out, by the program in xtask/pack: the library for C, the Debian package, the crates, a release.

use xtask::{command::Result, programs};

/// Has it do what these words say.
///
/// # Errors
/// It does not compile; it failed, and has said why.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    programs::of_tasks("pack")?.args(words).run()
}
