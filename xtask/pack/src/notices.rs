//! The terms of what is linked into something of ours and is not ours: crates, as their authors wrote them, and Rust's
//! own library.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::Path,
};

use toml::de::DeTable;
use xtask::{
    command::{Command, Result},
    root,
};

use crate::toolchain;

/// A package of ours that is linked for a machine.
pub(crate) struct Linked<'a> {
    /// The workspace that it is in.
    pub(crate) workspace: &'a str,
    pub(crate) package: &'a str,
    /// Rust's name of the machine.
    pub(crate) target: &'a str,
    /// What the compiler is told.
    pub(crate) flags: &'a str,
}

/// What one of the others says.
struct Terms {
    /// Name and version.
    whose: String,
    /// Each of its files: name and bytes.
    files: Vec<(String, Vec<u8>)>,
}

/// Puts what each of them says into a folder of its own in `folder`.
///
/// # Errors
/// One says nothing.
pub(crate) fn in_folders(linked: &Linked<'_>, folder: &Path) -> Result<()> {
    for Terms { whose, files } in terms(linked)? {
        let folder = folder.join(whose);
        fs::create_dir_all(&folder)?;
        for (name, bytes) in files {
            fs::write(folder.join(name), bytes)?;
        }
    }
    Ok(())
}

/// The same as one text. What several say in the same words is there once.
///
/// # Errors
/// As [`in_folders`].
pub(crate) fn in_one(linked: &Linked<'_>) -> Result<String> {
    let mut said: BTreeMap<Vec<u8>, BTreeSet<String>> = BTreeMap::new();
    for Terms { whose, files } in terms(linked)? {
        for (_, bytes) in files {
            said.entry(bytes).or_default().insert(whose.clone());
        }
    }
    let mut said: Vec<(BTreeSet<String>, Vec<u8>)> =
        said.into_iter().map(|(text, who)| (who, text)).collect();
    said.sort();
    let mut text = format!("What others have written of {}, and their terms.\n", linked.package);
    for (who, terms) in said {
        let who = who.into_iter().collect::<Vec<_>>().join(", ");
        write!(text, "\n{RULE}\n{who}\n{RULE}\n\n{}\n", String::from_utf8_lossy(&terms).trim_end())?;
    }
    Ok(text)
}

fn terms(linked: &Linked<'_>) -> Result<Vec<Terms>> {
    let Linked { workspace, package, target, flags } = *linked;
    let cargo = |words: &[&str]| {
        Command::cargo().args(words).args(["--locked"]).env("RUSTFLAGS", flags).within(workspace)
    };
    let metadata = cargo(&["metadata", "--format-version=1", "--filter-platform", target]).quiet()?;
    let manifests: Vec<&str> = manifests(&metadata).collect();
    let tree = ["tree", "--edges=normal", "--prefix=none", "--format={p}", "--package", package, "--target"];
    let mut all = vec![of_rust()?];
    for whose in others(&cargo(&[&tree[..], &[target]].concat()).quiet()?) {
        let end = format!("/{whose}/Cargo.toml");
        let manifest = manifests.iter().find(|manifest| manifest.ends_with(&end));
        let manifest = manifest.ok_or_else(|| format!("where the sources of {whose} are is not known"))?;
        let files = of_crate(&whose, Path::new(manifest))?;
        all.push(Terms { whose, files });
    }
    Ok(all)
}

/// What Rust's library is under, and what is in it of others.
fn of_rust() -> Result<Terms> {
    let file = toolchain::terms_of_the_library()?;
    Ok(Terms { whose: "rust".to_owned(), files: vec![read(&file)?] })
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

/// The files of a crate that say them, by name.
fn of_crate(whose: &str, manifest: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(manifest.parent().unwrap_or(manifest))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
        if path.is_file() && STARTS.iter().any(|start| name.starts_with(start)) {
            files.push(read(&path)?);
        }
    }
    files.sort();
    if files.is_empty() {
        let ours = |name| fs::read_to_string(root().join(name));
        let stated = stated(&fs::read_to_string(manifest)?, &ours("LICENSE-MIT")?, &ours("LICENSE-APACHE")?);
        let stated = stated.ok_or_else(|| format!("{whose} says nothing about its terms"))?;
        files.push(("LICENSE".to_owned(), stated.into_bytes()));
    }
    Ok(files)
}

/// The text of a crate that is under MIT, or else under Apache-2.0, and has left its own text out of its package; with
/// whom it names as authors.
fn stated(manifest: &str, mit: &str, apache: &str) -> Option<String> {
    let manifest = DeTable::parse(manifest).ok()?;
    let package = manifest.get_ref().get("package")?.get_ref();
    let license = package.get("license")?.get_ref().as_str()?;
    let is_under = |terms: &str| license.split([' ', '/']).any(|word| word == terms);
    let authors = package.get("authors")?.get_ref().as_array()?;
    let authors: Vec<&str> = authors.iter().filter_map(|author| author.get_ref().as_str()).collect();
    let (_, permission) = mit.split_once("Permission is hereby granted")?;
    let terms = match () {
        () if is_under("MIT") => format!("Permission is hereby granted{permission}"),
        () if is_under("Apache-2.0") => apache.to_owned(),
        () => return None,
    };
    let text = format!("Copyright (c) {}\n\n{terms}", authors.join(", "));
    (!authors.is_empty()).then_some(text)
}

fn read(file: &Path) -> Result<(String, Vec<u8>)> {
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok((name, fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?))
}

/// How their names begin, both spellings.
const STARTS: [&str; 4] = ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT"];
const RULE: &str = "----------------------------------------------------------------------";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_of_others_are_those_without_a_folder() {
        let tree = "lowkey-c-archive v0.1.0 (/a)\nsubtle v2.6.1\nmade v1.0.0 (proc-macro)\nsubtle v2.6.1 (*)\nlowkey-c v0.1.0 (/b) (*)\n";
        let names: Vec<String> = others(tree).into_iter().collect();
        assert_eq!(names, ["made-1.0.0", "subtle-2.6.1"]);
    }

    #[test]
    fn a_crate_without_a_text_is_under_the_one_that_its_manifest_names_or_refused() {
        let manifest = |license: &str| {
            format!(
                "[package]\nname = \"a\"\nauthors = [\n    \"A\",\n    \"B\",\n]\nlicense = \"{license}\"\n"
            )
        };
        let mit = "MIT\n\nCopyright (c) us\n\nPermission is hereby granted, so do.\n";
        let apache = "Apache License\n";
        let text = stated(&manifest("MIT OR Apache-2.0"), mit, apache);
        assert_eq!(text.as_deref(), Some("Copyright (c) A, B\n\nPermission is hereby granted, so do.\n"));
        let text = stated(&manifest("Apache-2.0"), mit, apache);
        assert_eq!(text.as_deref(), Some("Copyright (c) A, B\n\nApache License\n"));
        assert_eq!(stated(&manifest("MIT-0"), mit, apache), None);
        assert_eq!(stated("[package]\nname = \"a\"\n", mit, apache), None);
    }
}
