//! What stands before the rows of a registry, and which registry it is.

/// The head of a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// Drawn when the registry was made: a registry that was put in its place is another.
    pub(crate) born: String,
    /// The text before the first device.
    pub(crate) text: String,
}

impl Head {
    pub(crate) fn kept(&self) -> String {
        format!("{MARK}{}\n{}", self.born, self.text)
    }

    pub(crate) fn of_kept(kept: &str) -> Option<Self> {
        let (born, text) = kept.strip_prefix(MARK)?.split_once('\n')?;
        let is_ours = born.len() == 32 && born.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_ours.then(|| Self { born: born.to_owned(), text: text.to_owned() })
    }
}

const MARK: &str = "# lowkey registry 1, born as ";
