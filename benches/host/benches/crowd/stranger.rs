//! A device by hand, on the engine alone: it can say what no `Link` would.

use crate::MAX_FRAME;
use crate::keys::Client;
use lowkey_core::{Session, kk};
use lowkey_host::entropy::host_ephemerals;
use socket2::SockRef;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) const DATA: u8 = 0;
pub(crate) const MORE: u8 = 1;
pub(crate) const CLOSE: u8 = 2;
pub(crate) const PING: u8 = 3;
const TAG: usize = 16;

/// A pinned device, what it says now, and what was said when it last behaved.
pub(crate) struct Stranger<'k> {
    client: &'k Client,
    waiting: Option<kk::AwaitMessage2<kk::Owned<'k>>>,
    session: Option<Session>,
    /// The first frame and the confirming one, as an eavesdropper has them.
    pub(crate) recorded: [Vec<u8>; 2],
}

impl<'k> Stranger<'k> {
    pub(crate) fn new(client: &'k Client) -> Self {
        Self { client, waiting: None, session: None, recorded: Default::default() }
    }

    /// Version, mode and the id with its length.
    pub(crate) fn hello(&self) -> Vec<u8> {
        let id = self.client.id.as_bytes();
        [&[1, 1, id.len() as u8], id].concat()
    }

    /// The body of a first frame that announces these parameters.
    pub(crate) fn first(&mut self, parameters: &[u8]) -> Vec<u8> {
        let mut body = self.hello();
        let prologue = [b"lowkey/1", &body[..]].concat();
        let mut message = vec![0; parameters.len() + kk::OVERHEAD];
        let initiator = kk::Initiator::new(&self.client.identity, &self.client.peer, None, &prologue);
        let mut ephemerals = host_ephemerals().unwrap();
        let (waiting, _) = initiator.write_message_1(&mut ephemerals, parameters, &mut message).unwrap();
        self.waiting = Some(waiting);
        body.append(&mut message);
        body
    }

    /// The first frame of one who behaves.
    pub(crate) fn first_frame(&mut self) -> Vec<u8> {
        frame(&self.first(&MAX_FRAME.to_be_bytes()))
    }

    /// A record as a frame.
    pub(crate) fn record(&mut self, kind: u8, body: &[u8]) -> Vec<u8> {
        self.sealed(&[&[kind], body].concat())
    }

    /// A record with this plaintext, as a frame.
    pub(crate) fn sealed(&mut self, text: &[u8]) -> Vec<u8> {
        let mut record = [text, &[0; TAG]].concat();
        self.session.as_mut().unwrap().sealer.seal(&mut record).unwrap();
        frame(&record)
    }

    /// Behaves until there are keys.
    pub(crate) async fn handshake(&mut self, stream: &mut TcpStream) -> io::Result<()> {
        let first = self.first_frame();
        stream.write_all(&first).await?;
        let mut second = read_frame(stream).await?;
        let waiting = self.waiting.take().unwrap();
        let (session, _) = waiting.read_message_2(&mut second).map_err(io::Error::other)?;
        self.session = Some(session);
        self.recorded[0] = first;
        Ok(())
    }

    /// Behaves until a first message has come back.
    pub(crate) async fn confirm(&mut self, stream: &mut TcpStream) -> io::Result<()> {
        self.recorded[1] = self.record(PING, b"");
        stream.write_all(&self.recorded[1]).await?;
        stream.write_all(&self.record(DATA, b"good day")).await?;
        read_frame(stream).await.map(|_echo| ())
    }
}

/// A connection that leaves no port behind in TIME_WAIT.
pub(crate) async fn dial(address: &str) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
    Ok(stream)
}

pub(crate) fn frame(body: &[u8]) -> Vec<u8> {
    [&(body.len() as u16).to_be_bytes(), body].concat()
}

async fn read_frame(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut body = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut body).await?;
    Ok(body)
}
