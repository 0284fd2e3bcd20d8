//! What a file in Rust names of its own crate: every `crate::…`, `super::…` and `self::…`, in an import or not.

use crate::rust::{Source, is_word, words};

/// A path, and where it stands.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Import {
    /// From the crate's root.
    pub(crate) path: Vec<String>,
    /// The line in the file, counted from one.
    pub(crate) line: usize,
}

/// The module that a file of a crate is, by its path below `src`.
pub(crate) fn module(file: &str) -> Vec<String> {
    let file = file.strip_suffix(".rs").unwrap_or(file);
    let file = file.strip_suffix("/mod").unwrap_or(file);
    if ["lib", "main"].contains(&file) { Vec::new() } else { file.split('/').map(str::to_owned).collect() }
}

/// What `source`, the file of `module`, names of its crate.
pub(crate) fn imports(source: &Source, module: &[String]) -> Vec<Import> {
    let mut found = Vec::new();
    let mut behind = 0;
    for (start, word) in words(&source.bare) {
        if start < behind || !ROOTS.contains(&word) || !source.bare[start + word.len()..].starts_with("::") {
            continue;
        }
        let inside = source.inline_modules(start).into_iter().map(str::to_owned);
        let mut base: Vec<String> = module.iter().cloned().chain(inside).collect();
        let mut at = start;
        for (next, word) in words(&source.bare[start..]) {
            match word {
                "crate" => base.clear(),
                "super" => drop(base.pop()),
                "self" => (),
                _ => break,
            }
            at = start + next + word.len();
            if !source.bare[at..].starts_with("::") {
                break;
            }
            at += 2;
        }
        let mut paths = Vec::new();
        behind = at + tree(&source.bare[at..], &base, &mut paths);
        // `pub(in crate::…)` is no import.
        if !source.bare[..start].ends_with("(in ") {
            let line = source.line(start);
            found.extend(paths.into_iter().map(|path| Import { path, line }));
        }
    }
    found
}

/// Reads `a::b`, `a::{b, c::d}` or `a::*`, which stands behind `base`; how long it is.
fn tree(text: &str, base: &[String], paths: &mut Vec<Vec<String>>) -> usize {
    let space = text.len() - text.trim_start().len();
    let rest = &text[space..];
    if rest.starts_with('{') {
        let mut at = space + 1;
        loop {
            at += tree(&text[at..], base, paths);
            match text[at..].find([',', '}']) {
                Some(next) if text[at + next..].starts_with(',') => at += next + 1,
                Some(next) => return at + next + 1,
                None => return text.len(),
            }
        }
    }
    let length = rest.find(|character| !is_word(character)).unwrap_or(rest.len());
    let end = space + length;
    match &rest[..length] {
        "" if rest.starts_with('*') => {
            paths.push([base, &["*".to_owned()]].concat());
            end + 1
        }
        "" => end,
        "self" => {
            paths.push(base.to_vec());
            end
        }
        name => {
            let path = [base, &[name.to_owned()]].concat();
            let goes_on = text[end..].strip_prefix("::").and_then(|rest| rest.chars().next());
            if goes_on.is_some_and(|next| is_word(next) || next == '{' || next == '*') {
                return end + 2 + tree(&text[end + 2..], &path, paths);
            }
            paths.push(path);
            end
        }
    }
}

const ROOTS: [&str; 3] = ["crate", "self", "super"];

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str, module: &str) -> Vec<String> {
        let found = imports(&Source::new(text), &super::module(module));
        found.iter().map(|import| import.path.join("::")).collect()
    }

    #[test]
    fn every_path_of_the_own_crate_is_found_in_imports_and_in_code() {
        let text = "use crate::a::{self, b::C, d::*};\nuse crate::E as F;\nuse other::crate_x;\n\
                    fn f() { crate::g::h::<u8>(); self::i::j() }\npub(in crate::a) struct K;\n\
                    use super::l;";
        let found = paths(text, "x/y/z.rs");
        assert_eq!(found, ["a", "a::b::C", "a::d::*", "E", "g::h", "x::y::z::i::j", "x::y::l"]);
    }

    #[test]
    fn a_path_in_a_module_that_is_written_out_begins_there() {
        let found = paths("mod p { use super::super::q; mod r { use super::s; } }", "x.rs");
        assert_eq!(found, ["q", "x::p::s"]);
        assert_eq!(paths("use super::a::b;", "x/mod.rs"), ["a::b"]);
    }

    #[test]
    fn the_line_is_that_of_the_path() {
        assert_eq!(imports(&Source::new("\n\nuse crate::a;"), &[])[0].line, 3);
    }
}
