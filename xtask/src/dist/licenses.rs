//! The terms of the crates in the archive that are not ours, as their authors wrote them.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    archive::{Machine, WORKSPACE},
    command::{Command, Result},
};

/// Puts what each crate says of itself into a folder of its own in `folder`.
///
/// # Errors
/// A crate has no such file.
pub(super) fn collect(machine: &Machine, folder: &Path) -> Result<()> {
    let cargo = |words: &[&str]| Command::cargo().args(words).args(["--locked"]).within(WORKSPACE);
    let metadata = ["metadata", "--format-version=1", "--filter-platform", &machine.target];
    let metadata = cargo(&metadata).quiet()?;
    let manifests: Vec<&str> = manifests(&metadata).collect();
    let tree = ["tree", "--edges=normal", "--prefix=none", "--format={p}", "--target", &machine.target];
    for name in others(&cargo(&tree).quiet()?) {
        let end = format!("/{name}/Cargo.toml");
        let manifest = manifests.iter().find(|manifest| manifest.ends_with(&end));
        let sources = manifest.and_then(|manifest| Path::new(manifest).parent());
        let sources = sources.ok_or_else(|| format!("where the sources of {name} are is not known"))?;
        let terms = terms(sources)?;
        if terms.is_empty() {
            return Err(format!("{name} says nothing about its terms").into());
        }
        let folder = folder.join(&name);
        fs::create_dir_all(&folder)?;
        for file in terms {
            fs::copy(&file, folder.join(file.file_name().unwrap_or_default()))?;
        }
    }
    Ok(())
}

/// `name-version` of each crate in what cargo-tree says, but for those with a folder behind them, which are ours.
fn others(tree: &str) -> BTreeSet<String> {
    let crates = tree.lines().map(|line| line.trim_end_matches(" (*)").trim_end_matches(" (proc-macro)"));
    let others = crates.filter(|line| !line.is_empty() && !line.ends_with(')'));
    others.map(|line| line.replacen(" v", "-", 1)).collect()
}

/// Every manifest that cargo's metadata names.
fn manifests(metadata: &str) -> impl Iterator<Item = &str> {
    metadata.split("\"manifest_path\":\"").skip(1).filter_map(|rest| rest.split('"').next())
}

/// The files that say them.
fn terms(sources: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(sources)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
        if path.is_file() && STARTS.iter().any(|start| name.starts_with(start)) {
            found.push(path);
        }
    }
    Ok(found)
}

/// How their names begin, both spellings.
const STARTS: [&str; 4] = ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_of_others_are_those_without_a_folder() {
        let tree = "lowkey-c-archive v0.1.0 (/a)\nsubtle v2.6.1\nmade v1.0.0 (proc-macro)\nsubtle v2.6.1 (*)\nlowkey-c v0.1.0 (/b) (*)\n";
        let names: Vec<String> = others(tree).into_iter().collect();
        assert_eq!(names, ["made-1.0.0", "subtle-2.6.1"]);
    }
}
