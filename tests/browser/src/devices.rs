//! The devices of the site: their keys, and the handshakes that they play.

use lowkey_host::{Acceptor, Connection, Id, Identity, Limits, Peer, Pinning, PublicKey, connect};
use lowkey_registry::keys::{encode_public, generate};
use std::fmt::Write;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{DuplexStream, duplex};
use tokio::time::{Instant, sleep_until};
use xtask::command::Result;

/// All of them.
pub(crate) struct Crew {
    members: Vec<Member>,
    server: PublicKey,
}

struct Member {
    name: String,
    identity: Identity,
    peer: Peer,
}

/// A device that is connected, both sides of it, until this is dropped.
pub(crate) struct Board {
    _device: Connection<DuplexStream>,
    _session: Connection<DuplexStream>,
}

/// Nothing in it may do what it says.
pub(crate) const HOSTILE: &str = "<img src=x onerror=document.title='gone'>&lt;b&gt;'\"";

impl Crew {
    pub(crate) fn new(devices: usize, server: &PublicKey) -> Result<Self> {
        let member = |number| {
            let identity = Identity::new(generate()?)?;
            let peer = Peer::pin(&identity, *server)?;
            let name = if number == 0 { HOSTILE.to_owned() } else { format!("pump-{number}") };
            Ok(Member { name, identity, peer })
        };
        let members = (0..devices).map(member).collect::<Result<_>>()?;
        Ok(Self { members, server: *server })
    }

    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }

    /// The registry of those whose name `is` takes.
    pub(crate) fn registry(&self, is: impl Fn(&str) -> bool) -> String {
        let mut text = String::new();
        for Member { name, identity, .. } in self.members.iter().filter(|member| is(&member.name)) {
            let key = encode_public(&identity.public_key());
            let name = name.replace('\\', "\\\\").replace('"', "\\\"");
            let _ = write!(text, "[[device]]\nname = \"{name}\"\nkey = \"{key}\"\n"); // a String takes all
        }
        text
    }

    pub(crate) async fn connect(
        &self,
        acceptor: &Acceptor,
        number: usize,
        from: SocketAddr,
    ) -> Result<Board> {
        let Member { identity, peer, .. } = self.members.get(number).ok_or("nobody has this number")?;
        let id = Id::of_pinning(&identity.public_key(), &self.server);
        let (near, far) = duplex(4096);
        let limits = Limits::default();
        let device = connect(near, Pinning { id, identity, peer, psk: None }, &limits);
        let (device, session) = tokio::join!(device, acceptor.accept_from(far, from));
        Ok(Board { _device: device?, _session: session? })
    }

    /// Boards come and go, as many as make so many events a second, or as many as this machine can if that is fewer.
    /// How many events there were.
    pub(crate) async fn churn(&self, acceptor: &Acceptor, events: u32, seconds: u32) -> Result<u32> {
        let (begun, mut happened) = (Instant::now(), 0);
        let all = events * seconds;
        let from: SocketAddr = ([192, 0, 2, 7], 50_000).into();
        while happened < all {
            let due = begun + Duration::from_secs(1) / events * happened;
            sleep_until(due).await;
            let number = 1000 + happened as usize / 2 % (self.len() - 1000);
            drop(self.connect(acceptor, number, from).await?);
            happened += 2;
        }
        Ok(happened)
    }
}
