//! Lines of text on UART0 (115,200 baud, 8N1), for people and tests to read.
//!
//! No `core::fmt`: it would cost 12 KB of flash. A line is said in pieces:
//! ```ignore
//! uart.text("stack ").number(1_640).text(" B").end();
//! ```

use crate::{
    board::CLOCK_HZ,
    registers::{
        GPIOA_AFSEL, GPIOA_DEN, RCGC1, RCGC2, UARTCTL, UARTDR, UARTFBRD, UARTFR, UARTIBRD, UARTLCRH,
    },
};

/// The serial line. It waits while the hardware's 16-byte FIFO is full: 87 µs a byte.
pub struct Uart(());

impl Uart {
    /// Powers UART0 and its pins.
    pub(crate) fn start() -> Self {
        RCGC1.set(RCGC1_UART0);
        RCGC2.set(RCGC2_GPIOA);
        // The data sheet wants three clocks between gating and the first access; a read back takes longer.
        RCGC2.read();
        GPIOA_AFSEL.set(PINS);
        GPIOA_DEN.set(PINS);
        UARTCTL.write(0);
        UARTIBRD.write(DIVISOR_64THS / 64);
        UARTFBRD.write(DIVISOR_64THS % 64);
        UARTLCRH.write(LCRH_8_BITS | LCRH_FIFO);
        UARTCTL.write(CTL_ENABLE | CTL_SEND | CTL_RECEIVE);
        Self(())
    }

    /// A second handle for the one who will never return to the owner of the first.
    pub(crate) fn of_last_words() -> Self {
        Self(())
    }

    /// A second handle for parts that QEMU does not have and the other side plays: they speak between two lines of the
    /// first, never inside of one.
    #[cfg(feature = "demo")]
    pub(crate) fn of_played_parts() -> Self {
        Self(())
    }

    /// Says `text` as it is.
    pub fn text(&mut self, text: &str) -> &mut Self {
        for byte in text.bytes() {
            self.byte(byte);
        }
        self
    }

    /// Says `number` in decimal digits.
    pub fn number(&mut self, number: u32) -> &mut Self {
        let mut power = 1_000_000_000;
        while power > 1 && number < power {
            power /= 10;
        }
        let mut rest = number;
        while power > 0 {
            self.byte(DIGITS[(rest / power) as usize & 15]);
            rest %= power;
            power /= 10;
        }
        self
    }

    /// Says `bytes` in hexadecimal, two lower-case digits each.
    pub fn hex(&mut self, bytes: &[u8]) -> &mut Self {
        for byte in bytes {
            self.byte(DIGITS[usize::from(byte >> 4)]);
            self.byte(DIGITS[usize::from(byte & 15)]);
        }
        self
    }

    /// Ends the line.
    pub fn end(&mut self) {
        self.text("\r\n");
    }

    /// Waits for a line and puts its front into `line`; returns how many bytes that were, without its end.
    pub fn read_line(&mut self, line: &mut [u8]) -> usize {
        let mut length = 0;
        loop {
            while UARTFR.read() & FR_RECEIVED_NONE != 0 {}
            match UARTDR.read().to_le_bytes()[0] {
                b'\n' => return length,
                b'\r' => (),
                byte => {
                    if let Some(place) = line.get_mut(length) {
                        *place = byte;
                        length += 1;
                    }
                }
            }
        }
    }

    fn byte(&mut self, byte: u8) {
        while UARTFR.read() & FR_SEND_FULL != 0 {}
        UARTDR.write(u32::from(byte));
    }
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";
const BAUD: u32 = 115_200;
/// The divisor of a clock sixteen times the baud rate, in 1/64: 50 MHz gives 27 + 8/64, 0.006 % off.
const DIVISOR_64THS: u32 = (CLOCK_HZ * 4 + BAUD / 2) / BAUD;
const RCGC1_UART0: u32 = 1 << 0;
const RCGC2_GPIOA: u32 = 1 << 0;
/// PA0 (receive) and PA1 (send).
const PINS: u32 = 0b11;
const FR_RECEIVED_NONE: u32 = 1 << 4;
const FR_SEND_FULL: u32 = 1 << 5;
const LCRH_FIFO: u32 = 1 << 4;
const LCRH_8_BITS: u32 = 0b11 << 5;
const CTL_ENABLE: u32 = 1 << 0;
const CTL_SEND: u32 = 1 << 8;
const CTL_RECEIVE: u32 = 1 << 9;
