//! For the demo: 64 KiB of binary data to a server that echoes, compared byte for byte with what comes back.

use lm3s6965_ethernet::{clock::Clock, pattern::Pattern, uart::Uart};
use lowkey_transport::Error;

use crate::session::Connection;

/// Bytes each way.
const BULK: u32 = 65_536;
/// Bytes of a message; the records around them are full.
const MESSAGE: usize = 1_000;

/// Sends, receives and compares.
///
/// # Errors
/// What ended the channel. Wrong bytes are said and end it as well.
pub(crate) fn run(channel: &mut Connection<'_>, uart: &mut Uart, clock: Clock) -> Result<(), Error> {
    let start = clock.now();
    let (mut out, mut back) = (Pattern::new(), Pattern::new());
    let mut message = [0; MESSAGE];
    let mut left = BULK as usize;
    while left > 0 {
        let length = left.min(MESSAGE);
        let part = &mut message[..length];
        part.fill_with(|| out.next());
        channel.send(part)?;
        let came = channel.recv_message(&mut message)?.unwrap_or(0);
        if came != length || message[..came].iter().any(|byte| *byte != back.next()) {
            uart.text("trial: wrong bytes came back, ").number(left as u32).text(" before the end").end();
            return Err(Error::Record);
        }
        left -= length;
    }
    uart.text("trial: ").number(BULK).text(" B out and back, every byte right, ");
    uart.number(clock.since(start)).text(" ms").end();
    Ok(())
}
