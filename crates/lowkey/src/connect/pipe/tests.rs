//! How both ends come out, with a clock that stands still and a server at the other end of a pipe in memory.

use super::*;
use lowkey_host::{
    Acceptor, Device, Devices, Id, Identity, Limits, Peer, Pinned, Pinning, PublicKey, Secret, connect,
};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex, empty};

type Open = Connection<DuplexStream>;

/// Both ends of a channel; the device takes messages of at most `LONGEST` bytes.
async fn pair() -> (Open, Open) {
    let server = Arc::new(Identity::new(Secret::new([1; 32])).unwrap());
    let device = Identity::new(Secret::new([2; 32])).unwrap();
    let pinned = Pinned::new(Device::new("desk").unwrap(), &server, device.public_key()).unwrap();
    let devices = Devices::new([pinned]).unwrap();
    let acceptor = Acceptor::new(Arc::clone(&server), devices, Limits::default()).unwrap();
    let key: PublicKey = server.public_key();
    let peer = Peer::pin(&device, key).unwrap();
    let id = Id::of_pinning(&device.public_key(), &key);
    let pinning = Pinning { id, identity: &device, peer: &peer, psk: None };
    let mut limits = Limits::default();
    limits.max_message = LONGEST;
    let (near, far) = duplex(64 * 1024);
    let (device, server) = tokio::join!(connect(near, pinning, &limits), acceptor.accept(far));
    (device.unwrap(), server.unwrap())
}

const LONGEST: usize = 100;

/// What a device with this input comes to, what it prints, and when.
async fn ends<I: AsyncRead + Unpin>(device: Open, input: I) -> (Result<(), Failure>, Vec<u8>) {
    let mut printed = Vec::new();
    let ended = pipe(device, LONGEST, input, &mut printed).await;
    (ended, printed)
}

/// An input that stays open, with these bytes in it.
async fn open(bytes: &[u8]) -> (DuplexStream, DuplexStream) {
    let (mut writer, reader) = duplex(4096);
    writer.write_all(bytes).await.unwrap();
    (writer, reader)
}

fn code(ended: Result<(), Failure>) -> (Option<Exit>, String) {
    let failure = ended.err();
    let said = failure.as_ref().map(Failure::to_string).unwrap_or_default();
    (failure.map(|failure| failure.exit), said)
}

/// Reads until the device has closed, or has gone.
async fn see_off(mut server: Open) {
    while let Ok(Some(_)) = server.recv().await {}
}

#[tokio::test(start_paused = true)]
async fn an_input_that_ends_ends_one_direction_only() {
    let (device, mut server) = pair().await;
    let serving = async {
        assert_eq!(server.recv().await.unwrap().unwrap(), b"report");
        assert_eq!(server.recv().await.unwrap(), None);
        server.send(b"noted").await.unwrap();
        server.close().await.unwrap();
    };
    let ((ended, printed), ()) = tokio::join!(ends(device, &b"report"[..]), serving);
    ended.unwrap();
    assert_eq!(printed, b"noted");
}

#[tokio::test(start_paused = true)]
async fn the_server_s_close_ends_it_although_the_input_is_open() {
    let (device, mut server) = pair().await;
    let (_held, input) = open(b"question").await;
    let serving = async {
        assert_eq!(server.recv().await.unwrap().unwrap(), b"question");
        server.send(b"answer").await.unwrap();
        server.close().await.unwrap();
        see_off(server).await;
    };
    let ((ended, printed), ()) = tokio::join!(ends(device, input), serving);
    ended.unwrap();
    assert_eq!(printed, b"answer");
}

/// A service that only takes, and closes when it has enough.
#[tokio::test(start_paused = true)]
async fn what_the_server_has_read_before_it_closed_is_taken() {
    let (device, mut server) = pair().await;
    let (mut held, input) = open(b"").await;
    let serving = async {
        server.send(b"ready").await.unwrap();
        server.flush().await.unwrap();
        held.write_all(b"report").await.unwrap();
        assert_eq!(server.recv().await.unwrap().unwrap(), b"report");
        // The PING behind it is answered.
        let _ = tokio::time::timeout(Duration::from_millis(10), server.recv()).await;
        server.close().await.unwrap();
        see_off(server).await;
    };
    let ((ended, _), ()) = tokio::join!(ends(device, input), serving);
    ended.unwrap();
}

