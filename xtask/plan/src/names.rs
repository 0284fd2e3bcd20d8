//! Names of a file in Rust that other files can see: modules, types, variants, fields, functions, constants.

use crate::rust::{Source, is_word};

/// The names in `source`, the file of `module`: each as a path that ends with it.
pub(crate) fn names(source: &Source, module: &[String]) -> Vec<Vec<String>> {
    let mut reader = Reader { around: module.to_vec(), scopes: Vec::new(), found: Vec::new() };
    let tokens: Vec<&str> = tokens(&source.bare).collect();
    let mut at = 0;
    while at < tokens.len() {
        at += reader.read(&tokens[at..], at.checked_sub(1).map(|before| tokens[before]));
    }
    reader.found
}

/// The words of a name, in small letters and in the singular.
pub(crate) fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = '_';
    for character in name.chars() {
        let begins = character.is_uppercase() && !before.is_uppercase();
        if character == '_' || begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| character != '_') {
            word.extend(character.to_lowercase());
        }
        before = character;
    }
    words.retain(|word| !word.is_empty());
    words.iter().map(|word| singular(word)).collect()
}

fn singular(word: &str) -> String {
    let endings = [("halves", "half"), ("sses", "ss"), ("ss", "ss"), ("us", "us"), ("s", "")];
    let ending = endings.iter().find(|(plural, _)| word.ends_with(plural));
    ending.map_or(word.to_owned(), |(plural, one)| {
        format!("{}{one}", word.strip_suffix(plural).unwrap_or_default())
    })
}

/// Where the reader is.
enum Scope {
    /// In a module or a block of `impl`: what is public says so.
    Items,
    /// In a trait, of which everything is as public as itself.
    Trait { is_seen: bool },
    /// In the variants of an enum.
    Variants { is_seen: bool },
    /// In the fields of a struct or a union.
    Fields,
    /// Where nothing has a name for others.
    Body,
}

struct Reader {
    /// The module, and what the reader is inside of.
    around: Vec<String>,
    /// Each with how long `around` was before it.
    scopes: Vec<(Scope, usize)>,
    found: Vec<Vec<String>>,
}

impl Reader {
    /// Reads on; how many tokens that took.
    fn read(&mut self, tokens: &[&str], before: Option<&str>) -> usize {
        let scope = self.scopes.last().map(|(scope, _)| scope);
        match (tokens[0], scope) {
            ("}", _) => {
                if let Some((_, length)) = self.scopes.pop() {
                    self.around.truncate(length);
                }
                1
            }
            ("{", _) => self.enter(Scope::Body, None),
            ("#", _) if tokens.get(1) == Some(&"[") => 1 + matching(&tokens[1..]),
            ("#", _) if tokens.get(1..3) == Some(&["!", "["]) => 2 + matching(&tokens[2..]),
            (_, Some(Scope::Body)) => 1,
            ("(" | "[", _) => matching(tokens),
            (name, Some(Scope::Variants { is_seen })) => {
                if *is_seen
                    && matches!(before, Some("{" | "," | "]"))
                    && name.starts_with(char::is_alphabetic)
                {
                    self.find(name);
                }
                1
            }
            ("pub", Some(Scope::Fields)) => {
                let visibility = visibility(tokens);
                if tokens.get(visibility + 1) == Some(&":") {
                    self.find(tokens[visibility]);
                }
                visibility
            }
            (_, Some(Scope::Fields)) => 1,
            _ => self.item(tokens),
        }
    }

    /// Reads the front of an item.
    fn item(&mut self, tokens: &[&str]) -> usize {
        let of_a_trait = matches!(self.scopes.last(), Some((Scope::Trait { is_seen: true }, _)));
        let mut at = visibility(tokens);
        let is_seen = at > 0 || of_a_trait;
        at += tokens[at..].iter().take_while(|word| QUALIFIERS.contains(word)).count();
        // `const NAME` is no qualifier, and `extern "C" {` is.
        let named =
            |at: usize| tokens.get(at + 1).filter(|name| name.starts_with(|first: char| is_word(first)));
        match tokens.get(at) {
            Some(&"impl") => {
                let length = tokens[at..]
                    .iter()
                    .position(|token| ["{", ";"].contains(token))
                    .unwrap_or(tokens.len() - at);
                let of = implemented(&tokens[at..at + length]).to_owned();
                at + length + self.enter(Scope::Items, Some(&of)).min(tokens.len() - at - length)
            }
            Some(keyword) if KEYWORDS.contains(keyword) => {
                let Some(name) = named(at) else { return at + 1 };
                if is_seen || *keyword == "mod" {
                    self.find(name);
                }
                let end = at + 2 + front(&tokens[at + 2..]);
                if tokens.get(end) != Some(&"{") {
                    return end;
                }
                let scope = match *keyword {
                    "mod" => Scope::Items,
                    "trait" => Scope::Trait { is_seen },
                    "enum" => Scope::Variants { is_seen },
                    "struct" | "union" => Scope::Fields,
                    _ => Scope::Body,
                };
                end + self.enter(scope, Some(name))
            }
            _ if at > 0 && tokens.get(at - 1) == Some(&"const") => {
                if let Some(name) = tokens.get(at).filter(|_| is_seen) {
                    self.find(name);
                }
                at + front(&tokens[at..])
            }
            _ => at.max(1),
        }
    }

