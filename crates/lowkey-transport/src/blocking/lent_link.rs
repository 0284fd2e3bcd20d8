//! Where the link of a channel lies: in the channel, or where it was made, under a channel that it was lent to.

use crate::error::Error;
use crate::limits::Buffer;
use crate::link::Link;
use crate::record::Fragment;

/// A link that was lent to its channel ([`Channel::connect_in`](super::Channel::connect_in)).
///
/// With the channel it is over: its keys are wiped, what was not flushed is lost, and all that it gives is
/// [`Error::OutOfTurn`], or what ended it before. It keeps its memory, for [`Link::into_buffers`].
pub struct LentLink<'l, 'k, B: Buffer>(pub(super) &'l mut Link<'k, B>);

impl<B: Buffer> Drop for LentLink<'_, '_, B> {
    fn drop(&mut self) {
        self.0.over(Error::OutOfTurn);
    }
}

/// What a channel has its link in: the [`Link`] itself, or [`LentLink`]. Not for other crates to implement.
pub trait Holds<'k, B>: sealed::Holds<'k, B> {}
impl<'k, B, H: sealed::Holds<'k, B>> Holds<'k, B> for H {}

pub(crate) mod sealed {
    use super::{Fragment, Link};

    pub trait Holds<'k, B> {
        fn get(&self) -> &Link<'k, B>;

        fn get_mut(&mut self) -> &mut Link<'k, B>;

        /// [`Link::take`]. Only here is it known that the keys are lent for as long as the fragment.
        fn take(&mut self) -> Option<Fragment<'_>>;
    }
}

impl<'k, B: Buffer> sealed::Holds<'k, B> for Link<'k, B> {
    fn get(&self) -> &Self {
        self
    }

    fn get_mut(&mut self) -> &mut Self {
        self
    }

    fn take(&mut self) -> Option<Fragment<'_>> {
        self.take()
    }
}

impl<'k, B: Buffer> sealed::Holds<'k, B> for LentLink<'_, 'k, B> {
    fn get(&self) -> &Link<'k, B> {
        self.0
    }

    fn get_mut(&mut self) -> &mut Link<'k, B> {
        self.0
    }

    fn take(&mut self) -> Option<Fragment<'_>> {
        self.0.take()
    }
}
