//! Sessions that end, and those that do not: silence, lifetime, revocation, expiry, displacement. The clock is
//! one that tests move, but where a pinning expires.

mod both_ways;
mod told;

use lowkey_host::{Acceptor, ChannelError, Connection, Devices, Error, Id, Pinned, Registry};
use lowkey_transport::Part;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::{Duration, SystemTime};
use test_support::world::changing::sweeping;
use test_support::world::{Raw, World, is_channel};
use tokio::io::{AsyncWriteExt, DuplexStream, duplex};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

const TICK: Duration = Duration::from_millis(500);
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

/// Receives until the end, and says how that was.
fn receiving(mut connection: Connection<DuplexStream>) -> JoinHandle<Error> {
    tokio::spawn(async move {
        loop {
            match connection.recv().await {
                Ok(Some(_)) => (),
                Ok(None) => panic!("the device closed"),
                Err(error) => return error,
            }
        }
    })
}

/// What the next record from the server comes to, for a device below its connection.
async fn heard(device: &mut Raw<'_, DuplexStream>) -> Poll<Option<Part>> {
    for _length_and_body in 0..2 {
        device.read().await;
    }
    device.link.receive().unwrap()
}

/// A device below its connection, and the session at the server.
async fn raw<'k>(world: &'k World, acceptor: &Acceptor) -> (Raw<'k, DuplexStream>, Connection<DuplexStream>) {
    let (near, far) = duplex(10_000);
    let (raw, session) = tokio::join!(Raw::open(world.device(), near), acceptor.accept(far));
    (raw, session.unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_silent_device_is_asked_after_the_silence_and_ended_when_it_does_not_answer() {
    let world = World::new();
    let acceptor = world.acceptor();
    let (mut device, session) = raw(&world, &acceptor).await;
    let began = Instant::now();
    sweeping(&acceptor);
    let session = receiving(session);
    assert_eq!(heard(&mut device).await, Poll::Pending);
    let asked = began.elapsed();
    assert!(world.limits.silence <= asked && asked <= world.limits.silence + TICK, "{asked:?}");
    assert!(!device.link.unsent().unwrap().is_empty(), "a PONG is owed");
    assert!(matches!(session.await.unwrap(), Error::Silent));
    let ended = began.elapsed() - asked;
    assert!(world.limits.answer <= ended + TICK && ended <= world.limits.answer + TICK, "{ended:?}");
    let stats = acceptor.stats();
    assert_eq!((stats.sessions_silent, stats.sessions), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_device_that_answers_may_be_silent_for_ever() {
    let world = World::new();
    let acceptor = world.acceptor();
    let (mut device, session) = world.join_at(&acceptor, 0, 1000).await;
    sweeping(&acceptor);
    let session = receiving(session);
    let silence = timeout(3 * HOUR, device.recv()).await;
    assert!(silence.is_err(), "{silence:?}");
    assert!(!session.is_finished());
    let info = &acceptor.sessions()[0];
    assert!(info.last_heard <= world.limits.silence + TICK, "{:?}", info.last_heard);
    // A PING and a PONG of 6 bytes a minute.
    let (asked, answered) = (info.bytes_sent / 25, info.bytes_received / 25);
    assert!((175..=180).contains(&asked) && answered == asked, "{asked} {answered}");
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_while_nobody_listens() {
    let world = World::new();
    let acceptor = world.acceptor();
    let (mut device, mut session) = raw(&world, &acceptor).await;
    sweeping(&acceptor);
    // It was read once, and then not any more.
    assert!(timeout(SECOND, session.recv()).await.is_err());
    assert!(timeout(HOUR, device.read()).await.is_err(), "asked");
    assert_eq!(acceptor.sessions().len(), 1);
    // From now on somebody listens, and the time begins.
    let began = Instant::now();
    assert!(matches!(session.recv().await, Err(Error::Silent)));
    assert!(began.elapsed() >= world.limits.silence + world.limits.answer - TICK);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_nobody_has_read_yet_is_an_answer() {
    let world = World::new();
    let acceptor = world.acceptor();
    let (mut device, mut session) = raw(&world, &acceptor).await;
    sweeping(&acceptor);
    let asked = tokio::select! {
        asked = heard(&mut device) => asked,
        received = session.recv() => panic!("{received:?}"),
    };
    assert_eq!(asked, Poll::Pending);
    // The application is busy elsewhere, and the PONG lies in the stream.
    device.flush().await;
    sleep(3 * world.limits.answer).await;
    assert!(timeout(SECOND, session.recv()).await.is_err(), "it goes on");
    assert_eq!(acceptor.sessions().len(), 1);
}

/// Its PONG cannot come before the record is whole.
#[tokio::test(start_paused = true)]
async fn a_record_that_comes_slowly_is_waited_for() {
    let world = World::new();
    let acceptor = world.acceptor();
    let (mut device, mut session) = raw(&world, &acceptor).await;
    sweeping(&acceptor);
    assert!(device.link.send(&[7; 1000]).unwrap().is_ready());
    let record = device.link.unsent().unwrap().to_vec();
    let dripping = async {
        for bytes in record.chunks(8) {
            sleep(SECOND).await;
            device.io.write_all(bytes).await.unwrap();
        }
    };
    let ((), message) = tokio::join!(dripping, session.recv());
    assert_eq!(message.unwrap().unwrap(), [7; 1000]);
    assert_eq!(acceptor.sessions()[0].bytes_sent, 25, "it was not asked");
}

/// Anybody in the path can write such bytes.
#[tokio::test(start_paused = true)]
async fn bytes_of_a_record_that_is_never_whole_keep_nobody_online() {
    let world = World::new();
    let acceptor = world.acceptor();
    let (mut device, session) = raw(&world, &acceptor).await;
    sweeping(&acceptor);
    let began = Instant::now();
    let session = receiving(session);
    device.io.write_all(&4000_u16.to_be_bytes()).await.unwrap();
    while !session.is_finished() {
        sleep(SECOND).await;
        let _ = device.io.write_all(&[0]).await; // it may be over
        assert!(began.elapsed() < longest(&world), "{:?}", began.elapsed());
    }
    assert!(matches!(session.await.unwrap(), Error::Silent));
}

/// How long it may take until a device that is dead is found to be.
fn longest(world: &World) -> Duration {
    3 * world.limits.silence + 2 * world.limits.answer + 4 * TICK
}

#[tokio::test(start_paused = true)]
async fn a_device_that_cannot_be_asked_any_more_may_be_silent() {
    let world = World::new();
    let acceptor = world.acceptor();
    let (mut device, mut session) = world.join_at(&acceptor, 0, 1000).await;
    sweeping(&acceptor);
    session.close().await.unwrap();
    let session = tokio::spawn(async move { session.recv().await });
    assert!(device.recv().await.unwrap().is_none());
    sleep(HOUR).await;
    device.send(b"at last").await.unwrap();
    assert_eq!(session.await.unwrap().unwrap().unwrap(), b"at last");
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_too_old_hears_a_close_and_ends_after_the_linger() {
    let mut world = World::new();
    world.limits.lifetime = Some(HOUR);
    let acceptor = world.acceptor();
    let (mut device, session) = world.join_at(&acceptor, 0, 1000).await;
    let began = Instant::now();
    sweeping(&acceptor);
    let session = receiving(session);
    assert!(device.recv().await.unwrap().is_none());
    let closed = began.elapsed();
    assert!(HOUR <= closed && closed <= HOUR + TICK, "{closed:?}");
    sleep(2 * SECOND).await;
    device.send(b"last words").await.unwrap();
    sleep(SECOND).await;
    assert!(acceptor.sessions()[0].last_heard <= SECOND + TICK, "the last words were not noticed");
    assert!(matches!(session.await.unwrap(), Error::Lifetime));
    let ended = began.elapsed() - closed;
    assert!(world.limits.linger <= ended + TICK && ended <= world.limits.linger + TICK, "{ended:?}");
    assert_eq!(acceptor.stats().sessions_lifetime, 1);
}

#[tokio::test(start_paused = true)]
async fn a_device_that_closes_in_time_ends_its_old_session_without_an_error() {
    let mut world = World::new();
    world.limits.lifetime = Some(HOUR);
    let acceptor = world.acceptor();
    let (mut device, mut session) = world.join_at(&acceptor, 0, 1000).await;
    sweeping(&acceptor);
    let session = tokio::spawn(async move {
        let end = session.recv().await;
        assert!(is_channel(&session.send(b"x").await.unwrap_err(), ChannelError::Closed));
        end
    });
    assert!(device.recv().await.unwrap().is_none());
    device.close().await.unwrap();
    assert!(session.await.unwrap().unwrap().is_none());
    sleep(HOUR).await;
    let stats = acceptor.stats();
    assert_eq!((stats.sessions_lifetime, stats.sessions), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn who_is_taken_out_of_the_registry_is_cut_off_within_a_second() {
    let world = World::with_devices(3);
    let (acceptor, registry) = world.changing();
    sweeping(&acceptor);
    let (_first, reading) = world.join_at(&acceptor, 0, 1000).await;
    let (_second, mut writing) = world.join_at(&acceptor, 1, 1000).await;
    let (mut third, kept) = world.join_at(&acceptor, 2, 1000).await;
    let (reading, kept) = (receiving(reading), receiving(kept));
    let writing = tokio::spawn(async move { writing.send(&[0; 100_000]).await });
    sleep(3 * SECOND).await;
    registry.set(world.without(&[0, 1]));
    let began = Instant::now();
    assert!(matches!(reading.await.unwrap(), Error::Revoked));
    assert!(matches!(writing.await.unwrap(), Err(Error::Revoked)));
    assert!(began.elapsed() <= SECOND, "{:?}", began.elapsed());
    third.send(b"still").await.unwrap();
    assert!(!kept.is_finished());
    let stats = acceptor.stats();
    assert_eq!((stats.sessions_revoked, stats.sessions), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_pinning_with_another_key_under_the_same_id_ends_the_session_of_the_old_one() {
    let world = World::with_devices(2);
    let (acceptor, registry) = world.changing();
    sweeping(&acceptor);
    let (_device, session) = world.join_at(&acceptor, 0, 1000).await;
    let other = world.pinned_for(0, &world.devices[1]).with_id(world.devices[0].id);
    registry.set(Devices::new([other]).unwrap());
    assert!(matches!(receiving(session).await.unwrap(), Error::Revoked));
}

#[tokio::test(start_paused = true)]
async fn an_expired_pinning_ends_its_session_within_a_second() {
    let world = World::new();
    let (begin, began) = (SystemTime::now(), Instant::now());
    let devices = Devices::new([world.pinned(0).until(begin + 60 * SECOND)]).unwrap();
    let clock = move || begin + began.elapsed();
    let limits = world.limits.clone();
    let acceptor = Acceptor::with_clock(Arc::clone(&world.server), devices, limits, clock).unwrap();
    sweeping(&acceptor);
    let (_device, session) = world.join_at(&acceptor, 0, 1000).await;
    let ended = receiving(session).await.unwrap();
    assert!(matches!(ended, Error::Revoked), "{ended}");
    assert!((60 * SECOND..=61 * SECOND).contains(&began.elapsed()), "{:?}", began.elapsed());
    assert_eq!(acceptor.stats().sessions_revoked, 1);
}

/// Looked up before the change, confirmed after it and after the look through the sessions that follows it.
#[tokio::test(start_paused = true)]
async fn a_handshake_that_a_change_of_the_registry_overtakes_does_not_become_a_session() {
    let world = World::new();
    let (acceptor, registry) = world.changing();
    let (near, far) = duplex(1000);
    let answering = tokio::spawn({
        let acceptor = acceptor.clone();
        async move { acceptor.accept(far).await }
    });
    let mut device = Raw::unconfirmed(world.device(), near).await;
    registry.set(world.without(&[0]));
    acceptor.sweep();
    device.flush().await;
    assert!(answering.await.unwrap().is_err());
    let stats = acceptor.stats();
    assert_eq!((stats.confirmed, stats.refused, stats.sessions), (0, 1, 0));
    assert_eq!(heard(&mut device).await, Poll::Ready(None), "no CLOSE");
}

/// Whoever asks an application's own store does so before it says which pinning that is.
#[tokio::test(start_paused = true)]
async fn a_pinning_that_was_looked_up_before_a_change_is_looked_up_again() {
    let world = World::new();
    let (acceptor, registry) = world.changing();
    let (near, far) = duplex(1000);
    let connecting = world.device().connect(near);
    let accepting = async {
        let lazy = acceptor.start(far).await.unwrap();
        let pinned = registry.lookup(&world.device().id).unwrap();
        registry.set(world.without(&[0]));
        acceptor.sweep();
        lazy.accept_with(pinned).await
    };
    let (_device, session) = tokio::join!(connecting, accepting);
    assert!(session.is_err());
    assert_eq!(acceptor.sessions().len(), 0);
}

/// It asks its acceptor things while it is asked itself.
#[derive(Default)]
struct Curious {
    devices: Devices,
    acceptor: Mutex<Option<Acceptor>>,
    asked: Mutex<u64>,
}

impl Registry for Curious {
    fn lookup(&self, id: &Id) -> Option<Arc<Pinned>> {
        if let Some(acceptor) = &*self.acceptor.lock().unwrap() {
            assert!(acceptor.sessions().len() <= 1);
        }
        self.devices.lookup(id)
    }

    fn generation(&self) -> u64 {
        let mut asked = self.asked.lock().unwrap();
        *asked += 1;
        *asked
    }
}

#[tokio::test(start_paused = true)]
async fn a_registry_may_look_at_the_sessions_while_it_is_asked() {
    let world = World::new();
    let registry = Arc::new(Curious { devices: world.without(&[]), ..Curious::default() });
    let acceptor =
        Acceptor::new(Arc::clone(&world.server), Arc::clone(&registry), world.limits.clone()).unwrap();
    *registry.acceptor.lock().unwrap() = Some(acceptor.clone());
    let (_device, _session) = world.join_at(&acceptor, 0, 1000).await;
    let swept = std::thread::spawn({
        let acceptor = acceptor.clone();
        move || acceptor.sweep()
    });
    let began = std::time::Instant::now();
    while !swept.is_finished() {
        assert!(began.elapsed() < Duration::from_secs(60), "a deadlock");
        std::thread::yield_now();
    }
    assert_eq!(acceptor.sessions().len(), 1);
    registry.acceptor.lock().unwrap().take();
}

#[tokio::test(start_paused = true)]
async fn a_ping_and_its_answer_stand_between_the_fragments_of_the_device_s_message() {
    let world = World::new();
    let acceptor = world.acceptor();
    let (mut device, mut session) = raw(&world, &acceptor).await;
    sweeping(&acceptor);
    let sending = async {
        for part in [Part::More, Part::More, Part::Last] {
            assert!(device.link.send_part(b"piece", part).unwrap().is_ready());
            device.flush().await;
            if part == Part::More {
                assert_eq!(heard(&mut device).await, Poll::Pending);
                assert!(!device.link.unsent().unwrap().is_empty(), "a PONG is owed");
                device.flush().await;
            }
        }
    };
    let ((), message) = tokio::join!(sending, session.recv());
    assert_eq!(message.unwrap().unwrap(), b"piecepiecepiece");
}

#[tokio::test(start_paused = true)]
async fn a_ping_stands_between_the_fragments_of_our_message() {
    let world = World::new();
    let acceptor = world.acceptor();
    let (mut device, mut session) = world.join_at(&acceptor, 0, 5000).await;
    sweeping(&acceptor);
    let message = test_support::world::pattern(5, 20_000);
    // Somebody listened, and then sends for longer than the silence that is allowed.
    assert!(timeout(SECOND, session.recv()).await.is_err());
    let receiving = async {
        sleep(world.limits.silence + SECOND).await;
        let came = device.recv().await;
        (came, timeout(SECOND, device.recv()).await)
    };
    let sending = async {
        session.send(&message).await?;
        session.flush().await
    };
    let (sent, (came, _nothing_more)) = tokio::join!(sending, receiving);
    sent.unwrap();
    assert!(came.unwrap().unwrap() == message);
    let records = 20_000_u64.div_ceil(device.max_data() as u64);
    assert_eq!(acceptor.sessions()[0].bytes_sent, 20_000 + 19 * records + 25, "no PING");
    device.send(b"next").await.unwrap();
    assert_eq!(session.recv().await.unwrap().unwrap(), b"next");
}

#[tokio::test(start_paused = true)]
async fn a_session_that_waits_to_send_hears_that_a_newer_one_displaced_it() {
    let world = World::new();
    let acceptor = world.acceptor();
    let (_device, mut session) = world.join_at(&acceptor, 0, 1000).await;
    let sending = tokio::spawn(async move { session.send(&[0; 100_000]).await });
    sleep(SECOND).await;
    let (_device, _session) = world.join_at(&acceptor, 0, 1000).await;
    assert!(matches!(timeout(SECOND, sending).await.unwrap().unwrap(), Err(Error::Displaced)));
    let stats = acceptor.stats();
    assert_eq!((stats.sessions_displaced, stats.sessions), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn what_is_known_of_a_session_is_what_happened() {
    let world = World::new();
    let acceptor = world.acceptor();
    let (mut device, mut session) = world.join_at(&acceptor, 0, 1 << 20).await;
    let rekeys = || acceptor.sessions()[0].rekeys;
    // The confirming PING was the first.
    for _ in 0..1023 {
        device.send(b"21.5 C").await.unwrap();
        session.recv().await.unwrap();
    }
    assert_eq!(rekeys(), 0, "1,024 records are under the first key");
    device.send(b"21.5 C").await.unwrap();
    session.recv().await.unwrap();
    assert_eq!(rekeys(), 1);
    for _ in 0..1025 {
        session.send(b"22.0 C").await.unwrap();
        device.recv().await.unwrap();
    }
    assert_eq!(rekeys(), 2);
    sleep(7 * SECOND).await;
    let info = &acceptor.sessions()[0];
    assert_eq!(info.pinned.device().name(), "device-0");
    assert_eq!((info.bytes_received, info.bytes_sent), (1024 * 25, 1025 * 25));
    assert_eq!((info.age, info.from), (7 * SECOND, None));
}
