//! A server whose registry is a file, and what comes of a board that pairs with it.

use lowkey_host::{
    AcceptError, Acceptor, Id, Identity, Limits, NotPaired, Paired, Peer, Pinning, Progress, PublicKey,
    Registry, connect,
};
use lowkey_registry::LiveRegistry;
use lowkey_transport::Error;
use std::fs;
use std::sync::Arc;
use std::time::Duration;
use test_support::folder::{Bench, secret};
use test_support::world::board::{Board, Stop, code};
use tokio::io::{DuplexStream, duplex};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// For how long its windows are open.
pub(super) const MINUTES: Duration = Duration::from_secs(300);

/// The server, in a folder of its own.
pub(super) struct Site {
    pub(super) bench: Bench,
    pub(super) registry: LiveRegistry,
    pub(super) acceptor: Acceptor,
}

impl Site {
    pub(super) fn new() -> Self {
        let bench = Bench::new();
        fs::write(&bench.registry, "# ours\n").unwrap();
        Self::over(bench)
    }

    /// The same after the server was killed.
    pub(super) fn again(self) -> Self {
        let Self { bench, .. } = self;
        Self::over(bench)
    }

    fn over(bench: Bench) -> Self {
        let server = Arc::new(Identity::new(secret(1)).unwrap());
        let registry = LiveRegistry::load(&bench.registry, Arc::clone(&server)).unwrap();
        let acceptor = Acceptor::new(server, registry.clone(), Limits::default()).unwrap();
        acceptor.enrol_in(registry.clone());
        Self { bench, registry, acceptor }
    }

    /// Opens a window for the code on the labels of boards; gives its number.
    pub(super) async fn window(&self) -> u64 {
        self.acceptor.open_window(&code(), "pump-7", MINUTES).await.unwrap()
    }

    /// A stream to the server, and what the server says of it in the end.
    pub(super) fn accept(&self) -> (DuplexStream, JoinHandle<AcceptError>) {
        let (near, far) = duplex(1000);
        let acceptor = self.acceptor.clone();
        (near, tokio::spawn(async move { acceptor.accept(far).await.map(drop).unwrap_err() }))
    }

    /// A board calls and pairs as far as `stop`; what both sides say of it.
    pub(super) async fn pair(&self, board: &Board, stop: Stop) -> (Result<PublicKey, Error>, AcceptError) {
        let (near, accepted) = self.accept();
        let there = board.pair(near, stop).await;
        (there, accepted.await.unwrap())
    }

    /// The server calls a board that waits, with the code on the labels of boards; the call's window, and what both
    /// sides say of it.
    pub(super) async fn call(
        &self,
        board: &Board,
        stop: Stop,
    ) -> (u64, Result<PublicKey, Error>, Result<PublicKey, NotPaired>) {
        let call = self.acceptor.call(&code(), "pump-7").await.unwrap();
        let window = call.number();
        let (near, far) = duplex(1000);
        let (there, here) = tokio::join!(board.answer(near, stop), call.over(far));
        (window, there, here)
    }

    /// Whether the board connects in KK, as the device that the windows are for.
    pub(super) async fn connects(&self, board: &Board) -> bool {
        let peer = Peer::pin(&board.identity, self.acceptor.public_key()).unwrap();
        let pinning = Pinning { id: self.id(board), identity: &board.identity, peer: &peer, psk: None };
        let (near, far) = duplex(1000);
        let (limits, acceptor) = (Limits::default(), self.acceptor.clone());
        let (device, server) = tokio::join!(connect(near, pinning, &limits), acceptor.accept(far));
        assert_eq!(device.is_ok(), server.is_ok());
        server.is_ok_and(|server| server.device().unwrap().name() == "pump-7")
    }

    /// The registry file.
    pub(super) fn text(&self) -> String {
        fs::read_to_string(&self.bench.registry).unwrap()
    }

    pub(super) fn progress(&self, window: u64) -> Progress {
        self.acceptor.window(window).unwrap().progress
    }

    pub(super) fn trouble(&self, window: u64) -> Option<NotPaired> {
        self.acceptor.window(window).unwrap().trouble
    }

    /// What the registry in force says of the board's pairing.
    pub(super) fn paired(&self, board: &Board) -> Option<Paired> {
        self.registry.lookup(&self.id(board))?.paired()
    }

    /// Waits until the row is final in the file.
    pub(super) async fn until_final(&self) {
        self.until(|| !self.text().contains("pending")).await;
    }

    pub(super) async fn until(&self, has_come: impl Fn() -> bool) {
        let wait = async {
            while !has_come() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(Duration::from_secs(60), wait).await.unwrap();
    }

    fn id(&self, board: &Board) -> Id {
        Id::of_pinning(&board.key(), &self.acceptor.public_key())
    }
}
