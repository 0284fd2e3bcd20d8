//! 72 MHz for the core and 50 MHz for the PHY, from a crystal of 25 MHz.
//!
//! ```text
//! 25 MHz ─ /5 ─┬─ PLL2 × 8 = 40 MHz ─ /5 ─ PLL × 9 = 72 MHz   core, AHB, APB2 (APB1: 36 MHz)
//!              └─ PLL3 × 10 = 50 MHz                          out at PA8, for the PHY
//! ```

use embassy_stm32::{
    Config,
    rcc::{APBPrescaler, Hse, HseMode, Pll, Pll2Mul, Pll2Or3, PllMul, PllPreDiv, PllSource, Sysclk},
    time::Hertz,
};

/// The settings of the whole chip for this crystal.
pub(crate) fn config() -> Config {
    let mut config = Config::default();
    let rcc = &mut config.rcc;
    // Programming and erasing flash takes this oscillator (RM0008, "Embedded Flash memory"): the boot log needs it.
    rcc.hsi = true;
    rcc.hse = Some(Hse { freq: Hertz(25_000_000), mode: HseMode::Oscillator });
    rcc.prediv2 = PllPreDiv::DIV5;
    rcc.pll2 = Some(Pll2Or3 { mul: Pll2Mul::MUL8 });
    rcc.pll3 = Some(Pll2Or3 { mul: Pll2Mul::MUL10 });
    rcc.pll = Some(Pll { src: PllSource::PLL2, prediv: PllPreDiv::DIV5, mul: PllMul::MUL9 });
    rcc.sys = Sysclk::PLL1_P;
    rcc.apb1_pre = APBPrescaler::DIV2; // 36 MHz is its most
    config
}
