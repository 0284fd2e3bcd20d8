//! `cargo xtask plan`: whether the house is what its plan says. ARCHITECTURE.md is held against the sources, and what
//! of it follows from them is written by `--write`. The documents lead where they say.

mod drivers;
mod floors;
mod folders;
mod imports;
mod links;
mod markdown;
mod marked;
mod modules;
mod names;
mod rust;
mod tree;
mod twins;
mod unsafety;
mod width;
mod words;
mod workflow;

use std::fs;

use crate::{
    checks,
    command::Result,
    documents::{self, Table},
    root,
};
use floors::Room;
use tree::Tree;

pub(crate) use tree::section;

/// Holds ARCHITECTURE.md against the sources, and prints how long the drivers are.
///
/// # Errors
/// Everything that differs.
pub(crate) fn check() -> Result<()> {
    let tree = Tree::read(&root())?;
    let architecture = tree.text(ARCHITECTURE)?;
    let mut problems = folders::problems(&tree, architecture)?;
    problems.extend(folders::exclusions(&tree)?);
    problems.extend(unsafety::problems(&tree, architecture)?);
    problems.extend(drivers::problems(&tree, architecture)?);
    problems.extend(modules::compiled_twice(&tree));
    problems.extend(links::problems(&tree));
    problems.extend(width::problems(&tree));
    problems.extend(words::problems(&tree, tree.text(CONTRIBUTING)?)?);
    problems.extend(twins::problems(&tree));
    let workflow = fs::read_to_string(root().join(workflow::FILE))?;
    problems.extend(workflow::problems(&workflow, checks::names()));
    problems.extend(floors::problems(&rooms(&tree), &floors::exceptions(architecture)?));
    if !problems.is_empty() {
        return Err(format!("the house is not what its plan says:\n  {}", problems.join("\n  ")).into());
    }
    documents::check(&generated(&tree)?, "cargo xtask plan --write")
}

/// Writes what of ARCHITECTURE.md follows from the sources.
///
/// # Errors
/// It has no place for that, or cannot be written.
pub(crate) fn write() -> Result<()> {
    documents::write(&generated(&Tree::read(&root())?)?)
}

/// Prints what is written twice in the crates.
///
/// # Errors
/// The sources cannot be read.
pub(crate) fn duplicates() -> Result<()> {
    twins::print(&Tree::read(&root())?);
    Ok(())
}

fn generated(tree: &Tree) -> Result<[Table; 3]> {
    let exceptions = floors::exceptions(tree.text(ARCHITECTURE)?)?;
    let table = |mark, text: String| Table { file: ARCHITECTURE, mark, text: format!("\n{text}\n") };
    Ok([
        table("cargo xtask plan --write: workspaces", folders::shown(tree)),
        table("cargo xtask plan --write: floors", floors::shown(&rooms(tree), &exceptions)),
        table("cargo xtask plan --write: unsafe", unsafety::shown(tree)),
    ])
}

fn rooms(tree: &Tree) -> Vec<Room> {
    let inside = tree.crates().into_iter().flat_map(|package| modules::rooms(tree, &package));
    std::iter::once(Room::crates(tree)).chain(inside).collect()
}

const CONTRIBUTING: &str = "CONTRIBUTING.md";
const ARCHITECTURE: &str = "ARCHITECTURE.md";
