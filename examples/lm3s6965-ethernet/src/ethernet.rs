//! The LM3S6965's Ethernet controller as a smoltcp device.
//!
//! Frames go through a 2 KB FIFO each way, a word at a time and without DMA (data sheet 16, "Ethernet Controller").
//! The PHY is on the chip and negotiates by itself; nothing here waits for a link, TCP's retransmissions do. QEMU
//! models no PHY, no clock gating and no address filter, sends at once and appends a wrong CRC, which nobody reads.
//!
//! The interrupt only wakes: its handler masks itself and the main loop does the work. [`Ethernet::sleep`] is the
//! one place that unmasks, and looks for a frame once more before it stops the core, with interrupts held back: one
//! that arrives in between stays pending and ends the `wfi`. No frame waits for the next tick.

use cortex_m::{asm, interrupt};
use smoltcp::{
    phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken},
    time::Instant,
};

use crate::{
    registers::{
        GPIOF_AFSEL, GPIOF_DEN, MACDATA, MACIA0, MACIA1, MACIM, MACNP, MACRCTL, MACRIS, MACTCTL, MACTHR,
        MACTR, NVIC_ISER1, RCGC2, USER0, USER1,
    },
    reserved::Reserved,
    vectors::ETHERNET,
};

/// The controller before it has power: proof that nobody else drives it, and its memory.
pub struct Controller(&'static mut Frames);

impl Controller {
    /// `None` the second time.
    pub(crate) fn take() -> Option<Self> {
        FRAMES.take().map(Self)
    }
}

/// Room for a frame each way. Both are needed at once: smoltcp answers a frame while it still reads it. Aligned,
/// because a load across a word's edge takes twice as long.
#[repr(align(4))]
struct Frames {
    incoming: [u8; ROOM],
    outgoing: [u8; ROOM],
}

static FRAMES: Reserved<Frames> = Reserved::new(Frames { incoming: [0; ROOM], outgoing: [0; ROOM] });

/// The running controller.
pub struct Ethernet {
    frames: &'static mut Frames,
    address: [u8; 6],
}

impl Ethernet {
    /// Powers controller and PHY and starts both directions.
    ///
    /// The hardware address is the one in USER0 and USER1, where the maker (or QEMU's `-nic mac=`) puts it.
    pub fn start(Controller(frames): Controller) -> Self {
        RCGC2.set(RCGC2_EMAC0 | RCGC2_EPHY0 | RCGC2_GPIOF);
        RCGC2.read(); // three clocks before the first access
        GPIOF_AFSEL.set(LAMPS);
        GPIOF_DEN.set(LAMPS);

        // All sources are unmasked after reset: off before the core can hear them.
        MACIM.write(0);
        MACRIS.write(RIS_ALL);
        let address = hardware_address();
        let [a, b, c, d, e, f] = address;
        MACIA0.write(u32::from_le_bytes([a, b, c, d]));
        MACIA1.write(u32::from_le_bytes([e, f, 0, 0]));
        // Whole frames only: cut-through sending loses data on this part (errata).
        MACTHR.write(THR_WHOLE_FRAMES);
        restart_receiver();
        MACTCTL.write(TCTL_ENABLE | TCTL_PAD | TCTL_CRC | TCTL_DUPLEX);
        NVIC_ISER1.write(1 << (ETHERNET - 32));
        Self { frames, address }
    }

    /// The hardware address.
    pub fn address(&self) -> [u8; 6] {
        self.address
    }

    /// Stops the core until a frame waits or another interrupt has run. Returns at once if a frame waits already.
    pub fn sleep(&mut self) {
        interrupt::free(|_| {
            MACRIS.write(RIS_RECEIVED);
            MACIM.write(RIS_RECEIVED);
            // After the unmasking, or a frame from between the last drain and here would be slept through.
            if waiting() == 0 {
                asm::dsb();
                asm::wfi();
            }
        });
    }
}

impl Device for Ethernet {
    type RxToken<'a> = Incoming<'a>;
    type TxToken<'a> = Outgoing<'a>;

    fn receive(&mut self, _now: Instant) -> Option<(Incoming<'_>, Outgoing<'_>)> {
        let Frames { incoming, outgoing } = &mut *self.frames;
        let end = read_frame(incoming)?;
        Some((Incoming(incoming.get(HEAD..end)?), Outgoing(outgoing)))
    }

    fn transmit(&mut self, _now: Instant) -> Option<Outgoing<'_>> {
        Some(Outgoing(&mut self.frames.outgoing))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = FRAME;
        // So that the window offered to the peer fits the receive FIFO's 2 KB besides a stranger's broadcast.
        capabilities.max_burst_size = Some(1);
        capabilities
    }
}

/// A frame that has been read.
pub struct Incoming<'a>(&'a [u8]);

impl RxToken for Incoming<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(self.0)
    }
}

/// Leave to send one frame.
pub struct Outgoing<'a>(&'a mut [u8; ROOM]);

impl TxToken for Outgoing<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, fill: F) -> R {
        // smoltcp keeps to the unit it was told; the bound tells the compiler.
        let end = HEAD + length.min(FRAME);
        let result = fill(&mut self.0[HEAD..end]);
        send_frame(self.0, end);
        result
    }
}

