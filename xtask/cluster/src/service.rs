//! The service behind a gateway: it sends back what comes, and says to whoever asks which gateway it is behind.

use std::{io, path::Path};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
    task::{JoinHandle, JoinSet},
};

/// It ends with the value.
pub(crate) struct Service(JoinHandle<()>);

impl Service {
    /// # Errors
    /// The socket cannot be bound.
    pub(crate) fn begin(path: &Path, gateway: &'static str) -> io::Result<Self> {
        let listener = UnixListener::bind(path)?;
        Ok(Self(tokio::spawn(async move {
            let mut sessions = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                while sessions.try_join_next().is_some() {}
                sessions.spawn(serve(stream, gateway));
            }
        })))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn serve(mut stream: UnixStream, gateway: &str) {
    let mut bytes = vec![0; 16 * 1024];
    // Who asks says nothing else until it is answered.
    while let Ok(read @ 1..) = stream.read(&mut bytes).await {
        let said = if &bytes[..read] == WHO { gateway.as_bytes() } else { &bytes[..read] };
        if stream.write_all(said).await.is_err() {
            break;
        }
    }
}

/// The question.
pub(crate) const WHO: &[u8] = b"which gateway is this?";
