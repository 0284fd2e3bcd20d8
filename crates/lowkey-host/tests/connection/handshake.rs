//! What recordings, slow peers and those that come too many get.

use lowkey_host::{
    AcceptError, ChannelError, Device, Error, Hello, Id, Limits, Mode, Peer, Pinned, Refusal, connect,
};
use lowkey_transport::Step;
use std::convert::Infallible;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use test_support::world::{Dribble, Party, Raw, World, answer, until_end};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::time::{Instant, sleep, timeout};

const REFUSED: &[u8] = &[0, 1, 4];
const BUSY: &[u8] = &[0, 1, 3];
const OTHER_MODE: &[u8] = &[0, 1, 2];
const OTHER_VERSION: &[u8] = &[0, 1, 1];

fn frame(body: &[u8]) -> Vec<u8> {
    let mut frame = u16::try_from(body.len()).unwrap().to_be_bytes().to_vec();
    frame.extend_from_slice(body);
    frame
}

#[tokio::test]
async fn another_version_is_told_so() {
    let (mut bytes, _) = World::new().device().message_1();
    bytes[2] = 2;
    let (answer, accepted, stats) = answer(&World::new(), &bytes).await;
    assert_eq!(answer, OTHER_VERSION);
    assert!(matches!(accepted, Err(AcceptError::Refused(Refusal::VERSION))));
    assert_eq!((stats.accepted, stats.refused_version), (1, 1));
}

#[tokio::test]
async fn modes_that_are_not_offered_are_told_so_whatever_the_id() {
    for mode in [3, 4, 0, 99] {
        let world = World::new();
        for id in [world.device().id.as_bytes(), b"unknown"] {
            let mut hello = vec![1, mode, id.len() as u8];
            hello.extend_from_slice(id);
            hello.extend([9; 32]);
            let (answer, accepted, stats) = answer(&world, &frame(&hello)).await;
            assert_eq!(answer, OTHER_MODE, "mode {mode}");
            assert!(matches!(accepted, Err(AcceptError::Refused(Refusal::MODE))));
            assert_eq!(stats.refused_mode, 1);
        }
    }
}

#[tokio::test]
async fn a_malformed_hello_is_hung_up_on() {
    let malformed: [&[u8]; 6] =
        [&[1], &[1, 1], &[1, 1, 0], &[1, 1, 33, 9], &[1, 1, 8, 9, 9], b"\x01\x02\x00 and no id"];
    for hello in malformed {
        let (answer, accepted, stats) = answer(&World::new(), &frame(hello)).await;
        assert_eq!(answer, b"", "{hello:?}");
        assert!(matches!(accepted, Err(AcceptError::Failed(Error::Channel(ChannelError::Hello)))));
        assert_eq!(stats.failed, 1);
    }
    for (first, error) in [
        (&b"GET / HTTP/1.1\r\n\r\n"[..], ChannelError::FrameTooLong),
        (&[0, 0], ChannelError::EmptyFrame),
        (&[0, 161, 1], ChannelError::FrameTooLong),
    ] {
        let (answer, accepted, _) = answer(&World::new(), first).await;
        assert_eq!(answer, b"");
        let Err(AcceptError::Failed(Error::Channel(found))) = accepted else { panic!("{accepted:?}") };
        assert_eq!(found, error);
    }
}

#[tokio::test]
async fn an_initiator_hears_why_it_was_refused_and_tries_nothing_else() {
    let world = World::new();
    let (near, far) = duplex(1000);
    let acceptor = world.acceptor();
    let stranger = Party::new(world.server.public_key());
    let (connected, accepted) = tokio::join!(stranger.connect(near), acceptor.accept(far));
    let error = connected.unwrap_err();
    assert!(matches!(error, Error::Channel(ChannelError::Refused(Refusal::REFUSED))), "{error}");
    assert!(accepted.is_err());
}

