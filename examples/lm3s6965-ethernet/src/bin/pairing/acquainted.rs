//! A connection that has little time until the other side has shown that it knows the code.

use embedded_io::{ErrorKind, ErrorType, Read, Write};
use lm3s6965_ethernet::tcp::Tcp;

use crate::times::PAIR_LIMIT;

/// The connection of one pairing.
pub(crate) struct Acquainted<'t> {
    tcp: &'t mut Tcp,
    other_side: &'t mut OtherSide,
}

/// In a pairing each side writes twice before anything is final. What is written second answers a message that nobody
/// makes without the code, and not by a recording: from then on a person may have to say yes.
#[derive(PartialEq)]
pub(crate) enum OtherSide {
    Stranger,
    SpokenTo,
    Answering,
    KnowsCode,
}

impl<'t> Acquainted<'t> {
    /// Whatever limit `tcp` has is for strangers.
    pub(crate) fn new(tcp: &'t mut Tcp, other_side: &'t mut OtherSide) -> Self {
        Self { tcp, other_side }
    }
}

impl ErrorType for Acquainted<'_> {
    type Error = ErrorKind;
}

impl Read for Acquainted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
        if *self.other_side == OtherSide::SpokenTo {
            *self.other_side = OtherSide::Answering;
        }
        self.tcp.read(buffer)
    }
}

impl Write for Acquainted<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        match self.other_side {
            OtherSide::Stranger => *self.other_side = OtherSide::SpokenTo,
            OtherSide::Answering => {
                *self.other_side = OtherSide::KnowsCode;
                self.tcp.set_limit(Some(PAIR_LIMIT));
            }
            OtherSide::SpokenTo | OtherSide::KnowsCode => (),
        }
        self.tcp.write(bytes)
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        self.tcp.flush()
    }
}
