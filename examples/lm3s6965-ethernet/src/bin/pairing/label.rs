//! What stands on the label, as whoever makes the device writes it to flash: a file of `lowkey code new`, a few lines
//! more, and erased flash behind them. Lines that begin with `#` are skipped.
//!
//! ```text
//! LOWKEY:1/...           the label's text, or the bare code
//! server 192.168.1.10:7000
//! wait 7000              only if the server is to call: the port on which this device waits for it
//! ```

use core::str;

use lm3s6965_ethernet::{address::Address, flash::KEY_PAGE};
use lowkey_core::{
    Code, CodeError,
    label::{self, LabelError},
};

/// What this device was told when it was made.
pub(crate) struct Label {
    pub(crate) code: Code,
    /// Where its server is.
    pub(crate) server: Address,
    /// The port on which it waits to be called for a pairing; without one it calls.
    pub(crate) wait: Option<u16>,
}

impl Label {
    /// Reads the page.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub(crate) fn read(page: &[u8; KEY_PAGE]) -> Result<Self, &'static str> {
        let end = page.iter().position(|byte| matches!(byte, 0xFF | 0)).unwrap_or(page.len());
        let text = str::from_utf8(page.get(..end).unwrap_or_default()).map_err(|_| "no text")?;
        let mut lines = text.lines().filter(|line| !line.starts_with('#'));
        let code = lines.next().ok_or("there is none")?;
        let code = label::parse(code).map_err(|error| match error {
            LabelError::Code(CodeError::Blank | CodeError::Published) => "a code that everybody knows",
            _ => "a typing error in its code",
        })?;
        let (mut server, mut wait) = (None, None);
        for line in lines {
            match line.split_once(' ') {
                Some(("server", address)) => server = Address::read(address),
                Some(("wait", port)) => match port.parse() {
                    Ok(port @ 1..) => wait = Some(port),
                    _ => return Err("that is no port"),
                },
                _ => return Err("a line that means nothing"),
            }
        }
        let server = server.ok_or("it has no server's IPv4 host:port")?;
        Ok(Self { code, server, wait })
    }
}
