//! Lowkey and tokio-rustls, set up alike: a server that sends back what it reads, and clients for it.

use crate::keys::{self, Client};
use crate::tls::{Tls, name};
use lowkey_host::{Acceptor, Connection, Limits, Listener, connect};
use rustls::SupportedCipherSuite;
use rustls::crypto::aws_lc_rs::kx_group::X25519;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio_rustls::{TlsAcceptor, TlsConnector, client::TlsStream};

/// How many clients a server has at most.
pub(crate) const CLIENTS: usize = 16;
/// A record of as much data is one record for both.
pub(crate) const LONGEST: usize = 16_384;

/// Who makes secure streams to a server of its own kind.
pub(crate) trait Peer: Send + Sync + 'static {
    type Stream: AsyncRead + AsyncWrite + Unpin + Send;

    /// A stream of one of the clients, which is not connected now.
    fn connect(&self, client: usize) -> impl Future<Output = Self::Stream> + Send;

    /// The socket below.
    fn socket(stream: &Self::Stream) -> &TcpStream;
}

pub(crate) struct Lowkey {
    address: SocketAddr,
    clients: Vec<Client>,
    limits: Limits,
}

impl Lowkey {
    pub(crate) fn start(runtime: &Handle) -> Arc<Self> {
        let mut limits = Limits::default();
        limits.max_frame = LONGEST as u16 + 17; // a kind and a tag
        limits.messages_1_per_second = u32::MAX;
        limits.messages_1_per_second_per_address = u32::MAX;
        let registry = keys::registry(CLIENTS as u32);
        let acceptor = Acceptor::new(keys::server(), registry, limits.clone()).unwrap();
        let clients = (1..=CLIENTS as u32).map(|number| Client::new(number, acceptor.public_key()));
        let clients = clients.collect();
        let mut listener = runtime.block_on(Listener::bind("127.0.0.1:0", acceptor)).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move {
            loop {
                tokio::spawn(echo(listener.accept().await));
            }
        });
        Arc::new(Self { address, clients, limits })
    }
}

impl Peer for Lowkey {
    type Stream = Connection<TcpStream>;

    async fn connect(&self, client: usize) -> Self::Stream {
        let stream = dial(self.address).await;
        connect(stream, self.clients[client].pinning(), &self.limits).await.unwrap()
    }

    fn socket(stream: &Self::Stream) -> &TcpStream {
        stream.stream()
    }
}

pub(crate) struct TokioRustls {
    address: SocketAddr,
    connector: TlsConnector,
}

impl TokioRustls {
    pub(crate) fn start(runtime: &Handle, suite: SupportedCipherSuite) -> Arc<Self> {
        let tls = Tls::new(suite, X25519);
        let acceptor = TlsAcceptor::from(tls.server);
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    stream.set_nodelay(true).unwrap();
                    echo(acceptor.accept(stream).await.unwrap()).await;
                });
            }
        });
        Arc::new(Self { address, connector: TlsConnector::from(tls.client) })
    }
}

impl Peer for TokioRustls {
    type Stream = TlsStream<TcpStream>;

    async fn connect(&self, _any: usize) -> Self::Stream {
        let stream = dial(self.address).await;
        self.connector.connect(name(), stream).await.unwrap()
    }

    fn socket(stream: &Self::Stream) -> &TcpStream {
        stream.get_ref().0
    }
}

async fn dial(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Sends back what comes, until the client is gone.
async fn echo(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let mut buffer = vec![0; LONGEST];
    while let Ok(n @ 1..) = stream.read(&mut buffer).await {
        if stream.write_all(&buffer[..n]).await.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
}
