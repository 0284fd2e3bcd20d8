//! What differs from start to start, for a part without a random number generator.
//!
//! The converter's lowest bits, from the sensor of the chip's own temperature and sampled faster than that settles.
//! Nobody has measured how much of it an attacker could guess, so it is stirred into the seed and never taken for it:
//! `SECURITY.md` says what holds if all of it can be guessed.

use cortex_m::peripheral::{DCB, DWT};
use embassy_stm32::{
    Peri,
    adc::{Adc, InterruptHandler, SampleTime},
    bind_interrupts,
    peripherals::ADC1,
};

bind_interrupts!(struct Lines {
    ADC1_2 => InterruptHandler<ADC1>;
});

/// Conversions at a start. They take 256 × 14 cycles of 12 MHz and a little.
const SAMPLES: usize = 256;

/// Samples the converter.
pub(crate) async fn gather(adc: Peri<'static, ADC1>) -> [u8; 2 * SAMPLES] {
    let _bound = Lines; // the interrupt that ends each conversion
    let mut adc = Adc::new(adc);
    let mut sensor = adc.enable_temperature();
    let mut noise = [0; 2 * SAMPLES];
    for sample in noise.chunks_exact_mut(2) {
        sample.copy_from_slice(&adc.read(&mut sensor, SampleTime::CYCLES1_5).await.to_be_bytes());
    }
    noise
}

/// The core's cycle counter: when the network, the server and the crystals let us come somewhere.
pub(crate) struct Cycles(());

impl Cycles {
    /// Starts the counter.
    pub(crate) fn start(mut debug: DCB, mut watch: DWT) -> Self {
        debug.enable_trace();
        watch.enable_cycle_counter();
        Self(())
    }

    /// The cycles since start; wraps after a minute.
    pub(crate) fn now(&self) -> u32 {
        DWT::cycle_count()
    }
}
