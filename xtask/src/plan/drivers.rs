//! Drivers: the files that ARCHITECTURE.md names are there, and none has more code than a pump loop needs.

use crate::command::Result;
use crate::plan::marked;
use crate::plan::rust::Source;
use crate::plan::tree::Tree;

/// Lines of code of each file of a driver, comments, empty lines and tests left out.
///
/// # Errors
/// There is no table of drivers, or it names a file that is not there.
pub(crate) fn lines(tree: &Tree, architecture: &str) -> Result<Vec<(String, usize)>> {
    let rows = marked::rows(architecture, TABLE).ok_or("ARCHITECTURE.md has no table of drivers")?;
    let mut lines = Vec::new();
    for path in rows.iter().filter_map(|row| row.get(1)).flat_map(|cell| marked::quoted(cell)) {
        let path = path.trim_end_matches('/');
        if !tree.has(path) {
            return Err(format!("ARCHITECTURE.md names `{path}` as a driver's, which is not there").into());
        }
        let inside = tree.rust_in(path);
        let files = tree.rust(path).map(|source| (path, source)).into_iter().chain(inside);
        lines.extend(
            files.map(|(path, source): (&str, &Source)| (path.to_owned(), source.shipped().lines_of_code())),
        );
    }
    Ok(lines)
}

const TABLE: &str = "drivers";
