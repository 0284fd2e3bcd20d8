//! What all together, one address, and one connection may use (protocol §3, §5).

use lowkey_host::{AcceptError, Acceptor, Connection, Error, Refusal, echo};
use lowkey_transport::Step;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;
use test_support::world::changing::address;
use test_support::world::{Raw, World, until_end};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

const SECOND: Duration = Duration::from_secs(1);

type Attempt = JoinHandle<Result<Connection<DuplexStream>, AcceptError>>;

/// An attempt from this address, in a task of its own, and the device's end of the line.
async fn attempt(acceptor: &Acceptor, from: SocketAddr) -> (DuplexStream, Attempt) {
    let (near, far) = duplex(10_000);
    let acceptor = acceptor.clone();
    let begun = acceptor.stats().accepted;
    let accepting = tokio::spawn({
        let acceptor = acceptor.clone();
        async move { acceptor.accept_from(far, from).await }
    });
    while acceptor.stats().accepted == begun {
        tokio::task::yield_now().await;
    }
    (near, accepting)
}

/// Both ends of the `n`th device's connection from this address, as they come out.
async fn call(
    world: &World,
    acceptor: &Acceptor,
    n: usize,
    from: SocketAddr,
) -> (Result<Connection<DuplexStream>, Error>, Result<Connection<DuplexStream>, AcceptError>) {
    let (near, accepting) = attempt(acceptor, from).await;
    let device = world.devices[n].connect(near).await;
    (device, accepting.await.unwrap())
}

/// What a stranger who sends these bytes from this address hears until the server hangs up.
async fn answer(acceptor: &Acceptor, from: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let (mut near, _accepting) = attempt(acceptor, from).await;
    near.write_all(bytes).await.unwrap();
    until_end(&mut near).await
}

fn is_busy<T>(result: &Result<T, AcceptError>) -> bool {
    matches!(result, Err(AcceptError::Refused(Refusal::BUSY)))
}

#[tokio::test(start_paused = true)]
async fn half_open_attempts_take_no_seat_and_keep_nobody_out() {
    let mut world = World::with_devices(2);
    world.limits.attempts = 8;
    world.limits.sessions = 2;
    let acceptor = world.acceptor();
    let (_first, session) = call(&world, &acceptor, 0, address(1)).await;
    let _session = session.unwrap();
    let mut half_open = Vec::new();
    for n in 0..100 {
        // Those whose message 1 opened, and those who said nothing.
        let (near, accepting) = attempt(&acceptor, address(n)).await;
        if n % 2 == 0 {
            let raw = Raw::unconfirmed(&world.devices[0], near).await;
            half_open.push((Some(raw), None, accepting));
        } else {
            half_open.push((None, Some(near), accepting));
        }
        assert!(acceptor.stats().attempts <= 8);
    }
    assert_eq!((acceptor.stats().sessions, acceptor.stats().sessions_displaced), (1, 0));
    let (_second, session) = call(&world, &acceptor, 1, address(200)).await;
    assert!(session.is_ok(), "kept out");
    let stats = acceptor.stats();
    assert_eq!((stats.sessions, stats.attempts_displaced), (2, 93));
    sleep(world.limits.handshake + SECOND).await;
    assert_eq!(acceptor.stats().attempts, 0);
}

#[tokio::test(start_paused = true)]
async fn an_address_has_so_many_seats_and_a_device_takes_its_own_again() {
    let mut world = World::with_devices(4);
    world.limits.sessions_per_address = 2;
    let acceptor = world.acceptor();
    let (near, far) = (address(1), address(2));
    let (_first, first_session) = call(&world, &acceptor, 0, near).await;
    let (second, second_session) = call(&world, &acceptor, 1, near).await;
    let (third, refused) = call(&world, &acceptor, 2, near).await;
    assert!(is_busy(&refused));
    assert!(third.unwrap().recv().await.unwrap().is_none(), "no CLOSE");
    let (_third, third_session) = call(&world, &acceptor, 2, far).await;
    let (_first, again) = call(&world, &acceptor, 0, near).await;
    assert!(first_session.is_ok() && second_session.is_ok() && third_session.is_ok() && again.is_ok());
    assert_eq!((acceptor.stats().refused_busy, acceptor.stats().sessions), (1, 3));
    drop((second, second_session));
    let (_fourth, fourth_session) = call(&world, &acceptor, 3, near).await;
    assert!(fourth_session.is_ok(), "the seat of one who went is not free");
}

