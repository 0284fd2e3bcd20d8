//! Links of the documents: what they name in the repository is there, to the heading, and is there for whoever reads
//! them elsewhere: a page of the book beside its pages, a crate's page without the repository.
//!
//! Nothing is asked of the network. Of the addresses of others only the form is looked at.

use crate::markdown::{Markdown, Target};
use crate::tree::Tree;

/// What is wrong with the links.
pub(crate) fn problems(tree: &Tree) -> Vec<String> {
    let pages = tree.texts().filter(|(path, _)| path.ends_with(".md"));
    let mut problems = Vec::new();
    for (path, text) in pages {
        let page = Markdown::of(text);
        for link in page.links() {
            let wrong = match link.target {
                Target::Unknown(label) => Some(format!("nothing is called [{label}]")),
                Target::At(target) => wrong(tree, path, target),
            };
            problems.extend(wrong.map(|wrong| format!("{path}:{}: {wrong}", link.line)));
        }
    }
    problems.extend(contents(tree));
    problems
}

/// What is wrong with this target of a link in the document at `path`.
fn wrong(tree: &Tree, path: &str, target: &str) -> Option<String> {
    // packaging/ has texts that are finished when they are made.
    if target.starts_with('@') || target.starts_with("mailto:") {
        return None;
    }
    if let Some(ours) = OURS.iter().find_map(|ours| target.strip_prefix(ours)) {
        let (file, anchor) = halves(ours);
        return missing(tree, file, anchor);
    }
    if let Some((scheme, rest)) = target.split_once("://") {
        let host = rest.split(['/', '#', '?']).next().unwrap_or_default();
        let is_one = scheme == "https" && host.contains('.') && !target.contains(char::is_whitespace);
        return (!is_one).then(|| format!("{target} is no https://host/path"));
    }
    let (file, anchor) = halves(target);
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let Some(file) = (if file.is_empty() { Some(path.to_owned()) } else { joined(folder, file) }) else {
        return Some(format!("{target} is outside of the repository"));
    };
    if let Some(alone) = shown_alone(path).filter(|alone| !file.starts_with(alone)) {
        return Some(format!("{target} is outside of {alone}, which is all that some readers have"));
    }
    missing(tree, &file, anchor)
}

/// The folder of this file that some readers have without the rest: the book, or a crate.
fn shown_alone(path: &str) -> Option<&str> {
    let is_one = path.starts_with(BOOK) || path.starts_with("crates/");
    let (end, _) = path.match_indices('/').nth(1).filter(|_| is_one)?;
    Some(&path[..=end])
}

fn missing(tree: &Tree, file: &str, anchor: Option<&str>) -> Option<String> {
    if !tree.has(file) {
        return Some(format!("there is no {file}"));
    }
    let anchor = anchor?;
    let is_there = tree.text(file).is_ok_and(|text| Markdown::of(text).has(anchor));
    (!is_there).then(|| format!("{file} has no heading #{anchor}"))
}

/// Pages of the book that its contents do not name: nobody would come to them.
fn contents(tree: &Tree) -> Vec<String> {
    let Ok(text) = tree.text(SUMMARY) else { return Vec::new() };
    let contents = Markdown::of(text);
    let named: Vec<Target<'_>> = contents.links().map(|link| link.target).collect();
    let pages = tree.texts().filter_map(|(path, _)| path.strip_prefix(BOOK));
    let pages = pages.filter(|page| page.ends_with(".md") && !SUMMARY.ends_with(page));
    let lost = pages.filter(|page| !named.contains(&Target::At(page)));
    lost.map(|page| format!("{BOOK}{page} is not in the book's contents")).collect()
}

fn halves(target: &str) -> (&str, Option<&str>) {
    target.split_once('#').map_or((target, None), |(file, anchor)| (file, Some(anchor)))
}

/// `path` as it is seen from `folder`; nothing if it leads out of the repository.
fn joined(folder: &str, path: &str) -> Option<String> {
    let mut names: Vec<&str> = folder.split('/').filter(|name| !name.is_empty()).collect();
    for name in path.split('/').filter(|name| !name.is_empty() && *name != ".") {
        match name {
            ".." => drop(names.pop()?),
            name => names.push(name),
        }
    }
    Some(names.join("/"))
}

const BOOK: &str = "docs/src/";
const SUMMARY: &str = "docs/src/SUMMARY.md";
/// How this repository is named from elsewhere.
const OURS: [&str; 2] = [
    "https://github.com/lowkey-channel/lowkey/blob/main/",
    "https://github.com/lowkey-channel/lowkey/tree/main/",
];

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong with a document of this path and text in a small repository.
    fn found(path: &str, text: &str) -> Vec<String> {
        let files = [
            ("README.md", "# Lowkey\n"),
            ("docs/src/SUMMARY.md", "[a](a.md)\n"),
            ("docs/src/a.md", "# A\n\n## Why `b`, and c?\n"),
            ("docs/src/pictures/p.svg", "<svg/>"),
            ("crates/x/LICENSE", ""),
            ("crates/y/LICENSE", ""),
            (path, text),
        ];
        problems(&Tree::of(files.map(|(path, text)| (path.to_owned(), text.to_owned()))))
    }

    #[test]
    fn a_link_to_a_file_or_a_heading_that_is_not_there_is_found_with_its_line() {
        let right = "[a](docs/src/a.md#why-b-and-c), ![p](docs/src/pictures/p.svg), [b](docs), [c](#d)\n# D";
        assert_eq!(found("TEXT.md", right), [""; 0]);
        assert_eq!(found("TEXT.md", "\n[a](docs/src/b.md)"), ["TEXT.md:2: there is no docs/src/b.md"]);
        assert_eq!(found("TEXT.md", "[a](#d)"), ["TEXT.md:1: TEXT.md has no heading #d"]);
        assert_eq!(found("TEXT.md", "[a](docs/src/a.md#b)"), ["TEXT.md:1: docs/src/a.md has no heading #b"]);
        assert_eq!(found("TEXT.md", "[a](../b.md)"), ["TEXT.md:1: ../b.md is outside of the repository"]);
    }

    #[test]
    fn the_repository_s_own_address_is_followed_and_of_another_s_the_form_is_looked_at() {
        let ours = "https://github.com/lowkey-channel/lowkey/blob/main";
        assert_eq!(found("TEXT.md", &format!("[a]: {ours}/docs/src/a.md#a")), [""; 0]);
        assert_eq!(found("TEXT.md", &format!("<{ours}/b.md>")), ["TEXT.md:1: there is no b.md"]);
        assert_eq!(found("TEXT.md", "[a](https://example.com/a#b) <https://example.com>"), [""; 0]);
        assert_eq!(found("TEXT.md", "[a](http://example.com)").len(), 1);
        assert_eq!(found("TEXT.md", "[a](https://localhost)").len(), 1);
    }

    #[test]
    fn a_page_that_is_read_without_the_repository_links_to_nothing_beside_it() {
        assert_eq!(found("crates/x/README.md", "[a](LICENSE)"), [""; 0]);
        assert_eq!(found("crates/x/README.md", "[a](../y/LICENSE)").len(), 1);
        assert_eq!(found("docs/src/a.md", "[a](../../README.md)").len(), 1);
    }

    #[test]
    fn a_page_of_the_book_that_its_contents_do_not_name_is_found() {
        assert_eq!(found("docs/src/b.md", "# B"), ["docs/src/b.md is not in the book's contents"]);
    }
}