#[tokio::test]
async fn an_initiator_with_another_server_key_is_not_fooled() {
    let world = World::new();
    let (near, mut far) = duplex(1000);
    // Somebody else's message 2.
    let other = World::new();
    let (mut there, their_server) = duplex(1000);
    there.write_all(&other.device().message_1().0).await.unwrap();
    let acceptor = other.acceptor();
    tokio::spawn(async move { acceptor.accept(their_server).await.map(drop) });
    let mut message_2 = vec![0; 52];
    there.read_exact(&mut message_2).await.unwrap();
    far.write_all(&message_2).await.unwrap();
    let error = world.device().connect(near).await.unwrap_err();
    assert!(matches!(error, Error::Channel(ChannelError::Handshake)), "{error}");
}

#[tokio::test]
async fn a_recording_delivers_nothing_ends_nothing_and_is_counted() {
    let world = World::new();
    let (mut listener, address) = world.listener().await;
    let acceptor = listener.acceptor().clone();
    let (message_1, link) = world.device().message_1();

    // The live session, with the bytes that somebody records.
    let mut raw = Raw { io: tokio::net::TcpStream::connect(address).await.unwrap(), link };
    raw.io.write_all(&message_1).await.unwrap();
    let handshake = async {
        while raw.link.step().unwrap() != Step::Done {
            raw.flush().await;
            if raw.link.step() == Ok(Step::Read) {
                raw.read().await;
            }
        }
    };
    let ((), mut live) = tokio::join!(handshake, listener.accept());
    let others = tokio::spawn(async move { listener.accept().await.device().unwrap().name().to_owned() });

    // The recording: message 2 comes, since message 1 opens; then whatever the thief makes up.
    for (n, then) in (1..).zip([&b""[..], &frame(&[0; 20]), &frame(b"\x00 not sealed by anybody")]) {
        let mut thief = tokio::net::TcpStream::connect(address).await.unwrap();
        thief.write_all(&message_1).await.unwrap();
        let mut message_2 = [0; 52];
        thief.read_exact(&mut message_2).await.unwrap();
        thief.write_all(then).await.unwrap();
        thief.shutdown().await.unwrap();
        while acceptor.stats().unconfirmed < n {
            sleep(Duration::from_millis(1)).await;
        }
    }
    assert!(!others.is_finished(), "a recording became a session");
    let stats = acceptor.stats();
    assert_eq!((stats.accepted, stats.confirmed, stats.unconfirmed, stats.sessions), (4, 1, 3, 1));
    assert_eq!(stats.sessions_displaced, 0);

    assert!(raw.link.send(b"still here").unwrap().is_ready());
    raw.flush().await;
    assert_eq!(live.recv().await.unwrap().unwrap(), b"still here");
}

#[tokio::test]
async fn a_new_session_displaces_the_old_one_only_when_it_is_confirmed() {
    let world = World::new();
    let acceptor = world.acceptor();
    let (near, far) = duplex(1000);
    let (old_device, old) = tokio::join!(world.device().connect(near), acceptor.accept(far));
    let (mut old_device, mut old) = (old_device.unwrap(), old.unwrap());

    let (near, far) = duplex(1000);
    let accepting = tokio::spawn({
        let acceptor = acceptor.clone();
        async move { acceptor.accept(far).await }
    });
    let mut raw = Raw::unconfirmed(world.device(), near).await;
    old_device.send(b"before").await.unwrap();
    assert_eq!(old.recv().await.unwrap().unwrap(), b"before");
    assert_eq!(acceptor.stats().sessions_displaced, 0);

    let waiting = tokio::spawn(async move { (old.recv().await, old) });
    tokio::task::yield_now().await;
    raw.flush().await; // the confirming record
    let new = accepting.await.unwrap().unwrap();
    let (ended, mut old) = timeout(Duration::from_secs(5), waiting).await.unwrap().unwrap();
    assert!(matches!(ended, Err(Error::Displaced)));
    assert!(matches!(old.send(b"x").await, Err(Error::Displaced)));
    assert!(matches!(old.close().await, Err(Error::Displaced)));
    assert_eq!(old.read(&mut [0; 9]).await.unwrap_err().kind(), std::io::ErrorKind::ConnectionAborted);
    let stats = acceptor.stats();
    assert_eq!((stats.sessions, stats.sessions_displaced, stats.confirmed), (1, 1, 2));

    drop(old);
    assert_eq!(acceptor.stats().sessions, 1, "the old one has no seat to free");
    drop(new);
    assert_eq!(acceptor.stats().sessions, 0);
}

