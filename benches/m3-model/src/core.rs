//! The core's registers by number, and the special registers that armagnac does not write or read (ARMv7-M, B5.2).

use armagnac::{
    core::Processor,
    helpers::BitAccess,
    registers::{Mode, RegisterIndex},
};

pub(crate) fn register(core: &Processor, number: u8) -> u32 {
    core.registers[u32::from(number)]
}

/// The stack pointer, as armagnac's own function has it, which is no part of the loop that asks for it.
#[inline]
pub(crate) fn stack_pointer(core: &Processor) -> u32 {
    let registers = &core.registers;
    if registers.mode == Mode::Thread && registers.control.spsel() { registers.psp } else { registers.msp }
}

pub(crate) fn set_register(core: &mut Processor, number: u8, value: u32) {
    // The stack pointer is word aligned, whatever is written to it (ARMv7-M, B1.4.1).
    let value = if number == 13 { value & !3 } else { value };
    core.registers.set(RegisterIndex::new_main(u32::from(number)), value);
}

/// The four GE flags. Armagnac's own function keeps nothing else of the register.
pub(crate) fn set_ge(core: &mut Processor, flags: u8) {
    let psr = &mut core.registers.psr;
    psr.set(psr.get() & !(15 << 16) | u32::from(flags) << 16);
}

/// Special registers of which armagnac has no state. There are no interrupts, so they only remember.
#[derive(Default)]
pub(crate) struct Masks {
    basepri: u32,
}

impl Masks {
    /// What MRS reads; unknown registers read as zero.
    pub(crate) fn read(&self, core: &Processor, number: u8) -> u32 {
        let registers = &core.registers;
        match number {
            0..=7 => {
                let ipsr = if number & 1 != 0 { registers.psr.ipsr() } else { 0 };
                let apsr = if number & 4 == 0 { registers.psr.apsr() & FLAGS } else { 0 };
                ipsr | apsr
            }
            8 => registers.msp,
            9 => registers.psp,
            16 => u32::from(registers.primask.pm()),
            17 | 18 => self.basepri,
            19 => u32::from(registers.faultmask.pm()),
            20 => registers.control.read() & 3,
            _ => 0,
        }
    }

    /// What MSR writes; read-only and unknown registers stay as they are, and all but the flags without privilege.
    pub(crate) fn write(&mut self, core: &mut Processor, number: u8, value: u32) {
        let privileged = core.is_privileged();
        let registers = &mut core.registers;
        match number {
            0..=3 => registers.psr.set_flags((value >> 27) as u8),
            _ if !privileged => {}
            8 => registers.msp = value & !3,
            9 => registers.psp = value & !3,
            16 => registers.primask.set_pm(value.bit(0)),
            17 => self.basepri = value & 0xFF,
            // Only upwards in priority, which is downwards in number.
            18 if value & 0xFF != 0 && (value & 0xFF < self.basepri || self.basepri == 0) => {
                self.basepri = value & 0xFF;
            }
            19 => registers.faultmask.set_pm(value.bit(0)),
            20 => {
                registers.control.set_privileged_bit(value.bit(0));
                if registers.mode == Mode::Thread {
                    registers.control.set_spsel(value.bit(1));
                }
            }
            _ => {}
        }
    }
}

/// UDIV and SDIV; a division by zero gives zero (CCR.DIV_0_TRP is clear).
pub(crate) fn divide(dividend: u32, divisor: u32, signed: bool) -> u32 {
    if divisor == 0 {
        0
    } else if signed {
        (dividend as i32).wrapping_div(divisor as i32) as u32
    } else {
        dividend / divisor
    }
}

/// N, Z, C, V, Q; and GE, which stays zero on a core without the DSP extension.
const FLAGS: u32 = 0xF80F_0000;
