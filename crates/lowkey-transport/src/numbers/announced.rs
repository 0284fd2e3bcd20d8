//! What a side shows of its numbers inside the handshake (protocol §7).

use super::{Come, Numbers};
use crate::error::Error;
use core::ops::Deref;
use lowkey_core::fill;
use lowkey_core::numbered::RunId;

/// What we show: `max_frame`, and behind it the items as they stand in the parameters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown {
    bytes: [u8; END],
    /// Where the items begin and end that are shown; `max_frame` lies in front of them.
    start: u8,
    end: u8,
    /// We acknowledge; and what takes the messages in that are numbered. A pointer, so that firmware that acknowledges
    /// nothing has nothing of that in its flash.
    come: Option<Come>,
}

impl Shown {
    /// Nothing but `max_frame`.
    pub(crate) fn new() -> Self {
        Self { bytes: ITEMS, start: ACKS_AT as u8, end: ACKS_AT as u8, come: None }
    }

    /// What we number is of this run.
    pub(crate) fn set_run(&mut self, run: RunId) {
        fill(self.bytes.get_mut(RUN_AT + ITEM_FRONT..).unwrap_or_default(), run.as_bytes());
        self.start = RUN_AT as u8;
    }

    /// We acknowledge.
    pub(crate) fn set_acks(&mut self, come: Come) {
        (self.end, self.come) = (END as u8, Some(come));
    }

    /// What both sides have agreed on.
    pub(super) fn agree(&self, theirs: &Announced, numbers: &mut Numbers) {
        let run = self.bytes.get(RUN_AT + ITEM_FRONT..).and_then(<[u8]>::first_chunk);
        numbers.begin(
            RunId::new(run.copied().unwrap_or_default()),
            theirs.acks && usize::from(self.start) == RUN_AT,
        );
        numbers.received.begin(theirs.run, if theirs.has_run { self.come } else { None });
    }
}

/// Our parameters in bytes.
pub(crate) struct Payload<'s>(&'s [u8]);

impl Deref for Payload<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.0
    }
}

pub(crate) fn payload(max_frame: u16, shown: &mut Shown) -> Payload<'_> {
    let Shown { bytes, start, end, .. } = shown;
    let payload =
        bytes.get_mut(usize::from(*start).wrapping_sub(RUN_AT)..usize::from(*end)).unwrap_or_default();
    if let Some(front) = payload.first_chunk_mut() {
        *front = max_frame.to_be_bytes();
    }
    Payload(payload)
}

/// What the peer shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Announced {
    /// It numbers, and what it numbers is of this run.
    has_run: bool,
    run: RunId,
    /// It acknowledges.
    acks: bool,
}

impl Announced {
    /// Looks at an item; the last of a kind counts.
    pub(crate) fn read(&mut self, kind: u8, value: &[u8]) -> Result<(), Error> {
        match (kind, value) {
            (RUN, value) => {
                self.run = RunId::new(value.try_into().map_err(|_| Error::Parameters)?);
                self.has_run = true;
            }
            (ACKS, []) => self.acks = true,
            (ACKS, _) => return Err(Error::Parameters),
            _ => (),
        }
        Ok(())
    }
}

const RUN: u8 = 0x01;
const ACKS: u8 = 0x02;
/// Bytes of an item in front of its value.
const ITEM_FRONT: usize = 2;
/// Where the items are if both are shown.
const RUN_AT: usize = size_of::<u16>();
const ACKS_AT: usize = RUN_AT + ITEM_FRONT + RunId::LEN;
const END: usize = ACKS_AT + ITEM_FRONT;
const ITEMS: [u8; END] = [0, 0, RUN, RunId::LEN as u8, 0, 0, 0, 0, 0, 0, 0, 0, ACKS, 0];
