//! What a server shows to what stands above it: who failed and why, and what it asks there.

use lowkey_host::{
    AcceptError, Acceptor, Balancers, Cause, Device, DeviceError, Devices, Failure, Fault, Pinned,
    ReadSource, Refusal, Taken, Unique,
};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use test_support::world::{Party, World, identity, until_end};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, duplex};
use tokio::net::TcpStream;

/// A balancer of this machine that writes the device's IPv4 address and nothing else.
struct FourBytes;

impl Balancers for FourBytes {
    fn contains(&self, address: IpAddr) -> bool {
        address.is_loopback()
    }

    fn source<'s>(&'s self, stream: &'s mut (dyn AsyncRead + Send + Unpin)) -> ReadSource<'s> {
        Box::pin(async move {
            let mut four = [0; 4];
            stream.read_exact(&mut four).await?;
            let device = Ipv4Addr::from(four);
            Ok((!device.is_unspecified()).then(|| SocketAddr::from((device, 4711))))
        })
    }
}

/// Why an attempt with this first frame came to nothing.
async fn refused(acceptor: &Acceptor, first: &[u8]) -> AcceptError {
    let (mut near, far) = duplex(1000);
    near.write_all(first).await.unwrap();
    let hearing = async move { until_end(&mut near).await }; // and hangs up
    tokio::join!(hearing, acceptor.accept(far)).1.unwrap_err()
}

#[tokio::test]
async fn balancers_say_in_their_own_way_for_whom_they_come() {
    let world = World::new();
    let (listener, address) = world.listener().await;
    let mut listener = listener.behind(FourBytes);
    for (says, device) in [([192, 0, 2, 7], Some("192.0.2.7:4711".parse().unwrap())), ([0; 4], None)] {
        let calling = async {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let own = stream.local_addr().unwrap();
            stream.write_all(&says).await.unwrap();
            (world.device().connect(stream).await.unwrap(), own)
        };
        let ((_device, own), connection) = tokio::join!(calling, listener.accept());
        assert_eq!(
            connection.remote_addr(),
            Some(device.unwrap_or(own)),
            "without a word it is the balancer"
        );
    }
}

#[tokio::test]
async fn a_failed_attempt_is_known_with_its_cause_and_can_be_tried_with_any_key() {
    let world = World::new();
    let acceptor = world.acceptor();
    let stranger = Party::new(world.server.public_key());
    let first = stranger.message_1().0;
    for _ in 0..2 {
        refused(&acceptor, &first).await;
    }
    let [failure] = &acceptor.failures()[..] else { panic!("alike, they are one") };
    assert_eq!((failure.cause, failure.times, failure.from), (Cause::UnknownId, 2, None));
    assert_eq!(failure.hello.and_then(|hello| hello.id), Some(stranger.id));
    assert!(!failure.is_cut_short());
    let pinned = |party: &Party| {
        Pinned::new(Device::new("a").unwrap(), &world.server, party.identity.public_key()).unwrap()
    };
    assert!(acceptor.opens(failure, &pinned(&stranger), None));
    assert!(!acceptor.opens(failure, &pinned(world.device()), None));
    let cut = Failure::new(None, failure.hello, Cause::NotOpened, &first[2..30]);
    assert!(cut.is_cut_short() && !acceptor.opens(&cut, &pinned(&stranger), None));
    assert!(!format!("{failure:?}").contains("first_frame"), "it may be of use to whoever reads a log");
}

#[tokio::test]
async fn attempts_hear_busy_for_as_long_as_whoever_was_asked_first_says_so() {
    let world = World::new();
    let (acceptor, down) = (world.acceptor(), Arc::new(AtomicBool::new(true)));
    let asked = Arc::clone(&down);
    acceptor.busy_while(move || asked.load(Ordering::Relaxed));
    acceptor.busy_while(|| true);
    let error = refused(&acceptor, &world.device().message_1().0).await;
    assert!(matches!(error, AcceptError::Refused(Refusal::BUSY)), "{error}");
    assert_eq!(acceptor.failures()[0].cause, Cause::ServiceDown);
    down.store(false, Ordering::Relaxed);
    let (near, far) = duplex(1000);
    let (device, session) = tokio::join!(world.device().connect(near), acceptor.accept(far));
    assert!(device.is_ok() && session.is_ok());
}

