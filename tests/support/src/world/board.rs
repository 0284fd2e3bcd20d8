//! A device that pairs, by hand: it stops where it is told to.

use super::identity;
use lowkey_host::entropy::host_ephemerals;
use lowkey_host::{Code, Id, Identity, Limits, Peer, Pinning, Psk, PublicKey, Refusal, connect_tcp};
use lowkey_transport::{Buffers, Error, Link, Step};
use std::convert::Infallible;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// The code on the labels of boards.
pub fn code() -> Code {
    Code::new(&[7; 16]).unwrap()
}

/// A device without a server.
pub struct Board {
    /// Its own keys.
    pub identity: Identity,
    /// What is on its label.
    pub code: Code,
}

/// Where a device stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It pairs.
    Never,
    /// Hangs up with so many of its frames written: 1 is message 1 of who calls.
    Cut(usize),
    /// Says no in place of its word.
    Close,
}

impl Board {
    /// One with [`code`] on its label.
    #[expect(clippy::new_without_default, reason = "its key is drawn, and no two are equal")]
    pub fn new() -> Self {
        Self { identity: identity(), code: code() }
    }

    /// Its public key.
    pub fn key(&self) -> PublicKey {
        self.identity.public_key()
    }

    /// Its link as who calls, with message 1 staged.
    pub fn link<'k>(&'k self, psk: &'k Psk) -> Link<'k, Vec<u8>> {
        let mut ephemerals = host_ephemerals().unwrap();
        Link::xx_psk0_initiator(&self.identity, self.code.name(), psk, &mut ephemerals, buffers()).unwrap()
    }

    /// Pairs with who is called, as far as that; gives the server's key once both words are said.
    pub async fn pair<Io>(&self, mut io: Io, stop: Stop) -> Result<PublicKey, Error>
    where
        Io: AsyncRead + AsyncWrite + Unpin,
    {
        let psk = self.code.psk();
        settle(&mut io, &mut self.link(&psk), stop).await
    }

    /// The same with who calls.
    pub async fn answer<Io>(&self, mut io: Io, stop: Stop) -> Result<PublicKey, Error>
    where
        Io: AsyncRead + AsyncWrite + Unpin,
    {
        let psk = self.code.psk();
        let mut link = Link::responder(buffers());
        while link.step()? != Step::Hello {
            fill(&mut io, &mut link).await?;
        }
        if link.hello().unwrap().id == Some(self.code.name()) {
            link.answer_xx(&self.identity, Some(&psk), &mut host_ephemerals().unwrap())?;
        } else {
            link.refuse(Refusal::REFUSED)?;
        }
        settle(&mut io, &mut link, stop).await
    }
}

/// What a device does, on this machine: pairs with the server at `address` by this code, connects, and has a message
/// echoed.
pub fn pair_and_connect(address: &str, code: Code) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let board = Board { identity: identity(), code };
        let server = board.pair(TcpStream::connect(address).await?, Stop::Never).await?;
        let peer = Peer::pin(&board.identity, server)?;
        let id = Id::of_pinning(&board.key(), &server);
        let pinning = Pinning { id, identity: &board.identity, peer: &peer, psk: None };
        let mut connection = connect_tcp(address, pinning, &Limits::default()).await?;
        connection.send(b"21.5 C").await?;
        match connection.recv().await? {
            Some(echoed) if echoed == b"21.5 C" => Ok(connection.close().await?),
            other => Err(format!("the echo is {other:?}").into()),
        }
    })
}

/// Memory of a link.
pub fn buffers() -> Buffers<Vec<u8>> {
    Buffers::new(vec![0; 4096], vec![0; 4098]).unwrap()
}

/// Reads once.
pub async fn fill<Io: AsyncRead + Unpin>(io: &mut Io, link: &mut Link<'_, Vec<u8>>) -> Result<(), Error> {
    let n = io.read(link.space()).await.unwrap_or(0); // a stream that broke has ended
    link.on_read(Ok::<_, Infallible>(n))
}

/// Writes what is unsent; who has gone is seen by the next read.
pub async fn flush<Io: AsyncWrite + Unpin>(io: &mut Io, link: &mut Link<'_, Vec<u8>>) -> Result<(), Error> {
    let bytes = link.unsent()?.to_vec();
    let _ = io.write_all(&bytes).await;
    link.on_write(Ok::<_, Infallible>(bytes.len()))
}

/// Plays until the server has said its word, and the device is asked for its own.
pub async fn until_claim<Io>(io: &mut Io, link: &mut Link<'_, Vec<u8>>) -> Result<(), Error>
where
    Io: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        match link.step()? {
            Step::Read => fill(io, link).await?,
            Step::Write => flush(io, link).await?,
            Step::Claim => return Ok(()),
            Step::Hello | Step::Done => return Err(Error::OutOfTurn),
        }
    }
}

/// Plays to the end, or as far as `stop`; gives the server's key once both words are said.
pub async fn settle<Io>(io: &mut Io, link: &mut Link<'_, Vec<u8>>, stop: Stop) -> Result<PublicKey, Error>
where
    Io: AsyncRead + AsyncWrite + Unpin,
{
    let mut frames = 0;
    loop {
        if stop == Stop::Cut(frames) {
            return Err(Error::HungUp);
        }
        match link.step()? {
            Step::Read => fill(io, link).await?,
            Step::Write => {
                flush(io, link).await?;
                frames += 1;
            }
            Step::Claim if stop == Stop::Close => {
                link.close()?;
                flush(io, link).await?;
                return Err(Error::Declined(Refusal::REFUSED));
            }
            Step::Claim => link.accept()?,
            Step::Done => break,
            Step::Hello => return Err(Error::OutOfTurn),
        }
    }
    let key = link.proven_key().unwrap();
    link.close()?;
    flush(io, link).await?;
    while !link.is_closed() {
        fill(io, link).await?;
        let _ = link.receive()?;
    }
    Ok(key)
}
