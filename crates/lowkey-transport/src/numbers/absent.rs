//! Of messages without numbers. Who does not know the items and the kinds of numbered ones ignores them (protocol §3,
//! §4).

use crate::error::Error;

/// What a side shows in its parameters: no items.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Announced(());

impl Announced {
    pub(crate) fn read(&mut self, _kind: u8, _value: &[u8]) -> Result<(), Error> {
        Ok(())
    }
}

/// The parameters in bytes.
pub(crate) type Payload = [u8; 2];

pub(crate) fn payload(max_frame: [u8; 2], _: Announced) -> Payload {
    max_frame
}

/// What the two sides have agreed on: nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Numbers(());

impl Numbers {
    pub(crate) fn agreed(_ours: Announced, _theirs: Announced) -> Self {
        Self(())
    }

    pub(crate) fn is_owing(&self) -> bool {
        false
    }

    pub(crate) fn is_fresh(&self) -> bool {
        false
    }

    pub(crate) fn none_came(&mut self) {}

    pub(crate) fn sent(&mut self, _lent: &Self) {}

    pub(crate) fn received(&mut self, _lent: &Self) {}
}
