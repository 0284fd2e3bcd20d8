//! How a run ends.

use std::fmt;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// The firmware ended itself by semihosting, with this status.
    Exit(u32),
    /// The firmware waits for ever: a WFI, a WFE or a loop that changes nothing. There are no interrupts to end that.
    Idle,
    /// A called function came back.
    Returned,
    /// The limit of instructions is reached.
    Limit,
    /// The firmware did what a Cortex-M3 does not forgive.
    Fault(Fault),
}

/// What the firmware did wrong, and where. A fault ends the run: its handler is not entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// The address of the instruction.
    pub pc: u32,
    /// What it did.
    pub cause: Cause,
}

/// What an instruction can do wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// There is no memory here to execute.
    Fetch,
    /// There is nothing to read at this address.
    Read(u32),
    /// Nothing can be written at this address.
    Write(u32),
    /// This address must be a multiple of the access's size.
    Unaligned(u32),
    /// No instruction of the Cortex-M3, or one that its manual calls unpredictable.
    Undefined(u32),
    /// A branch out of Thumb state: bit 0 of its target was clear.
    State,
    /// An exception was asked for (SVC, or a BKPT that is no semihosting); the model has none.
    Exception,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit(status) => write!(f, "exit {status}"),
            Self::Idle => f.write_str("idle"),
            Self::Returned => f.write_str("returned"),
            Self::Limit => f.write_str("limit of instructions reached"),
            Self::Fault(fault) => fault.fmt(f),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pc = self.pc;
        match self.cause {
            Cause::Fetch => write!(f, "nothing to execute at {pc:#010x}"),
            Cause::Read(address) => write!(f, "{pc:#010x} reads {address:#010x}, where nothing is"),
            Cause::Write(address) => {
                write!(f, "{pc:#010x} writes {address:#010x}, where nothing can be written")
            }
            Cause::Unaligned(address) => {
                write!(f, "{pc:#010x} accesses {address:#010x}, which must be aligned")
            }
            Cause::Undefined(code) => write!(f, "{pc:#010x} is not an instruction of the core: {code:#x}"),
            Cause::State => write!(f, "{pc:#010x} is reached in ARM state"),
            Cause::Exception => write!(f, "{pc:#010x} asks for an exception"),
        }
    }
}
