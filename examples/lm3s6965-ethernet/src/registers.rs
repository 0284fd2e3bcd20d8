//! Every register this firmware touches, by the data sheet's name (Stellaris LM3S6965, DS-LM3S6965).
//!
//! A [`Register`] can be made only in this file, so that each is known to be one: reading and writing it moves
//! bits in a peripheral and never memory that Rust owns. None of these peripherals has DMA.
#![allow(unsafe_code)]
#![cfg_attr(feature = "demo", allow(dead_code, reason = "some parts are played there"))]

use core::ptr;

/// One 32-bit device register.
pub(crate) struct Register(usize);

impl Register {
    /// Reads the register.
    #[inline(always)]
    pub(crate) fn read(&self) -> u32 {
        // SAFETY: made in this file only, so the address is a readable, aligned device register.
        unsafe { ptr::with_exposed_provenance::<u32>(self.0).read_volatile() }
    }

    /// Writes the register.
    #[inline(always)]
    pub(crate) fn write(&self, value: u32) {
        // SAFETY: made in this file only, so the address is a writable, aligned device register, and no value put
        // into it makes the hardware touch memory that Rust owns.
        unsafe { ptr::with_exposed_provenance_mut::<u32>(self.0).write_volatile(value) }
    }

    /// Sets the bits of `mask` and leaves the others.
    pub(crate) fn set(&self, mask: u32) {
        self.write(self.read() | mask);
    }
}

// System control: clock tree and gating.
pub(crate) const RIS: Register = Register(0x400F_E050);
pub(crate) const RCC: Register = Register(0x400F_E060);
pub(crate) const RCGC0: Register = Register(0x400F_E100);
pub(crate) const RCGC1: Register = Register(0x400F_E104);
pub(crate) const RCGC2: Register = Register(0x400F_E108);
pub(crate) const USER0: Register = Register(0x400F_E1E0);
pub(crate) const USER1: Register = Register(0x400F_E1E4);

// Flash controller. FMA and FMC can change the program itself: `flash` checks each address.
pub(crate) const FMA: Register = Register(0x400F_D000);
pub(crate) const FMD: Register = Register(0x400F_D004);
pub(crate) const FMC: Register = Register(0x400F_D008);
pub(crate) const USECRL: Register = Register(0x400F_E140);

// GPIO ports A (UART0's pins), E (a button) and F (another, and the Ethernet lamps). A port's data is read through an
// address that says which pins.
pub(crate) const GPIOA_AFSEL: Register = Register(0x4000_4420);
pub(crate) const GPIOA_DEN: Register = Register(0x4000_451C);
pub(crate) const GPIOF_AFSEL: Register = Register(0x4002_5420);
pub(crate) const GPIOF_DEN: Register = Register(0x4002_551C);

pub(crate) const GPIOE_PE1: Register = Register(0x4002_4008);
pub(crate) const GPIOE_PUR: Register = Register(0x4002_4510);
pub(crate) const GPIOE_DEN: Register = Register(0x4002_451C);
pub(crate) const GPIOF_PF1: Register = Register(0x4002_5008);
pub(crate) const GPIOF_PUR: Register = Register(0x4002_5510);

// UART0.
pub(crate) const UARTDR: Register = Register(0x4000_C000);
pub(crate) const UARTFR: Register = Register(0x4000_C018);
pub(crate) const UARTIBRD: Register = Register(0x4000_C024);
pub(crate) const UARTFBRD: Register = Register(0x4000_C028);
pub(crate) const UARTLCRH: Register = Register(0x4000_C02C);
pub(crate) const UARTCTL: Register = Register(0x4000_C030);

// General-purpose timer 0.
pub(crate) const GPTMCFG: Register = Register(0x4003_0000);
pub(crate) const GPTMTAMR: Register = Register(0x4003_0004);
pub(crate) const GPTMCTL: Register = Register(0x4003_000C);
pub(crate) const GPTMIMR: Register = Register(0x4003_0018);
pub(crate) const GPTMICR: Register = Register(0x4003_0024);
pub(crate) const GPTMTAILR: Register = Register(0x4003_0028);

// ADC, its sequence of one sample.
pub(crate) const ADCACTSS: Register = Register(0x4003_8000);
pub(crate) const ADCRIS: Register = Register(0x4003_8004);
pub(crate) const ADCISC: Register = Register(0x4003_800C);
pub(crate) const ADCEMUX: Register = Register(0x4003_8014);
pub(crate) const ADCPSSI: Register = Register(0x4003_8028);
pub(crate) const ADCSSMUX3: Register = Register(0x4003_80A0);
pub(crate) const ADCSSCTL3: Register = Register(0x4003_80A4);
pub(crate) const ADCSSFIFO3: Register = Register(0x4003_80A8);

// Ethernet controller.
pub(crate) const MACRIS: Register = Register(0x4004_8000);
pub(crate) const MACIM: Register = Register(0x4004_8004);
pub(crate) const MACRCTL: Register = Register(0x4004_8008);
pub(crate) const MACTCTL: Register = Register(0x4004_800C);
pub(crate) const MACDATA: Register = Register(0x4004_8010);
pub(crate) const MACIA0: Register = Register(0x4004_8014);
pub(crate) const MACIA1: Register = Register(0x4004_8018);
pub(crate) const MACTHR: Register = Register(0x4004_801C);
pub(crate) const MACNP: Register = Register(0x4004_8034);
pub(crate) const MACTR: Register = Register(0x4004_8038);

// The core's interrupt controller: enabling a line only lets its handler in `vectors` run.
pub(crate) const NVIC_ISER0: Register = Register(0xE000_E100);
pub(crate) const NVIC_ISER1: Register = Register(0xE000_E104);
