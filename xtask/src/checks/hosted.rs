//! The crates' pages as docs.rs makes them: each with the features and for the targets that its manifest asks for.

use std::fs;

use xtask::{
    command::{Command, Result},
    root,
};

use crate::{
    release::packages,
    toolchain::{self, TARGET},
};

/// Makes each page, and takes no warning.
///
/// # Errors
/// The first page that cannot be made.
pub(super) fn check() -> Result<()> {
    toolchain::toolchain()?;
    let host = toolchain::host()?;
    for name in packages::names()? {
        let manifest = fs::read_to_string(root().join("crates").join(&name).join("Cargo.toml"))?;
        let wishes = Wishes::of(&manifest);
        for target in wishes.targets.iter().filter(|target| **target == host || **target == TARGET) {
            let doc = Command::cargo().args(["doc", "--quiet", "--no-deps", "--package", &name]);
            let doc = doc.args(&wishes.features).env("DOCS_RS", "1");
            // Nothing but the pages is compiled for them: what they stand on is built already for this machine.
            let doc = if *target == host { doc } else { doc.args(["--target", target]) };
            doc.env("RUSTDOCFLAGS", "--cfg docsrs -D warnings").run()?;
            println!("{name}, {target}");
        }
    }
    Ok(())
}

/// What a manifest asks docs.rs for.
#[derive(Debug, PartialEq, Eq)]
struct Wishes<'m> {
    /// As arguments of cargo.
    features: Vec<String>,
    targets: Vec<&'m str>,
}

impl<'m> Wishes<'m> {
    fn of(manifest: &'m str) -> Self {
        let said = manifest.split_once("\n[package.metadata.docs.rs]\n").map_or("", |(_, rest)| rest);
        let said = said.split("\n[").next().unwrap_or_default();
        let value = |key: &str| said.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "));
        let quoted = |list: &'m str| list.split('"').skip(1).step_by(2);
        let features = match (value("all-features"), value("features")) {
            (Some("true"), _) => vec!["--all-features".to_owned()],
            (_, Some(list)) => vec!["--features".to_owned(), quoted(list).collect::<Vec<_>>().join(",")],
            _ => Vec::new(),
        };
        let targets = value("targets").map_or_else(|| vec![ITS_OWN], |list| quoted(list).collect());
        Self { features, targets }
    }
}

/// What docs.rs builds for if nobody asks for anything.
const ITS_OWN: &str = "x86_64-unknown-linux-gnu";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_made_with_the_features_and_for_the_targets_that_the_manifest_names() {
        let named =
            "\n[package.metadata.docs.rs]\nfeatures = [\"a\", \"b\"]\ntargets = [\"c\"]\n\n[features]\n";
        let features = ["--features", "a,b"].map(str::to_owned).to_vec();
        assert_eq!(Wishes::of(named), Wishes { features, targets: vec!["c"] });
        let all = Wishes::of("\n[package.metadata.docs.rs]\nall-features = true\n");
        assert_eq!(all.features, ["--all-features"]);
        assert_eq!(Wishes::of("[package]\n"), Wishes { features: vec![], targets: vec![ITS_OWN] });
    }
}
