//! The crates' pages as docs.rs makes them: each with the features and for the targets that its manifest asks for.

use std::fs;

use toml::de::{DeTable, DeValue};
use xtask::{
    command::{Command, Result},
    crates,
    programs::ONE_BUILD,
    root,
};

use crate::toolchain::{self, TARGET};

/// Makes each page, and takes no warning.
///
/// # Errors
/// The first page that cannot be made.
pub(crate) fn check() -> Result<()> {
    toolchain::toolchain()?;
    let host = toolchain::host()?;
    for name in crates()? {
        let manifest = fs::read_to_string(root().join("crates").join(&name).join("Cargo.toml"))?;
        let wishes = Wishes::of(&manifest)?;
        for target in wishes.targets.iter().filter(|target| **target == host || **target == TARGET) {
            let doc = Command::cargo().args(["doc", "--quiet", "--no-deps", "--package", &name]);
            let doc = doc.args(&wishes.features).env("DOCS_RS", "1");
            // Nothing but the pages is compiled for them: what they stand on is built already for this machine.
            let doc = if *target == host { doc.args(ONE_BUILD) } else { doc.args(["--target", target]) };
            doc.env("RUSTDOCFLAGS", "--cfg docsrs -D warnings").run()?;
            println!("{name}, {target}");
        }
    }
    Ok(())
}

/// What a manifest asks docs.rs for.
#[derive(Debug, PartialEq, Eq)]
struct Wishes {
    /// As arguments of cargo.
    features: Vec<String>,
    targets: Vec<String>,
}

impl Wishes {
    fn of(manifest: &str) -> Result<Self> {
        let manifest = DeValue::Table(DeTable::parse(manifest)?.into_inner());
        let said = |key: &str| {
            let path = ["package", "metadata", "docs", "rs", key];
            path.iter().try_fold(&manifest, |inside, name| Some(inside.get(*name)?.get_ref()))
        };
        let list = |key: &str| {
            let list = said(key)?.as_array()?.iter();
            Some(list.filter_map(|word| word.get_ref().as_str().map(str::to_owned)).collect::<Vec<_>>())
        };
        let features = match (said("all-features").and_then(DeValue::as_bool), list("features")) {
            (Some(true), _) => vec!["--all-features".to_owned()],
            (_, Some(list)) => vec!["--features".to_owned(), list.join(",")],
            _ => Vec::new(),
        };
        let targets = list("targets").unwrap_or_else(|| vec![ITS_OWN.to_owned()]);
        Ok(Self { features, targets })
    }
}

/// What docs.rs builds for if nobody asks for anything.
const ITS_OWN: &str = "x86_64-unknown-linux-gnu";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_made_with_the_features_and_for_the_targets_that_the_manifest_names() {
        let wishes = |manifest: &str| Wishes::of(manifest).unwrap();
        let named =
            "[package.metadata.docs.rs]\nfeatures = [\"a\", \"b\"]\ntargets = [\n    \"c\", # why\n]\n";
        let features = ["--features", "a,b"].map(str::to_owned).to_vec();
        assert_eq!(wishes(named), Wishes { features, targets: vec!["c".to_owned()] });
        let all = wishes("[package.metadata.docs.rs]\nall-features = true\n");
        assert_eq!(all.features, ["--all-features"]);
        assert_eq!(wishes("[package]\n"), Wishes { features: vec![], targets: vec![ITS_OWN.to_owned()] });
        assert!(Wishes::of("[package").is_err());
    }
}
