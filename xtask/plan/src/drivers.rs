//! Drivers: the files that ARCHITECTURE.md names are there, none has more code than a pump loop needs, and no two of
//! them say the same.

use std::collections::BTreeMap;

use crate::marked;
use crate::tree::Tree;
use crate::twins::{Twins, pairs};
use xtask::command::Result;

/// What is wrong with the drivers.
///
/// # Errors
/// There is no table of drivers, or it names a file that is not there.
pub(crate) fn problems(tree: &Tree, architecture: &str) -> Result<Vec<String>> {
    let files = files(tree, architecture)?;
    let long = files.keys().map(|path| (lines(tree, path), path)).filter(|(lines, _)| *lines > MOST);
    let long = long.map(|(lines, path)| {
        format!("{path}: {lines} lines of code, and a driver's file has at most {MOST}")
    });
    let mut problems: Vec<String> = long.collect();
    for pair in pairs(tree, Twins::Code) {
        let [first, second] = pair.places.each_ref().map(|(path, _)| files.get(path.as_str()));
        if first.is_some() && second.is_some() && first != second {
            problems.push(format!("two drivers have the same {} lines: {:?}", pair.lines, pair.places));
        }
    }
    Ok(problems)
}

/// How long the files of the drivers are, a line each.
///
/// # Errors
/// As [`problems`].
pub(crate) fn shown(tree: &Tree, architecture: &str) -> Result<String> {
    let files = files(tree, architecture)?;
    Ok(files.keys().map(|path| format!("{:>4} lines of code in {path}\n", lines(tree, path))).collect())
}

/// Without comments, empty lines and tests.
fn lines(tree: &Tree, path: &str) -> usize {
    tree.rust(path).map_or(0, |source| source.shipped().lines_of_code())
}

/// The files of the drivers, each with the driver that it is of.
fn files(tree: &Tree, architecture: &str) -> Result<BTreeMap<String, String>> {
    let rows = marked::rows(architecture, TABLE).ok_or("ARCHITECTURE.md has no table of drivers")?;
    let mut files = BTreeMap::new();
    for row in &rows {
        for path in row.get(1).into_iter().flat_map(|cell| marked::quoted(cell)) {
            if !tree.has(path) {
                return Err(
                    format!("ARCHITECTURE.md names `{path}` as a driver's, which is not there").into()
                );
            }
            let inside = tree.rust_in(path).map(|(path, _)| path);
            let named = std::iter::once(path).filter(|path| tree.rust(path).is_some()).chain(inside);
            files.extend(named.map(|path| (path.to_owned(), row[0].clone())));
        }
    }
    Ok(files)
}

const TABLE: &str = "drivers";
/// Lines of code of a file.
const MOST: usize = 120;

#[cfg(test)]
mod tests {
    use super::*;

    const ARCHITECTURE: &str = "<!-- plan: drivers -->\n| driver | where |\n| --- | --- |\n\
                                | a | `crates/x/src/a.rs`, `crates/x/src/a` |\n| b | `crates/x/src/b.rs` |\n";

    fn found(a: &str, more_of_a: &str, b: &str) -> Vec<String> {
        let files =
            [("Cargo.toml", "[package]\n"), ("src/a.rs", a), ("src/a/more.rs", more_of_a), ("src/b.rs", b)];
        let files = files.map(|(path, text)| (format!("crates/x/{path}"), text.to_owned()));
        problems(&Tree::of(files), ARCHITECTURE).unwrap()
    }

    #[test]
    fn a_driver_s_file_has_at_most_so_many_lines_of_code() {
        let most = (0..MOST).map(|line| format!("// why\n\nf({line});\n")).collect::<String>();
        assert_eq!(found(&most, "", ""), [""; 0]);
        let found = found("", &format!("{most}g();"), "");
        assert!(found.len() == 1 && found[0].starts_with("crates/x/src/a/more.rs: 121 lines"), "{found:?}");
    }

    #[test]
    fn no_two_drivers_have_the_same_lines() {
        let six = "a(1);\nb(2);\nc(3);\nd(4);\ne(5);\nf(6);\n";
        assert_eq!(found(six, six, ""), [""; 0]);
        assert_eq!(found(six, "", six).len(), 1);
    }

    #[test]
    fn a_file_that_is_not_there_is_no_driver_s() {
        assert!(problems(&Tree::of([]), ARCHITECTURE).is_err());
    }
}
