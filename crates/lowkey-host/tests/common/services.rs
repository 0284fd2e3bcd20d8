//! Services behind a server, and a server that forwards to them.

use lowkey_host::Connection;
use lowkey_host::forward::{ForwardError, Forwarded, Forwarder};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;

const LONG: Duration = Duration::from_secs(60);

pub async fn service() -> (TcpListener, Forwarder) {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let backend = socket.local_addr().unwrap().to_string();
    (socket, Forwarder::new(backend.parse().unwrap()))
}

pub fn serve(
    forwarder: Forwarder,
    connection: Connection<TcpStream>,
) -> JoinHandle<Result<Forwarded, ForwardError>> {
    tokio::spawn(async move { forwarder.serve_tcp(connection).await })
}

pub async fn expect(io: &mut (impl AsyncReadExt + Unpin), expected: &[u8]) {
    let mut bytes = vec![0; expected.len()];
    timeout(LONG, io.read_exact(&mut bytes)).await.unwrap().unwrap();
    assert_eq!(bytes, expected);
}
