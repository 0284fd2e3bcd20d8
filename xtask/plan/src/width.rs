//! Prose has one width: no line of a document or of a comment is wider than it has to be.
//!
//! Tables, links, quoted programs and code are as wide as they are; rustfmt has its own opinion of the last.

use crate::marked::WIDTH;
use crate::tree::Tree;

/// The lines of prose that are too wide.
pub(crate) fn problems(tree: &Tree) -> Vec<String> {
    let wide = tree.texts().flat_map(|(path, text)| {
        let lines = Prose::of(path).map(|prose| prose.wide(text)).unwrap_or_default();
        lines
            .into_iter()
            .map(move |line| format!("{path}:{line}: a line of prose has more than {WIDTH} columns"))
    });
    wide.collect()
}

/// Where the prose of a file is.
enum Prose {
    /// Everywhere.
    Document,
    /// Behind one of these.
    Comments(&'static [&'static str]),
}

impl Prose {
    fn of(path: &str) -> Option<Self> {
        match path.rsplit_once('.')?.1 {
            "md" => Some(Self::Document),
            "rs" => Some(Self::Comments(&["///", "//!", "//"])),
            "c" | "h" => Some(Self::Comments(&["/**", "/*", "*/", "*", "//"])),
            "py" | "sh" | "toml" => Some(Self::Comments(&["#"])),
            _ => None,
        }
    }

    /// The numbers of the lines in `text` that are prose and too wide.
    fn wide(&self, text: &str) -> Vec<usize> {
        let mut is_code = false;
        let mut wide = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let words = match self {
                Self::Document => Some(line),
                Self::Comments(marks) => marks.iter().find_map(|mark| line.trim_start().strip_prefix(mark)),
            };
            let Some(words) = words.map(str::trim) else {
                is_code = false;
                continue;
            };
            is_code ^= words.starts_with("```");
            let is_prose = !is_code && !["|", "```", "<!--", "["].iter().any(|mark| words.starts_with(mark));
            if is_prose && line.chars().count() > WIDTH && !words.contains("://") && words.contains(' ') {
                wide.push(index + 1);
            }
        }
        wide
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wide(path: &str, lines: &[&str]) -> Vec<usize> {
        let long = "word ".repeat(25);
        let text = lines.join("\n").replace("LONG", long.trim_end());
        Prose::of(path).map(|prose| prose.wide(&text)).unwrap_or_default()
    }

    #[test]
    fn prose_that_is_too_wide_is_found_in_documents_and_comments() {
        assert_eq!(wide("a.md", &["LONG", "short", "- LONG"]), [1, 3]);
        assert_eq!(wide("a.rs", &["//! LONG", "  // LONG", "let x = \"LONG\";", "    /// short"]), [1, 2]);
        assert_eq!(wide("a.h", &["/* LONG", " * LONG */", "int LONG;"]), [1, 2]);
        assert_eq!(wide("a.svg", &["LONG"]), [0; 0]);
    }

    #[test]
    fn tables_links_and_code_may_be_wide() {
        assert_eq!(
            wide("a.md", &["| LONG |", "```text", "LONG", "```", "https://LONG", "[a]: LONG"]),
            [0; 0]
        );
        assert_eq!(wide("a.rs", &["/// ```", "/// LONG", "/// ```", "/// LONG"]), [4]);
    }
}
