//! A bearer token, in a file.

use crate::dial::read_file;
use crate::error::SinkError;
use hyper::header::HeaderValue;
use lowkey_registry::text_file::{Trust, shown};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use zeroize::Zeroizing;

/// What stands in a file, as a header has it. It prints itself nowhere.
pub(super) struct Token {
    path: PathBuf,
    value: Mutex<HeaderValue>,
}

impl Token {
    /// # Errors
    /// [`SinkError::File`].
    pub(super) fn new(path: &Path) -> Result<Self, SinkError> {
        Ok(Self { path: path.to_owned(), value: Mutex::new(read(path)?) })
    }

    pub(super) fn value(&self) -> HeaderValue {
        self.value.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Another may have been put there.
    pub(super) fn read_again(&self) -> Result<(), SinkError> {
        *self.value.lock().unwrap_or_else(PoisonError::into_inner) = read(&self.path)?;
        Ok(())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("path", &self.path).finish_non_exhaustive()
    }
}

fn read(path: &Path) -> Result<HeaderValue, SinkError> {
    let text = read_file(path, Trust::Secret)?;
    let token = text.trim();
    let wrong = || SinkError::File(format!("{}: it is not one word of ASCII letters, a token", shown(path)));
    if token.is_empty() || !token.chars().all(|c| c.is_ascii_graphic()) {
        return Err(wrong());
    }
    let header = Zeroizing::new(format!("Bearer {token}"));
    let mut value = HeaderValue::from_str(&header).map_err(|_| wrong())?;
    value.set_sensitive(true);
    Ok(value)
}
