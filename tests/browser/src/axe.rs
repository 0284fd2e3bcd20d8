//! axe-core, which looks at a page with the eyes of a screen reader: fetched once from npm, never committed.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;
use xtask::command::{Command, Result};
use xtask::{setup, target};

/// Its script.
pub(crate) fn script() -> Result<String> {
    let script = fetched()?;
    fs::read_to_string(&script).map_err(|error| format!("{}: {error}", script.display()).into())
}

fn fetched() -> Result<PathBuf> {
    let folder = target().join("axe");
    let script = folder.join("package/axe.min.js");
    if script.is_file() {
        return Ok(script);
    }
    fs::create_dir_all(&folder)?;
    setup::ensure([&setup::NPM])?;
    let packed = ["pack", "--silent", "--pack-destination"].map(str::to_owned);
    let packed = Command::new("npm").args(packed).args([&folder]).args([format!("axe-core@{VERSION}")]);
    packed.limit(LIMIT).quiet()?;
    let tarball = folder.join(format!("axe-core-{VERSION}.tgz"));
    let sum = Command::new("sha256sum").args([&tarball]).quiet()?;
    if sum.split_whitespace().next() != Some(SHA256) {
        return Err(
            format!("{} is not what it was when it was looked at: remove it", tarball.display()).into()
        );
    }
    let unpack = Command::new("tar").args(["--extract", "--no-same-owner", "--file"]).args([&tarball]);
    unpack.args(["--directory"]).args([&folder]).args(["package/axe.min.js"]).quiet()?;
    Ok(script)
}

const VERSION: &str = "4.14.1";
const SHA256: &str = "e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745";
const LIMIT: Duration = Duration::from_secs(120);
