//! What a side shows of its numbers inside the handshake (protocol §7).

use crate::error::Error;
use heapless::Vec;
use lowkey_core::numbered::RunId;

/// The items of one side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Announced {
    /// What it numbers is of this run.
    pub(crate) run: Option<RunId>,
    /// It acknowledges.
    pub(crate) acks: bool,
}

impl Announced {
    /// Looks at an item; the last of a kind counts.
    pub(crate) fn read(&mut self, kind: u8, value: &[u8]) -> Result<(), Error> {
        match (kind, value) {
            (RUN, value) => {
                self.run = Some(RunId::new(value.try_into().map_err(|_| Error::Parameters)?));
            }
            (ACKS, []) => self.acks = true,
            (ACKS, _) => return Err(Error::Parameters),
            _ => (),
        }
        Ok(())
    }
}

/// The parameters in bytes.
pub(crate) type Payload = Vec<u8, 14>; // with every item

pub(crate) fn payload(max_frame: [u8; 2], announced: Announced) -> Payload {
    let mut payload = Payload::new();
    let mut put = |bytes: &[u8]| payload.extend_from_slice(bytes).unwrap_or_default(); // it has room for all
    put(&max_frame);
    if let Some(run) = announced.run {
        put(&[RUN, RunId::LEN as u8]);
        put(run.as_bytes());
    }
    if announced.acks {
        put(&[ACKS, 0]);
    }
    payload
}

const RUN: u8 = 0x01;
const ACKS: u8 = 0x02;
