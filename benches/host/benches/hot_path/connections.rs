//! Two connections that talk to each other.

use crate::keys::{self, Client};
use crate::pipe::{Pipe, pipe};
use lowkey_host::{Acceptor, Connection, Limits, connect};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub(crate) async fn over_a_pipe() -> (Connection<Pipe>, Connection<Pipe>) {
    let (near, far) = pipe();
    join(near, far).await
}

pub(crate) async fn over_tcp() -> (Connection<TcpStream>, Connection<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (far, _) = listener.accept().await.unwrap();
    near.set_nodelay(true).unwrap();
    far.set_nodelay(true).unwrap();
    join(near, far).await
}

async fn join<Io: AsyncRead + AsyncWrite + Unpin>(near: Io, far: Io) -> (Connection<Io>, Connection<Io>) {
    let mut limits = Limits::default();
    limits.max_frame = 16_384 + 17;
    let acceptor = Acceptor::new(keys::server(), keys::registry(1), limits.clone()).unwrap();
    let client = Client::new(1, acceptor.public_key());
    let (device, server) = tokio::join!(connect(near, client.pinning(), &limits), acceptor.accept(far));
    (device.unwrap(), server.unwrap())
}

/// Messages there and back, as a stream.
pub(crate) async fn streams<Io: AsyncRead + AsyncWrite + Unpin>(
    device: &mut Connection<Io>,
    server: &mut Connection<Io>,
    message: &[u8],
    buffer: &mut [u8],
    rounds: u32,
) {
    for _ in 0..rounds {
        device.write_all(message).await.unwrap();
        device.flush().await.unwrap();
        server.read_exact(buffer).await.unwrap();
        server.write_all(buffer).await.unwrap();
        server.flush().await.unwrap();
        device.read_exact(buffer).await.unwrap();
    }
}

/// Messages there and back, as messages.
pub(crate) async fn messages<Io: AsyncRead + AsyncWrite + Unpin>(
    device: &mut Connection<Io>,
    server: &mut Connection<Io>,
    message: &[u8],
    rounds: u32,
) {
    for _ in 0..rounds {
        device.send(message).await.unwrap();
        device.flush().await.unwrap();
        let heard = server.recv().await.unwrap().unwrap();
        server.send(&heard).await.unwrap();
        server.flush().await.unwrap();
        device.recv().await.unwrap().unwrap();
    }
}

/// The same into memory that is used again.
pub(crate) async fn messages_into<Io: AsyncRead + AsyncWrite + Unpin>(
    device: &mut Connection<Io>,
    server: &mut Connection<Io>,
    message: &[u8],
    heard: &mut Vec<u8>,
    rounds: u32,
) {
    for _ in 0..rounds {
        device.send(message).await.unwrap();
        device.flush().await.unwrap();
        assert!(server.recv_into(heard).await.unwrap());
        server.send(heard).await.unwrap();
        server.flush().await.unwrap();
        assert!(device.recv_into(heard).await.unwrap());
    }
}
