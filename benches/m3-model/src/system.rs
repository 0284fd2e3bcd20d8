//! What of the core's own registers (the private peripheral bus, TRM §3.5 and the ARMv7-M manual's chapter B3) a
//! program without interrupts can see: the cycle counter and SysTick.

use crate::timing::Core;

/// DWT, DEMCR and SysTick. The rest reads as zero and forgets what is written to it.
pub(crate) struct System {
    cpuid: u32,
    demcr: u32,
    /// The counter's enable bit.
    counting: bool,
    /// What CYCCNT is ahead of the model's cycles, or holds while it stands.
    offset: u32,
    systick: SysTick,
}

impl System {
    pub(crate) fn new(core: Core) -> Self {
        let cpuid = match core {
            Core::CortexM3 => CORTEX_M3_R2P1,
            Core::CortexM4 => CORTEX_M4_R0P1,
            Core::CortexM33 => CORTEX_M33_R0P4,
        };
        Self { cpuid, demcr: 0, counting: false, offset: 0, systick: SysTick::default() }
    }

    /// The same as after power-on.
    pub(crate) fn reset(&self) -> Self {
        Self { cpuid: self.cpuid, demcr: 0, counting: false, offset: 0, systick: SysTick::default() }
    }

    pub(crate) fn read(&mut self, address: u32, now: u64) -> u32 {
        match address {
            // NOCYCCNT, bit 25, is clear: there is a cycle counter. One comparator.
            DWT_CTRL => 1 << 28 | u32::from(self.counting),
            DWT_CYCCNT => self.cyccnt(now),
            DEMCR => self.demcr,
            CPUID => self.cpuid,
            SYST_CSR => self.systick.control(now),
            SYST_RVR => self.systick.reload,
            SYST_CVR => self.systick.current(now),
            _ => 0,
        }
    }

    pub(crate) fn write(&mut self, address: u32, value: u32, now: u64) {
        match address {
            DWT_CTRL => {
                let count = self.cyccnt(now);
                self.counting = value & 1 != 0;
                self.set_cyccnt(count, now);
            }
            DWT_CYCCNT => self.set_cyccnt(value, now),
            DEMCR => self.demcr = value,
            SYST_CSR => self.systick.set_control(value, now),
            SYST_RVR => self.systick.reload = value & COUNT,
            SYST_CVR => self.systick.clear(now),
            _ => {}
        }
    }

    fn cyccnt(&self, now: u64) -> u32 {
        if self.counting { self.offset.wrapping_add(now as u32) } else { self.offset }
    }

    fn set_cyccnt(&mut self, value: u32, now: u64) {
        self.offset = if self.counting { value.wrapping_sub(now as u32) } else { value };
    }
}

/// The timer, counted down by the core's clock; it never interrupts.
#[derive(Default)]
struct SysTick {
    control: u32,
    reload: u32,
    /// When it was started or cleared.
    start: u64,
    /// How often it had come to zero when somebody last looked.
    seen: u64,
}

impl SysTick {
    fn elapsed(&self, now: u64) -> u64 {
        if self.control & 1 != 0 && self.reload != 0 { now - self.start } else { 0 }
    }

    fn current(&self, now: u64) -> u32 {
        match self.elapsed(now) {
            0 => 0,
            // A cleared counter takes the reload value at the next clock.
            elapsed => self.reload - ((elapsed - 1) % (u64::from(self.reload) + 1)) as u32,
        }
    }

    fn control(&mut self, now: u64) -> u32 {
        let times = self.elapsed(now).saturating_sub(1) / (u64::from(self.reload) + 1);
        let count_flag = u32::from(times > self.seen) << 16;
        self.seen = times;
        self.control | count_flag
    }

    fn set_control(&mut self, value: u32, now: u64) {
        if self.control & 1 == 0 && value & 1 != 0 {
            self.clear(now);
        }
        self.control = value & 0b111;
    }

    fn clear(&mut self, now: u64) {
        self.start = now;
        self.seen = 0;
    }
}

const DWT_CTRL: u32 = 0xE000_1000;
const DWT_CYCCNT: u32 = 0xE000_1004;
const SYST_CSR: u32 = 0xE000_E010;
const SYST_RVR: u32 = 0xE000_E014;
const SYST_CVR: u32 = 0xE000_E018;
const CPUID: u32 = 0xE000_ED00;
const DEMCR: u32 = 0xE000_EDFC;
const CORTEX_M3_R2P1: u32 = 0x412F_C231;
const CORTEX_M4_R0P1: u32 = 0x410F_C241;
const CORTEX_M33_R0P4: u32 = 0x410F_D214;
/// SysTick has 24 bits.
const COUNT: u32 = 0x00FF_FFFF;
