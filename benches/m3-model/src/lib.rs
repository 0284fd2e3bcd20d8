//! A cycle model of the Cortex-M3, the Cortex-M4 and, with a doubt, the Cortex-M33: runs firmware on a host and says
//! what it would take on the core.
//!
//! QEMU has no cycles, and its cores no DWT. This model executes the same ELF files and gives cycles,
//! instructions, the deepest stack, each function's share, and two hashes that stand for what somebody sees who
//! watches the core: the way through the code, and the places in memory. Equal hashes and equal cycles for different
//! secrets are what "constant-time" means here.
//!
//! ```no_run
//! use m3_model::{Machine, Options};
//!
//! let elf = std::fs::read("firmware.elf").unwrap();
//! let mut machine = Machine::load(&elf, &Options::default()).unwrap();
//!
//! // One function, as a host test calls it: r0 and r1 point into RAM.
//! machine.load_at(0x2000_1000, &[0x55; 32]);
//! let call = machine.call("field_square", &[0x2000_2000, 0x2000_1000]).unwrap();
//! println!("{} cycles, {} B of stack", call.cycles, call.peak_stack);
//! assert!(machine.read(0x2000_2000, 32).is_some());
//!
//! // The whole program, from reset to its exit by semihosting.
//! let report = machine.run();
//! println!("{}: {} cycles", report.end, report.cycles);
//! ```
//!
//! Firmware marks a stretch of itself with `dbg #1`, the stretch's number in r0, and `dbg #2`. That is a NOP on
//! silicon and in QEMU. A [`Region`] does not contain its own marks, and loads are not pipelined across them.
//!
//! # What is modelled
//!
//! - **Cycles** by the Cortex-M3 Technical Reference Manual r2p1 (DDI 0337I), table 3-1 in §3.3.1 and the
//!   "Load/store timings" of §3.3.2, for memory without wait states. What the manual leaves open:
//!
//!   | the manual | the model |
//!   | --- | --- |
//!   | P, a branch's refill: 1 to 3 by the target and by speculation | 2; 3 to a 32-bit instruction across two words; 3 after a load to PC, TBB, TBH (§3.3.2) |
//!   | UMULL, SMULL 3 to 5, UMLAL, SMLAL 4 to 7, by the operands | 3 (4 UMLAL, 5 SMLAL), and 1 for each operand of more than 16 significant bits |
//!   | UDIV, SDIV 2 to 12, by the operands | 2 for a zero quotient; else 3 and a cycle for every started 32/9 bits of it |
//!   | IT *can* be folded into a 16-bit instruction | it always is, but not behind a taken branch |
//!   | MRS, MSR, CPS 1 or 2 | 2 |
//!   | ISB, DMB, DSB 1 + B | 3, 1, 1 |
//!   | `LDR Rx,[PC,#imm]` *might* add a cycle | it does not |
//!   | a load with base update takes 1 ahead of an instruction that writes no register | it takes 2 |
//!
//!   The true rules of the multiplier and the divider are not public. So figures of code that feeds them are
//!   estimates, and equal cycles here prove nothing for code that feeds them secrets.
//! - **A Cortex-M4's** ([`Core::CortexM4`]) by its own Technical Reference Manual r0p1 (DDI 0439), tables 3-1 and 3-2.
//!   They differ in the multiplies alone: MLA, MLS, UMULL, SMULL, UMLAL, SMLAL, UMAAL and all of the DSP extension take
//!   one cycle, whatever the operands. Loads, stores and branches are described in the same words, and so the table
//!   above holds, and the divider's doubt with it. There is no FPU.
//! - **A Cortex-M33's** ([`Core::CortexM33`]) by no manual: Arm gives no cycles for it. It is the Cortex-M4's table
//!   with two cycles for MUL, MLA, MLS, the long multiplies, UMAAL and the rest of the DSP extension, which one source
//!   says it has measured (the crate `rp2350-emu` 0.2.6, on an RP2354). The same source says two cycles for every
//!   single load and store, for shifted operands and for rotated immediates, which [`Rules::Rp2350`] takes as well; the
//!   truth of code without divisions may lie between the two, and nothing here proves that it does. Its divider, and
//!   the branches that the source has cheaper, are the Cortex-M4's here.
//! - **Two readings of the manual for loads and stores**, [`Rules`]: all of §3.3.2, or table 3-1 alone, by which a load
//!   behind any other load or store takes one cycle.
//! - **Slow flash** ([`Options::wait_states`], [`Options::prefetch`]): 64-bit lines behind a prefetch buffer of two, as
//!   in an STM32F1 (2 wait states at 72 MHz); loads from flash pay the wait states.
//! - **Memory**: flash at 0 and again at 0x0800_0000, read-only to the program; RAM at 0x2000_0000. For a Cortex-M33,
//!   which starts in its secure state, flash at 0 and again at 0x1000_0000, RAM at 0x3800_0000, as on Arm's AN505. RAM
//!   can be elsewhere ([`Options::ram_at`]).
//! - **The core's own registers**: DWT.CTRL, DWT.CYCCNT and DEMCR, by which a program reads the model's cycles; SysTick
//!   without its interrupt; CPUID. The other system registers read as zero and forget what is written.
//! - **Semihosting** (`BKPT 0xAB`): the console and the two exits, as `cortex-m-semihosting` and `semihosting` use
//!   them.
//! - **Of the LM3S6965** UART0's output, the locked PLL, and registers that remember: enough for `benches/size`. Other
//!   peripherals read as zero, or fault with [`Options::strict`].
//!
//! # What is not modelled
//!
//! - Interrupts and exceptions. A fault ends the run, SVC is a fault, and whoever waits for an interrupt has ended: a
//!   WFI, a WFE, or a short loop that neither changes a register nor touches memory. (WFE does not look for an event.)
//! - What the buses do to each other: fetches against literal loads, a full write buffer, DMA, the bit-band.
//! - The core's fetch queue. It hides part of slow flash's stalls, and makes others (a row of 32-bit instructions
//!   across words).
//! - Flash accelerators other than the one above; caches.
//! - Multiplications and divisions that an interrupt abandons; the MPU; unprivileged access.
//!
//! It has not been held against silicon. Its results were compared with QEMU's: the firmwares of `benches/size`,
//! random programs of data processing, loads and stores, and every instruction of the DSP extension on random and odd
//! operands.
//!
//! # Armagnac
//!
//! [armagnac](https://crates.io/crates/armagnac) 0.3 decodes and executes whatever touches neither memory nor special
//! registers. The model does the rest itself: loads and stores, because it must know each address, and because loads to
//! PC and most of the system control space are missing there; MRS and MSR (which leaves GE alone); semihosting, DBG,
//! WFI and SEV; the DSP extension, of which there is little. It corrects three things that end in a panic there: shifts
//! by a register (ASR by 32 and more, ROR by a multiple of 32), an operand shifted by `ASR #32`, and divisions by zero.
//! MOV and ADD to PC ignore bit 0 of the address, as the architecture says; armagnac takes it for the Thumb bit.

mod board;
mod bus;
mod console;
mod core;
mod decode;
mod dsp;
mod fault;
mod flash;
mod image;
mod kind;
mod machine;
mod memory;
mod meter;
mod options;
mod profile;
mod regions;
mod report;
mod semihosting;
mod shift;
mod step;
mod system;
mod timing;
mod transfer;

pub use fault::{Cause, End, Fault};
pub use machine::Machine;
pub use options::Options;
pub use profile::Share;
pub use regions::Region;
pub use report::{Call, Place, Report};
pub use timing::{Core, Rules};
