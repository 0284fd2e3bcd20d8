//! Rust, as far as the plan has to know it: what of a file is a comment, a text, a test, and what is left.
//!
//! What is taken away is replaced by spaces, so a place in one view of a file is the same place in all of them.

use std::ops::Range;

/// A file in Rust.
#[derive(Clone, Debug, Default)]
pub(crate) struct Source {
    /// As it was written.
    pub(crate) text: String,
    /// Without its comments.
    pub(crate) code: String,
    /// Without its comments, and without what stands in quotes.
    pub(crate) bare: String,
}

impl Source {
    pub(crate) fn new(text: &str) -> Self {
        let (mut code, mut bare) = (text.as_bytes().to_vec(), text.as_bytes().to_vec());
        let mut at = 0;
        while let Some((token, range)) = next(text.as_bytes(), at) {
            at = range.end;
            match token {
                Token::Other => continue,
                Token::Comment => blank(&mut code, range.clone()),
                Token::Quoted => (),
            }
            blank(&mut bare, range);
        }
        Self { text: text.to_owned(), code: string(code), bare: string(bare) }
    }

    /// Without the items that only a test or an example has.
    pub(crate) fn shipped(&self) -> Self {
        let mut views = [&self.text, &self.code, &self.bare].map(|view| view.as_bytes().to_vec());
        for (start, _) in self.bare.match_indices("#[cfg(") {
            if is_for_tests(&self.bare[start..]) {
                let range = start..item_end(&self.bare, start);
                views.iter_mut().for_each(|view| blank(view, range.clone()));
            }
        }
        let [text, code, bare] = views.map(string);
        Self { text, code, bare }
    }

    /// Names of the modules that have files of their own and that only a test or an example has.
    pub(crate) fn test_modules(&self) -> Vec<String> {
        let attributes = self.bare.match_indices("#[cfg(").map(|(start, _)| start);
        let items = attributes.filter(|start| is_for_tests(&self.bare[*start..]));
        let items = items.map(|start| &self.bare[start..item_end(&self.bare, start)]);
        items.filter_map(|item| Some(module(item.strip_suffix(';')?)?.to_owned())).collect()
    }

    /// The line of a place, counted from one.
    pub(crate) fn line(&self, at: usize) -> usize {
        self.text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1
    }

    /// The modules that are written out in this file around a place, from the outside in.
    pub(crate) fn inline_modules(&self, at: usize) -> Vec<&str> {
        let mut around = Vec::new();
        for (start, _) in words(&self.bare).filter(|(start, word)| *start < at && *word == "mod") {
            let Some((head, _)) = self.bare[start..].split_once('{') else { continue };
            if let Some(name) = module(head)
                && item_end(&self.bare, start) > at
            {
                around.push(name);
            }
        }
        around
    }

    /// How many lines have code on them.
    pub(crate) fn lines_of_code(&self) -> usize {
        self.code.lines().filter(|line| !line.trim().is_empty()).count()
    }
}

/// The words of a text, with where each begins.
pub(crate) fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].find(is_word)?;
        let length = text[start..].find(|character| !is_word(character)).unwrap_or(text.len() - start);
        at = start + length;
        Some((start, &text[start..at]))
    })
}

/// Whether a character can be a part of a name.
pub(crate) fn is_word(character: char) -> bool {
    character == '_' || character.is_ascii_alphanumeric()
}

/// Where the item ends that begins at `start`, perhaps with attributes: behind its semicolon, its last brace, or its
/// comma if it is a field or a variant.
fn item_end(bare: &str, start: usize) -> usize {
    let body = start + attributes(&bare[start..]);
    let is_item = words(&bare[body..]).next().is_some_and(|(at, word)| at == 0 && ITEMS.contains(&word));
    let is_import = words(&bare[body..]).take(5).any(|(_, word)| word == "use");
    let mut depth = 0_usize;
    for (at, character) in bare[body..].char_indices() {
        match character {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth == 0 => return body + at,
            ')' | ']' | '}' => depth -= 1,
            ';' if depth == 0 => return body + at + 1,
            ',' if depth == 0 && !is_item => return body + at + 1,
            _ => (),
        }
        if depth == 0 && character == '}' && !is_import {
            return body + at + 1;
        }
    }
    bare.len()
}

/// How long the attributes at the front of `bare` are, with the space around them.
fn attributes(bare: &str) -> usize {
    let mut at = 0;
    loop {
        at += bare[at..].len() - bare[at..].trim_start().len();
        if !bare[at..].starts_with("#[") {
            return at;
        }
        let mut depth = 0;
        let end = bare[at..].find(|character| {
            depth += i32::from(character == '[') - i32::from(character == ']');
            character == ']' && depth == 0
        });
        at += end.map_or(bare[at..].len(), |end| end + 1);
    }
}

/// Whether an attribute lets an item be there in tests, examples and documentation only.
fn is_for_tests(attribute: &str) -> bool {
    ["#[cfg(test)", "#[cfg(doctest)", "#[cfg(doc)", "#[cfg(all(test,"]
        .iter()
        .any(|only| attribute.starts_with(only))
}

