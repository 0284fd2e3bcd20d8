//! The modules of a crate, and what each imports of the others.

use std::collections::{BTreeMap, BTreeSet};

use crate::floors::Room;
use crate::imports::{imports, module};
use crate::rust::{Source, words};
use crate::tree::{Package, Tree};

/// The modules of a crate, and after it those of each of its modules that has many files.
pub(crate) fn rooms(tree: &Tree, package: &Package<'_>) -> Vec<Room> {
    let sources = Sources { files: shipped(tree, package) };
    let large = sources
        .children(&[])
        .into_iter()
        .filter(|name| sources.children(std::slice::from_ref(name)).len() >= LARGE);
    let tops = std::iter::once(Vec::new()).chain(large.map(|name| vec![name]));
    tops.map(|top| sources.room(package.short(), &top)).collect()
}

/// Files that compile a crate's source once more, by `#[path]`, where they could depend on the crate.
pub(crate) fn compiled_twice(tree: &Tree) -> Vec<String> {
    let includes = tree.rust_in("").filter(|(_, source)| {
        let mut paths = source.code.match_indices(PATH).map(|(at, mark)| &source.code[at + mark.len()..]);
        paths.any(|path| path.split('"').next().is_some_and(|path| path.contains("crates/")))
    });
    includes.map(|(path, _)| format!("{path} compiles a crate's source once more, by `#[path]`")).collect()
}

/// The files of a crate by the module that each is, without what only tests have.
pub(crate) fn shipped<'t>(tree: &'t Tree, package: &Package<'t>) -> BTreeMap<Vec<String>, (&'t str, Source)> {
    let folder = format!("{}/src", package.folder);
    let files =
        tree.rust_in(&folder).map(|(path, source)| (module(&path[folder.len() + 1..]), (path, source)));
    let files: Vec<_> = files.collect();
    let tests = files.iter().flat_map(|(of, (_, source))| {
        source.test_modules().into_iter().map(move |name| [&of[..], &[name]].concat())
    });
    let tests: Vec<Vec<String>> = tests.collect();
    let shipped = files.into_iter().filter(|(of, _)| !tests.iter().any(|test| of.starts_with(test)));
    shipped.map(|(of, (path, source))| (of, (path, source.shipped()))).collect()
}

/// The files of a crate.
struct Sources<'t> {
    files: BTreeMap<Vec<String>, (&'t str, Source)>,
}

impl Sources<'_> {
    /// The modules inside `top`.
    fn children(&self, top: &[String]) -> BTreeSet<String> {
        let inside = self.files.keys().filter(|module| module.len() > top.len() && module.starts_with(top));
        inside.map(|module| module[top.len()].clone()).collect()
    }

    /// What stands on what inside `top`.
    fn room(&self, package: &str, top: &[String]) -> Room {
        let name =
            std::iter::once(package).chain(top.iter().map(String::as_str)).collect::<Vec<_>>().join("::");
        let mut room = Room { name, things: self.children(top), ..Room::default() };
        for (of, (path, source)) in &self.files {
            if of.len() <= top.len() || !of.starts_with(top) {
                continue;
            }
            let from = &of[top.len()];
            for import in imports(source, of) {
                let site = format!("{path}:{}", import.line);
                let Some(inside) = import.path.strip_prefix(top) else { continue };
                match inside.first() {
                    Some(to) if to == from => (),
                    Some(to) if room.things.contains(to) => {
                        room.arrows.entry((from.clone(), to.clone())).or_insert(site);
                    }
                    Some(name) if !self.defines(top, name) => {
                        let above = if top.is_empty() { "the crate's root" } else { &*room.name };
                        room.detours
                            .push(format!("{site} takes `{name}` from {above}, which has it from a module"));
                    }
                    _ => (),
                }
            }
        }
        room
    }

    /// Whether the file of `top` says what `name` is, other than by an import.
    fn defines(&self, top: &[String], name: &str) -> bool {
        let Some((_, source)) = self.files.get(top) else { return false };
        let words: Vec<&str> = words(&source.bare).map(|(_, word)| word).collect();
        words.windows(2).any(|pair| KEYWORDS.contains(&pair[0]) && pair[1] == name)
    }
}

/// A module of so many files has floors of its own.
const LARGE: usize = 8;
/// What stands before a name where it is defined.
const KEYWORDS: [&str; 8] = ["const", "enum", "fn", "macro_rules", "static", "struct", "trait", "type"];
const PATH: &str = "#[path = \"";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_source_of_a_crate_is_compiled_a_second_time() {
        let file = |path: &str| {
            let include = format!("#[path = {path:?}]\nmod a;");
            compiled_twice(&Tree::of([("tests/x/src/lib.rs".to_owned(), include)])).len()
        };
        assert_eq!(file("../../../crates/y/src/a.rs"), 1);
        assert_eq!(file("../y/a.rs"), 0);
    }
}
