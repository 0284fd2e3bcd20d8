//! One step of a handshake on its stream, whoever plays it.

use crate::connection::{Input, poll_write};
use crate::error::Error;
use lowkey_transport::{Error as ChannelError, Link, Step};
use std::future::poll_fn;
use tokio::io::{AsyncRead, AsyncWrite};

/// Does what the link asked for with `step`. After an error the link is of no use any more.
pub(crate) async fn exchange<Io: AsyncRead + AsyncWrite + Unpin>(
    io: &mut Io,
    link: &mut Link<'_, Vec<u8>>,
    input: &mut Input,
    step: Step,
) -> Result<(), Error> {
    match step {
        Step::Write => {
            while !link.unsent()?.is_empty() || link.is_unflushed() {
                poll_fn(|context| poll_write(context, io, link)).await?;
            }
            Ok(())
        }
        Step::Read => poll_fn(|context| input.poll_fill(context, io, link)).await,
        Step::Hello | Step::Claim | Step::Done => Err(ChannelError::OutOfTurn.into()),
    }
}