pub(crate) extern "C" fn on_interrupt() {
    MACIM.write(0);
    // The write must reach the controller before the core looks at the line again.
    asm::dsb();
}

/// Takes frames out of the FIFO until one fits, and returns where it ends in `room`; it begins at [`HEAD`].
fn read_frame(room: &mut [u8; ROOM]) -> Option<usize> {
    if MACRIS.read() & RIS_OVERRUN != 0 {
        // The FIFO lost a frame and may hold a part of it: where the next begins is no longer known.
        MACRIS.write(RIS_OVERRUN);
        restart_receiver();
    }
    // Only while a frame waits: reading an empty FIFO is an underflow.
    while waiting() != 0 {
        let first = MACDATA.read();
        let length = (first & 0xFFFF) as usize; // counts itself (HEAD) and the CRC
        if !POSSIBLE.contains(&length) {
            restart_receiver();
            return None;
        }
        let mut words = room.chunks_exact_mut(4);
        let mut keep = |word: u32| {
            if let Some(slot) = words.next() {
                slot.copy_from_slice(&word.to_le_bytes());
            }
        };
        keep(first);
        // An over-long frame is read to its end all the same: the next begins behind it.
        for _ in 1..length.div_ceil(4) {
            keep(MACDATA.read());
        }
        let end = length - CRC;
        if end <= ROOM {
            return Some(end);
        }
    }
    None
}

/// Sends the frame between [`HEAD`] and `end` of `room`.
fn send_frame(room: &mut [u8; ROOM], end: usize) {
    // The FIFO still holds the last one: 1.2 ms at most at 10 Mbit/s. A controller that does not get it out in ten
    // times that has no one to send to; the frame is dropped, as a cable would drop it.
    for _ in 0..SEND_PATIENCE {
        if MACTR.read() & TR_BUSY == 0 {
            break;
        }
    }
    if MACTR.read() & TR_BUSY != 0 {
        return;
    }
    // The FIFO's first half-word is the length without the Ethernet header.
    let [low, high] = (end.saturating_sub(HEAD + ETHERNET_HEADER) as u16).to_le_bytes();
    room[0] = low;
    room[1] = high;
    for word in room.chunks_exact(4).take(end.div_ceil(4)) {
        if let Ok(bytes) = word.try_into() {
            MACDATA.write(u32::from_le_bytes(bytes));
        }
    }
    MACTR.write(TR_BUSY);
}

/// Frames in the receive FIFO.
fn waiting() -> u32 {
    MACNP.read() & NP_COUNT
}

/// Empties the receive FIFO and lets the receiver begin anew (data sheet: disable, reset, enable).
fn restart_receiver() {
    MACRCTL.write(RCTL_RESET_FIFO);
    MACRCTL.write(RCTL_ENABLE | RCTL_REJECT_BAD_CRC);
}

fn hardware_address() -> [u8; 6] {
    let [a, b, c, _] = USER0.read().to_le_bytes();
    let [d, e, f, _] = USER1.read().to_le_bytes();
    // Bit 0 of the first byte marks a group: 0xFF is what an unprogrammed part has.
    if a & 1 != 0 { UNPROGRAMMED } else { [a, b, c, d, e, f] }
}

/// The longest frame, without its CRC: 14 bytes of header and 1,500 of payload.
pub const FRAME: usize = 1_514;
/// The length field before a frame, in both FIFOs.
const HEAD: usize = 2;
const CRC: usize = 4;
const ETHERNET_HEADER: usize = 14;
const ROOM: usize = HEAD + FRAME;
const _: () = assert!(ROOM.is_multiple_of(4), "a frame and its length field are whole words");
/// Lengths a received frame can have: a header at least, the FIFO at most. Another means we are out of step.
const POSSIBLE: core::ops::Range<usize> = HEAD + ETHERNET_HEADER + CRC..2_048;
/// Each turn takes at least 6 clocks.
const SEND_PATIENCE: u32 = 100_000;
/// A locally administered address, for a part whose maker left none.
const UNPROGRAMMED: [u8; 6] = [0x02, 0x00, 0x00, 0x69, 0x65, 0x01];

const RCGC2_GPIOF: u32 = 1 << 5;
const RCGC2_EMAC0: u32 = 1 << 28;
const RCGC2_EPHY0: u32 = 1 << 30;
/// PF2 (activity) and PF3 (link).
const LAMPS: u32 = 0b1100;
const RIS_RECEIVED: u32 = 1 << 0;
const RIS_OVERRUN: u32 = 1 << 3;
const RIS_ALL: u32 = 0x7F;
const RCTL_ENABLE: u32 = 1 << 0;
const RCTL_REJECT_BAD_CRC: u32 = 1 << 3;
const RCTL_RESET_FIFO: u32 = 1 << 4;
const TCTL_ENABLE: u32 = 1 << 0;
const TCTL_PAD: u32 = 1 << 1;
const TCTL_CRC: u32 = 1 << 2;
const TCTL_DUPLEX: u32 = 1 << 4;
const THR_WHOLE_FRAMES: u32 = 0x3F;
const NP_COUNT: u32 = 0x3F;
const TR_BUSY: u32 = 1 << 0;
