//! What a document says to the plan: tables behind a mark, `<!-- plan: NAME -->`.

/// The rows of the table behind a mark, without its head, each as its cells.
pub(crate) fn rows(text: &str, name: &str) -> Option<Vec<Vec<String>>> {
    let (_, behind) = text.split_once(&format!("<!-- plan: {name} -->"))?;
    let lines =
        behind.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let rows = lines.skip(2).map(|line| {
        let cells = line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned());
        cells.collect()
    });
    Some(rows.collect())
}

/// The lines of the fenced text behind a mark.
pub(crate) fn lines<'t>(text: &'t str, name: &str) -> Option<impl Iterator<Item = &'t str>> {
    let (_, behind) = text.split_once(&format!("<!-- plan: {name} -->"))?;
    let lines = behind.lines().skip_while(|line| !line.starts_with("```")).skip(1);
    Some(lines.take_while(|line| !line.starts_with("```")))
}

/// A paragraph in lines of one width.
pub(crate) fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().filter(|line| line.chars().count() + 1 + word.chars().count() <= WIDTH);
        match line {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) => *line += &format!(" {word}"),
            None => lines.push(word.to_owned()),
        }
    }
    lines.join("\n") + "\n"
}

/// What stands in back quotes.
pub(crate) fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Columns of a line of prose.
pub(crate) const WIDTH: usize = 120;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_the_one_behind_its_mark() {
        let text = "| a |\n| --- |\n| b |\n<!-- plan: x -->\n\n| c | d |\n| --- | --- |\n| `e`, `f g` | h |\n\n| i |";
        let rows = rows(text, "x").unwrap();
        assert_eq!(rows, [["`e`, `f g`", "h"]]);
        assert_eq!(quoted(&rows[0][0]).collect::<Vec<_>>(), ["e", "f g"]);
        assert!(super::rows(text, "y").is_none());
    }
}
