//! Floors: what stands on what, from the ground up.
//!
//! A floor is computed from what the sources import: a module is one above the highest that it names. So twins never
//! know each other, and nothing names what is above it, unless modules stand on each other in a circle, which is an
//! error. The floors are written into ARCHITECTURE.md; a change of a module's floor is a change of that file.

use std::collections::{BTreeMap, BTreeSet};

use crate::marked;
use crate::tree::Tree;
use xtask::command::Result;

/// Things that stand on each other: the crates, the modules of one, or the files of a large module.
#[derive(Debug, Default)]
pub(crate) struct Room {
    /// `crates`, `lowkey-host` or `lowkey-host::server`.
    pub(crate) name: String,
    pub(crate) things: BTreeSet<String>,
    /// From what imports to what it imports, with the first place where that is seen.
    pub(crate) arrows: BTreeMap<(String, String), String>,
    /// Places that take a name by way of what is above them.
    pub(crate) detours: Vec<String>,
}

/// The floors of every room as ARCHITECTURE.md shows them.
pub(crate) fn shown(rooms: &[Room], exceptions: &[Exception]) -> String {
    let mut text = "```text\n".to_owned();
    for room in rooms {
        text += &format!("{}\n", room.name);
        for (index, floor) in room.floors(exceptions).iter().enumerate() {
            let mut line = format!("{:>3} ", index + 1);
            for (nth, thing) in floor.iter().enumerate() {
                let comma = if nth + 1 < floor.len() { "," } else { "" };
                if line.len() + 1 + thing.len() + comma.len() > marked::WIDTH {
                    text += &format!("{line}\n");
                    line = "    ".to_owned();
                }
                line += &format!(" {thing}{comma}");
            }
            text += &format!("{line}\n");
        }
    }
    text + "```\n"
}

/// What is wrong with the rooms.
pub(crate) fn problems(rooms: &[Room], exceptions: &[Exception]) -> Vec<String> {
    let mut problems = Vec::new();
    for room in rooms {
        problems.extend(room.circle(exceptions).map(|circle| format!("{}: a circle: {circle}", room.name)));
        problems.extend(room.detours.iter().map(|detour| format!("{}: {detour}", room.name)));
    }
    for exception in exceptions {
        let arrow = (exception.from.clone(), exception.to.clone());
        if !rooms.iter().any(|room| room.name == exception.room && room.arrows.contains_key(&arrow)) {
            problems.push(format!("an exception that nothing needs: {exception:?}"));
        }
    }
    problems
}

/// An arrow that may lead upward.
#[derive(Debug)]
pub(crate) struct Exception {
    room: String,
    from: String,
    to: String,
}

/// The exceptions that ARCHITECTURE.md grants: in its table of them, `room`, `from` → `to` and why.
///
/// # Errors
/// A row is none of that.
pub(crate) fn exceptions(architecture: &str) -> Result<Vec<Exception>> {
    let rows = marked::rows(architecture, EXCEPTIONS).unwrap_or_default();
    let exceptions = rows.iter().map(|row| {
        let names = row.iter().take(2).flat_map(|cell| marked::quoted(cell));
        match (
            &names.map(str::to_owned).collect::<Vec<_>>()[..],
            row.get(2).is_some_and(|why| !why.is_empty()),
        ) {
            ([room, from, to], true) => {
                Ok(Exception { room: room.clone(), from: from.clone(), to: to.clone() })
            }
            _ => Err(format!("not `room` | `from` → `to` | why: {row:?}").into()),
        }
    });
    exceptions.collect()
}

impl Room {
    /// The crates of the repository.
    pub(crate) fn crates(tree: &Tree) -> Self {
        let crates = tree.crates();
        let mut room = Self { name: "crates".to_owned(), ..Self::default() };
        room.things = crates.iter().map(|package| package.short().to_owned()).collect();
        for package in &crates {
            for name in package.manifest.dependencies.iter().filter(|name| room.things.contains(*name)) {
                let site = format!("{}/Cargo.toml", package.folder);
                room.arrows.insert((package.short().to_owned(), name.clone()), site);
            }
        }
        room
    }

    /// The floors from the ground up. What stands in a circle is on none.
    fn floors(&self, exceptions: &[Exception]) -> Vec<Vec<&str>> {
        let mut left: BTreeSet<&str> = self.things.iter().map(String::as_str).collect();
        let mut floors = Vec::new();
        loop {
            let waits = |thing: &&str| self.below(thing, exceptions).any(|below| left.contains(below));
            let floor: Vec<&str> = left.iter().copied().filter(|thing| !waits(thing)).collect();
            if floor.is_empty() {
                return floors;
            }
            left.retain(|thing| !floor.contains(thing));
            floors.push(floor);
        }
    }

