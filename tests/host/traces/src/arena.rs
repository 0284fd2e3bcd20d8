//! Where arguments lie in the device's memory.

use m3_model::Machine;

/// Hands out addresses of RAM, the same for the same sequence of lengths, and fills them.
pub(crate) struct Arena<'m> {
    machine: &'m mut Machine,
    next: u32,
}

impl<'m> Arena<'m> {
    pub(crate) fn new(machine: &'m mut Machine) -> Self {
        let next = machine.ram_end() - START;
        Self { machine, next }
    }

    /// Puts `bytes` somewhere; returns where.
    pub(crate) fn put(&mut self, bytes: &[u8]) -> u32 {
        let at = self.next;
        // A word more, so that not even nothing shares an address.
        self.next += (bytes.len() as u32).next_multiple_of(4) + 4;
        assert!(
            self.next < self.machine.ram_end() - END && self.machine.load_at(at, bytes),
            "no room for an argument"
        );
        at
    }

    /// Puts `bytes` somewhere, and where they are and how many they are somewhere else; returns both places.
    pub(crate) fn slice(&mut self, bytes: &[u8]) -> (u32, u32) {
        let at = self.put(bytes);
        let pair = [at, bytes.len() as u32].map(u32::to_le_bytes).concat();
        (self.put(&pair), at)
    }

    pub(crate) fn machine(self) -> &'m mut Machine {
        self.machine
    }
}

/// How far before the end of RAM: behind whatever statics the firmware has.
const START: u32 = 0xC000;
/// Below any stack.
const END: u32 = 0x6000;
