//! What of Markdown the plan has to know: links, and the headings that links can lead to.

use std::collections::{BTreeMap, BTreeSet};

/// A document.
#[derive(Debug)]
pub(crate) struct Markdown {
    /// Its lines, with a blank for each character of code, which links to nothing.
    bare: String,
    anchors: BTreeSet<String>,
}

/// A link, and the line on which it names its target.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Link<'m> {
    pub(crate) line: usize,
    pub(crate) target: Target<'m>,
}

/// Where a link leads.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Target<'m> {
    /// As it is written.
    At(&'m str),
    /// Nowhere: the document does not say what this label stands for.
    Unknown(&'m str),
}

impl Markdown {
    /// Reads a document.
    pub(crate) fn of(text: &str) -> Self {
        let mut read = Self { bare: String::new(), anchors: BTreeSet::new() };
        let mut times = BTreeMap::new();
        let mut is_program = false;
        // How many back quotes end the code that a line has begun.
        let mut quotes = None;
        for line in text.lines() {
            let is_fence = line.trim_start().starts_with("```");
            is_program ^= is_fence;
            if !is_program && !is_fence {
                if line.trim().is_empty() {
                    quotes = None;
                }
                if let Some(heading) = heading(line) {
                    let anchor = anchor(heading);
                    let before = times.entry(anchor.clone()).and_modify(|times| *times += 1).or_insert(0);
                    read.anchors.insert(if *before == 0 { anchor } else { format!("{anchor}-{before}") });
                }
                read.bare += &without_code(line, &mut quotes);
            }
            read.bare.push('\n');
        }
        read
    }

    /// Links, pictures, and what its labels stand for.
    pub(crate) fn links(&self) -> impl Iterator<Item = Link<'_>> {
        let labels: BTreeSet<String> = self.labels().map(|(_, label, _)| label.to_lowercase()).collect();
        let used = self.between("][", ']').filter(move |(_, label)| !labels.contains(&label.to_lowercase()));
        let used = used.map(|(line, label)| Link { line, target: Target::Unknown(label) });
        let said = self.labels().map(|(line, _, target)| (line, target));
        let named = self.between("](", ')').chain(self.between("<https:", '>')).chain(said);
        named.map(|(line, target)| Link { line, target: Target::At(target) }).chain(used)
    }

    /// Whether a link may lead to this place in it.
    pub(crate) fn has(&self, anchor: &str) -> bool {
        self.anchors.contains(anchor)
    }

    /// Lines like `[label]: target`.
    fn labels(&self) -> impl Iterator<Item = (usize, &str, &str)> {
        self.bare.lines().zip(1..).filter_map(|(text, line)| {
            let (label, target) = text.strip_prefix('[')?.split_once("]: ")?;
            Some((line, label, target.trim()))
        })
    }

    /// What stands between `begin` and the next `end`, on one line. Of a begin with a letter that is a part.
    fn between(&self, begin: &'static str, end: char) -> impl Iterator<Item = (usize, &str)> {
        let own = begin.trim_start_matches(|next: char| !next.is_alphabetic());
        self.bare.lines().zip(1..).flat_map(move |(text, line)| {
            text.match_indices(begin).filter_map(move |(at, _)| {
                let rest = &text[at + begin.len() - own.len()..];
                Some((line, &rest[..rest.find(end)?]))
            })
        })
    }
}

fn heading(line: &str) -> Option<&str> {
    let words = line.trim_start_matches('#').strip_prefix(' ')?;
    line.starts_with('#').then(|| words.trim())
}

/// What the forge and the book make of a heading: the same.
fn anchor(heading: &str) -> String {
    let kept = |letter: &char| letter.is_alphanumeric() || [' ', '-', '_'].contains(letter);
    heading.chars().filter(kept).collect::<String>().to_lowercase().replace(' ', "-")
}

/// Code goes on over lines until as many back quotes come as it has begun with.
fn without_code(line: &str, quotes: &mut Option<usize>) -> String {
    let mut bare = String::new();
    let mut rest = line;
    while let Some(next) = rest.chars().next() {
        let run = rest.len() - rest.trim_start_matches('`').len();
        if run > 0 {
            match *quotes {
                None => *quotes = Some(run),
                Some(open) if open == run => *quotes = None,
                Some(_) => {}
            }
        }
        let taken = run.max(next.len_utf8());
        bare += if run > 0 || quotes.is_some() { " " } else { &rest[..taken] };
        rest = &rest[taken..];
    }
    bare
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(text: &str) -> Vec<(usize, String)> {
        let read = Markdown::of(text);
        let links = read.links().map(|link| match link.target {
            Target::At(target) => (link.line, target.to_owned()),
            Target::Unknown(label) => (link.line, format!("? {label}")),
        });
        links.collect()
    }

    #[test]
    fn every_form_of_a_link_is_one_and_code_is_none() {
        let text = "[a\n`b`](c.md#d) ![e](f.svg) <https://g.org>\n[h][I] [j][k]\n\n[i]: l.md\n";
        let expected = [(2, "c.md#d"), (2, "f.svg"), (2, "https://g.org"), (5, "l.md"), (3, "? k")];
        assert_eq!(links(text), expected.map(|(line, target)| (line, target.to_owned())));
        assert_eq!(links("```md\n[a](b)\n```\n`[a](b)` ``[a](b)`[a](b)`` `[a](b)\n[a](b)`\n"), []);
        assert_eq!(links("a lonely ` is none\n\n[a](b)"), [(3, "b".to_owned())]);
    }

    #[test]
    fn headings_are_called_as_the_forge_and_the_book_call_them() {
        let read = Markdown::of("# 6. `Keys`, and *why* not?\n## A_b-c\n## A_b-c\n```sh\n# d\n```\n#e\n");
        let expected = ["6-keys-and-why-not", "a_b-c", "a_b-c-1"];
        assert_eq!(read.anchors, expected.map(str::to_owned).into());
    }
}
