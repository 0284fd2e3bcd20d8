//! One write or one read of a handshake, whoever plays it.

use crate::connection::{Filled, Input, lasting};
use crate::error::Error;
use embedded_io::ErrorKind;
use lowkey_transport::{Error as ChannelError, Link, Step};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

/// Does what the link asked for with `step`.
pub(crate) async fn exchange<Io: AsyncRead + AsyncWrite + Unpin>(
    io: &mut Io,
    link: &mut Link<'_, Vec<u8>>,
    input: &mut Input,
    step: Step,
) -> Result<(), Error> {
    match step {
        Step::Write => write(io, link).await,
        Step::Read => read(io, link, input).await,
        Step::Hello | Step::Claim | Step::Done => Err(ChannelError::OutOfTurn.into()),
    }
}

async fn write<Io: AsyncWrite + Unpin>(io: &mut Io, link: &mut Link<'_, Vec<u8>>) -> Result<(), Error> {
    while !link.unsent()?.is_empty() {
        let n = match io.write(link.unsent()?).await {
            Ok(0) => return Err(failed(link, io::ErrorKind::WriteZero.into())),
            Ok(n) => n,
            Err(error) => return Err(failed(link, error)),
        };
        link.on_write(Ok::<_, ErrorKind>(n))?;
    }
    io.flush().await.map_err(|error| failed(link, error))?;
    Ok(link.on_flush(Ok::<_, ErrorKind>(()))?)
}

async fn read<Io: AsyncRead + Unpin>(
    io: &mut Io,
    link: &mut Link<'_, Vec<u8>>,
    input: &mut Input,
) -> Result<(), Error> {
    match poll_fn(|context| input.poll_fill(context, &mut Pin::new(&mut *io), link)).await {
        Filled::Link(result) => Ok(result?),
        Filled::Io(error) => Err(failed(link, error)),
    }
}

fn failed(link: &mut Link<'_, Vec<u8>>, error: io::Error) -> Error {
    link.fail(ChannelError::Io(lasting(error.kind())));
    error.into()
}
