//! What is shown again and again, on a terminal that is too short for all of it.

use unicode_width::UnicodeWidthStr;

/// `text` in fewer lines than the terminal has: those in the middle are left out, and the last one is not.
pub(super) fn fit(text: &str, columns: usize, height: Option<usize>) -> String {
    let Some(room) = height.map(|height| height.saturating_sub(1)) else { return text.to_owned() };
    let lines: Vec<&str> = text.lines().collect();
    let rows = |line: &&str| line.width().div_ceil(columns.max(1)).max(1);
    let Some((last, before)) = lines.split_last() else { return String::new() };
    if lines.iter().map(rows).sum::<usize>() <= room {
        return text.to_owned();
    }
    // One for what is said of those that are left out.
    let mut left = room.saturating_sub(rows(last) + 1);
    let shown = before.iter().take_while(|line| {
        let fits = rows(line) <= left;
        left = left.saturating_sub(rows(line));
        fits
    });
    let shown: Vec<&str> = shown.copied().collect();
    let more = format!("… {} lines more …", before.len() - shown.len());
    shown.into_iter().chain([&*more, last]).flat_map(|line| [line, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::fit;

    #[test]
    fn what_is_too_long_keeps_its_beginning_and_its_last_line() {
        let text = "head\n1\n2\n3\n4\nsum\n";
        assert_eq!(fit(text, 80, None), text);
        assert_eq!(fit(text, 80, Some(7)), text);
        assert_eq!(fit(text, 80, Some(6)), "head\n1\n2\n… 2 lines more …\nsum\n");
        assert_eq!(fit(text, 80, Some(1)), "… 5 lines more …\nsum\n");
        assert_eq!(fit("wide wide wide\n1\nsum\n", 7, Some(5)), "wide wide wide\n1\nsum\n");
        assert_eq!(fit("wide wide wide\n1\nsum\n", 7, Some(4)), "… 2 lines more …\nsum\n");
        assert_eq!(fit("", 80, Some(3)), "");
    }
}
