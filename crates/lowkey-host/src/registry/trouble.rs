//! What keeps a registry from being up to date.

use std::fmt;

/// What keeps a registry from being up to date: not all that stands there now is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Trouble {
    /// What is wrong, in a line.
    pub what: String,
    /// What is in force meanwhile, in a line.
    pub in_force: String,
    /// What mends it, in a line.
    pub mend: String,
}

impl Trouble {
    /// A registry could not be read again: `what` went wrong.
    pub fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            in_force: "what was read before is in force until the file is in order".to_owned(),
            mend: "mend that; the file is read again when it changes".to_owned(),
        }
    }

    /// The same, and this is in force meanwhile.
    #[must_use]
    pub fn meanwhile(mut self, in_force: impl Into<String>) -> Self {
        self.in_force = in_force.into();
        self
    }

    /// The same, and this mends it.
    #[must_use]
    pub fn mended_by(mut self, mend: impl Into<String>) -> Self {
        self.mend = mend.into();
        self
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}