/// As a server does that has no seat: it closes before it reads.
#[tokio::test(start_paused = true)]
async fn a_server_that_closes_and_has_not_read_what_was_sent_is_an_error_of_its_own() {
    for is_held in [true, false] {
        let (device, mut server) = pair().await;
        let serving = async {
            server.close().await.unwrap();
            see_off(server).await;
        };
        let (held, input) = open(b"report").await;
        let held = is_held.then_some(held);
        let ((ended, _), ()) = tokio::join!(ends(device, input), serving);
        let (exit, said) = code(ended);
        assert_eq!(exit, Some(Exit::Untaken), "{said}");
        assert!(said.contains("the last 6 of 6 bytes"), "{said}");
        drop(held);
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_closes_and_said_nothing_is_one_too() {
    let (device, mut server) = pair().await;
    let serving = async {
        server.close().await.unwrap();
        see_off(server).await;
    };
    let ((ended, _), ()) = tokio::join!(ends(device, empty()), serving);
    let (exit, said) = code(ended);
    assert_eq!(exit, Some(Exit::Untaken));
    assert!(said.contains("said nothing"), "{said}");
}

/// The rest of the input goes out: the server's direction has ended, not ours. But whether it was taken nobody says.
#[tokio::test(start_paused = true)]
async fn what_is_sent_after_the_server_s_close_is_sent_and_not_known_to_be_taken() {
    let (device, mut server) = pair().await;
    let (mut held, input) = open(b"").await;
    let serving = async {
        server.send(b"welcome").await.unwrap();
        server.close().await.unwrap();
        held.write_all(b"late").await.unwrap();
        let heard = server.recv().await.unwrap();
        see_off(server).await;
        heard
    };
    let ((ended, printed), heard) = tokio::join!(ends(device, input), serving);
    assert_eq!((printed, heard), (b"welcome".to_vec(), Some(b"late".to_vec())));
    assert_eq!(code(ended).0, Some(Exit::Untaken));
}

#[tokio::test(start_paused = true)]
async fn a_write_that_fails_hides_nothing_that_the_server_said() {
    let (device, mut server) = pair().await;
    server.send(b"no seat").await.unwrap();
    server.close().await.unwrap();
    drop(server); // from here on nothing can be written
    let (ended, printed) = ends(device, &b"report"[..]).await;
    assert_eq!(printed, b"no seat");
    let (exit, said) = code(ended);
    assert_eq!(exit, Some(Exit::Untaken), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_is_cut_is_broken_whatever_was_taken() {
    let (device, server) = pair().await;
    drop(server);
    let (ended, _) = ends(device, &b"report"[..]).await;
    assert_eq!(code(ended).0, Some(Exit::Broken));
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_too_long_is_said_with_the_limit() {
    let (device, mut server) = pair().await;
    server.send(&[b'x'; LONGEST + 1]).await.unwrap();
    server.flush().await.unwrap();
    let (_held, input) = open(b"").await;
    let (ended, _) = ends(device, input).await;
    let (exit, said) = code(ended);
    assert_eq!(exit, Some(Exit::Broken));
    assert!(said.contains("100 bytes; --max-message"), "{said}");
}

/// An echo: what comes while more is on its way is no answer to that.
#[tokio::test(start_paused = true)]
async fn megabytes_go_out_and_come_back() {
    let (device, mut server) = pair().await;
    let sent: Vec<u8> = (0..3_000_000_u32).map(|n| (n >> 7) as u8).collect();
    let serving = async {
        let mut heard = [0; LONGEST];
        loop {
            let n = server.read(&mut heard).await.unwrap();
            if n == 0 {
                return server.close().await.unwrap();
            }
            server.write_all(&heard[..n]).await.unwrap();
            server.flush().await.unwrap(); // more of it would gather to a message that is too long here
        }
    };
    let ((ended, printed), ()) = tokio::join!(ends(device, &sent[..]), serving);
    ended.unwrap();
    assert!(printed == sent);
}
