//! Pinnings that expire, by a clock that tests set.

use lowkey_host::{
    AcceptError, Acceptor, Cause, ChannelError, Connection, Device, Devices, Error, Identity, Limits, Pinned,
    Refusal, entropy,
};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use test_support::world::log::Log;
use test_support::world::{Party, Raw};
use tokio::io::{DuplexStream, duplex};

/// A server with `rented`, whose pinning ends at [`END`], and `owned`, whose does not.
struct Site {
    time: Arc<Mutex<SystemTime>>,
    acceptor: Acceptor,
    rented: Party,
    owned: Party,
}

impl Site {
    fn at(time: SystemTime) -> Self {
        let server = Arc::new(Identity::new(entropy::random().unwrap()).unwrap());
        let [rented, owned] = [(); 2].map(|()| Party::new(server.public_key()));
        let pinned = |name, party: &Party| {
            Pinned::new(Device::new(name).unwrap(), &server, party.identity.public_key()).unwrap()
        };
        let devices =
            Devices::new([pinned("rented", &rented).until(end()), pinned("owned", &owned)]).unwrap();
        let time = Arc::new(Mutex::new(time));
        let clock = {
            let time = Arc::clone(&time);
            move || *time.lock().unwrap()
        };
        let acceptor = Acceptor::with_clock(server, devices, Limits::default(), clock).unwrap();
        Self { time, acceptor, rented, owned }
    }

    fn set(&self, time: SystemTime) {
        *self.time.lock().unwrap() = time;
        self.acceptor.sweep();
    }

    async fn join(
        &self,
        party: &Party,
    ) -> (Result<Connection<DuplexStream>, Error>, Result<Connection<DuplexStream>, AcceptError>) {
        let (near, far) = duplex(10_000);
        tokio::join!(party.connect(near), self.acceptor.accept(far))
    }

    async fn is_refused(&self, party: &Party) -> bool {
        let (device, server) = self.join(party).await;
        let alike = matches!(device, Err(Error::Channel(ChannelError::Refused(Refusal::REFUSED))));
        alike && matches!(server, Err(AcceptError::Refused(Refusal::REFUSED)))
    }

    /// Why attempts failed.
    fn causes(&self) -> Vec<Cause> {
        self.acceptor.failures().iter().map(|failure| failure.cause).collect()
    }
}

/// 2030-01-01T00:00:00Z.
fn end() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_893_456_000)
}

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_pinning_that_expires_between_message_2_and_confirmation_gets_no_session() {
    let site = Site::at(end() - SECOND);
    let (near, far) = duplex(10_000);
    let accepting = tokio::spawn({
        let acceptor = site.acceptor.clone();
        async move { acceptor.accept(far).await }
    });
    let mut raw = Raw::unconfirmed(&site.rented, near).await;
    *site.time.lock().unwrap() = end();
    raw.flush().await;
    drop(raw);
    let refused = accepting.await.unwrap().unwrap_err();
    assert!(matches!(refused, AcceptError::Refused(Refusal::REFUSED)), "{refused}");
    assert!(site.acceptor.sessions().is_empty());
    assert_eq!(site.causes(), [Cause::Expired]);
}

#[tokio::test]
async fn a_session_ends_when_its_pinning_does() {
    let site = Site::at(end() - SECOND);
    let (device, server) = site.join(&site.rented).await;
    let (_device, mut server) = (device.unwrap(), server.unwrap());
    site.set(end() - Duration::from_nanos(1));
    assert_eq!(site.acceptor.sessions().len(), 1);
    site.set(end());
    assert!(matches!(server.recv().await, Err(Error::Revoked)));
    assert!(site.is_refused(&site.rented).await);
}

#[tokio::test]
async fn nobody_whose_pinning_expires_is_let_in_by_a_clock_that_cannot_be_right() {
    Log::begin();
    let site = Site::at(UNIX_EPOCH + 7 * SECOND);
    site.acceptor.sweep();
    assert!(site.is_refused(&site.rented).await);
    let (device, server) = site.join(&site.owned).await;
    let (_device, _server) = (device.unwrap(), server.unwrap());
    let clock = site.acceptor.wrong_clock().unwrap();
    assert!(clock.shows == UNIX_EPOCH + 7 * SECOND && clock.written > clock.shows, "{clock:?}");
    assert_eq!(site.causes(), [Cause::Expired]);
    site.acceptor.sweep();
    let log = Log::take();
    let said = log.lines().filter(|line| line.contains("the clock is wrong")).count();
    assert_eq!(said, 1, "{log}");
    assert!(log.contains("now=\"1970-01-01T00:00:07Z\""), "{log}");

    // Set, it lets in who is to be let in, without a restart.
    site.set(end() - SECOND);
    assert!(Log::take().contains("the clock is set"));
    assert_eq!(site.acceptor.wrong_clock(), None);
    let (device, server) = site.join(&site.rented).await;
    let (_device, mut server) = (device.unwrap(), server.unwrap());
    // And one that falls back has every session end whose pinning may have.
    site.set(UNIX_EPOCH);
    assert!(matches!(server.recv().await, Err(Error::Revoked)));
    assert_eq!(site.acceptor.sessions().len(), 1, "the other's pinning never ends");
}
