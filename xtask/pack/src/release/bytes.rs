//! What has the same bytes whoever makes it, from the same commit with the same tools: the source, the library for C
//! and the Debian package.

use std::{fs, path::Path};

use xtask::command::{Command, Result};

use super::{source, workshop};
use crate::{archive::fresh, deb, dist};

/// Writes all of it into `place`.
///
/// # Errors
/// What could not be made.
pub(crate) fn write(place: &Path) -> Result<()> {
    fs::create_dir_all(place)?;
    source::write(place)?;
    let folders = workshop().join("c");
    fresh(&folders)?;
    for folder in dist::folders(&folders)? {
        source::packed(&folders, &folder.file_name().unwrap_or_default().to_string_lossy(), place)?;
    }
    let package = deb::build()?;
    let name = ["--show", "--showformat=${Package}_${Version}_${Architecture}.deb"];
    let name = Command::new("dpkg-deb").args(name).args([&package]).quiet()?;
    fs::copy(package, place.join(name))?;
    fs::write(place.join("THIRD-PARTY"), deb::third_party()?)?;
    Ok(())
}
