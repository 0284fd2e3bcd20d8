//! A board: what its key page holds, and how it comes to its server and comes again.

use lowkey_core::page::{self, Page};
use lowkey_host::{Connection, Error, Id, Identity, Limits, Peer, Pinning, PublicKey, connect};
use lowkey_registry::keys::generate;
use lowkey_transport::Backoff;
use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use test_support::Random;
use tokio::{
    net::{TcpSocket, TcpStream},
    time::sleep,
};
use xtask::command::Result;

/// What a key page holds.
pub struct Keys(Held);

enum Held {
    /// Made here.
    Own { identity: Identity, server: Peer, id: Id },
    /// Read from a page that somebody made.
    Page(page::Keys),
}

impl Keys {
    /// New ones, for the server with this key.
    ///
    /// # Errors
    /// No randomness.
    pub fn new(server: PublicKey) -> Result<Self> {
        Self::paired(Identity::new(generate()?)?, server)
    }

    /// New ones under an id that does not follow from them.
    ///
    /// # Errors
    /// No randomness.
    pub fn called(id: Id, server: PublicKey) -> Result<Self> {
        Self::own(Identity::new(generate()?)?, server, id)
    }

    /// Those of this key page.
    ///
    /// # Errors
    /// It is none.
    pub fn of_page(page: &[u8]) -> Result<Self> {
        Ok(Self(Held::Page(Page::read(page)?.load()?)))
    }

    /// Those of a device that has paired with this server.
    ///
    /// # Errors
    /// The server's key is none to talk to.
    pub fn paired(identity: Identity, server: PublicKey) -> Result<Self> {
        let id = Id::of_pinning(&identity.public_key(), &server);
        Self::own(identity, server, id)
    }

    fn own(identity: Identity, server: PublicKey, id: Id) -> Result<Self> {
        Ok(Self(Held::Own { server: Peer::pin(&identity, server)?, identity, id }))
    }

    /// What the registry has of them.
    pub fn public(&self) -> PublicKey {
        self.pinning().identity.public_key()
    }

    fn pinning(&self) -> Pinning<'_> {
        match &self.0 {
            Held::Own { identity, server, id } => Pinning { id: *id, identity, peer: server, psk: None },
            Held::Page(keys) => Pinning::of(keys),
        }
    }
}

/// A board with power.
pub struct Board {
    /// What its key page holds.
    pub keys: Arc<Keys>,
    /// Its address. Where only one is loopback, all come from there.
    pub from: Ipv4Addr,
    /// Where its server is.
    pub server: SocketAddr,
    /// What it takes, and whether it numbers its messages.
    pub limits: Limits,
    random: Random,
    backoff: Backoff,
}

impl Board {
    /// One whose pauses are that short at first and that long in the end, in milliseconds.
    pub fn new(
        keys: &Arc<Keys>,
        from: Ipv4Addr,
        server: SocketAddr,
        random: Random,
        [shortest, longest]: [u32; 2],
    ) -> Self {
        let (limits, backoff) = (Limits::default(), Backoff::new(shortest, longest));
        Self { keys: Arc::clone(keys), from, server, limits, random, backoff }
    }

    /// Tries until it is.
    pub async fn connected(&mut self) -> Connection<TcpStream> {
        loop {
            let error = match self.connect().await {
                Ok(connection) => return connection,
                Err(error) => error,
            };
            let chance = self.random.u32();
            let pause = match &error {
                Error::Channel(error) => self.backoff.failed(error, chance),
                _ => self.backoff.ended(0, 0, chance),
            };
            sleep(Duration::from_millis(pause.into())).await;
        }
    }

    /// Waits as long as a board does whose session is over: it lasted so long, and heard so much.
    pub async fn rest(&mut self, lasted: Duration, heard: usize) {
        let lasted = u32::try_from(lasted.as_millis()).unwrap_or(u32::MAX);
        let pause = self.backoff.ended(lasted, heard, self.random.u32());
        sleep(Duration::from_millis(pause.into())).await;
    }

    /// Waits about so long.
    pub async fn pause(&mut self, about: Duration) {
        let per_mille = 500 + self.random.below(1000);
        sleep(about * u32::try_from(per_mille).unwrap_or(1000) / 1000).await;
    }

    /// Tries once.
    ///
    /// # Errors
    /// [`Error`]: there is no session.
    pub async fn connect(&self) -> std::result::Result<Connection<TcpStream>, Error> {
        let socket = TcpSocket::new_v4()?;
        let _ = socket.bind((self.from, 0).into());
        let stream = socket.connect(self.server).await?;
        stream.set_nodelay(true)?;
        connect(stream, self.keys.pinning(), &self.limits).await
    }
}

/// The address of the board of this number: on Linux all of 127.0.0.0/8 is loopback, so that each has its own.
pub fn address(n: usize) -> Ipv4Addr {
    let [.., c, d] = u32::try_from(n / 250 * 256 + n % 250 + 1).unwrap_or_default().to_be_bytes();
    Ipv4Addr::new(127, 1, c, d)
}