#[tokio::test(start_paused = true)]
async fn one_deadline_counts_for_the_whole_handshake() {
    // Silence.
    let world = World::new();
    let acceptor = world.acceptor();
    let begun = Instant::now();
    let (_near, far) = duplex(1000);
    assert!(matches!(acceptor.accept(far).await, Err(AcceptError::TimedOut)));
    assert_eq!(begun.elapsed().as_secs(), 10);
    assert_eq!(acceptor.stats().timed_out, 1);

    // A byte every second.
    let begun = Instant::now();
    let (mut near, far) = duplex(1000);
    let (first, _link) = world.device().message_1();
    let dribbling = tokio::spawn(async move {
        for byte in first {
            sleep(Duration::from_secs(1)).await;
            if near.write_all(&[byte]).await.is_err() {
                break;
            }
        }
    });
    assert!(matches!(acceptor.accept(far).await, Err(AcceptError::TimedOut)));
    assert_eq!(begun.elapsed().as_secs(), 10);
    assert_eq!(acceptor.stats().timed_out, 2);
    dribbling.abort();

    // All but the confirming record, and message 1 late.
    let begun = Instant::now();
    let (near, far) = duplex(1000);
    let late = async {
        sleep(Duration::from_secs(9)).await;
        Raw::unconfirmed(world.device(), near).await
    };
    let (accepted, _raw) = tokio::join!(acceptor.accept(far), late);
    assert!(matches!(accepted, Err(AcceptError::TimedOut)));
    assert_eq!(begun.elapsed().as_secs(), 10);
    let stats = acceptor.stats();
    assert_eq!((stats.timed_out, stats.unconfirmed), (2, 1));
}

