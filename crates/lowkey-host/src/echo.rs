//! The simplest service: for trials of devices, and as the shape of another one.

use crate::connection::Connection;
use crate::error::Error;
use lowkey_transport::Error as ChannelError;
use tokio::io::{AsyncRead, AsyncWrite};

/// Sends every message back as it came, until the peer closes; then closes. When the server
/// [stops](crate::Acceptor::stop), what the peer still says is heard and not answered.
///
/// # Cancel safety
/// Dropped, a message of more than one record can be left unfinished; drop the connection as well, or
/// [`close`](Connection::close) it.
///
/// # Errors
/// What ended the connection, which the log says as well.
pub async fn echo<Io: AsyncRead + AsyncWrite + Unpin>(connection: &mut Connection<Io>) -> Result<(), Error> {
    let echoed = try_echo(connection).await;
    if let Err(error) = &echoed {
        connection.broke(error);
    }
    echoed
}

async fn try_echo<Io: AsyncRead + AsyncWrite + Unpin>(connection: &mut Connection<Io>) -> Result<(), Error> {
    let mut message = Vec::new();
    while connection.recv_into(&mut message).await? {
        match connection.send(&message).await {
            Ok(()) | Err(Error::Channel(ChannelError::Closed)) => (),
            Err(error) => return Err(error),
        }
    }
    connection.close().await
}