    /// What `thing` imports.
    fn below<'r>(&'r self, thing: &str, exceptions: &[Exception]) -> impl Iterator<Item = &'r str> {
        let arrows = self.arrows.keys().filter(move |(from, _)| from == thing);
        let granted = |from: &str, to: &str| {
            exceptions.iter().any(|grant| (&*grant.room, &*grant.from, &*grant.to) == (&self.name, from, to))
        };
        let arrows: Vec<&str> =
            arrows.filter(|(from, to)| !granted(from, to)).map(|(_, to)| to.as_str()).collect();
        arrows.into_iter()
    }

    /// A circle, if there is one: each step with the place that makes it.
    fn circle(&self, exceptions: &[Exception]) -> Option<String> {
        let placed: BTreeSet<&str> = self.floors(exceptions).into_iter().flatten().collect();
        let mut walk = vec![self.things.iter().map(String::as_str).find(|thing| !placed.contains(thing))?];
        loop {
            let here = walk[walk.len() - 1];
            let next = self.below(here, exceptions).find(|below| !placed.contains(below))?;
            if let Some(start) = walk.iter().position(|thing| *thing == next) {
                walk.drain(..start);
                walk.push(next);
                let steps = walk.windows(2).map(|step| {
                    let site = &self.arrows[&(step[0].to_owned(), step[1].to_owned())];
                    format!("\n    {} imports {} ({site})", step[0], step[1])
                });
                return Some(steps.collect());
            }
            walk.push(next);
        }
    }
}

/// What stands in front of the exceptions in ARCHITECTURE.md.
const EXCEPTIONS: &str = "exceptions";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules;

    fn rooms(files: &[(&str, &str)]) -> Vec<Room> {
        let files = files.iter().map(|(path, text)| (format!("crates/lowkey/{path}"), (*text).to_owned()));
        let tree = Tree::of(files);
        modules::rooms(&tree, &tree.crates()[0])
    }

    const MANIFEST: (&str, &str) = ("Cargo.toml", "[package]\nname = \"lowkey\"\n");

    #[test]
    fn a_module_is_one_above_the_highest_that_it_imports() {
        let rooms = rooms(&[
            MANIFEST,
            ("src/main.rs", "mod a; mod b; mod c; mod d; #[cfg(test)] mod tests;"),
            ("src/a.rs", "use std::fmt;"),
            ("src/b.rs", "use crate::a::A;"),
            ("src/c/mod.rs", "mod x;"),
            ("src/c/x.rs", "fn f() { crate::b::g() }\n#[cfg(test)]\nmod tests { use crate::d; }"),
            ("src/d.rs", "// use crate::c\nuse super::a;"),
            ("src/tests.rs", "use crate::c;"),
        ]);
        assert_eq!(problems(&rooms, &[]), [""; 0]);
        assert_eq!(shown(&rooms, &[]), "```text\nlowkey\n  1  a\n  2  b, d\n  3  c\n```\n");
    }

    #[test]
    fn a_circle_is_named_with_its_places_and_can_be_granted() {
        let rooms = rooms(&[
            MANIFEST,
            ("src/main.rs", ""),
            ("src/a.rs", "use crate::b::B;"),
            ("src/b.rs", "\nuse crate::a::A;"),
        ]);
        let found = problems(&rooms, &[]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("b imports a (crates/lowkey/src/b.rs:2)"), "{found:?}");
        let grants = |row: &str| exceptions(&format!("<!-- plan: exceptions -->\n|a|\n|-|\n{row}\n"));
        let granted = grants("| `lowkey` | `b` → `a` | because |").unwrap();
        assert_eq!(problems(&rooms, &granted), [""; 0]);
        assert!(shown(&rooms, &granted).contains("  1  b\n  2  a\n"));
        let idle = grants("| `lowkey` | `b` → `c` | because |").unwrap();
        assert_eq!(problems(&rooms, &idle).len(), 2);
        assert!(grants("| `lowkey` | `b` → `a` | |").is_err());
    }

    #[test]
    fn a_name_that_the_root_has_from_a_module_is_taken_from_the_module() {
        let rooms = rooms(&[
            MANIFEST,
            ("src/main.rs", "mod a; mod b; pub use a::A; pub const B: u8 = 0;"),
            ("src/a.rs", "use crate::B;"),
            ("src/b.rs", "use super::A;"),
        ]);
        let found = problems(&rooms, &[]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("crates/lowkey/src/b.rs:1 takes `A` from"), "{found:?}");
    }

    #[test]
    fn crates_stand_on_what_they_depend_on_and_not_on_what_their_tests_do() {
        let package = |name: &str, rest: &str| {
            (format!("crates/{name}/Cargo.toml"), format!("[package]\nname = \"{name}\"\n{rest}"))
        };
        let tree = Tree::of([
            package("a", "[dev-dependencies]\nb = { path = \"../b\" }\n"),
            package("b", "[dependencies]\na.workspace = true\n# why\nc = \"1\"\n"),
            package("d", "[target.'cfg(unix)'.dependencies]\nb = { workspace = true }\n"),
        ]);
        let crates = Room::crates(&tree);
        assert_eq!(shown(&[crates], &[]), "```text\ncrates\n  1  a\n  2  b\n  3  d\n```\n");
    }
}
