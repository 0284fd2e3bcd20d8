//! What lies between a client and a server, and can be cut.

use std::net::{Ipv4Addr, SocketAddr};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Carries connections to a server. It ends with the value, and what it carries with it.
#[derive(Debug)]
pub struct Cable {
    address: SocketAddr,
    state: watch::Sender<State>,
    task: JoinHandle<()>,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    is_cut: bool,
    resets: u32,
}

impl Cable {
    /// A whole one, to `server`.
    ///
    /// # Panics
    /// There is no port for it.
    pub async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let state = watch::Sender::new(State::default());
        let task = tokio::spawn(accept(listener, server, state.clone()));
        Self { address, state, task }
    }

    /// Where it begins.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same, as clients of NATS take it.
    pub fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    /// From now on nothing comes through, either way: no byte and no end. Who connects is answered by its own kernel,
    /// and by nobody else.
    pub fn cut(&self) {
        self.state.send_modify(|state| state.is_cut = true);
    }

    /// What was held back comes through, and all else again.
    pub fn heal(&self) {
        self.state.send_modify(|state| state.is_cut = false);
    }

    /// Breaks each connection off, both sides hear of it at once.
    pub fn reset(&self) {
        self.state.send_modify(|state| state.resets += 1);
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.reset();
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, server: SocketAddr, state: watch::Sender<State>) {
    while let Ok((client, _)) = listener.accept().await {
        tokio::spawn(connect(client, server, state.subscribe()));
    }
}

async fn connect(mut client: TcpStream, server: SocketAddr, state: watch::Receiver<State>) {
    let mut reset = state.clone();
    let before = reset.borrow_and_update().resets;
    let mut reset = std::pin::pin!(reset.wait_for(|state| state.resets != before));
    let behind = tokio::select! {
        behind = reach(server, state.clone()) => behind,
        _ = &mut reset => None,
    };
    let Some(mut behind) = behind else { return client.set_zero_linger().unwrap_or_default() };
    // Clients of NATS send small pieces.
    let _ = (client.set_nodelay(true), behind.set_nodelay(true));
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = behind.split();
    tokio::select! {
        _ = async { tokio::join!(flow(from_client, to_server, state.clone()), flow(from_server, to_client, state)) } => (),
        _ = reset => {
            let _ = (client.set_zero_linger(), behind.set_zero_linger());
        }
    }
}

/// A connection to the server, once nothing is in its way.
async fn reach(server: SocketAddr, mut state: watch::Receiver<State>) -> Option<TcpStream> {
    state.wait_for(|state| !state.is_cut).await.ok()?;
    TcpStream::connect(server).await.ok()
}

/// One direction, until it has ended.
async fn flow(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut state: watch::Receiver<State>,
) {
    let mut bytes = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut bytes).await.unwrap_or(0);
        // What came after the cut, and what is on its way, waits for the other end of it.
        if state.wait_for(|state| !state.is_cut).await.is_err() {
            return;
        }
        if read == 0 || to.write_all(&bytes[..read]).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}
