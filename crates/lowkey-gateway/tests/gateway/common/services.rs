//! Services behind a server, and a server that forwards to them.

use super::{World, tcp_pair};
use lowkey_gateway::forward::{ForwardError, Forwarded, Forwarder};
use lowkey_host::Connection;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;

const LONG: Duration = Duration::from_secs(60);

pub(crate) async fn service() -> (TcpListener, Forwarder) {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let backend = socket.local_addr().unwrap().to_string();
    (socket, Forwarder::new(backend.parse().unwrap()))
}

/// An address where nobody listens, for as long as the socket is there.
pub(crate) fn nobody() -> (TcpSocket, Forwarder) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let backend = socket.local_addr().unwrap().to_string();
    (socket, Forwarder::new(backend.parse().unwrap()))
}

pub(crate) fn serve(
    forwarder: Forwarder,
    connection: Connection<TcpStream>,
) -> JoinHandle<Result<Forwarded, ForwardError>> {
    tokio::spawn(async move { forwarder.serve_tcp(connection).await })
}

pub(crate) async fn expect(io: &mut (impl AsyncReadExt + Unpin), expected: &[u8]) {
    let mut bytes = vec![0; expected.len()];
    timeout(LONG, io.read_exact(&mut bytes)).await.unwrap().unwrap();
    assert_eq!(bytes, expected);
}

/// A device and a server on TCP.
pub(crate) async fn pair() -> (Connection<TcpStream>, Connection<TcpStream>) {
    let (near, far) = tcp_pair().await;
    World::new().join(near, far).await
}