#[tokio::test]
async fn a_handshake_without_a_deadline_is_taken_for_one_with_a_late_one() {
    let mut world = World::new();
    world.limits.handshake = Duration::MAX;
    let acceptor = world.acceptor();
    let (near, far) = duplex(1000);
    let (device, session) =
        tokio::join!(connect(near, world.device().pinning(), &world.limits), acceptor.accept(far));
    device.unwrap();
    session.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_initiator_waits_no_longer_than_its_deadline() {
    let world = World::new();
    let (near, _far) = duplex(1000);
    let begun = Instant::now();
    assert!(matches!(world.device().connect(near).await, Err(Error::TimedOut)));
    assert_eq!(begun.elapsed().as_secs(), 10);
}

#[tokio::test]
async fn a_handshake_in_dribs_and_drabs_succeeds() {
    let world = World::new();
    let (near, far) = duplex(1);
    let (mut near, mut far) = world.join(Dribble::new(near), Dribble::new(far)).await;
    let (sent, received) = tokio::join!(
        async {
            near.send(b"x").await.unwrap();
            near.flush().await
        },
        far.recv()
    );
    sent.unwrap();
    assert_eq!(received.unwrap().unwrap(), b"x");
}

#[tokio::test]
async fn data_right_behind_the_confirming_record_is_kept() {
    let world = World::new();
    let (near, far) = duplex(1000);
    let acceptor = world.acceptor();
    let sending = async {
        let mut raw = Raw::unconfirmed(world.device(), near).await;
        let mut bytes = raw.link.unsent().unwrap().to_vec();
        raw.link.on_write(Ok::<_, Infallible>(bytes.len())).unwrap();
        assert!(raw.link.send(b"at once").unwrap().is_ready());
        bytes.extend_from_slice(raw.link.unsent().unwrap());
        raw.io.write_all(&bytes).await.unwrap();
        raw
    };
    let (_raw, accepted) = tokio::join!(sending, acceptor.accept(far));
    assert_eq!(accepted.unwrap().recv().await.unwrap().unwrap(), b"at once");
}

/// Connects, and says whether the server closed at once.
async fn is_closed(acceptor: &lowkey_host::Acceptor, party: &Party) -> bool {
    let (near, far) = duplex(1000);
    let hearing = async { party.connect(near).await.unwrap().recv().await.unwrap().is_none() };
    let (is_closed, accepted) = tokio::join!(hearing, acceptor.accept(far));
    assert!(matches!(accepted, Err(AcceptError::Refused(Refusal::BUSY))));
    is_closed
}

#[tokio::test]
async fn sessions_full_a_device_takes_the_seat_of_its_own_dead_session() {
    let mut world = World::with_devices(2);
    world.limits.sessions = 1;
    let acceptor = world.acceptor();
    // The first device vanishes without a word; the server holds on to its session.
    let (near, far) = duplex(1000);
    let (gone, dead) = tokio::join!(world.devices[0].connect(near), acceptor.accept(far));
    let (_gone, mut dead) = (gone.unwrap(), dead.unwrap());

    let (near, far) = duplex(1000);
    let (again, seated) = tokio::join!(world.devices[0].connect(near), acceptor.accept(far));
    let (_again, _seated) = (again.unwrap(), seated.unwrap());
    assert!(matches!(dead.recv().await, Err(Error::Displaced)));
    let stats = acceptor.stats();
    assert_eq!((stats.sessions, stats.sessions_displaced, stats.refused_busy), (1, 1, 0));
}

#[tokio::test]
async fn sessions_full_a_new_device_is_closed_a_stranger_refused_and_a_place_gets_free() {
    let mut world = World::with_devices(2);
    world.limits.sessions = 1;
    let acceptor = world.acceptor();
    let (near, far) = duplex(1000);
    let (first, seated) = tokio::join!(world.devices[0].connect(near), acceptor.accept(far));
    let (_first, seated) = (first.unwrap(), seated.unwrap());

    assert!(is_closed(&acceptor, &world.devices[1]).await);
    let (mut near, far) = duplex(1000);
    near.write_all(&Party::new(world.server.public_key()).message_1().0).await.unwrap();
    let (answer, accepted) = tokio::join!(async move { until_end(&mut near).await }, acceptor.accept(far));
    assert_eq!(answer, REFUSED, "a stranger does not learn that seats are taken");
    assert!(matches!(accepted, Err(AcceptError::Refused(Refusal::REFUSED))));

    drop(seated);
    let (near, far) = duplex(1000);
    let (second, seated) = tokio::join!(world.devices[1].connect(near), acceptor.accept(far));
    second.unwrap();
    seated.unwrap();
    let stats = acceptor.stats();
    assert_eq!((stats.refused_busy, stats.refused), (1, 1));
}

#[tokio::test(start_paused = true)] // a CLOSE has time to arrive
async fn when_sessions_fill_meanwhile_the_late_one_is_closed() {
    let mut world = World::with_devices(2);
    world.limits.sessions = 1;
    let acceptor = world.acceptor();
    let (near, far) = duplex(1000);
    let late = tokio::spawn({
        let acceptor = acceptor.clone();
        async move { acceptor.accept(far).await.map(drop) }
    });
    let mut raw = Raw::unconfirmed(&world.devices[0], near).await;
    let (near, far) = duplex(1000);
    let (first, seated) = tokio::join!(world.devices[1].connect(near), acceptor.accept(far));
    let (_first, _seated) = (first.unwrap(), seated.unwrap());
    raw.flush().await;
    assert!(matches!(late.await.unwrap(), Err(AcceptError::Refused(Refusal::BUSY))));
    while raw.link.receive() == Ok(Poll::Pending) {
        raw.read().await;
    }
    assert_eq!(raw.link.receive(), Ok(Poll::Ready(None)));
}

#[tokio::test]
async fn too_many_messages_1_in_a_second_are_busy_before_the_id_is_looked_at() {
    let mut world = World::new();
    world.limits.messages_1_per_second = 2;
    let acceptor = world.acceptor();
    let mut answers = Vec::new();
    for _ in 0..4 {
        let (mut near, far) = duplex(1000);
        near.write_all(&Party::new(world.server.public_key()).message_1().0).await.unwrap();
        let (answer, _) = tokio::join!(async move { until_end(&mut near).await }, acceptor.accept(far));
        answers.push(answer);
    }
    assert_eq!(answers, [REFUSED, REFUSED, BUSY, BUSY]);
}

#[tokio::test]
async fn a_caller_that_asks_elsewhere_chooses_after_the_hello() {
    let world = World::new();
    let acceptor = world.acceptor();
    let key = world.device().identity.public_key();
    let elsewhere = Arc::new(Pinned::new(Device::new("elsewhere").unwrap(), &world.server, key).unwrap());

    // Accepted with a device that the registry does not know by that name.
    let (near, far) = duplex(1000);
    let asking = async {
        let lazy = acceptor.start(far).await.unwrap();
        assert_eq!(lazy.hello(), Some(&Hello { mode: Mode::Kk, id: Some(world.device().id) }));
        lazy.accept_with(Arc::clone(&elsewhere)).await
    };
    let (near, accepted) = tokio::join!(world.device().connect(near), asking);
    near.unwrap();
    assert_eq!(accepted.unwrap().device().unwrap().name(), "elsewhere");

    // Refused, turned away, and another mode than the device's.
    let psk = Pinned::new(Device::new("psk").unwrap(), &world.server, key).unwrap();
    let psk = Arc::new(psk.with_psk(lowkey_host::Psk::new(test_support::world::secret()).unwrap()));
    for (what, expected) in [(0, BUSY), (1, REFUSED), (2, REFUSED)] {
        let (mut near, far) = duplex(1000);
        near.write_all(&world.device().message_1().0).await.unwrap();
        let choosing = async {
            let lazy = acceptor.start(far).await.unwrap();
            match what {
                0 => lazy.refuse(Refusal::BUSY).await,
                1 => lazy.turn_away().await,
                _ => lazy.accept_with(Arc::clone(&psk)).await.map(drop).unwrap_err(),
            }
        };
        let (answer, error) = tokio::join!(async move { until_end(&mut near).await }, choosing);
        assert_eq!(answer, expected);
        assert!(matches!(error, AcceptError::Refused(_)));
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_is_dropped_is_counted() {
    let world = World::new();
    let acceptor = world.acceptor();
    let (_near, far) = duplex(1000);
    assert!(timeout(Duration::from_millis(10), acceptor.accept(far)).await.is_err());
    let (near, far) = duplex(1000);
    let accepting = timeout(Duration::from_millis(300), acceptor.accept(far));
    let (accepted, _raw) = tokio::join!(accepting, Raw::unconfirmed(world.device(), near));
    assert!(accepted.is_err());
    let stats = acceptor.stats();
    assert_eq!((stats.accepted, stats.abandoned, stats.unconfirmed), (2, 1, 1));
}

#[tokio::test]
async fn id_texts_and_pinnings_of_a_peer_that_is_ourselves_cannot_be_made() {
    let identity = test_support::world::identity();
    assert!(Peer::pin(&identity, identity.public_key()).is_err());
    assert!(Pinned::new(Device::new("me").unwrap(), &identity, identity.public_key()).is_err());
    assert!(Id::new(&[]).is_none());
    assert_eq!(lowkey_host::parse_id("pump-7"), Id::new(b"pump-7"));
    assert_eq!(lowkey_host::parse_id("0x00ff"), Id::new(&[0, 255]));
    for wrong in ["", "0x", "0x0", "0xfg", &"x".repeat(33), &format!("0x{}", "00".repeat(33))] {
        assert_eq!(lowkey_host::parse_id(wrong), None, "{wrong:?}");
    }
}

#[tokio::test]
async fn connecting_to_nobody_says_so() {
    let world = World::new();
    let (near, far) = duplex(10);
    drop(far);
    assert!(connect(near, world.device().pinning(), &Limits::default()).await.is_err());
}
