//! A device pairs with any gateway of a fleet, and whoever may write the registry enters it: no gateway can.

use super::bed::{Bed, Gateway, until};
use lowkey_host::text::Hex;
use lowkey_host::{
    AcceptError, Caller, Code, Id, Limits, NotOpened, NotPaired, Paired, Peer, Pinning, Progress, PublicKey,
    Registry, connect,
};
use lowkey_nats::{Clerk, NatsRows, Registrar, Seen};
use lowkey_registry::keys;
use lowkey_transport::Error;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use test_support::Watchdog;
use test_support::nats::Cable;
use test_support::world::board::{Board, Stop, code, settle, until_claim};
use tokio::io::{DuplexStream, duplex};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// `lowkey pair`, as far as the registry goes; it ends with the value, as if it was killed.
struct Desk {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Seen>>,
}

impl Desk {
    fn begin(registrar: &Registrar, device: &'static str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (registrar, runtime, stopped) = (registrar.clone(), Handle::current(), Arc::clone(&stop));
        let thread = tokio::task::spawn_blocking(move || {
            let rows = NatsRows::new(registrar, runtime, None);
            let mut clerk = Clerk::new(&rows, &code(), device).unwrap();
            let mut seen = Seen::default();
            while seen.paired.is_none() && !stopped.load(Ordering::Relaxed) {
                if let Ok(now) = clerk.look() {
                    seen = now.clone();
                }
                std::thread::sleep(Duration::from_millis(10));
            }
            seen
        });
        Self { stop, thread: Some(thread) }
    }

    /// What it has seen when the device was paired.
    async fn done(mut self) -> Seen {
        self.thread.take().unwrap().await.unwrap()
    }