/// The name in `… mod name`.
fn module(head: &str) -> Option<&str> {
    let mut words = words(head).map(|(_, word)| word);
    words.find(|word| *word == "mod")?;
    let name = words.next()?;
    words.next().is_none().then_some(name)
}

enum Token {
    Comment,
    /// What is between quotes, without them.
    Quoted,
    Other,
}

/// What comes next in a text, and where.
fn next(text: &[u8], at: usize) -> Option<(Token, Range<usize>)> {
    let rest = &text[at..];
    let first = *rest.first()?;
    let follows_word = at > 0 && is_word(char::from(text[at - 1]));
    Some(match (first, rest.get(1)) {
        (b'/', Some(b'/')) => (Token::Comment, at..at + until(rest, b"\n")),
        (b'/', Some(b'*')) => (Token::Comment, at..at + block(rest)),
        (b'"', _) => (Token::Quoted, at + 1..at + quoted(rest, b'"')),
        (b'\'', Some(b'\\')) => (Token::Quoted, at + 1..at + quoted(rest, b'\'')),
        (b'\'', Some(next)) => {
            // UTF-8 says it in front: 0, 110, 1110 or 11110.
            let length = next.leading_ones().max(1) as usize;
            let is_character = *next != b'\'' && rest.get(1 + length) == Some(&b'\'');
            // Otherwise a lifetime.
            let end = at + 1 + if is_character { length + 1 } else { 0 };
            (if is_character { Token::Quoted } else { Token::Other }, at + usize::from(is_character)..end)
        }
        (b'r', Some(b'#' | b'"')) if !follows_word || raw_prefix(text, at) => {
            let hashes = rest[1..].iter().take_while(|byte| **byte == b'#').count();
            if rest.get(1 + hashes) == Some(&b'"') {
                let end = [b"\"", &b"#".repeat(hashes)[..]].concat();
                let start = at + 2 + hashes;
                (Token::Quoted, start..start + until(&text[start..], &end) + end.len())
            } else {
                (Token::Other, at..at + 1)
            }
        }
        _ => (Token::Other, at..at + 1),
    })
}

/// Whether the `r` at `at` is that of `br"…"` or `cr"…"`.
fn raw_prefix(text: &[u8], at: usize) -> bool {
    matches!(text[at - 1], b'b' | b'c') && (at < 2 || !is_word(char::from(text[at - 2])))
}

/// How long it is until `end` begins, or to the text's own end.
fn until(text: &[u8], end: &[u8]) -> usize {
    text.windows(end.len()).position(|window| window == end).unwrap_or(text.len())
}

/// How long a comment is that may have others in it.
fn block(text: &[u8]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        match text.get(at..at + 2) {
            Some(b"/*") => (depth, at) = (depth + 1, at + 2),
            Some(b"*/") if depth == 1 => return at + 2,
            Some(b"*/") => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    at
}

/// How long a quotation is, with its quotes.
fn quoted(text: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < text.len() && text[at] != quote {
        at += if text[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(text.len())
}

fn blank(text: &mut [u8], range: Range<usize>) {
    text[range].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
}

fn string(text: Vec<u8>) -> String {
    String::from_utf8(text).unwrap_or_default()
}

/// What an item can begin with; a field or a variant begins otherwise.
const ITEMS: [&str; 15] = [
    "async",
    "const",
    "enum",
    "extern",
    "fn",
    "impl",
    "macro_rules",
    "mod",
    "pub",
    "static",
    "struct",
    "trait",
    "type",
    "unsafe",
    "use",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_quotations_are_blanked_and_nothing_moves() {
        let text = "a /* b /* c */ d */ e // ü\n'x' \"y\\\"z\" r#\"q\"# 'life b'\\'' f";
        let source = Source::new(text);
        assert_eq!(
            source.code,
            "a                   e      \n'x' \"y\\\"z\" r#\"q\"# 'life b'\\'' f".to_owned()
        );
        assert_eq!(
            words(&source.bare).map(|(_, word)| word).collect::<Vec<_>>(),
            ["a", "e", "r", "life", "b", "f"]
        );
        assert_eq!((source.code.len(), source.bare.len()), (text.len(), text.len()));
    }

    #[test]
    fn what_only_a_test_has_is_not_shipped() {
        let text = "mod a;\n#[cfg(test)]\nmod tests;\n#[cfg(test)]\n#[allow(x)]\nmod b { fn c() {} }\nfn d() {}\n\
                    #[cfg(test)]\nuse e::{f, g};\n#[cfg(any(test, doc))]\nuse h;\nenum I {\n#[cfg(test)]\nJ,\nK }";
        let source = Source::new(text);
        let left = source.shipped();
        let left: Vec<&str> = words(&left.bare).map(|(_, word)| word).collect();
        assert_eq!(left.join(" "), "mod a fn d cfg any test doc use h enum I K");
        assert_eq!(source.test_modules(), ["tests"]);
    }

    #[test]
    fn a_place_knows_the_modules_around_it() {
        let source = Source::new("mod a { mod b { x } } mod c; y");
        assert_eq!(source.inline_modules(16), ["a", "b"]);
        assert!(source.inline_modules(source.text.len() - 1).is_empty());
    }
}
