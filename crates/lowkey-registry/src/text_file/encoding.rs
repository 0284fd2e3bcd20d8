//! Bytes as text: UTF-8, or an error that says what they are instead, and where.

/// Why bytes are no text, and where; nothing of them is shown, as they may be a secret.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) why: &'static str,
}

/// The text in `bytes`, without the mark that some editors put before it.
pub(super) fn decode(bytes: &[u8]) -> Result<&str, Unreadable> {
    let wide = match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Some(UTF_32),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some(UTF_16),
        [0, a, 0, b, ..] | [a, 0, b, 0, ..] if *a != 0 && *b != 0 => Some(UTF_16),
        _ => None,
    };
    if let Some(why) = wide {
        return Err(Unreadable { line: 1, column: 1, why });
    }
    let bytes = without_mark(bytes);
    let (text, broken) = match std::str::from_utf8(bytes) {
        Ok(text) => (text, false),
        Err(error) => {
            let right = bytes.get(..error.valid_up_to()).unwrap_or_default();
            (std::str::from_utf8(right).unwrap_or_default(), true)
        }
    };
    let wrong = |at, why| {
        let (line, column) = position(text, at);
        Err(Unreadable { line, column, why })
    };
    match text.find('\0') {
        Some(at) => {
            wrong(at, "a zero byte, which no text has; is it another file, or was it cut off by a crash?")
        }
        None if broken => wrong(text.len(), "not UTF-8 from here on; save the file as UTF-8"),
        None => Ok(text),
    }
}

pub(super) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// Line and column, from 1, of the byte `at` in `text`. A column is a character.
pub fn position(text: &str, at: usize) -> (usize, usize) {
    Positions::of(text).position(at)
}

/// Finds lines and columns one after the other, each counted from the one before, so that many cost no more than one.
pub(crate) struct Positions<'t> {
    text: &'t str,
    line: usize,
    begin: usize, // of the line
}

impl<'t> Positions<'t> {
    pub(crate) fn of(text: &'t str) -> Self {
        Self { text, line: 1, begin: 0 }
    }

    /// The line and the character in it, from 1, of byte `at`.
    pub(crate) fn position(&mut self, at: usize) -> (usize, usize) {
        if at < self.begin {
            *self = Self::of(self.text);
        }
        let before = self.text.get(self.begin..at).unwrap_or(&self.text[self.begin..]);
        self.line += before.matches('\n').count();
        let line = before.rsplit('\n').next().unwrap_or(before);
        self.begin += before.len() - line.len();
        (self.line, 1 + line.chars().count())
    }
}

const UTF_16: &str = "this is UTF-16; save the file as UTF-8";
const UTF_32: &str = "this is UTF-32; save the file as UTF-8";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf_8_is_read_with_and_without_its_mark_and_everything_else_is_named_where_it_stands() {
        assert_eq!(decode("ü\r\n".as_bytes()), Ok("ü\r\n"));
        assert_eq!(decode("\u{feff}ü".as_bytes()), Ok("ü"));
        assert_eq!(decode(b""), Ok(""));
        let wide = |text: &str, mark: &[u8], bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            mark.iter().copied().chain(text.encode_utf16().flat_map(bytes)).collect()
        };
        for text in [
            wide("key", b"\xff\xfe", u16::to_le_bytes),
            wide("key", b"\xfe\xff", u16::to_be_bytes),
            wide("key", b"", u16::to_le_bytes),
            wide("key", b"", u16::to_be_bytes),
        ] {
            assert_eq!(decode(&text), Err(Unreadable { line: 1, column: 1, why: UTF_16 }), "{text:x?}");
        }
        assert_eq!(decode(b"\xff\xfe\0\0k\0\0\0").unwrap_err().why, UTF_32);
        for (bytes, line, column) in [
            (&b"a\nb\xc3\xbc\xe4c"[..], 2, 3),
            (b"\xef\xbb\xbfab\0", 1, 3),
            (b"ab\ncd\xff\xff", 2, 3),
            (b"a\n\xc3", 2, 1), // cut off inside a character
            (b"a\0\xff", 1, 2),
        ] {
            let found = decode(bytes).unwrap_err();
            assert_eq!((found.line, found.column), (line, column), "{bytes:x?} {found:?}");
        }
    }
}