#[tokio::test(start_paused = true)]
async fn a_device_that_moves_to_another_address_is_counted_there() {
    let mut world = World::with_devices(2);
    world.limits.sessions_per_address = 1;
    let acceptor = world.acceptor();
    let (_device, _old) = call(&world, &acceptor, 0, address(1)).await;
    let (_device, moved) = call(&world, &acceptor, 0, address(2)).await;
    let (_other, first) = call(&world, &acceptor, 1, address(2)).await;
    assert!(moved.is_ok() && is_busy(&first));
    let (_other, second) = call(&world, &acceptor, 1, address(1)).await;
    assert!(second.is_ok(), "the address that it left is not free");
}

#[tokio::test(start_paused = true)]
async fn load_an_address_with_too_many_attempts_displaces_its_own() {
    let mut world = World::new();
    world.limits.attempts_per_address = 3;
    let acceptor = world.acceptor();
    let (_other, others) = attempt(&acceptor, address(9)).await;
    let mut silent = Vec::new();
    for _ in 0..10 {
        silent.push(attempt(&acceptor, address(1)).await);
    }
    // The first two go on, and the newest has its moment.
    for (_near, displaced) in silent.drain(2..9) {
        assert!(matches!(displaced.await.unwrap(), Err(AcceptError::Displaced)));
    }
    assert!(!others.is_finished() && silent.iter().all(|(_near, accepting)| !accepting.is_finished()));
    assert_eq!(acceptor.stats().attempts, 4);
}

#[tokio::test(start_paused = true)]
async fn protocol_5_busy_comes_by_load_and_never_by_id() {
    let mut world = World::with_devices(2);
    // Of which strangers have a quarter and a half: 2 and 5.
    world.limits.messages_1_per_second_per_address = 8;
    world.limits.messages_1_per_second = 10;
    let acceptor = world.acceptor();
    let stranger = test_support::world::Party::new(world.server.public_key());
    let (known, _link) = world.device().message_1();
    let (unknown, _link) = stranger.message_1();
    let mut other_mode = known.clone();
    other_mode[3] = 3; // XX
    let mut other_version = known.clone();
    other_version[2] = 2;
    // Within what is allowed, an unknown id is refused as such.
    assert_eq!(answer(&acceptor, address(1), &unknown).await, [0, 1, 4]);
    assert_eq!(answer(&acceptor, address(1), &unknown).await, [0, 1, 4]);
    // Beyond it all are told alike, but for those who are refused whatever the load.
    assert_eq!(answer(&acceptor, address(1), &unknown).await, [0, 1, 3]);
    assert_eq!(answer(&acceptor, address(1), &known).await, [0, 1, 3]);
    assert_eq!(answer(&acceptor, address(1), &other_mode).await, [0, 1, 2]);
    assert_eq!(answer(&acceptor, address(1), &other_version).await, [0, 1, 1]);
    // Another address has its own, a network of 24 bits as much as two; all together have five.
    assert_eq!(answer(&acceptor, address(2), &unknown).await, [0, 1, 4]);
    assert_eq!(answer(&acceptor, address(3), &unknown).await, [0, 1, 4]);
    assert_eq!(answer(&acceptor, address(4), &unknown).await, [0, 1, 3]);
    let elsewhere = SocketAddr::from(([198, 51, 100, 1], 4000));
    assert_eq!(answer(&acceptor, elsewhere, &unknown).await, [0, 1, 4]);
    assert_eq!(answer(&acceptor, elsewhere, &unknown).await, [0, 1, 3]);
    assert_eq!(answer(&acceptor, elsewhere, &known).await, [0, 1, 3]);
    let stats = acceptor.stats();
    assert_eq!((stats.refused, stats.refused_busy), (5, 5));
    sleep(SECOND).await;
    let (_device, session) = call(&world, &acceptor, 0, address(1)).await;
    assert!(session.is_ok(), "a second later");
}

