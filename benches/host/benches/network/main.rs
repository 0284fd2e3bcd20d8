//! Handshakes and echoes over loopback TCP, next to tokio-rustls.
//!
//! Servers run on two threads of their own, as many as the clients have; both sides without Nagle's delay. Everybody
//! is driven by the same code, through `AsyncRead` and `AsyncWrite`. TLS has X25519 alone, as we have.

mod echo;
mod handshake;
#[path = "../common/keys.rs"]
mod keys;
mod peers;
#[path = "../common/tls.rs"]
mod tls;

use peers::{Lowkey, TokioRustls};
use rustls::crypto::aws_lc_rs::cipher_suite::{TLS13_AES_256_GCM_SHA384, TLS13_CHACHA20_POLY1305_SHA256};
use std::sync::Arc;
use tokio::runtime::{Builder, Runtime};

fn main() {
    let [servers, clients] = [(); 2].map(|()| Arc::new(two_threads()));
    let at = servers.handle();
    let lowkey = Lowkey::start(at);
    let chacha = TokioRustls::start(at, TLS13_CHACHA20_POLY1305_SHA256);
    let aes = TokioRustls::start(at, TLS13_AES_256_GCM_SHA384);
    handshake::print(&clients, &lowkey, &chacha);
    echo::print(&clients, &lowkey, &chacha, &aes);
}

fn two_threads() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}
