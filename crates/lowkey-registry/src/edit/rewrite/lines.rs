//! A text by its lines, and changes to it that leave all other bytes alone.

use std::ops::Range;

/// What to put in the place of which bytes.
pub(super) type Splice = (Range<usize>, String);

/// `text` after all of these, no two of which touch the same byte.
pub(super) fn spliced(text: &str, mut splices: Vec<Splice>) -> String {
    splices.sort_by_key(|(range, _)| range.start);
    let (mut new, mut at) = (String::with_capacity(text.len() + 1024), 0);
    for (range, replacement) in splices {
        new.push_str(text.get(at..range.start).unwrap_or_default());
        new.push_str(&replacement);
        at = range.end;
    }
    new.push_str(&text[at..]);
    new
}

pub(super) fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// Behind the newline, or where the text ends.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |newline| at + newline + 1)
}

/// How the lines of `text` end.
pub(super) fn newline(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

/// Where the comment begins that stands right above the line at `line`. What is before `floor` is something else,
/// perhaps a string with a line that looks like a comment.
pub(super) fn comment_above(text: &str, line: usize, floor: usize) -> usize {
    let mut start = line;
    while start > floor {
        let above = line_start(text, start - 1);
        if above < floor || !text[above..start].trim_start().starts_with('#') {
            break;
        }
        start = above;
    }
    start
}
