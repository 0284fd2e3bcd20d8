//! The admin listener on a loopback port, for a browser and a Prometheus: the server itself has it on a Unix socket. To
//! look, and no more: what changes something is for the socket.

use std::{io, net::SocketAddr, path::PathBuf};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream, UnixStream},
};

pub(crate) struct Window {
    pub(crate) address: SocketAddr,
}

impl Window {
    /// # Errors
    /// No port is free.
    pub(crate) async fn open(admin: PathBuf) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let admin = admin.clone();
                tokio::spawn(async move {
                    let _ = look(stream, admin).await; // whoever asked has gone
                });
            }
        });
        Ok(Self { address })
    }
}

async fn look(mut stream: TcpStream, admin: PathBuf) -> io::Result<()> {
    let mut method = [0; GET.len()];
    stream.read_exact(&mut method).await?;
    if method != *GET {
        return Ok(());
    }
    let mut admin = UnixStream::connect(admin).await?;
    admin.write_all(&method).await?;
    copy_bidirectional(&mut stream, &mut admin).await.map(drop)
}

const GET: &[u8; 4] = b"GET ";
