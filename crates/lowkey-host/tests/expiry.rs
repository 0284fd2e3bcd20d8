//! Pinnings that expire, by a clock that tests set.

mod common;

use common::log::Log;
use common::{Party, Raw};
use lowkey_host::doctor::Finding;
use lowkey_host::{
    AcceptError, Acceptor, ChannelError, Connection, Device, Devices, Error, Identity, Limits, Pinned,
    Refusal, keys, parse_time,
};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
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
        let server = Arc::new(Identity::new(keys::generate().unwrap()).unwrap());
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

    fn findings(&self) -> Vec<Finding> {
        self.acceptor.diagnose(None, Path::new("/etc/lowkey/devices.toml")).findings
    }
}

fn end() -> SystemTime {
    parse_time("2030-01-01T00:00:00Z").unwrap()
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
    let findings = site.findings();
    assert_eq!((findings.len(), findings[0].kind), (1, "expired"));
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
    let findings = site.findings();
    let clock = findings.iter().find(|finding| finding.kind == "clock").unwrap();
    assert!(clock.what.contains("1970-01-01T00:00:07Z"), "{clock:?}");
    let refused = findings.iter().find(|finding| finding.device.as_deref() == Some("rented")).unwrap();
    assert!(refused.why.contains("clock"), "{refused:?}");
    site.acceptor.sweep();
    let log = Log::take();
    let said = log.lines().filter(|line| line.contains("the clock is wrong")).count();
    assert_eq!(said, 1, "{log}");
    assert!(log.contains("now=\"1970-01-01T00:00:07Z\""), "{log}");

    // Set, it lets in who is to be let in, without a restart.
    site.set(end() - SECOND);
    assert!(Log::take().contains("the clock is set"));
    assert!(site.findings().iter().all(|finding| finding.kind != "clock"));
    let (device, server) = site.join(&site.rented).await;
    let (_device, mut server) = (device.unwrap(), server.unwrap());
    // And one that falls back has every session end whose pinning may have.
    site.set(UNIX_EPOCH);
    assert!(matches!(server.recv().await, Err(Error::Revoked)));
    assert_eq!(site.acceptor.sessions().len(), 1, "the other's pinning never ends");
}