#[tokio::test]
async fn a_session_ends_as_whoever_used_it_says() {
    let world = World::new();
    let acceptor = world.acceptor();
    for fault in
        [None, Some((Fault::Unreached, Cause::Unreached)), Some((Fault::BrokenOff, Cause::BrokenOff))]
    {
        let (near, far) = duplex(1000);
        let (_device, session) = tokio::join!(world.device().connect(near), acceptor.accept(far));
        let mut session = session.unwrap();
        session.broke(&"it had enough");
        if let Some((fault, _)) = fault {
            session.blame(fault);
        }
        drop(session);
        assert_eq!(acceptor.failures().first().map(|failure| failure.cause), fault.map(|(_, cause)| cause));
    }
    let stats = acceptor.stats();
    assert_eq!((stats.sessions_closed, stats.sessions_backend, stats.sessions), (1, 2, 0));
}

#[tokio::test]
async fn a_handshake_that_was_confirmed_falls_into_one_step_of_its_times_and_no_other_attempt_does() {
    let world = World::new();
    let acceptor = world.acceptor();
    let count = || acceptor.handshake_times().steps.iter().map(|(_, n)| n).sum::<u64>();
    let (near, far) = duplex(1000);
    let (_device, _session) = tokio::join!(world.device().connect(near), acceptor.accept(far));
    assert_eq!(count(), 1);
    refused(&acceptor, &[0, 0]).await;
    assert_eq!(count(), 1);
    let times = acceptor.handshake_times();
    assert!(times.steps.is_sorted_by(|(one, _), (next, _)| one < next), "{times:?}");
    assert_eq!(times.steps.last().unwrap().0, f64::MAX);
}

#[test]
fn a_cold_pinning_is_as_good_as_another_and_refuses_the_same_keys() {
    let (server, device) = (identity(), identity().public_key());
    let name = || Device::new("pump-7").unwrap();
    let warm = Pinned::new(name(), &server, device).unwrap();
    let ours = server.public_key();
    let cold = Pinned::cold(name(), warm.id(), &ours, device).unwrap();
    assert!(!cold.is_warm() && cold.is_same(&warm));
    cold.warm(&server);
    assert!(cold.is_warm() && cold.admits_as(&warm));
    assert_eq!(Pinned::cold(name(), warm.id(), &ours, ours).unwrap_err(), DeviceError::OwnKey);
    let weak = lowkey_host::PublicKey::new([0; 32]);
    assert_eq!(Pinned::cold(name(), warm.id(), &ours, weak).unwrap_err(), DeviceError::WeakKey);
}

#[test]
fn what_two_pinnings_have_in_common_is_found_before_they_are_made() {
    let server = identity();
    let [a, b] = [(); 2].map(|()| Party::new(server.public_key()));
    let mut unique = Unique::with_capacity(2);
    let key = |party: &Party| party.identity.public_key();
    assert_eq!(unique.add("a", a.id, key(&a)), Ok(()));
    assert_eq!(unique.add("b", b.id, key(&b)), Ok(()));
    assert_eq!(unique.add("c", a.id, identity().public_key()), Err(Taken::Id("a")));
    assert_eq!(unique.add("d", Party::new(server.public_key()).id, key(&b)), Err(Taken::Key("b")));
    assert_eq!(unique.add("b", b.id, identity().public_key()), Err(Taken::Own("b")));
    assert_eq!(DeviceError::from(Taken::Id("a")), DeviceError::SameId("a".to_owned()));
    assert!(Devices::new([]).unwrap().get(&a.id).is_none());
}
