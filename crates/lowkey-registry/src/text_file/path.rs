//! Paths, of which one may be a secret that somebody put in its place, in errors and commands.

use lowkey_host::text::{clean, mask};
use std::path::Path;

/// A path, for errors: no secret is in it, and nothing that steers a terminal.
pub fn shown(path: &Path) -> String {
    clean(&mask(&path.display().to_string()))
}

/// `path` as a shell takes it, for commands that people copy.
pub fn shell_quote(path: &Path) -> String {
    let text = shown(path);
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,:@%=".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
