//! Words that mean one thing: those of the glossary in CONTRIBUTING.md are in no name that means another.

use std::collections::BTreeSet;

use crate::marked;
use crate::modules::shipped;
use crate::names::{names, words};
use crate::tree::Tree;
use xtask::command::Result;

/// What is wrong with names that others can see.
///
/// # Errors
/// There is no glossary.
pub(crate) fn problems(tree: &Tree, contributing: &str) -> Result<Vec<String>> {
    let rows = marked::rows(contributing, TABLE).ok_or("CONTRIBUTING.md has no glossary")?;
    let names = seen(tree);
    let mut problems = Vec::new();
    for row in &rows {
        let [word, _, places] = &row[..] else {
            return Err(format!("not a word, its idea and where it is: {row:?}").into());
        };
        let word = marked::quoted(word).next().unwrap_or(word);
        if places == ANYWHERE {
            continue;
        }
        let places: Vec<&str> = marked::quoted(places).collect();
        let having: Vec<&Vec<String>> =
            names.iter().filter(|name| name.last().is_some_and(|last| has(last, word))).collect();
        for name in having.iter().filter(|name| !places.iter().any(|place| covers(place, name))) {
            problems
                .push(format!("`{}` has the word \"{word}\", which means something else", name.join("::")));
        }
        for place in places.iter().filter(|place| !having.iter().any(|name| covers(place, name))) {
            problems.push(format!("the glossary has \"{word}\" in `{place}`, where it is not"));
        }
    }
    Ok(problems)
}

/// The names in the crates that are seen outside of the file that has them, and those of the headers for C.
fn seen(tree: &Tree) -> BTreeSet<Vec<String>> {
    let mut seen = BTreeSet::new();
    for package in tree.crates() {
        for (module, (_, source)) in shipped(tree, &package) {
            seen.extend(names(&source, &[&[package.short().to_owned()], &module[..]].concat()));
        }
    }
    let known: BTreeSet<String> = seen.iter().filter_map(|name| name.last().cloned()).collect();
    for (path, text) in tree.texts() {
        let Some(header) = path.strip_prefix(HEADERS) else { continue };
        let of_c = text.split(|next: char| !next.is_ascii_alphanumeric() && next != '_');
        let of_c = of_c.filter(|name| name.starts_with("lowkey_") || name.starts_with("LOWKEY_"));
        let of_c = of_c.filter(|name| !known.contains(*name));
        seen.extend(of_c.map(|name| vec!["lowkey-c".to_owned(), header.to_owned(), name.to_owned()]));
    }
    seen
}

fn has(name: &str, word: &str) -> bool {
    words(name).iter().any(|part| part == word)
}

/// Whether a place is where a name is: a path from the crate on, or names with an asterisk for what they begin with.
fn covers(place: &str, name: &[String]) -> bool {
    let last = name.last().map_or("", String::as_str);
    if let Some(end) = place.strip_prefix('*') {
        return last.ends_with(end);
    }
    let path: Vec<&str> = place.split("::").collect();
    last == place || path.len() <= name.len() && path.iter().zip(name).all(|(part, name)| part == name)
}

const TABLE: &str = "words";
/// Of a word that nobody has taken for something else.
const ANYWHERE: &str = "anywhere";
const HEADERS: &str = "crates/lowkey-c/include/";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_only_where_the_glossary_has_it() {
        let files = [
            ("crates/x/Cargo.toml", "[package]\n"),
            ("crates/x/src/lib.rs", "mod a; mod b; #[cfg(test)] mod tests;"),
            ("crates/x/src/a.rs", "pub enum Record { Whole } fn records() {}"),
            ("crates/x/src/b.rs", "pub(crate) fn last_records() {} pub fn in_place() {} pub fn place() {}"),
            ("crates/x/src/tests.rs", "pub struct Record;"),
            ("crates/lowkey-c/include/lowkey.h", "int lowkey_record(void); int other_record;"),
            ("crates/lowkey-c/include/lowkey_kk.h", "int lowkey_kk_record(void);"),
        ];
        let tree = Tree::of(files.map(|(path, text)| (path.to_owned(), text.to_owned())));
        let table = "<!-- plan: words -->\n| word | idea | in names |\n| --- | --- | --- |\n\
                     | record | sealed data | `x::a`, `x::c` |\n| place | none | `*_place` |\n";
        let problems = problems(&tree, table).unwrap();
        let expected = [
            "lowkey-c::lowkey.h::lowkey_record",
            "lowkey-c::lowkey_kk.h::lowkey_kk_record",
            "x::b::last_records",
            "in `x::c`",
            "x::b::place",
        ];
        assert_eq!(problems.len(), expected.len(), "{problems:#?}");
        assert!(
            problems.iter().zip(expected).all(|(problem, expected)| problem.contains(expected)),
            "{problems:#?}"
        );
    }
}
