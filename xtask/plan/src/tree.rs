//! The repository's texts, and the packages and workspaces in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::manifest::Manifest;
use crate::rust::Source;
use xtask::command::Result;

/// The files that the plan is held against, by their path from the repository's root.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    texts: BTreeMap<String, String>,
    rust: BTreeMap<String, Source>,
    /// By their paths as well.
    manifests: BTreeMap<String, Manifest>,
}

/// A folder with a `Cargo.toml`.
#[derive(Debug)]
pub(crate) struct Package<'t> {
    /// From the repository's root; empty for the root itself.
    pub(crate) folder: &'t str,
    pub(crate) manifest: &'t Manifest,
}

impl Tree {
    /// Reads the repository at `root`.
    ///
    /// # Errors
    /// A folder or a file cannot be read.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let mut texts = Vec::new();
        walk(root, "", &mut texts)?;
        Ok(Self::of(texts))
    }

    /// A tree of these files.
    pub(crate) fn of(texts: impl IntoIterator<Item = (String, String)>) -> Self {
        let texts: BTreeMap<String, String> = texts.into_iter().collect();
        let rust = texts.iter().filter(|(path, _)| path.ends_with(".rs"));
        let rust = rust.map(|(path, text)| (path.clone(), Source::new(text))).collect();
        let manifests = texts.iter().filter(|(path, _)| path.ends_with("Cargo.toml"));
        let manifests = manifests.map(|(path, text)| (path.clone(), Manifest::of(text))).collect();
        Self { texts, rust, manifests }
    }

    /// The text of a file.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn text(&self, path: &str) -> Result<&str> {
        Ok(self.texts.get(path).ok_or_else(|| format!("{path} is missing"))?)
    }

    /// All files, in the order of their paths.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The files in Rust in a folder, and in those inside it.
    pub(crate) fn rust_in(&self, folder: &str) -> impl Iterator<Item = (&str, &Source)> {
        let inside = move |path: &str| {
            folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
        };
        self.rust.iter().map(|(path, source)| (path.as_str(), source)).filter(move |(path, _)| inside(path))
    }

    /// One file in Rust.
    pub(crate) fn rust(&self, path: &str) -> Option<&Source> {
        self.rust.get(path)
    }

    /// Whether there is a file or a folder of this path.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.texts
            .keys()
            .any(|file| file.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
    }

    /// Every package and workspace.
    pub(crate) fn packages(&self) -> Vec<Package<'_>> {
        let packages = self.manifests.iter().map(|(path, manifest)| {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            Package { folder, manifest }
        });
        packages.collect()
    }

    /// The crates that users get: the packages in `crates` that are in the repository's own workspace.
    pub(crate) fn crates(&self) -> Vec<Package<'_>> {
        let mut packages = self.packages();
        packages.retain(|package| package.folder.starts_with("crates/") && !package.manifest.is_workspace);
        packages
    }
}

impl Package<'_> {
    /// The last part of its folder, by which it goes.
    pub(crate) fn short(&self) -> &str {
        self.folder.rsplit('/').next().unwrap_or_default()
    }
}

fn walk(root: &Path, folder: &str, texts: &mut Vec<(String, String)>) -> Result<()> {
    for entry in fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        if entry.file_type()?.is_dir() {
            if !name.starts_with('.') && !NOT_OURS.contains(&path.as_str()) && !BUILT.contains(&name.as_str())
            {
                walk(root, &path, texts)?;
            }
        } else {
            // A picture is there, and says nothing.
            let text = String::from_utf8(fs::read(entry.path())?).unwrap_or_default();
            texts.push((path, text));
        }
    }
    Ok(())
}

/// What git ignores: what is handed out, and what the fuzzer finds.
const NOT_OURS: [&str; 3] = ["dist", "fuzz/artifacts", "fuzz/corpus"];
/// What is built, wherever it lies.
const BUILT: [&str; 2] = ["build", "target"];
