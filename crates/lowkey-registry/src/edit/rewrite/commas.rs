//! What stands between commas: the tables of an array in brackets, the fields of a table in braces. Since TOML 1.1 both
//! may have lines, comments, and a comma behind the last.

use super::lines::{Splice, comment_above, line_end, line_start, newline};
use std::ops::Range;

/// Arrays and tables of this form, in their text.
pub(super) struct Listed<'t> {
    text: &'t str,
    open: usize, // behind the bracket or brace
    each: Vec<Range<usize>>,
}

impl<'t> Listed<'t> {
    /// `whole` begins with the bracket or brace; `each` are the ranges of what is in it, in their order.
    pub(super) fn new(text: &'t str, whole: &Range<usize>, each: Vec<Range<usize>>) -> Self {
        Self { text, open: whole.start + 1, each }
    }

    /// Takes out those of these numbers, with what belongs to them: a comma, a comment behind them or, if they have
    /// lines of their own, above.
    pub(super) fn without(&self, gone: Range<usize>) -> Option<Splice> {
        let [first, last] = [self.each.get(gone.start)?, self.each.get(gone.end.checked_sub(1)?)?];
        let before = gone.start.checked_sub(1).and_then(|n| self.each.get(n));
        let is_last = gone.end == self.each.len();
        let comma = self.comma_behind(last.end);
        let lines = line_start(self.text, first.start)..line_end(self.text, last.end);
        let has_comma_elsewhere = comma.is_some_and(|comma| comma > lines.end);
        if self.has_lines_of_its_own(&(first.start..last.end)) && !has_comma_elsewhere {
            let floor = before.map_or(self.open, |before| before.end);
            return Some((comment_above(self.text, lines.start, floor)..lines.end, String::new()));
        }
        let range = match (before, comma) {
            (Some(before), _) if is_last && !self.text[before.end..first.start].contains('#') => {
                before.end..last.end // the comma behind it, if there is one, is now the one behind `before`
            }
            (_, Some(comma)) => first.start..self.rest_of_line(comma),
            (_, None) => first.start..last.end,
        };
        Some((range, String::new()))
    }

    /// Puts one more behind all others, on a line of its own if the last one has that.
    pub(super) fn with(&self, one: &str) -> Vec<Splice> {
        let Some(last) = self.each.last() else {
            return vec![(self.open..self.open, one.to_owned())];
        };
        if !self.has_lines_of_its_own(last) {
            return vec![(last.end..last.end, format!(", {one}"))];
        }
        let (line, end) = (line_start(self.text, last.start), line_end(self.text, last.end));
        let (indent, newline) = (&self.text[line..last.start], newline(self.text));
        if self.comma_behind(last.end).is_some_and(|comma| comma <= end) {
            return vec![(end..end, format!("{indent}{one},{newline}"))];
        }
        vec![(last.end..last.end, ",".to_owned()), (end..end, format!("{indent}{one}{newline}"))]
    }

    /// Whether nothing else stands on these lines, but for a comma and a comment behind it.
    fn has_lines_of_its_own(&self, range: &Range<usize>) -> bool {
        let (line, end) = (line_start(self.text, range.start), line_end(self.text, range.end));
        let before = self.text[line..range.start].trim_ascii();
        let behind = self.text[range.end..end].trim_ascii();
        let behind = behind.strip_prefix(',').unwrap_or(behind).trim_ascii_start();
        before.is_empty() && (behind.is_empty() || behind.starts_with('#'))
    }

    /// Where the comma ends that comes next; between `at` and it stand blanks and comments.
    fn comma_behind(&self, mut at: usize) -> Option<usize> {
        loop {
            match self.text[at..].chars().next()? {
                ',' => return Some(at + 1),
                '#' => at = line_end(self.text, at),
                c if c.is_ascii_whitespace() => at += 1,
                _ => return None,
            }
        }
    }

    /// Behind blanks, and behind a comment if one follows.
    fn rest_of_line(&self, at: usize) -> usize {
        let rest = &self.text[at..line_end(self.text, at)];
        let blank = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        let is_comment = rest[blank..].starts_with('#');
        at + if is_comment { rest.trim_end_matches(['\r', '\n']).len() } else { blank }
    }
}
