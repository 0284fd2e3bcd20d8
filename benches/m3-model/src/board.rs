//! What the start-up of `examples/lm3s6965-ethernet` touches of its board: the clock, port A and the serial line.

use std::collections::HashMap;

use crate::console::Console;

/// Registers that hold what was written to them, but for the few that do something.
#[derive(Default)]
pub(crate) struct Board {
    held: HashMap<u32, u32>,
}

impl Board {
    /// Whether this board has anything at `address`.
    pub(crate) fn has(address: u32) -> bool {
        matches!(address & !0xFFF, UART0 | PORT_A | SYSTEM_CONTROL)
    }

    pub(crate) fn read(&self, address: u32) -> u32 {
        match address {
            UARTDR => 0,
            UARTFR => NOTHING_TO_SEND | NOTHING_RECEIVED,
            RIS => PLL_LOCKED,
            _ => self.held.get(&address).copied().unwrap_or(0),
        }
    }

    pub(crate) fn write(&mut self, address: u32, value: u32, console: &mut Console) {
        if address == UARTDR {
            console.say(&value.to_le_bytes()[..1]);
        } else {
            self.held.insert(address, value);
        }
    }
}

const PORT_A: u32 = 0x4000_4000;
const UART0: u32 = 0x4000_C000;
const UARTDR: u32 = UART0;
const UARTFR: u32 = UART0 + 0x18;
const SYSTEM_CONTROL: u32 = 0x400F_E000;
const RIS: u32 = SYSTEM_CONTROL + 0x50;
const NOTHING_RECEIVED: u32 = 1 << 4;
const NOTHING_TO_SEND: u32 = 1 << 7;
const PLL_LOCKED: u32 = 1 << 6;
