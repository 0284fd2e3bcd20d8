//! The service behind: it sends back what comes, and can be taken away. On a Unix socket, so that nobody else takes its
//! address meanwhile.

use std::{fs, io, path::PathBuf};
use tokio::{
    io::{copy, split},
    net::UnixListener,
    task::{JoinHandle, JoinSet},
};

pub(crate) struct Service {
    path: PathBuf,
    running: Option<JoinHandle<()>>,
}

impl Service {
    /// # Errors
    /// The socket cannot be bound.
    pub(crate) fn begin(path: PathBuf) -> io::Result<Self> {
        let mut service = Self { path, running: None };
        service.resume()?;
        Ok(service)
    }

    pub(crate) fn is_up(&self) -> bool {
        self.running.is_some()
    }

    /// Cuts all connections off, and takes no more.
    pub(crate) fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.abort();
        }
        let _ = fs::remove_file(&self.path); // it may never have been there
    }

    /// # Errors
    /// The socket cannot be bound.
    pub(crate) fn resume(&mut self) -> io::Result<()> {
        let listener = UnixListener::bind(&self.path)?;
        self.running = Some(tokio::spawn(serve(listener)));
        Ok(())
    }
}

async fn serve(listener: UnixListener) {
    // Dropped with this task, and with it all of them.
    let mut sessions = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { return };
        while sessions.try_join_next().is_some() {}
        sessions.spawn(async move {
            let (mut from, mut to) = split(stream);
            let _ = copy(&mut from, &mut to).await; // a device that breaks off
        });
    }
}
