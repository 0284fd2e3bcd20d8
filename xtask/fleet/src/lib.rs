//! What fleets on loopback are made of, whatever is tried with them: boards and their keys, and `lowkey serve`.

pub mod admin;
pub mod board;
pub mod server;

use tokio::signal::unix::{SignalKind, signal};
use xtask::command::Result;

/// Until somebody has had enough.
///
/// # Errors
/// There are no signals here.
pub async fn stop() -> Result<()> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => (),
        _ = terminate.recv() => (),
    }
    Ok(())
}
