//! Pairing codes in files.
//!
//! A file of codes holds one a line, as the text of a label or bare, below comment lines that begin with `#`. It is a
//! secret until the last of them is spent: only its owner may read it, as a [key file](crate::keys), and it is never
//! overwritten.
//!
//! Behind a code may stand the lines that its device wants in its label area, `server HOST:PORT` and `wait PORT`: then
//! the file goes into flash as it is. Whoever reads the codes passes them over.

use crate::code_text::label_text;
use crate::keys::{KeyFileError, SecretText, create_private, read_secret_text};
use crate::text_file::{self, Trust};
use lowkey_core::{Code, label};
use lowkey_host::{Error, entropy, show_time};
use std::io::Read;
use std::path::Path;
use std::time::SystemTime;
use zeroize::Zeroizing;

/// A new code: 16 random bytes.
///
/// # Errors
/// [`Error::Entropy`]: the operating system has no randomness now.
pub fn generate() -> Result<Code, Error> {
    let random = entropy::random()?;
    Code::new(&random.expose()[..Code::MIN]).map_err(|_| Error::Entropy) // blank, which nothing random is
}

/// Reads the codes of a file.
///
/// # Errors
/// [`KeyFileError`]; nothing of the file is shown. One without any code is an error.
pub fn read(path: &Path) -> Result<Vec<Code>, KeyFileError> {
    let (file, metadata) = text_file::open(path, Trust::Secret, LONGEST as u64)?;
    read_up_to(metadata.len() as usize, file, path)
}

/// The same from what is open already, such as standard input; `named` is what errors call it.
///
/// # Errors
/// [`KeyFileError`]; nothing of it is shown.
pub fn read_from(source: impl Read, named: &Path) -> Result<Vec<Code>, KeyFileError> {
    read_up_to(LONGEST, source, named)
}

/// The same of at most so many bytes: all the memory that there is for it is wiped, which takes a while for megabytes.
pub(crate) fn read_up_to(longest: usize, source: impl Read, named: &Path) -> Result<Vec<Code>, KeyFileError> {
    let mut buffer = Zeroizing::new(vec![0; longest + 1]);
    let text = read_secret_text(source, named, &mut buffer)?;
    let wrong = |line: usize, why: String| KeyFileError::Encoding {
        path: named.to_owned(),
        line: line + 1,
        column: 1,
        why,
    };
    let lines = text.lines().enumerate();
    let mut codes = Vec::new();
    for (at, line) in lines.filter(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
    {
        let is_for_the_device = !codes.is_empty() && DEVICES.iter().any(|word| line.starts_with(word));
        if !is_for_the_device {
            codes.push(label::parse(line).map_err(|error| wrong(at, error.to_string()))?);
        }
    }
    if codes.is_empty() {
        return Err(wrong(0, "there is no pairing code in it".into()));
    }
    Ok(codes)
}

/// Writes codes of 16 bytes to a new file, and where their device finds its server if that is not empty: an address for
/// which [`check_address`](crate::provision::check_address) has no word.
///
/// # Errors
/// [`KeyFileError`]; no file was left behind.
pub fn write(path: &Path, codes: &[Code], server: &str) -> Result<(), KeyFileError> {
    write_private(path, text(path, codes, server)?.expose().as_bytes())
}

/// Writes something that shows codes, such as their labels, to a new file that only its owner reads.
///
/// # Errors
/// [`KeyFileError`]; no file was left behind.
pub fn write_private(path: &Path, content: &[u8]) -> Result<(), KeyFileError> {
    create_private(path, content).map(drop)
}

/// What [`write()`] writes to `path`.
pub(crate) fn text(path: &Path, codes: &[Code], server: &str) -> Result<SecretText, KeyFileError> {
    // Room for all of it at once: a string that grew would leave its old place unwiped.
    let room = HEAD + codes.len() * (label::LEN + 1) + SERVER.len() + server.len() + 1;
    let mut text = Zeroizing::new(String::with_capacity(room));
    text.push_str("# created: ");
    text.push_str(&show_time(SystemTime::now()));
    text.push_str("\n# pairing codes: whoever has one pairs with its device, once\n");
    for code in codes {
        let label = label_text(code).map_err(|error| KeyFileError::Encoding {
            path: path.to_owned(),
            line: 1,
            column: 1,
            why: error.to_string(),
        })?;
        text.push_str(label.expose());
        text.push('\n');
    }
    if !server.is_empty() {
        [SERVER, server, "\n"].iter().for_each(|part| text.push_str(part));
    }
    Ok(SecretText::new(text))
}

const SERVER: &str = "server ";
/// What begins the lines of a label area that are no codes.
const DEVICES: [&str; 2] = [SERVER, "wait "];
/// In bytes: a hundred thousand codes.
const LONGEST: usize = 6 << 20;
/// In bytes, of the comments.
const HEAD: usize = 128;
