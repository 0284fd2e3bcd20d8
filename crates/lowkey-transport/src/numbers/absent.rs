//! Of messages without numbers. Who does not know the items and the kinds of numbered ones ignores them (protocol §3,
//! §4).

use crate::error::Error;
use core::marker::PhantomData;
use core::ops::Deref;

/// What we show in our parameters: no items.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown(());

impl Shown {
    pub(crate) fn new() -> Self {
        Self(())
    }
}

/// What the peer shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Announced(());

impl Announced {
    pub(crate) fn read(&mut self, _kind: u8, _value: &[u8]) -> Result<(), Error> {
        Ok(())
    }
}

/// Our parameters in bytes.
pub(crate) struct Payload<'s>([u8; 2], PhantomData<&'s Shown>);

pub(crate) fn payload(max_frame: u16, _: &mut Shown) -> Payload<'_> {
    Payload(max_frame.to_be_bytes(), PhantomData)
}

impl Deref for Payload<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// What the two sides have agreed on: nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Numbers(());

impl Numbers {
    pub(crate) fn agreed(_ours: &Shown, _theirs: &Announced) -> Self {
        Self(())
    }

    pub(crate) fn is_owing(&self) -> bool {
        false
    }

    pub(crate) fn is_fresh(&self) -> bool {
        false
    }

    pub(crate) fn none_came(&mut self) {}

    pub(crate) fn rest(&mut self) {}

    pub(crate) fn sent(&mut self, _lent: &Self) {}

    pub(crate) fn received(&mut self, _lent: &Self) {}
}