#[tokio::test(start_paused = true)]
async fn load_busy_because_all_of_an_address_wait_comes_before_anybody_looks_at_the_id() {
    let mut world = World::with_devices(4);
    world.limits.attempts_per_address = 2;
    let acceptor = world.acceptor();
    let (known, _link) = world.devices[3].message_1();
    let (unknown, _link) = test_support::world::Party::new(world.server.public_key()).message_1();
    let mut waiting = Vec::new();
    for n in 0..2 {
        let (near, accepting) = attempt(&acceptor, address(1)).await;
        waiting.push((Raw::unconfirmed(&world.devices[n], near).await, accepting));
    }
    assert_eq!(answer(&acceptor, address(1), &known).await, [0, 1, 3]);
    assert_eq!(answer(&acceptor, address(1), &unknown).await, [0, 1, 3]);
    assert_eq!(answer(&acceptor, address(2), &unknown).await, [0, 1, 4]);
    // None of them is ended for somebody who could not wait there anyway.
    sleep(2 * SECOND).await;
    assert_eq!(answer(&acceptor, address(1), &unknown).await, [0, 1, 4]);
    assert!(waiting.iter().all(|(_raw, accepting)| !accepting.is_finished()));
    let (_device, session) = call(&world, &acceptor, 2, address(1)).await;
    assert!(session.is_ok());
    assert_eq!(waiting.iter().filter(|(_raw, accepting)| accepting.is_finished()).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn load_a_recording_of_one_who_waits_for_its_confirmation_ends_and_the_device_does_not() {
    let world = World::new();
    let acceptor = world.acceptor();
    let (first, mut link) = world.device().message_1();
    let (mut near, accepting) = attempt(&acceptor, address(1)).await;
    near.write_all(&first).await.unwrap();
    while let Ok(Step::Read) = link.step() {
        let n = near.read(link.space()).await.unwrap();
        link.on_read(Ok::<_, Infallible>(n)).unwrap();
    }
    assert_eq!(answer(&acceptor, address(2), &first).await, b"", "it hears nothing");
    near.write_all(link.unsent().unwrap()).await.unwrap();
    assert!(accepting.await.unwrap().is_ok());
    assert_eq!((acceptor.stats().confirmed, acceptor.stats().unconfirmed), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn who_does_not_read_holds_up_nobody_but_itself() {
    const PIPE: u64 = 10_000;
    let world = World::with_devices(2);
    let acceptor = world.acceptor();
    let (device, session) = call(&world, &acceptor, 0, address(1)).await;
    let (_device, mut session) = (device.unwrap(), session.unwrap());
    let (other, other_session) = call(&world, &acceptor, 1, address(2)).await;
    let (mut other, mut other_session) = (other.unwrap(), other_session.unwrap());
    tokio::spawn(async move { echo(&mut other_session).await });
    let mut accepted = 0;
    while timeout(SECOND, session.send(&[7; 500])).await.is_ok() {
        accepted += 500 + 19;
    }
    let taken = bytes_sent(&acceptor, 0);
    assert!((PIPE - 600..=PIPE).contains(&taken), "{taken}");
    assert!(accepted - taken <= 600, "more than one record waits: {accepted} accepted, {taken} taken");
    for _ in 0..100 {
        other.send(b"there?").await.unwrap();
        assert_eq!(timeout(SECOND, other.recv()).await.unwrap().unwrap().unwrap(), b"there?");
    }
}

#[tokio::test(start_paused = true)]
async fn who_sends_and_never_reads_is_read_no_further_than_one_answer() {
    let world = World::new();
    let acceptor = world.acceptor();
    let (device, session) = call(&world, &acceptor, 0, address(1)).await;
    let (mut device, mut session) = (device.unwrap(), session.unwrap());
    tokio::spawn(async move { echo(&mut session).await });
    let mut sent = 0;
    while timeout(SECOND, device.send(&[7; 500])).await.is_ok() {
        sent += 1;
    }
    // Two pipes of 10,000 bytes, what was read ahead, and a record or two: then both stand still.
    assert!(sent * 519 < 2 * 10_000 + 5_000, "{sent} messages");
}

fn bytes_sent(acceptor: &Acceptor, n: usize) -> u64 {
    let name = format!("device-{n}");
    let sessions = acceptor.sessions();
    let session = sessions.iter().find(|session| session.pinned.device().name() == name);
    session.unwrap().bytes_sent
}
