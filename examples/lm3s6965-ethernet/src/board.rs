//! The board as a whole: 50 MHz from the crystal, and each peripheral handed out once.

use cortex_m::Peripherals;

use crate::{
    button::Buttons,
    clock::{Clock, Ticker},
    ethernet::Controller,
    flash::Flash,
    noise::Noise,
    registers::{RCC, RIS},
    tcp::Memory,
    timer::Timer,
    uart::Uart,
};

/// The core's clock.
pub const CLOCK_HZ: u32 = 50_000_000;

/// The peripherals, each with one owner.
#[non_exhaustive]
pub struct Board {
    /// Milliseconds since start.
    pub clock: Clock,
    /// The interrupt behind the clock.
    pub ticker: Ticker,
    /// The serial line.
    pub uart: Uart,
    /// A periodic interrupt.
    pub timer: Timer,
    /// The Ethernet controller, still without power.
    pub ethernet: Controller,
    /// The memory of the TCP connection.
    pub memory: Memory,
    /// The pages of flash behind the program.
    pub flash: Flash,
    /// Noise, for keys.
    pub noise: Noise,
    /// The buttons.
    pub buttons: Buttons,
}

impl Board {
    /// Brings the clock up and starts tick and serial line. `None` the second time.
    pub fn take() -> Option<Self> {
        let core = Peripherals::take()?;
        start_clock();
        let uart = Uart::start();
        let (ticker, clock) = Ticker::start(core.SYST);
        Some(Self {
            clock,
            ticker,
            uart,
            timer: Timer::new(),
            ethernet: Controller::take()?,
            memory: Memory::take()?,
            flash: Flash::new(),
            noise: Noise::new(),
            buttons: Buttons::new(),
        })
    }
}

/// 200 MHz from the PLL, divided by four (data sheet 5.2.4.4, "Clock configuration": this order and no other).
///
/// QEMU has no PLL: it takes 200 MHz for granted and divides by SYSDIV + 1 as well.
fn start_clock() {
    let mut rcc = RCC.read();
    rcc = rcc & !RCC_USESYSDIV | RCC_BYPASS;
    RCC.write(rcc);
    rcc = rcc & !(RCC_XTAL | RCC_OSCSRC | RCC_PWRDN | RCC_MOSCDIS) | RCC_XTAL_8_MHZ;
    RCC.write(rcc);
    rcc = rcc & !RCC_SYSDIV | RCC_SYSDIV_4 | RCC_USESYSDIV;
    RCC.write(rcc);
    // It locks within 0.5 ms. A PLL that never does is a broken board: better slow than silent.
    for _ in 0..32_768 {
        if RIS.read() & RIS_PLL_LOCKED != 0 {
            break;
        }
    }
    RCC.write(rcc & !RCC_BYPASS);
}

const RCC_MOSCDIS: u32 = 1 << 0;
const RCC_OSCSRC: u32 = 0b11 << 4;
const RCC_XTAL: u32 = 0xF << 6;
/// The evaluation board's crystal.
const RCC_XTAL_8_MHZ: u32 = 0xE << 6;
const RCC_BYPASS: u32 = 1 << 11;
const RCC_PWRDN: u32 = 1 << 13;
const RCC_USESYSDIV: u32 = 1 << 22;
const RCC_SYSDIV: u32 = 0xF << 23;
const RCC_SYSDIV_4: u32 = 3 << 23;
const RIS_PLL_LOCKED: u32 = 1 << 6;
