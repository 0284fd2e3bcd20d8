//! Whether everything is there that has to be and nothing else, is what we have, and says nothing of this machine.

use std::{collections::BTreeSet, fs, path::Path};

use xtask::{
    command::{Command, Result},
    root,
};

use crate::{
    archive::headers,
    dist::{ARCHIVE, INCLUDE, SUMS, TEXTS, copied, files, inside},
    here,
};

/// Looks through a folder.
///
/// # Errors
/// What is wrong with it.
pub(super) fn check(library: &Path) -> Result<()> {
    Command::new("sha256sum").args(["--check", "--quiet", "--strict", SUMS]).within(library).quiet()?;
    let found: BTreeSet<String> = files(library)?.into_iter().collect();
    let sums = fs::read_to_string(library.join(SUMS))?;
    let is_summed = |name: &&String| *name == SUMS || sums.contains(&format!("  {name}\n"));
    if let Some(name) = found.iter().find(|name| !is_summed(name)) {
        return Err(format!("{SUMS} knows nothing of {name}").into());
    }
    let of_others = |name: &String| name.starts_with("licenses/");
    let ours: BTreeSet<String> = found.into_iter().filter(|name| !of_others(name)).collect();
    let expected = expected()?;
    if ours != expected {
        let differing: Vec<&String> = ours.symmetric_difference(&expected).collect();
        return Err(format!("too many, or missing: {differing:?}").into());
    }
    same_as_in_the_repository(library)?;
    let readme = fs::read_to_string(library.join(README))?;
    if let Some(name) = ours.iter().find(|name| *name != README && !is_named(&readme, name)) {
        return Err(format!("{README} does not say what {name} is").into());
    }
    ours.iter().try_for_each(|name| says_nothing_of_this_machine(library, name))
}

/// All but the terms of others.
fn expected() -> Result<BTreeSet<String>> {
    let headers = headers(&root())?;
    let headers = headers.iter().map(|header| inside(INCLUDE, header));
    let copied = copied::all()?.into_iter().map(|(_, to)| to);
    let texts = TEXTS.iter().map(|(_, to)| (*to).to_owned());
    let rest = ["LICENSE-APACHE", "LICENSE-MIT", SUMS, ARCHIVE].map(str::to_owned);
    Ok(headers.chain(copied).chain(texts).chain(rest).collect())
}

/// Whether the headers and what is copied are the repository's.
fn same_as_in_the_repository(library: &Path) -> Result<()> {
    let headers = headers(&root())?;
    let headers = headers.iter().map(|header| (header.clone(), inside(INCLUDE, header)));
    for (from, to) in headers.chain(copied::all()?) {
        if fs::read(from)? != fs::read(library.join(&to))? {
            return Err(format!("{to} is not the repository's").into());
        }
    }
    Ok(())
}

/// Whether a text names a file, or a folder that it is in.
fn is_named(text: &str, file: &str) -> bool {
    let is_code = |name: &str| text.contains(&format!("`{name}`"));
    let base = file.rsplit('/').next().unwrap_or(file);
    let folders = file.match_indices('/').map(|(at, _)| &file[..at]);
    is_code(file) || is_code(base) || folders.into_iter().any(is_code)
}

fn says_nothing_of_this_machine(library: &Path, name: &str) -> Result<()> {
    let bytes = fs::read(library.join(name))?;
    here::is_not_in(name, &bytes)?;
    if TEXTS.iter().any(|(_, to)| *to == name) && bytes.contains(&b'@') {
        return Err(format!("{name} has a place that was not filled").into());
    }
    Ok(())
}

const README: &str = "README.md";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_by_itself_or_by_its_folder() {
        let readme = "| `src/lwip/channel.c`, `channel.h` | … |\n| `lib/cmake/lowkey` | … |\n";
        for named in ["src/lwip/channel.c", "src/lwip/channel.h", "lib/cmake/lowkey/lowkey-config.cmake"] {
            assert!(is_named(readme, named), "{named}");
        }
        assert!(!is_named(readme, "src/lwip/liveness.c"));
        assert!(!is_named(readme, "lib/liblowkey.a"));
    }
}