    /// What it has seen by now.
    async fn killed(self) -> Seen {
        self.stop.store(true, Ordering::Relaxed);
        self.done().await
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

async fn gateway(bed: &Bed, name: &str) -> Gateway {
    let gateway = bed.reading(name).await;
    gateway.acceptor.enrol_in(gateway.registry.enrolments());
    gateway
}

async fn window(gateway: &Gateway) -> u64 {
    gateway.acceptor.open_window(&code(), "label", Duration::from_secs(600)).await.unwrap()
}

fn accept(gateway: &Gateway) -> (DuplexStream, JoinHandle<AcceptError>) {
    let (near, far) = duplex(1000);
    let acceptor = gateway.acceptor.clone();
    (near, tokio::spawn(async move { acceptor.accept(far).await.map(drop).unwrap_err() }))
}

async fn pair(gateway: &Gateway, board: &Board, stop: Stop) -> Result<PublicKey, Error> {
    let (near, accepted) = accept(gateway);
    let there = board.pair(near, stop).await;
    accepted.await.unwrap();
    there
}

async fn connects(gateway: &Gateway, board: &Board) -> bool {
    let server = gateway.acceptor.public_key();
    let peer = Peer::pin(&board.identity, server).unwrap();
    let id = Id::of_pinning(&board.key(), &server);
    let pinning = Pinning { id, identity: &board.identity, peer: &peer, psk: None };
    let (near, far) = duplex(1000);
    let limits = Limits::default();
    let (device, accepted) = tokio::join!(connect(near, pinning, &limits), gateway.acceptor.accept(far));
    device.is_ok() && accepted.is_ok()
}

fn row(gateway: &Gateway, board: &Board) -> Option<Paired> {
    let id = Id::of_pinning(&board.key(), &gateway.acceptor.public_key());
    gateway.registry.lookup(&id)?.paired()
}

/// Where the window of this code is open for devices.
fn is_open(gateway: &Gateway) -> bool {
    let windows = gateway.acceptor.windows();
    windows.iter().any(|window| window.over.is_none() && window.caller == Caller::Device)
}

fn last(gateway: &Gateway) -> Progress {
    gateway.acceptor.windows().last().unwrap().progress
}

fn spent() -> Option<Paired> {
    Some(Paired::Final(code().name()))
}

#[tokio::test(flavor = "multi_thread")]
async fn pairing_at_the_gateway_that_was_asked_and_at_another_one_is_in_force_on_all() {
    let _watchdog = Watchdog::new();
    for asked in [0, 1] {
        let Some(bed) = Bed::new().await else { return };
        let registrar = bed.with(&[2]).await;
        let gateways = [gateway(&bed, "a").await, gateway(&bed, "b.*").await];
        window(&gateways[0]).await;
        let desk = Desk::begin(&registrar, "label");
        until("the window is open everywhere", || gateways.iter().all(is_open)).await;
        let board = Board::new();
        assert_eq!(pair(&gateways[asked], &board, Stop::Never).await, Ok(bed.server.public_key()));
        let seen = desk.done().await;
        assert_eq!((seen.key, seen.trouble, seen.is_forged), (Some(board.key()), None, false));
        assert!(bed.in_force(&registrar, seen.paired.unwrap()).await.is_everywhere());
        for gateway in &gateways {
            assert_eq!(row(gateway, &board), spent());
            assert!(connects(gateway, &board).await);
        }
        until("all windows are over", || !gateways.iter().any(is_open)).await;
        assert!(gateways.iter().all(|gateway| last(gateway) == Progress::Paired(board.key())));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pairing_a_window_that_is_closed_is_closed_everywhere_and_one_for_a_code_that_is_taken_is_refused() {
    let _watchdog = Watchdog::new();
    let Some(bed) = Bed::new().await else { return };
    let registrar = bed.with(&[2]).await;
    let [a, b] = [gateway(&bed, "a").await, gateway(&bed, "b").await];
    let number = window(&a).await;
    until("it is open at both", || is_open(&b)).await;
    // A gateway that starts later hears of it as well.
    let c = gateway(&bed, "c").await;
    until("it is open at the third", || is_open(&c)).await;
    a.acceptor.close_window(number).unwrap();
    until("it is closed at all", || !is_open(&b) && !is_open(&c)).await;
    assert_eq!((last(&b), last(&c)), (Progress::Closed(None), Progress::Closed(None)));
    window(&b).await;
    until("it is open at both again", || is_open(&a)).await;
    let (desk, board) = (Desk::begin(&registrar, "label"), Board::new());
    pair(&a, &board, Stop::Never).await.unwrap();
    desk.done().await;
    let opened = a.acceptor.open_window(&code(), "another", Duration::from_secs(60)).await;
    assert!(matches!(opened, Err(NotOpened::Enrol(lowkey_host::NotEnrolled::Claimed(_)))), "{opened:?}");
    let free = Code::new(&[8; 16]).unwrap();
    let opened = a.acceptor.open_window(&free, "pump-2", Duration::from_secs(60)).await;
    assert!(opened.unwrap_err().to_string().contains("in use already"));
}

/// A label that was photographed: two devices show its code to two gateways at one moment.
#[tokio::test(flavor = "multi_thread")]
async fn pairing_of_two_devices_with_one_code_at_two_gateways_one_is_paired_and_the_other_told_no() {
    let _watchdog = Watchdog::new();
    let Some(bed) = Bed::new().await else { return };
    let registrar = bed.with(&[2]).await;
    let gateways = [gateway(&bed, "a").await, gateway(&bed, "b").await];
    window(&gateways[0]).await;
    until("the window is open everywhere", || gateways.iter().all(is_open)).await;
    let desk = Desk::begin(&registrar, "label");
    let boards = [Board::new(), Board::new()];
    let (first, second) = tokio::join!(
        pair(&gateways[0], &boards[0], Stop::Never),
        pair(&gateways[1], &boards[1], Stop::Never)
    );
    let won = usize::from(second.is_ok());
    assert_ne!(first.is_ok(), second.is_ok(), "{first:?} {second:?}");
    let seen = desk.done().await;
    assert_eq!(seen.key, Some(boards[won].key()));
    bed.in_force(&registrar, seen.paired.unwrap()).await;
    for gateway in &gateways {
        assert_eq!((row(gateway, &boards[won]), row(gateway, &boards[1 - won])), (spent(), None));
    }
}

/// A device that was reset has other keys and the same label.
#[tokio::test(flavor = "multi_thread")]
async fn pairing_after_the_row_was_revoked_the_code_is_free_for_another_key_and_what_was_is_no_news() {
    let _watchdog = Watchdog::new();
    let Some(bed) = Bed::new().await else { return };
    let registrar = bed.with(&[2]).await;
    let a = gateway(&bed, "a").await;
    window(&a).await;
    let (desk, board) = (Desk::begin(&registrar, "label"), Board::new());
    pair(&a, &board, Stop::Never).await.unwrap();
    desk.done().await;
    let revision = bed.push(&registrar, &[2]).await;
    bed.in_force(&registrar, revision).await;
    until("the window is over", || !is_open(&a)).await;
    window(&a).await;
    let desk = Desk::begin(&registrar, "label");
    tokio::time::sleep(Duration::from_millis(200)).await; // to say what is no news
    let seen = desk.killed().await;
    assert_eq!((seen.key, seen.trouble, seen.paired), (None, None, None));
    let (desk, reset) = (Desk::begin(&registrar, "label"), Board::new());
    pair(&a, &reset, Stop::Never).await.unwrap();
    let seen = desk.done().await;
    assert_eq!((seen.key, seen.loser), (Some(reset.key()), None));
    bed.in_force(&registrar, seen.paired.unwrap()).await;
    assert_eq!((row(&a, &board), row(&a, &reset)), (None, spent()));
}

/// Whoever opened the window learns of the other one, to whichever gateway that came: at the first gateway it is its
/// window that was taken, at another the claim.
#[tokio::test(flavor = "multi_thread")]
async fn pairing_a_second_device_with_the_code_is_told_no_and_said_wherever_it_comes() {
    let _watchdog = Watchdog::new();
    for second in [0, 1] {
        let Some(bed) = Bed::new().await else { return };
        let registrar = bed.with(&[2]).await;
        let gateways = [gateway(&bed, "a").await, gateway(&bed, "b").await];
        window(&gateways[1]).await;
        until("the window is open everywhere", || gateways.iter().all(is_open)).await;
        let desk = Desk::begin(&registrar, "label");
        let [board, other] = [Board::new(), Board::new()];
        let (mut near, accepted) = accept(&gateways[0]);
        let psk = board.code.psk();
        let mut link = board.link(&psk);
        until_claim(&mut near, &mut link).await.unwrap();
        until("it is entered", || row(&gateways[0], &board).is_some()).await;
        assert_eq!(pair(&gateways[second], &other, Stop::Never).await, Err(Error::NotWelcome));
        // Of a window that was taken it is said with the next look.
        let lost = format!("$KV.test-claims.{}-lost", Hex(code().name().as_bytes()));
        let context = async_nats::jetstream::new(async_nats::connect(bed.nats.url()).await.unwrap());
        let claims = context.get_stream("KV_test-claims").await.unwrap();
        while claims.direct_get_last_for_subject(lost.clone()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        link.accept().unwrap();
        settle(&mut near, &mut link, Stop::Never).await.unwrap();
        accepted.await.unwrap();
        let seen = desk.done().await;
        assert_eq!((seen.key, seen.loser), (Some(board.key()), Some(other.key())));
        // It is no news for the next window, in which the same device comes once more, to the other gateway.
        bed.in_force(&registrar, seen.paired.unwrap()).await;
        until("the windows are over", || !gateways.iter().any(is_open)).await;
        window(&gateways[0]).await;
        until("the window is open everywhere", || gateways.iter().all(is_open)).await;
        let desk = Desk::begin(&registrar, "label");
        tokio::time::sleep(Duration::from_millis(200)).await; // to say what is no news
        let again = desk.killed().await;
        assert_eq!((again.key, again.loser, again.paired), (None, None, None));
        let desk = Desk::begin(&registrar, "label");
        pair(&gateways[1], &board, Stop::Never).await.unwrap();
        let again = desk.done().await;
        assert_eq!((again.key, again.loser), (Some(board.key()), None));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pairing_a_device_that_says_no_leaves_no_row_and_may_come_again() {
    let _watchdog = Watchdog::new();
    let Some(bed) = Bed::new().await else { return };
    let registrar = bed.with(&[2]).await;
    let a = gateway(&bed, "a").await;
    let (number, board) = (window(&a).await, Board::new());
    let desk = Desk::begin(&registrar, "label");
    let (mut near, accepted) = accept(&a);
    let psk = board.code.psk();
    let mut link = board.link(&psk);
    until_claim(&mut near, &mut link).await.unwrap();
    until("it is entered", || row(&a, &board) == Some(Paired::Pending(code().name()))).await;
    link.close().unwrap();
    settle(&mut near, &mut link, Stop::Never).await.unwrap_err();
    accepted.await.unwrap();
    until("it is taken out", || row(&a, &board).is_none()).await;
    assert_eq!(a.acceptor.window(number).unwrap().trouble, Some(NotPaired::Declined));
    pair(&a, &board, Stop::Never).await.unwrap();
    assert_eq!(desk.done().await.key, Some(board.key()));
    assert_eq!(row(&a, &board), spent());
}

#[tokio::test(flavor = "multi_thread")]
async fn pairing_goes_on_where_the_command_was_killed() {
    let _watchdog = Watchdog::new();
    let Some(bed) = Bed::new().await else { return };
    let registrar = bed.with(&[2]).await;
    let [a, b] = [gateway(&bed, "a").await, gateway(&bed, "b").await];
    window(&a).await;
    let (desk, board) = (Desk::begin(&registrar, "label"), Board::new());
    let (mut near, accepted) = accept(&a);
    let psk = board.code.psk();
    let mut link = board.link(&psk);
    until_claim(&mut near, &mut link).await.unwrap();
    until("it is entered", || row(&a, &board).is_some()).await;
    assert_eq!(desk.killed().await.paired, None);
    // Nobody makes it final; the device is paired all the same, and let in.
    link.accept().unwrap();
    settle(&mut near, &mut link, Stop::Never).await.unwrap();
    assert!(matches!(accepted.await.unwrap(), AcceptError::Paired));
    assert_eq!(row(&a, &board), Some(Paired::Pending(code().name())));
    assert!(connects(&b, &board).await);
    let seen = Desk::begin(&registrar, "label").done().await;
    assert_eq!(seen.key, Some(board.key()));
    bed.in_force(&registrar, seen.paired.unwrap()).await;
    assert_eq!((row(&a, &board), row(&b, &board)), (spent(), spent()));
}

/// Nobody who may write the registry is there: the device hears no, and nothing is left behind.
#[tokio::test(flavor = "multi_thread")]
async fn pairing_that_nobody_enters_comes_to_nothing_and_is_not_entered_later() {
    let _watchdog = Watchdog::new();
    let Some(bed) = Bed::new().await else { return };
    let registrar = bed.with(&[2]).await;
    let a = gateway(&bed, "a").await;
    let (number, board) = (window(&a).await, Board::new());
    pair(&a, &board, Stop::Never).await.unwrap_err();
    let trouble = a.acceptor.window(number).unwrap().trouble.unwrap().to_string();
    assert!(trouble.contains("`lowkey pair --registry` has to run meanwhile"), "{trouble}");
    let desk = Desk::begin(&registrar, "label");
    tokio::time::sleep(Duration::from_millis(300)).await; // to do what it must not
    let seen = desk.killed().await;
    assert_eq!((seen.key, seen.paired), (None, None));
    assert_eq!(registrar.read().await.unwrap().sheet.rows.len(), 1);
    // It comes again, and somebody is there.
    let desk = Desk::begin(&registrar, "label");
    pair(&a, &board, Stop::Never).await.unwrap();
    assert_eq!(desk.done().await.key, Some(board.key()));
}

#[tokio::test(flavor = "multi_thread")]
async fn pairing_while_nats_is_away_comes_to_nothing_and_goes_well_when_it_is_back() {
    let _watchdog = Watchdog::new();
    let Some(bed) = Bed::new().await else { return };
    let registrar = bed.with(&[2]).await;
    let cable = Cable::to(bed.nats.address()).await;
    let a = bed.gateway(&bed.access_by(&cable.url(), "a"), &bed.settings());
    a.acceptor.enrol_in(a.registry.enrolments());
    a.registry.read_once().await;
    window(&a).await;
    let (desk, board) = (Desk::begin(&registrar, "label"), Board::new());
    cable.cut();
    pair(&a, &board, Stop::Never).await.unwrap_err();
    cable.heal();
    until("the gateway sees NATS", || a.registry.trouble().is_none()).await;
    let paired = pair(&a, &board, Stop::Never).await;
    assert!(paired.is_ok(), "{paired:?} {:?}", a.acceptor.windows());
    assert_eq!(desk.done().await.key, Some(board.key()));
}

/// What a thief of a gateway's key for NATS can do: write claims, hear all that gateways tell each other, and tell it
/// again.
#[tokio::test(flavor = "multi_thread")]
async fn pairing_nobody_is_entered_by_a_claim_of_whoever_has_no_code_and_no_window_is_opened_by_an_echo() {
    let _watchdog = Watchdog::new();
    let Some(bed) = Bed::new().await else { return };
    let registrar = bed.with(&[2]).await;
    let [a, b] = [gateway(&bed, "a").await, gateway(&bed, "b").await];
    let client = async_nats::connect(bed.nats.url()).await.unwrap();
    let context = async_nats::jetstream::new(client.clone());
    let mut heard = client.subscribe("test.event.*").await.unwrap();
    client.flush().await.unwrap();
    let number = window(&a).await;
    let told = loop {
        let message = futures_util::StreamExt::next(&mut heard).await.unwrap();
        let what =
            message.headers.as_ref().and_then(|headers| headers.get("Lowkey")).map(ToString::to_string);
        if what.as_deref() == Some("window") {
            break message;
        }
    };
    let visible = String::from_utf8_lossy(&told.payload).into_owned();
    let bytes = code();
    assert!(!told.payload.windows(16).any(|part| part == bytes.expose()) && !visible.contains("label"));
    until("it is open at both", || is_open(&b)).await;

    // A key of its own, under the code's name, which everybody sees in a device's hello.
    let desk = Desk::begin(&registrar, "label");
    let subject = format!("$KV.test-claims.{}", Hex(code().name().as_bytes()));
    let thief = Board::new();
    let claim = |mac: String| {
        json!({
            "device": "label", "key": keys::encode_public(&thief.key()), "mac": mac, "nonce": "00", "state": "asks",
            "why": "",
        })
    };
    for forged in [claim("00".repeat(32)), claim(String::new()), claim("zz".repeat(32)), Value::Null] {
        context.publish(subject.clone(), forged.to_string().into()).await.unwrap().await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await; // to be believed, if that could be
    }
    // The right device is not kept out by what stands there.
    let board = Board::new();
    pair(&a, &board, Stop::Never).await.unwrap();
    let seen = desk.done().await;
    assert!(seen.is_forged && seen.key == Some(board.key()));
    bed.in_force(&registrar, seen.paired.unwrap()).await;
    assert_eq!((row(&a, &thief), row(&a, &board)), (None, spent()));

    // The notice once more, and as if another had told it: the window is over, and stays so.
    until("it is over at both", || !is_open(&a) && !is_open(&b)).await;
    for subject in [told.subject.as_str(), "test.event.63"] {
        let (headers, payload) = (told.headers.clone().unwrap(), told.payload.clone());
        client.publish_with_headers(subject.to_owned(), headers, payload).await.unwrap();
    }
    client.flush().await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await; // to be opened, if it could be
    assert!(!is_open(&a) && !is_open(&b));
    assert!(a.acceptor.close_window(number).is_none());
}
