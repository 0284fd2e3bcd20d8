//! What the plan has to know of a `Cargo.toml`.

use std::collections::BTreeSet;

use toml::de::{DeTable, DeValue};

/// What a manifest says.
#[derive(Debug)]
pub(crate) struct Manifest {
    pub(crate) is_workspace: bool,
    /// The folders that a workspace leaves out, if it has a list of them.
    pub(crate) excluded: Option<Vec<String>>,
    /// The packages that it depends on, on any machine, other than for its tests.
    pub(crate) dependencies: BTreeSet<String>,
    /// Whether it denies `unsafe`, or leaves its lints to a workspace.
    pub(crate) denies_unsafe: bool,
}

impl Manifest {
    /// Reads a manifest. Cargo refuses one that is no TOML, so here that is only empty.
    pub(crate) fn of(text: &str) -> Self {
        let (document, _errors) = DeTable::parse_recoverable(text);
        let document = DeValue::Table(document.into_inner());
        let is_workspace = at(&document, &["workspace"]).is_some();
        let excluded = at(&document, &["workspace", "exclude"]).and_then(DeValue::as_array);
        let excluded = excluded.map(|list| {
            list.iter().filter_map(|folder| Some(folder.get_ref().as_str()?.to_owned())).collect()
        });
        let dependencies = targets(&document).flat_map(dependencies).collect();
        let denies_unsafe = denies_unsafe(&document);
        Self { is_workspace, excluded, dependencies, denies_unsafe }
    }
}

/// The tables that can name dependencies: the manifest itself, and what it says of some targets alone.
fn targets<'d>(document: &'d DeValue<'d>) -> impl Iterator<Item = &'d DeValue<'d>> {
    let some = at(document, &["target"]).and_then(DeValue::as_table);
    let some = some.into_iter().flat_map(|targets| targets.values().map(|target| target.get_ref()));
    std::iter::once(document).chain(some)
}

fn dependencies<'d>(target: &'d DeValue<'d>) -> impl Iterator<Item = String> {
    let tables = DEPENDENCIES.iter().filter_map(|name| at(target, &[name])?.as_table());
    tables.flat_map(|table| table.keys().map(|name| name.get_ref().to_string()))
}

fn denies_unsafe(document: &DeValue<'_>) -> bool {
    let rust = [&["lints", "rust"][..], &["workspace", "lints", "rust"]];
    match rust.iter().find_map(|path| at(document, path)) {
        Some(lints) => at(lints, &["unsafe_code"])
            .and_then(DeValue::as_str)
            .is_some_and(|level| ["deny", "forbid"].contains(&level)),
        // A workspace without a package and without lints lints nothing.
        None if at(document, &["package"]).is_none() => true,
        None => at(document, &["lints", "workspace"]).and_then(DeValue::as_bool) == Some(true),
    }
}

/// What stands in `table` under these names, each inside the one before.
fn at<'d>(table: &'d DeValue<'d>, path: &[&str]) -> Option<&'d DeValue<'d>> {
    path.iter().try_fold(table, |inside, name| Some(inside.get(*name)?.get_ref()))
}

const DEPENDENCIES: [&str; 2] = ["dependencies", "build-dependencies"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_are_those_of_every_target_and_not_those_of_the_tests() {
        let manifest = Manifest::of(
            "[package]\n[dependencies]\na.workspace = true # why\n[dependencies.b]\npath = \"../b\"\n\
             [target.'cfg(unix)'.dependencies]\nc = \"1\"\n[build-dependencies]\nd = \"1\"\n\
             [dev-dependencies]\ne = \"1\"\n[target.x.dev-dependencies]\nf = \"1\"\n",
        );
        assert_eq!(Vec::from_iter(manifest.dependencies), ["a", "b", "c", "d"]);
    }

    #[test]
    fn unsafe_is_denied_by_the_manifest_itself_or_by_its_workspace() {
        let denies = |text: &str| Manifest::of(text).denies_unsafe;
        assert!(denies("[package]\n[lints]\nworkspace = true\n"));
        assert!(denies("[package]\n[lints.rust]\nunsafe_code = \"forbid\"\n"));
        assert!(denies("[workspace]\nmembers = []\n[workspace.lints.rust]\nunsafe_code = \"deny\"\n"));
        assert!(denies("[workspace]\nmembers = []\n"));
        assert!(!denies("[package]\n"));
        assert!(!denies("[package]\n[lints.rust]\nunsafe_code = \"warn\"\n"));
    }
}
