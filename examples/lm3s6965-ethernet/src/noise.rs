//! The one noise of this part: the low bits of its temperature sensor, by way of the ADC (data sheet 12.3, 12.4).
//!
//! How much chance is in a sample is not known before it has been measured on a board. `lowkey_core` asks for one bit
//! in each, tests 1,024 of them whenever keys are made, and finds a sensor that is stuck, not one that is predictable.
//!
//! QEMU has no ADC that a program starts. With the feature `demo` whoever is on the serial line is asked for bytes and
//! answers in hexadecimal.

/// The source; there is one.
pub struct Noise(());

impl Noise {
    pub(crate) fn new() -> Self {
        Self(())
    }
}

#[cfg(not(feature = "demo"))]
mod part {
    use lowkey_core::{Entropy, EntropyFailed};

    use super::Noise;
    use crate::registers::{
        ADCACTSS, ADCEMUX, ADCISC, ADCPSSI, ADCRIS, ADCSSCTL3, ADCSSFIFO3, ADCSSMUX3, RCGC0,
    };

    impl Entropy for Noise {
        /// A sample for each byte.
        fn fill(&mut self, out: &mut [u8]) -> Result<(), EntropyFailed> {
            RCGC0.set(RCGC0_ADC);
            // The data sheet wants three clocks between gating and the first access; a read back takes longer.
            RCGC0.read();
            ADCACTSS.write(0);
            ADCEMUX.write(0); // sequences begin when the program says so
            ADCSSMUX3.write(0);
            ADCSSCTL3.write(TEMPERATURE | SAYS_SO | LAST);
            ADCACTSS.write(SEQUENCE_3);
            out.iter_mut().try_for_each(|byte| sample().map(|sample| *byte = sample))
        }
    }

    fn sample() -> Result<u8, EntropyFailed> {
        ADCPSSI.write(SEQUENCE_3);
        (0..PATIENCE).find(|_| ADCRIS.read() & SEQUENCE_3 != 0).ok_or(EntropyFailed)?;
        ADCISC.write(SEQUENCE_3);
        Ok(ADCSSFIFO3.read().to_le_bytes()[0])
    }

    const RCGC0_ADC: u32 = 1 << 16;
    /// The sequence of one sample.
    const SEQUENCE_3: u32 = 1 << 3;
    const TEMPERATURE: u32 = 1 << 3;
    const SAYS_SO: u32 = 1 << 2;
    const LAST: u32 = 1 << 1;
    /// Looks at the ADC, which takes 1 µs for a sample at the least.
    const PATIENCE: u32 = 100_000;
}

#[cfg(feature = "demo")]
mod played {
    use core::str;

    use lowkey_core::{Entropy, EntropyFailed};

    use super::Noise;
    use crate::uart::Uart;

    impl Entropy for Noise {
        /// At most 32 bytes.
        fn fill(&mut self, out: &mut [u8]) -> Result<(), EntropyFailed> {
            let mut uart = Uart::of_played_parts();
            uart.text("noise: ").number(out.len() as u32).end();
            let mut digits = [0; 64];
            if uart.read_line(&mut digits) != 2 * out.len() {
                return Err(EntropyFailed);
            }
            for (byte, digits) in out.iter_mut().zip(digits.chunks_exact(2)) {
                let digits = str::from_utf8(digits).map_err(|_| EntropyFailed)?;
                *byte = u8::from_str_radix(digits, 16).map_err(|_| EntropyFailed)?;
            }
            Ok(())
        }
    }
}