    /// Goes into a block.
    fn enter(&mut self, scope: Scope, name: Option<&str>) -> usize {
        self.scopes.push((scope, self.around.len()));
        self.around.extend(name.map(str::to_owned));
        1
    }

    fn find(&mut self, name: &str) {
        self.found.push([&self.around[..], &[name.to_owned()]].concat());
    }
}

/// Names and signs, one after the other.
fn tokens(bare: &str) -> impl Iterator<Item = &str> {
    let mut rest = bare;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let first = rest.chars().next()?;
        let length = if is_word(first) {
            rest.find(|next| !is_word(next)).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (token, behind) = rest.split_at(length);
        rest = behind;
        Some(token)
    })
}

/// How many tokens `pub` or `pub(…)` is at the front of these.
fn visibility(tokens: &[&str]) -> usize {
    match tokens {
        ["pub", "(", ..] => 1 + matching(&tokens[1..]),
        ["pub", ..] => 1,
        _ => 0,
    }
}

/// How many tokens it is to behind the bracket that closes the first.
fn matching(tokens: &[&str]) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate() {
        depth += i32::from(["(", "[", "{"].contains(token)) - i32::from([")", "]", "}"].contains(token));
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

/// How many tokens it is to an item's block, or to behind its semicolon.
fn front(tokens: &[&str]) -> usize {
    let mut at = 0;
    while at < tokens.len() {
        match tokens[at] {
            "{" => return at,
            ";" => return at + 1,
            "(" | "[" => at += matching(&tokens[at..]),
            _ => at += 1,
        }
    }
    at
}

/// The type that `impl … for Type<…>` is about.
fn implemented<'t>(head: &[&'t str]) -> &'t str {
    let mut depth = 0_usize;
    let mut name = "";
    for (at, token) in head.iter().enumerate().skip(1) {
        match *token {
            "<" => depth += 1,
            ">" if head[at - 1] != "-" => depth = depth.saturating_sub(1),
            "where" if depth == 0 => break,
            word if depth == 0 && word.starts_with(is_word) => name = word,
            _ => (),
        }
    }
    name
}

const KEYWORDS: [&str; 9] =
    ["enum", "fn", "macro_rules", "mod", "static", "struct", "trait", "type", "union"];
const QUALIFIERS: [&str; 6] = ["async", "const", "default", "extern", "unsafe", "\""];

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        names(&Source::new(text), &["m".to_owned()]).iter().map(|path| path[1..].join("::")).collect()
    }

    #[test]
    fn names_that_others_can_see_are_found_with_what_they_are_in() {
        let text = "
            #[derive(Debug)] pub struct A<'k, B: Fn() -> u8> where B: C { pub d: u8, e: u8, pub(crate) f: [u8; 4] }
            pub(crate) enum G { #[default] H, I(u8), J { k: u8 }, L = 3 }
            enum M { N }
            impl<'k, B: Fn() -> u8> Trait<B> for mod_a::A<'k, B> { fn o() {} }
            impl A<'_, X> { pub const fn p(&self) { struct Q; pub fn r() {} } fn s() {} pub const T: u8 = { 1 }; }
            pub trait U { fn v(); type W; }
            trait X { fn y(); }
            mod z { pub unsafe extern \"C\" fn aa() {} }
            pub type Ab = u8; pub static AC: u8 = 0; const AD: u8 = 0; pub const AE: [u8; 2] = [0; 2];
            pub use a::{b, c};
        ";
        let expected = "A A::d A::f G G::H G::I G::J G::L A::p A::T U U::v U::W z z::aa Ab AC AE";
        assert_eq!(found(text).join(" "), expected);
    }

    #[test]
    fn a_name_is_split_into_words_in_the_singular() {
        assert_eq!(words("MessagesPerSecond").join(" "), "message per second");
        assert_eq!(words("LOWKEY_PAGE_ADDRESSES").join(" "), "lowkey page address");
        assert_eq!(words("with_halves_1").join(" "), "with half 1");
        assert_eq!(words("status"), ["status"]);
    }
}
