//! Twins: lines in the crates that are written twice.
//!
//! Two places are twins if six lines or more are the same in both. Tests and imports are left out, and so are empty
//! lines and what a line begins with; `async` and `.await` make no difference. A longer run is one pair.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::modules::shipped;
use crate::rust::Source;
use crate::tree::Tree;

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Twins {
    /// Code alone.
    Code,
    /// What is said about it as well.
    CodeAndComments,
}

/// Two places with the same lines.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pair {
    /// A file and a line, each.
    pub(crate) places: [(String, usize); 2],
    /// How many lines are the same.
    pub(crate) lines: usize,
}

/// Every pair in the crates, the ones of the same files together.
pub(crate) fn pairs(tree: &Tree, twins: Twins) -> Vec<Pair> {
    let crates = tree.crates();
    let files = crates.iter().flat_map(|package| shipped(tree, package).into_values());
    let files: BTreeMap<&str, Vec<(usize, String)>> =
        files.map(|(path, source)| (path, lines(source, twins))).collect();
    let mut windows: HashMap<Vec<&str>, Vec<(&str, usize)>> = HashMap::new();
    for (path, lines) in &files {
        for (at, window) in lines.windows(RUN).enumerate() {
            windows
                .entry(window.iter().map(|(_, line)| line.as_str()).collect())
                .or_default()
                .push((path, at));
        }
    }
    let line = |(path, at): (&str, usize)| files.get(path)?.get(at).map(|(_, line)| line.as_str());
    let mut pairs = BTreeSet::new();
    for places in windows.values() {
        for (nth, first) in places.iter().enumerate() {
            for second in &places[nth + 1..] {
                let overlap = first.0 == second.0 && first.1.abs_diff(second.1) < RUN;
                let goes_on = first.1 > 0
                    && second.1 > 0
                    && line((first.0, first.1 - 1)) == line((second.0, second.1 - 1));
                if overlap || goes_on {
                    continue;
                }
                let same = |more: &usize| {
                    let lines = [first, second].map(|place| line((place.0, place.1 + more)));
                    lines[0].is_some() && lines[0] == lines[1]
                };
                let mut places = [first, second].map(|(path, at)| ((*path).to_owned(), files[path][*at].0));
                places.sort();
                pairs.insert(Pair { places, lines: (0..).take_while(same).count() });
            }
        }
    }
    pairs.into_iter().collect()
}

/// Prints every pair.
pub(crate) fn print(tree: &Tree) {
    let [code, all] = [Twins::Code, Twins::CodeAndComments].map(|twins| pairs(tree, twins));
    for Pair { places: [first, second], lines } in &all {
        println!("{lines:>3} lines: {}:{} and {}:{}", first.0, first.1, second.0, second.1);
    }
    println!("{} pairs, {} in code alone", all.len(), code.len());
    for (twins, committed) in COMMITTED {
        let found = if twins == Twins::Code { code.len() } else { all.len() };
        if found < committed {
            println!("{twins:?}: {committed} in xtask/plan/src/twins.rs can fall to {found}");
        }
    }
}

/// Holds the number of pairs to what it was.
pub(crate) fn problems(tree: &Tree) -> Vec<String> {
    let found = COMMITTED.into_iter().map(|(twins, committed)| (twins, committed, pairs(tree, twins).len()));
    let more = found.filter(|(_, committed, found)| found > committed);
    let more = more.map(|(twins, committed, found)| {
        let remedy = "`cargo xtask duplicates` names them; say it once";
        format!("{twins:?}: {found} pairs of places with the same lines, not {committed}: {remedy}")
    });
    more.collect()
}

/// The lines that count, with their numbers.
fn lines(source: Source, twins: Twins) -> Vec<(usize, String)> {
    let text = match twins {
        Twins::Code => source.code,
        Twins::CodeAndComments => source.text,
    };
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim().replace(".await", "")));
    let lines = lines.map(|(number, line)| (number, line.replace("async fn", "fn")));
    let counts = |line: &str| {
        !line.is_empty()
            && !["use ", "pub use ", "pub(crate) use "].iter().any(|import| line.starts_with(import))
    };
    lines.filter(|(_, line)| counts(line)).collect()
}

/// How many lines make a twin.
const RUN: usize = 6;
/// The pairs that there are. These numbers may only fall.
const COMMITTED: [(Twins, usize); 2] = [(Twins::Code, 24), (Twins::CodeAndComments, 31)];

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> Tree {
        let files = files.iter().map(|(path, text)| (format!("crates/x/{path}"), (*text).to_owned()));
        Tree::of(files.chain([("crates/x/Cargo.toml".to_owned(), "[package]\n".to_owned())]))
    }

    #[test]
    fn a_run_of_six_lines_in_two_places_is_one_pair() {
        let six = "a(1);\nb(2);\n\n// why\nc(3);\nd(4);\ne(5);\nf(6);\n";
        let seven = format!(
            "start();\n  {}g(7);\nend();\n",
            six.replace("c(3);", "  c(3).await;").replace("why", "otherwise")
        );
        let tree = tree(&[("src/one.rs", &format!("{six}g(7);")), ("src/two.rs", &seven)]);
        let found = pairs(&tree, Twins::Code);
        let places = [("crates/x/src/one.rs".to_owned(), 1), ("crates/x/src/two.rs".to_owned(), 2)];
        assert_eq!(found, [Pair { places, lines: 7 }]);
        assert_eq!(pairs(&tree, Twins::CodeAndComments), []);
    }

    #[test]
    fn shorter_runs_tests_and_imports_are_none() {
        let five = "a(1);\nb(2);\nc(3);\nd(4);\ne(5);\n";
        let test = format!("#[cfg(test)]\nmod tests {{\n{five}f(6);\n}}\n");
        let imports = "use a;\nuse b;\nuse c;\nuse d;\nuse e;\nuse f;\n";
        let one = format!("{five}x;\n{test}{imports}");
        let two = format!("{five}y;\n{test}{imports}");
        let tree =
            tree(&[("src/one.rs", &one), ("src/two.rs", &two), ("tests/t.rs", &one), ("tests/u.rs", &one)]);
        assert_eq!(pairs(&tree, Twins::CodeAndComments), []);
    }

    #[test]
    fn a_file_can_have_a_twin_of_itself() {
        let six = "a(1);\nb(2);\nc(3);\nd(4);\ne(5);\nf(6);\n";
        let found = pairs(&tree(&[("src/one.rs", &format!("{six}-\n{six}"))]), Twins::Code);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].places.clone().map(|(_, line)| line), [1, 8]);
    }
}
