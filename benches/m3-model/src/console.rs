//! What the firmware says, by semihosting or on the serial line.

use std::io::Write;

/// Keeps every byte that the firmware said, and says it again if asked to.
#[derive(Default)]
pub(crate) struct Console {
    said: Vec<u8>,
    echo: bool,
}

impl Console {
    /// A console that repeats what it hears on our own standard output.
    pub(crate) fn new(echo: bool) -> Self {
        Self { said: Vec::new(), echo }
    }

    pub(crate) fn say(&mut self, bytes: &[u8]) {
        self.said.extend_from_slice(bytes);
        if self.echo {
            // Who closed our output does not want to know.
            let mut out = std::io::stdout().lock();
            let _ = out.write_all(bytes).and_then(|()| out.flush());
        }
    }

    /// What was said since this was last asked.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.said)
    }
}
