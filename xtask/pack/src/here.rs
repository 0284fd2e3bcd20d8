//! Folders of this machine, which nothing that is handed out may name.

use std::{env, path::Path};

use xtask::{command::Result, root, target};

/// Whether one of them is in what is handed out as `name`.
///
/// # Errors
/// It is.
pub(crate) fn is_not_in(name: &str, bytes: &[u8]) -> Result<()> {
    let is_in = |folder: &Path| {
        let folder = folder.as_os_str().as_encoded_bytes();
        folder.len() > 1 && bytes.windows(folder.len()).any(|part| part == folder)
    };
    match [root(), target(), env::home_dir().unwrap_or_default()].iter().any(|folder| is_in(folder)) {
        true => Err(format!("{name} names a folder of this machine").into()),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_the_repository_s_folder_is_found() {
        assert!(is_not_in("a", b"/rustc/library/core").is_ok());
        let named = format!("at {}/crates", root().display());
        assert_eq!(
            is_not_in("a", named.as_bytes()).unwrap_err().to_string(),
            "a names a folder of this machine"
        );
    }
}
