//! What firmware asks of its host with `BKPT 0xAB` (Arm's "Semihosting for AArch32 and AArch64").

use crate::{bus::Bus, fault::End};

/// Answers the request `operation` with its argument; the answer goes to r0. `Err` ends the run.
pub(crate) fn answer(bus: &mut Bus, operation: u32, argument: u32, cycles: u64) -> Result<u32, End> {
    let word = |bus: &Bus, index: u32| bus.word(argument.wrapping_add(4 * index)).unwrap_or(0);
    Ok(match operation {
        SYS_OPEN => {
            let (name, mode, len) = (word(bus, 0), word(bus, 1), word(bus, 2));
            match (bus.bytes(name, len as usize), mode) {
                (Some(b":tt"), 0..=3) => STDIN,
                (Some(b":tt"), 4..=7) => STDOUT,
                (Some(b":tt"), _) => STDERR,
                _ => FAILED,
            }
        }
        SYS_CLOSE => 0,
        SYS_WRITEC => say(bus, argument, 1),
        SYS_WRITE0 => {
            let mut len = 0;
            while bus.bytes(argument, len + 1).is_some_and(|text| text[len] != 0) {
                len += 1;
            }
            say(bus, argument, len as u32)
        }
        SYS_WRITE => {
            let (handle, bytes, len) = (word(bus, 0), word(bus, 1), word(bus, 2));
            // The answer is what was not written.
            if matches!(handle, STDOUT | STDERR) { say(bus, bytes, len) } else { len }
        }
        // Nobody types: the end of the input.
        SYS_READ => word(bus, 2),
        SYS_READC => FAILED,
        SYS_ISTTY => 1,
        SYS_FLEN | SYS_ERRNO | SYS_TIME => 0,
        // Hundredths of a second, at 50 MHz.
        SYS_CLOCK => (cycles / 500_000) as u32,
        SYS_GET_CMDLINE => command_line(bus, argument),
        SYS_EXIT => return Err(End::Exit(u32::from(argument != APPLICATION_EXIT))),
        SYS_EXIT_EXTENDED => {
            let (reason, status) = (word(bus, 0), word(bus, 1));
            return Err(End::Exit(if reason == APPLICATION_EXIT { status } else { 1 }));
        }
        _ => FAILED,
    })
}

/// Says what is in memory; returns how many bytes it could not.
fn say(bus: &mut Bus, address: u32, len: u32) -> u32 {
    let Some(text) = bus.bytes(address, len as usize).map(<[u8]>::to_vec) else { return len };
    bus.console.say(&text);
    0
}

/// An empty command line.
fn command_line(bus: &mut Bus, block: u32) -> u32 {
    let buffer = bus.word(block);
    for (address, len) in [(buffer, 1), (Some(block.wrapping_add(4)), 4)] {
        let Some(bytes) = address.and_then(|address| bus.bytes_mut(address, len)) else { return FAILED };
        bytes.fill(0);
    }
    0
}

/// The number that asks for semihosting.
pub(crate) const BREAK: u8 = 0xAB;

const SYS_OPEN: u32 = 0x01;
const SYS_CLOSE: u32 = 0x02;
const SYS_WRITEC: u32 = 0x03;
const SYS_WRITE0: u32 = 0x04;
const SYS_WRITE: u32 = 0x05;
const SYS_READ: u32 = 0x06;
const SYS_READC: u32 = 0x07;
const SYS_ISTTY: u32 = 0x09;
const SYS_FLEN: u32 = 0x0C;
const SYS_CLOCK: u32 = 0x10;
const SYS_TIME: u32 = 0x11;
const SYS_ERRNO: u32 = 0x13;
const SYS_GET_CMDLINE: u32 = 0x15;
const SYS_EXIT: u32 = 0x18;
const SYS_EXIT_EXTENDED: u32 = 0x20;
/// ADP_Stopped_ApplicationExit.
const APPLICATION_EXIT: u32 = 0x2_0026;
const FAILED: u32 = u32::MAX;
const STDIN: u32 = 1;
const STDOUT: u32 = 2;
const STDERR: u32 = 3;
