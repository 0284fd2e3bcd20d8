//! What is made in the README, in the book and in ARCHITECTURE.md: tables of `benches/numbers.toml`, and what follows
//! from the sources.
//!
//! It stands between two marks: `<!-- cargo xtask VERB … -->` and `<!-- end -->`.

use std::fs;

use crate::{command::Result, root};

/// A table and its place.
pub struct Table {
    /// The document, from the repository's root.
    pub file: &'static str,
    /// What the first mark says.
    pub mark: &'static str,
    /// The table in Markdown, with an empty line before and behind it.
    pub text: String,
}

/// Puts each table into its place.
///
/// # Errors
/// A document is missing or has no such place.
pub fn write(tables: &[Table]) -> Result<()> {
    for table in tables {
        let path = root().join(table.file);
        let text = fs::read_to_string(&path)?;
        fs::write(path, table.within(&text)?)?;
    }
    Ok(())
}

/// Makes sure that every document shows what is committed; `remedy` is the command that sees to it.
///
/// # Errors
/// The document that does not.
pub fn check(tables: &[Table], remedy: &str) -> Result<()> {
    for table in tables {
        let text = fs::read_to_string(root().join(table.file))?;
        if table.within(&text)? != text {
            return Err(
                format!("{} does not show what is so at \"{}\": {remedy}", table.file, table.mark).into()
            );
        }
    }
    Ok(())
}

impl Table {
    /// `text` with the table in its place.
    fn within(&self, text: &str) -> Result<String> {
        let begin = format!("<!-- {} -->", self.mark);
        let parts = text.split_once(&begin).and_then(|(before, rest)| Some((before, rest.split_once(END)?)));
        let Some((before, (_, after))) = parts else {
            return Err(format!("{} has no place for the table, between {begin} and {END}", self.file).into());
        };
        Ok(format!("{before}{begin}\n{}{END}{after}", self.text))
    }
}

const END: &str = "<!-- end -->";

#[cfg(test)]
mod tests {
    use super::*;

    fn table(mark: &'static str) -> Table {
        Table { file: "a.md", mark, text: "\n| new |\n\n".to_owned() }
    }

    #[test]
    fn a_document_gets_the_table_between_its_marks_and_keeps_the_rest() {
        let table = table("size");
        let text = table.within("a <!-- size -->old<!-- end --> b").unwrap();
        assert_eq!(text, "a <!-- size -->\n\n| new |\n\n<!-- end --> b");
        assert_eq!(table.within(&text).unwrap(), text);
        assert!(table.within("no marks").is_err());
    }

    #[test]
    fn a_document_with_two_tables_gets_each_into_its_own_place() {
        let text = "<!-- size -->1<!-- end --><!-- cycles -->2<!-- end -->";
        let text = table("cycles").within(text).unwrap();
        assert_eq!(text, "<!-- size -->1<!-- end --><!-- cycles -->\n\n| new |\n\n<!-- end -->");
    }
}
