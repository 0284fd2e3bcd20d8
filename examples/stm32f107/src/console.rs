//! Lines of text for people, on USART3 (115,200 baud, 8N1; it sends on PD8).
//!
//! A line is said in pieces, without `core::fmt`. The core waits for each byte, 87 µs: only what happens at a start and
//! with each channel is worth that.

use embassy_stm32::{
    Peri,
    mode::Blocking,
    peripherals::{PD8, USART3},
    usart::{Config, UartTx},
};

/// The serial line. It says nothing if the part refuses the settings: nobody needs it to work.
pub(crate) struct Console(Option<UartTx<'static, Blocking>>);

impl Console {
    pub(crate) fn new(usart: Peri<'static, USART3>, pin: Peri<'static, PD8>) -> Self {
        Self(UartTx::new_blocking(usart, pin, Config::default()).ok())
    }

    /// Says `text` as it is.
    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        if let Some(line) = &mut self.0 {
            let _nobody_listens = line.blocking_write(text.as_bytes());
        }
        self
    }

    /// Says `number` in decimal digits.
    pub(crate) fn number(&mut self, number: u32) -> &mut Self {
        let mut power = 1_000_000_000;
        while power > 1 && number < power {
            power /= 10;
        }
        let mut rest = number;
        while power > 0 {
            let digit = [b'0' + (rest / power % 10) as u8];
            self.text(core::str::from_utf8(&digit).unwrap_or_default());
            rest %= power;
            power /= 10;
        }
        self
    }

    /// Ends the line.
    pub(crate) fn end(&mut self) {
        self.text("\r\n");
    }
}
