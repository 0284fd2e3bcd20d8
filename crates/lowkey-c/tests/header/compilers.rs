//! Compilers of C and of C++: which there are to be tried, and what they say.

use std::process::{Command, Output};

use super::here;

/// A language, and the variable that names a compiler for it, or else the usual one's name.
#[derive(Clone, Copy)]
pub(crate) enum Language {
    C,
    Cpp,
}

impl Language {
    /// What the compiler says of `arguments` for this language and `standard`, with warnings as errors; nothing if
    /// there is no compiler, unless LOWKEY_REQUIRE_TOOLS is 1.
    pub(crate) fn compile(self, standard: &str, arguments: &[&str]) -> Option<Output> {
        let (variable, usual, language) = match self {
            Self::C => ("CC", "cc", "c"),
            Self::Cpp => ("CXX", "c++", "c++"),
        };
        let tool = std::env::var(variable).unwrap_or_else(|_| usual.to_owned());
        let arguments = [&["-x", language, standard, "-Werror", "-S", "-o", "/dev/null"], arguments].concat();
        match Command::new(&tool).args(arguments).current_dir(here()).output() {
            Ok(output) => Some(output),
            Err(error) => {
                assert!(
                    std::env::var_os("LOWKEY_REQUIRE_TOOLS").is_none_or(|value| value != "1"),
                    "{tool}: {error}"
                );
                eprintln!("not tried, there is no {tool}");
                None
            }
        }
    }
}
