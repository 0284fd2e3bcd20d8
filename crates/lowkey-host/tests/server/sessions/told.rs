//! What is said of a session: once when it begins and once when it is over, whatever ended it.

use super::{HOUR, SECOND, raw, receiving};
use lowkey_host::{Acceptor, Devices, Event, Fault, Observer, Reason};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use test_support::world::World;
use test_support::world::changing::{Changing, sweeping};
use test_support::world::log::Log;
use tokio::io::duplex;
use tokio::time::{advance, sleep};

/// Writes down what it hears.
#[derive(Clone, Default)]
struct Clerk(Arc<Mutex<Vec<Heard>>>);

#[derive(Debug, PartialEq)]
enum Heard {
    Confirmed(u64, Option<SocketAddr>),
    Ended(u64, Reason),
}

impl Observer for Clerk {
    fn observe(&self, event: &Event<'_>) {
        let heard = match event {
            Event::Confirmed { session, pinned, from } => {
                assert_eq!(pinned.device().name(), "device-0");
                Heard::Confirmed(*session, *from)
            }
            Event::Ended(ended) => Heard::Ended(ended.info.number, ended.reason),
            _ => return,
        };
        self.0.lock().unwrap().push(heard);
    }
}

impl Clerk {
    fn of(acceptor: &Acceptor) -> Self {
        let clerk = Self::default();
        acceptor.observe(clerk.clone());
        clerk
    }

    fn heard(&self) -> Vec<Heard> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// The line of the session's end, behind the device's name.
#[track_caller]
fn line(log: &str) -> &str {
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("session ended")).collect();
    let [line] = lines[..] else { panic!("one line: {log}") };
    line.split_once("INFO lowkey: session ended device=\"device-0\" ").expect("its device").1
}

#[tokio::test(start_paused = true)]
async fn of_a_session_that_ends_it_is_said_why_from_where_how_long_and_how_much() {
    Log::begin();
    let world = World::new();
    let acceptor = world.acceptor();
    let (clerk, another) = (Clerk::of(&acceptor), Clerk::of(&acceptor));
    let (near, far) = duplex(10_000);
    let from: SocketAddr = "192.0.2.7:50000".parse().unwrap();
    let (device, session) = tokio::join!(world.device().connect(near), acceptor.accept_from(far, from));
    let (mut device, mut session) = (device.unwrap(), session.unwrap());
    device.send(&[7; 1000]).await.unwrap();
    device.flush().await.unwrap();
    assert_eq!(session.recv().await.unwrap().unwrap().len(), 1000);
    sleep(90 * SECOND).await;
    drop(session);
    let log = Log::take();
    let expected = "reason=\"closed\" from=192.0.2.7:50000 seconds=90 received_bytes=";
    let amounts = line(&log).strip_prefix(expected).unwrap_or_else(|| panic!("{log}"));
    // The confirming PING, which belongs to the handshake, and a message with 19 bytes more than what is in it.
    assert_eq!(amounts, "1019 sent_bytes=0 records_received=2 records_sent=0", "{log}");
    let heard = clerk.heard();
    assert_eq!(another.heard(), heard, "every observer hears all");
    let [began, ended] = &heard[..] else { panic!("two events") };
    let Heard::Confirmed(number, Some(address)) = began else { panic!("{began:?}") };
    assert_eq!((address, ended), (&from, &Heard::Ended(*number, Reason::Closed)));
}

#[tokio::test(start_paused = true)]
async fn whoever_lets_go_can_say_what_went_wrong() {
    Log::begin();
    let world = World::new();
    let acceptor = world.acceptor();
    let clerk = Clerk::of(&acceptor);
    let (_device, mut session) = raw(&world, &acceptor).await;
    session.broke(&"the line is cut");
    drop(session);
    assert!(line(&Log::take()).ends_with(" error=the line is cut"));
    let (_device, mut session) = raw(&world, &acceptor).await;
    session.blame(Fault::Unreached);
    drop(session);
    assert!(line(&Log::take()).starts_with("reason=\"backend\" seconds=0"));
    let (_device, session) = raw(&world, &acceptor).await;
    acceptor.stop();
    drop(session);
    assert!(line(&Log::take()).starts_with("reason=\"stopped\""));
    let reasons: Vec<Reason> = clerk.heard().iter().filter_map(reason).collect();
    assert_eq!(reasons, [Reason::Broken, Reason::Backend(Fault::Unreached), Reason::Stopped]);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_ended_from_outside_is_over_when_its_line_says_so_though_somebody_holds_it() {
    Log::begin();
    let mut world = World::new();
    world.limits.lifetime = Some(HOUR);
    let registry = Changing::new(world.registry());
    let acceptor =
        Acceptor::new(Arc::clone(&world.server), Arc::clone(&registry), world.limits.clone()).unwrap();
    let clerk = Clerk::of(&acceptor);

    let (near, far) = duplex(10_000);
    let (_older, held) = raw(&world, &acceptor).await;
    let from: SocketAddr = "192.0.2.8:50000".parse().unwrap();
    let (newer, session) = tokio::join!(world.device().connect(near), acceptor.accept_from(far, from));
    assert!(line(&Log::take()).starts_with("reason=\"displaced\" by=192.0.2.8:50000 seconds=0"));
    drop((newer.unwrap(), held));

    advance(HOUR + world.limits.linger).await;
    acceptor.sweep();
    assert!(line(&Log::take()).starts_with("reason=\"lifetime\" from=192.0.2.8:50000 seconds="));
    drop(session);

    let (_device, held) = raw(&world, &acceptor).await;
    registry.set(Devices::default());
    acceptor.sweep();
    assert!(line(&Log::take()).starts_with("reason=\"revoked\" seconds=0"));
    drop(held);
    registry.set(world.registry());

    let (_device, session) = raw(&world, &acceptor).await;
    sweeping(&acceptor);
    receiving(session).await.unwrap();
    assert!(line(&Log::take()).starts_with("reason=\"silent\" seconds="));

    let heard = clerk.heard();
    let ended: Vec<Reason> = heard.iter().filter_map(reason).collect();
    assert_eq!(ended, [Reason::Displaced, Reason::Lifetime, Reason::Revoked, Reason::Silent], "each once");
}

fn reason(heard: &Heard) -> Option<Reason> {
    match *heard {
        Heard::Ended(_, reason) => Some(reason),
        Heard::Confirmed(..) => None,
    }
}
