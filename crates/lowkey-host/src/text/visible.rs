//! What a terminal shows of a text, and what it obeys.

/// Whether `c` has no place in a name: it steers a terminal, turns the direction of a line, or cannot be seen, so that
/// two names that differ in it look alike.
///
/// Control characters, and those that Unicode calls format characters or lets a program leave out
/// (`Default_Ignorable_Code_Point`): U+00AD, U+200B to U+200F, U+202A to U+202E, U+FEFF and their like. A space is none
/// of them.
pub fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}'
            | '\u{8e2}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}'
            | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// `text` with what [steers] a terminal written as `\u{…}`, so that it can be printed.
///
/// ```
/// assert_eq!(lowkey_host::text::clean("pump\u{1b}[2J"), r"pump\u{1b}[2J");
/// ```
pub fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    for c in text.chars() {
        if steers(c) {
            cleaned.extend(c.escape_unicode());
        } else {
            cleaned.push(c);
        }
    }
    cleaned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_a_terminal() {
        assert_eq!(clean("pump-7 ü"), "pump-7 ü");
        assert_eq!(
            clean("\x1b[2J\u{9b}2J\u{202e}7\u{ad}\u{61c}"),
            r"\u{1b}[2J\u{9b}2J\u{202e}7\u{ad}\u{61c}"
        );
        for seen in ['a', ' ', '\u{a0}', 'ß', '\u{301}', '泵', '🔧', '\u{fffd}'] {
            assert!(!steers(seen), "{seen:?}");
        }
        for range in ['\0'..='\u{1f}', '\u{7f}'..='\u{9f}', '\u{200b}'..='\u{200f}', '\u{202a}'..='\u{202e}']
        {
            assert!(range.clone().all(steers), "{range:?}");
        }
    }
}
