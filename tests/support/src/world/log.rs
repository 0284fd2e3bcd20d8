//! What a test has written to the log.

use std::cell::RefCell;
use std::io::{self, Write};
use std::sync::Once;

thread_local! {
    static LOG: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The log of the thread that writes. One subscriber for all tests of a file: with one for each, their threads
/// would switch events off for each other.
pub struct Log;

impl Log {
    /// From here on everything is written down, without its time.
    pub fn begin() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            let lines = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).without_time();
            lines.with_ansi(false).with_writer(|| Self).init();
        });
        Self::take();
    }

    /// What has been written since the beginning, or since the last time.
    pub fn take() -> String {
        String::from_utf8(LOG.take()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.with_borrow_mut(|log| log.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
