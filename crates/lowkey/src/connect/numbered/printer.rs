//! The output: a line for what is acknowledged, and one for each message.

use crate::failure::Failure;
use lowkey_host::text::clean;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::AsyncWrite;

/// Lines that go out in their order.
pub(super) struct Printer<O> {
    output: O,
    text: Vec<u8>,
    /// So much of it has gone.
    gone: usize,
    /// The output was not asked to take the last of it yet.
    is_fresh: bool,
}

impl<O: AsyncWrite + Unpin> Printer<O> {
    pub(super) fn on(output: O) -> Self {
        Self { output, text: Vec::new(), gone: 0, is_fresh: false }
    }

    /// All of ours up to this number is acknowledged.
    pub(super) fn acknowledged(&mut self, number: u64) {
        let line = number as u32; // numbers count the lines of a start
        self.print(&format!("acknowledged {number} {line}\n"));
    }

    /// The server has sent this.
    pub(super) fn received(&mut self, number: Option<u64>, message: &[u8]) {
        let number = number.map_or("-".to_owned(), |number| number.to_string());
        self.print(&format!("received {number} {}\n", in_a_line(message)));
    }

    fn print(&mut self, line: &str) {
        self.text.extend_from_slice(line.as_bytes());
        self.is_fresh = true;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Whether there is something that [`poll`](Self::poll) has not seen.
    pub(super) fn is_fresh(&self) -> bool {
        self.is_fresh
    }

    /// Ready once the output has all of it.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        self.is_fresh = false;
        let printed = ready!(self.poll_out(context));
        Poll::Ready(printed.map_err(|error| Failure::file(format_args!("standard output: {error}"))))
    }

    fn poll_out(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.text.is_empty() {
            return Poll::Ready(Ok(()));
        }
        while self.gone < self.text.len() {
            match ready!(Pin::new(&mut self.output).poll_write(context, &self.text[self.gone..]))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                taken => self.gone += taken,
            }
        }
        ready!(Pin::new(&mut self.output).poll_flush(context))?;
        self.text.clear();
        self.gone = 0;
        Poll::Ready(Ok(()))
    }
}

/// A message as text of one line that steers no terminal, and that can be read back: what is not text is `\xNN`, what
/// steers `\u{…}`, and a backslash two.
fn in_a_line(message: &[u8]) -> String {
    let mut line = String::new();
    for chunk in message.utf8_chunks() {
        line += &clean(&chunk.valid().replace('\\', r"\\"));
        chunk.invalid().iter().for_each(|byte| line += &format!(r"\x{byte:02x}"));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_a_line_that_steers_no_terminal_and_can_be_read_back() {
        assert_eq!(in_a_line("set 21.5 ü".as_bytes()), "set 21.5 ü");
        assert_eq!(in_a_line(b"a\nb\\n\x1b[2J\xff"), r"a\u{a}b\\n\u{1b}[2J\xff");
        assert_eq!(in_a_line(b""), "");
    }
}
