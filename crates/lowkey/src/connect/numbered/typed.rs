//! Lines of an input, each without its end.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncBufRead, AsyncRead, BufReader};

/// Lines of at most so many bytes; what follows the last end of a line is one too.
pub(super) struct Typed<I> {
    input: BufReader<I>,
    longest: usize,
    /// What has come of the next one.
    line: Vec<u8>,
    /// Which that is, from 1.
    next: u64,
}

impl<I: AsyncRead + Unpin> Typed<I> {
    pub(super) fn of(input: I, longest: usize) -> Self {
        Self { input: BufReader::new(input), longest, line: Vec::new(), next: 1 }
    }

    /// The next line; `None` at the end.
    ///
    /// # Errors
    /// The input, or a line that is too long.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Option<Vec<u8>>>> {
        loop {
            let there = ready!(Pin::new(&mut self.input).poll_fill_buf(context))?;
            let (taken, is_whole) = match there.iter().position(|byte| *byte == b'\n') {
                Some(end) => (end + 1, true),
                None => (there.len(), false),
            };
            let is_end = there.is_empty();
            self.line.extend_from_slice(&there[..taken - usize::from(is_whole)]);
            Pin::new(&mut self.input).consume(taken);
            if self.line.len() > self.longest {
                let (next, longest) = (self.next, self.longest);
                let why = format!(
                    "line {next} is longer than {longest} bytes: it was not sent, and nothing that follows it"
                );
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, why)));
            }
            if is_whole || is_end && !self.line.is_empty() {
                self.next += 1;
                return Poll::Ready(Ok(Some(std::mem::take(&mut self.line))));
            }
            if is_end {
                return Poll::Ready(Ok(None));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;

    async fn lines(text: &str) -> Vec<Result<String, String>> {
        let mut lines = Typed::of(text.as_bytes(), 5);
        let mut read = Vec::new();
        loop {
            match poll_fn(|context| lines.poll(context)).await {
                Ok(None) => return read,
                Ok(Some(line)) => read.push(Ok(String::from_utf8(line).unwrap())),
                Err(error) => {
                    read.push(Err(error.to_string()));
                    return read;
                }
            }
        }
    }

    #[tokio::test]
    async fn lines_come_without_their_ends_and_the_last_one_needs_none() {
        let ok = |text: &str| Ok(text.to_owned());
        assert_eq!(lines("").await, []);
        assert_eq!(lines("a\n\nb\r\n").await, [ok("a"), ok(""), ok("b\r")]);
        assert_eq!(lines("12345\nx").await, [ok("12345"), ok("x")]);
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_is_named_and_that_what_follows_is_not_sent() {
        let long = |line: u64| {
            Err(format!("line {line} is longer than 5 bytes: it was not sent, and nothing that follows it"))
        };
        assert_eq!(lines("a\n123456\nb").await, [Ok("a".to_owned()), long(2)]);
        assert_eq!(lines("123456").await, [long(1)]);
    }
}
