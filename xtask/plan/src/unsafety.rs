//! `unsafe`: where ARCHITECTURE.md says that it is, and nowhere else.

use crate::marked;
use crate::rust::{Source, words};
use crate::tree::Tree;
use xtask::command::Result;

/// What is wrong with the table of where `unsafe` is, and with the packages that should deny it.
///
/// # Errors
/// There is no table.
pub(crate) fn problems(tree: &Tree, architecture: &str) -> Result<Vec<String>> {
    let rows =
        marked::rows(architecture, TABLE).ok_or("ARCHITECTURE.md has no table of where `unsafe` is")?;
    let files: Vec<(&str, Use)> =
        tree.rust_in("").filter_map(|(path, source)| Some((path, Use::of(source)?))).collect();
    let mut problems = Vec::new();
    for (file, found) in &files {
        let of_file = rows.iter().filter(|row| marked::quoted(&row[0]).any(|place| covers(place, file)));
        let allowed: Vec<&str> = of_file.filter_map(|row| row.get(1)).map(String::as_str).collect();
        let no_block = allowed.iter().all(|what| *what == NO_BLOCK);
        if allowed.is_empty() {
            problems.push(format!("{file} has `unsafe`, and ARCHITECTURE.md does not say why"));
        } else if no_block && matches!(found, Use::Blocks) {
            problems
                .push(format!("{file} has a block of `unsafe`, and ARCHITECTURE.md says that it has none"));
        }
    }
    for place in rows.iter().flat_map(|row| marked::quoted(&row[0])) {
        if !files.iter().any(|(file, _)| covers(place, file)) {
            problems.push(format!("ARCHITECTURE.md says that `{place}` has `unsafe`, which it has not"));
        }
    }
    let packages = tree.packages();
    let open = packages.iter().filter(|package| !package.manifest.denies_unsafe);
    let open = open.map(|package| format!("{}/Cargo.toml does not deny `unsafe_code`", package.folder));
    problems.extend(open);
    Ok(problems)
}

/// The sentence of ARCHITECTURE.md that names the crates which forbid it.
pub(crate) fn shown(tree: &Tree) -> String {
    let crates = tree.crates();
    let forbidding = crates.iter().filter(|package| {
        let roots = ["lib.rs", "main.rs"].map(|root| format!("{}/src/{root}", package.folder));
        let forbids =
            |root: &String| tree.rust(root).is_some_and(|root| root.bare.contains("#![forbid(unsafe_code)]"));
        roots.iter().any(forbids)
    });
    let names: Vec<String> = forbidding.map(|package| format!("`{}`", package.short())).collect();
    marked::wrapped(&format!("`unsafe` is denied everywhere, and forbidden in {}.", names.join(", ")))
}

/// What of `unsafe` a file has.
enum Use {
    Blocks,
    /// In names and types, or in assembly that stands on its own.
    Otherwise,
}

impl Use {
    fn of(source: &Source) -> Option<Self> {
        let mut found = words(&source.bare).filter(|(_, word)| *word == "unsafe").peekable();
        let is_there = found.peek().is_some() || source.bare.contains("allow(unsafe_code");
        let has_block = found.any(|(at, word)| source.bare[at + word.len()..].trim_start().starts_with('{'));
        is_there.then_some(if has_block { Self::Blocks } else { Self::Otherwise })
    }
}

/// Whether a place, a file or a folder, covers a file; `*` stands for any one name.
fn covers(place: &str, file: &str) -> bool {
    let mut names = file.split('/');
    let mut same = |part: &str| names.next().is_some_and(|name| part == "*" || part == name);
    place.trim_end_matches('/').split('/').all(&mut same)
}

const TABLE: &str = "unsafe";
/// What a row says of files that have `unsafe` without a block.
const NO_BLOCK: &str = "no block";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_is_where_the_table_says_and_nowhere_else() {
        let files = [
            ("a/Cargo.toml", "[package]\n[lints]\nworkspace = true\n"),
            ("b/Cargo.toml", "[package]\n[lints.rust]\nunsafe_code = \"warn\"\n"),
            ("a/src/lib.rs", "// unsafe\n#![deny(unsafe_code)]"),
            ("a/src/x/thumb2/y.rs", "unsafe { z() }"),
            ("a/src/w.rs", "unsafe fn v() {}"),
            ("c/one.rs", "#![allow(unsafe_code)]"),
            ("c/two.rs", "unsafe impl X for Y {}\nfn z() { unsafe { w() } }"),
        ];
        let tree = Tree::of(files.map(|(path, text)| (path.to_owned(), text.to_owned())));
        let table = "<!-- plan: unsafe -->\n| where | what | why |\n| --- | --- | --- |\n\
                     | `a/src/*/thumb2`, `a/src/lib.rs` | blocks | z |\n| `c` | no block | z |\n";
        let problems = problems(&tree, table).unwrap();
        let expected = [
            "a/src/w.rs has `unsafe`, and",
            "c/two.rs has a block",
            "says that `a/src/lib.rs` has",
            "b/Cargo.toml does not deny",
        ];
        assert_eq!(problems.len(), expected.len(), "{problems:?}");
        assert!(
            problems.iter().zip(expected).all(|(problem, expected)| problem.contains(expected)),
            "{problems:?}"
        );
    }
}
