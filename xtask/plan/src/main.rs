//! `cargo xtask plan`: whether the house is what its plan says. ARCHITECTURE.md is held against the sources, and what
//! of it follows from them is written by `--write`. The documents lead where they say, and words mean one thing.

mod drivers;
mod floors;
mod folders;
mod imports;
mod links;
mod manifest;
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

use std::{env, fs, process::ExitCode};

use floors::Room;
use tree::Tree;
use xtask::{
    command::Result,
    documents::{self, Table},
    root,
};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = Tree::read(&root()).and_then(|tree| match arguments[..] {
        [] => check(&tree),
        ["--drivers"] => drivers::shown(&tree, tree.text(ARCHITECTURE)?).map(|lines| print!("{lines}")),
        ["--write"] => documents::write(&generated(&tree)?),
        ["--duplicates"] => {
            twins::print(&tree);
            Ok(())
        }
        _ => Err("usage: plan [--write | --drivers | --duplicates]".into()),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("plan: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Holds the plan against the sources; one line says how many.
fn check(tree: &Tree) -> Result<()> {
    let architecture = tree.text(ARCHITECTURE)?;
    let mut problems = folders::problems(tree, architecture)?;
    problems.extend(folders::exclusions(tree)?);
    problems.extend(folders::unlinked(tree, &fs::read_to_string(root().join(folders::EDITOR))?));
    problems.extend(unsafety::problems(tree, architecture)?);
    problems.extend(drivers::problems(tree, architecture)?);
    problems.extend(modules::compiled_twice(tree));
    problems.extend(links::problems(tree));
    problems.extend(width::problems(tree));
    problems.extend(words::problems(tree, tree.text(CONTRIBUTING)?)?);
    problems.extend(twins::problems(tree));
    problems.extend(floors::problems(&rooms(tree), &floors::exceptions(architecture)?));
    if !problems.is_empty() {
        return Err(format!("the house is not what its plan says:\n  {}", problems.join("\n  ")).into());
    }
    documents::check(&generated(tree)?, "cargo xtask plan --write")?;
    let documents = tree.texts().filter(|(path, _)| path.ends_with(".md")).count();
    let sources = tree.rust_in("").count();
    println!("the house is what its plan says: {sources} files in Rust, {documents} documents");
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
