//! The crate `lowkey-nats` itself, with the rights that the recipe gives each role and no others.

use crate::house::House;
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy};
use lowkey_host::numbered::{Intake, RunId, Sink, Source, Unstored};
use lowkey_host::{
    Acceptor, Connection, Id, Identity, Limits, NotSent, Paired, Peer, Pinning, PublicKey, Registry, Secret,
    connect,
};
use lowkey_nats::{
    Clerk, Credentials, JetStreamSink, JetStreamSource, NatsError, NatsRegistry, NatsRows, OnStale,
    Registrar, Settings, Waits,
};
use lowkey_registry::keys;
use lowkey_registry::rows::Sheet;
use std::future::poll_fn;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use test_support::Watchdog;
use test_support::world::board::{Board, Stop, code};
use tokio::io::{DuplexStream, duplex};

#[tokio::test(flavor = "multi_thread")]
async fn gateways_follow_and_say_so_and_a_registrar_writes_with_the_rights_of_the_recipe() {
    let _watchdog = Watchdog::new();
    let Some(house) = House::new().await else { return };
    let server = Arc::new(Identity::new(Secret::new([7; 32])).unwrap());
    let device = Identity::new(Secret::new([8; 32])).unwrap().public_key();
    let key = keys::encode_public(&device);
    let text = format!("[[device]]\nname = \"pump\"\nkey = {key:?}\n");
    let sheet = |text: &str| Sheet::of(text, Path::new("devices.toml"), &server.public_key()).unwrap();

    let mut stranger = house.access("registrar", "desk");
    stranger.credentials = Credentials::None;
    let error = Registrar::connect(&stranger).await.unwrap_err().to_string();
    assert!(error.contains("`--credentials`"), "{error}");
    stranger.roots = None;
    let error = Registrar::connect(&stranger).await.unwrap_err().to_string();
    assert!(error.contains("`--roots`"), "{error}");
    let registrar = Registrar::connect(&house.access("registrar", "desk")).await.unwrap();
    registrar.create(1).await.unwrap();
    // What stands there is no row of ours, nor a head.
    let old = registrar.read().await.unwrap();
    assert_eq!(old.faulty.len(), 1);
    registrar.write(&old, &sheet(&text), &mut 0).await.unwrap();

    let gateways = gateways(&house, &server);
    let [(east, at_east), (west, at_west)] = &gateways;
    let id = Id::of_pinning(&device, &server.public_key());
    for (registry, _) in &gateways {
        registry.read_once().await;
        assert!(registry.lookup(&id).is_some());
    }
    // Leases, and what gateways ask each other.
    let (_first, at_first) = comes(&server, at_east).await;
    until(|| async {
        west.fleet().holder("pump").await.unwrap().is_some_and(|lease| lease.gateway == "east")
    })
    .await;
    drive(at_first);
    for registry in [east, west] {
        registry.fleet().answer_by(|asked| Box::pin(async move { asked }));
    }
    until(|| async { west.fleet().gateways().len() == 2 }).await;
    let within = Duration::from_secs(8);
    assert_eq!(west.fleet().ask(|_| "x".to_owned(), within).await, [("east".to_owned(), Ok("x".to_owned()))]);
    assert_eq!(west.fleet().send("nobody", b"x", within).await, Err(NotSent::Offline));
    assert_eq!(registrar.send("nobody", b"x", within).await, Err(NotSent::Offline));
    let (mut second, at_second) = comes(&server, at_west).await;
    drive(at_second);
    until(|| async { at_east.stats().sessions_moved == 1 }).await;
    tokio::spawn(async move { while let Ok(Some(_)) = second.recv().await {} });
    until(|| async {
        east.fleet().holder("pump").await.unwrap().is_some_and(|lease| lease.gateway == "west")
    })
    .await;
    east.fleet().send("pump", b"x", within).await.unwrap();
    registrar.send("pump", b"x", within).await.unwrap();
    // A reader, or a gateway, sends nothing to devices by their subjects: those of the recipe are for registrars.
    let reader = Registrar::connect(&house.access("reader", "wall")).await.unwrap();
    let thief = Registrar::connect(&house.access("gateway", "east")).await.unwrap();
    for other in [reader, thief] {
        let sent = other.send("pump", b"x", Duration::from_secs(1)).await;
        assert!(matches!(sent, Err(NotSent::Unanswered | NotSent::Offline)), "{sent:?}");
    }
    let old = registrar.read().await.unwrap();
    let revision = registrar.write(&old, &sheet(""), &mut 0).await.unwrap().unwrap();
    let stands = registrar.in_force(revision, Waits::For(Duration::from_secs(60))).await.unwrap();
    assert!(stands.is_everywhere() && stands.obey() == 2, "{stands:?}");
    assert!(gateways.iter().all(|(registry, _)| registry.lookup(&id).is_none()));

    // A gateway's key that is stolen writes no registry.
    let thief = Registrar::connect(&house.access("gateway", "east")).await.unwrap();
    let seen = thief.read().await.unwrap();
    let enrolled = thief.write(&seen, &sheet(&text), &mut 0).await;
    assert!(matches!(enrolled, Err(NatsError::Unheard(_))), "{enrolled:?}");
    assert!(registrar.read().await.unwrap().sheet.rows.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn gateways_store_devices_messages_with_the_rights_of_the_recipe_and_delete_and_read_none() {
    let _watchdog = Watchdog::new();
    let Some(house) = House::new().await else { return };
    let registrar = Registrar::connect(&house.access("registrar", "desk")).await.unwrap();
    registrar.create(1).await.unwrap();
    registrar.create_up(1).await.unwrap();
    registrar.create_up(1).await.unwrap();
    let [east, west] = ["east", "west"]
        .map(|name| async { JetStreamSink::open(&house.access("gateway", name), None).await });
    let (east, west) = (east.await.unwrap(), west.await.unwrap());
    let inspected = east.inspect().await.unwrap();
    assert_eq!(inspected.wrong, Vec::<String>::new());
    assert!(inspected.notes.iter().any(|note| note.contains("sync_always")), "{inspected:?}");
    let run = RunId::new([1; 8]);
    let mut older = east.begin("pump", run).await.unwrap();
    store(&mut *older.intake, 1).await.unwrap();
    store(&mut *older.intake, 2).await.unwrap();
    let mut newer = west.begin("pump", run).await.unwrap();
    assert_eq!(newer.last.map(|last| last.number), Some(2));
    assert_eq!(store(&mut *older.intake, 3).await, Err(Unstored::Moved));
    store(&mut *newer.intake, 3).await.unwrap();
    assert_eq!(west.trouble(), None);

    let mut thief = house.user("gateway", "east").await;
    for stream in ["lowkey-up", "KV_lowkey-numbers"] {
        for verb in
            ["CREATE", "UPDATE", "DELETE", "PURGE", "MSG.DELETE", "SNAPSHOT", "RESTORE", "LEADER.STEPDOWN"]
        {
            thief.is_refused(&format!("$JS.API.STREAM.{verb}.{stream}"), "{}").await;
        }
        for consumer in
            ["CREATE.{}", "CREATE.{}.c", "DURABLE.CREATE.{}.c", "MSG.NEXT.{}.c", "DELETE.{}.c", "LIST.{}"]
        {
            thief.is_refused(&format!("$JS.API.CONSUMER.{}", consumer.replace("{}", stream)), "{}").await;
        }
        thief.is_refused(&format!("$JS.API.DIRECT.GET.{stream}"), r#"{"seq":1}"#).await;
        thief.is_refused(&format!("$JS.ACK.{stream}.c.1.1.1.1.1"), "").await;
    }
    // By sequence it would read all there is of every device.
    thief.is_refused("$JS.API.STREAM.MSG.GET.lowkey-up", r#"{"seq":1}"#).await;
    thief.hears_nothing_of("lowkey.up.*").await;
    let up = format!("lowkey.up.{}", crate::house::hex("pump"));
    for header in [["Nats-Rollup", "sub"], ["Nats-Rollup", "all"]] {
        assert!(thief.publishes(&up, header, "").await["error"].is_object());
    }
    let mut reader = house.user("reader", "wall").await;
    for subject in [&*up, "lowkey.mark.00", "$KV.lowkey-numbers.00", "$JS.API.STREAM.INFO.lowkey-up"] {
        reader.is_refused(subject, "").await;
    }
    store(&mut *newer.intake, 4).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn gateways_store_in_a_queue_with_the_rights_of_the_recipe_and_write_none_of_what_nats_keeps_beside_it()
{
    let _watchdog = Watchdog::new();
    let Some(house) = House::new().await else { return };
    let registrar = Registrar::connect(&house.access("registrar", "desk")).await.unwrap();
    registrar.create(1).await.unwrap();
    let queue = Config {
        name: "lowkey-up".to_owned(),
        subjects: vec!["lowkey.up.*".to_owned(), "lowkey.mark.*".to_owned()],
        retention: RetentionPolicy::WorkQueue,
        discard: DiscardPolicy::New,
        allow_direct: true,
        ..Config::default()
    };
    house.registrar.jetstream().create_stream(queue).await.unwrap();
    assert_eq!(registrar.create_up(1).await.unwrap().as_deref(), Some("lowkey-last"));
    let [east, west] = ["east", "west"]
        .map(|name| async { JetStreamSink::open(&house.access("gateway", name), None).await });
    let (east, west) = (east.await.unwrap(), west.await.unwrap());
    assert_eq!(east.inspect().await.unwrap().wrong, Vec::<String>::new());
    let run = RunId::new([1; 8]);
    let mut older = east.begin("pump", run).await.unwrap();
    store(&mut *older.intake, 1).await.unwrap();
    let mut newer = west.begin("pump", run).await.unwrap();
    assert_eq!(newer.last.map(|last| last.number), Some(1));
    assert_eq!(store(&mut *older.intake, 2).await, Err(Unstored::Moved));
    store(&mut *newer.intake, 2).await.unwrap();

    let mut thief = house.user("gateway", "east").await;
    for verb in ["CREATE", "UPDATE", "DELETE", "PURGE", "MSG.DELETE", "SNAPSHOT", "RESTORE"] {
        thief.is_refused(&format!("$JS.API.STREAM.{verb}.lowkey-last"), "{}").await;
    }
    let last = format!("lowkey.last.{}", crate::house::hex("pump"));
    thief.is_refused(&last, "").await;
    thief.is_refused("$JS.API.CONSUMER.CREATE.lowkey-last.c", "{}").await;
    thief.hears_nothing_of("lowkey.last.*").await;
    house.user("reader", "wall").await.is_refused("$JS.API.STREAM.MSG.GET.lowkey-last", "{}").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn gateways_give_devices_their_messages_with_the_rights_of_the_recipe_and_send_none() {
    let _watchdog = Watchdog::new();
    let Some(house) = House::new().await else { return };
    let registrar = Registrar::connect(&house.access("registrar", "desk")).await.unwrap();
    registrar.create(1).await.unwrap();
    registrar.create_down(1).await.unwrap();
    let east = JetStreamSource::open(&house.access("gateway", "east"), None).await.unwrap();
    east.seen().await;
    assert_eq!(east.inspect().await.unwrap().wrong, Vec::<String>::new());
    let mut outlet = east.begin("pump", east.run().unwrap(), None).await.unwrap();
    let dn = format!("lowkey.dn.{}", crate::house::hex("pump"));
    for text in ["a", "b"] {
        let sent = house.registrar.jetstream().publish(dn.clone(), text.into()).await.unwrap();
        let number = sent.await.unwrap().sequence;
        let given = poll_fn(|context| outlet.poll_next(context)).await;
        assert_eq!(given, Ok((number, text.as_bytes().to_vec())));
        outlet.acknowledge(number);
    }
    let mut thief = house.user("gateway", "east").await;
    thief.is_refused(&dn, "").await;
    for verb in ["CREATE", "UPDATE", "DELETE", "PURGE", "MSG.DELETE", "MSG.GET", "SNAPSHOT", "RESTORE"] {
        thief.is_refused(&format!("$JS.API.STREAM.{verb}.lowkey-dn"), "{}").await;
    }
    for consumer in
        ["CREATE.{}", "CREATE.{}.c", "DURABLE.CREATE.{}.c", "MSG.NEXT.{}.c", "DELETE.{}.c", "LIST.{}"]
    {
        thief.is_refused(&format!("$JS.API.CONSUMER.{}", consumer.replace("{}", "lowkey-dn")), "{}").await;
    }
    let mut reader = house.user("reader", "wall").await;
    reader.is_refused(&dn, "").await;
    reader.is_refused("$JS.API.DIRECT.GET.lowkey-dn", r#"{"seq":1}"#).await;
    reader.hears_nothing_of("lowkey.dn.*").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_takes_what_devices_have_sent_and_sends_to_them_and_its_key_does_nothing_else() {
    let _watchdog = Watchdog::new();
    let Some(house) = House::new().await else { return };
    let registrar = Registrar::connect(&house.access("registrar", "desk")).await.unwrap();
    registrar.create(1).await.unwrap();
    registrar.create_up(1).await.unwrap();
    registrar.create_down(1).await.unwrap();
    registrar.create_consumer("backend").await.unwrap();
    registrar.create_consumer("backend").await.unwrap();
    registrar.create_consumer("other").await.unwrap();
    let east = JetStreamSink::open(&house.access("gateway", "east"), None).await.unwrap();
    let down = JetStreamSource::open(&house.access("gateway", "east"), None).await.unwrap();
    let mut begun = east.begin("pump", RunId::new([1; 8])).await.unwrap();
    for number in 1..=3 {
        store(&mut *begun.intake, number).await.unwrap();
    }

    let mut service = house.user("service", "backend").await;
    let backend = crate::house::hex("backend");
    let next = format!("$JS.API.CONSUMER.MSG.NEXT.lowkey-up.{backend}");
    let mut pulled = service.client.subscribe(format!("_INBOX.{backend}.pulled")).await.unwrap();
    for number in 1..=3 {
        let inbox = format!("_INBOX.{backend}.pulled");
        service.client.publish_with_reply(next.clone(), inbox, "1".into()).await.unwrap();
        let message = futures_util::StreamExt::next(&mut pulled).await.unwrap();
        assert_eq!(message.headers.unwrap().get("Lowkey-Number").unwrap().as_str(), number.to_string());
        let acted = service.client.request(message.reply.unwrap(), "+ACK".into()).await.unwrap();
        assert_eq!(acted.payload, "");
    }
    // As clients of NATS do it.
    let stream = service.jetstream().get_stream_no_info("lowkey-up").await.unwrap();
    let consumer =
        stream.get_consumer::<async_nats::jetstream::consumer::pull::Config>(&backend).await.unwrap();
    assert_eq!((consumer.cached_info().num_pending, consumer.cached_info().num_ack_pending), (0, 0));

    // The other way: what a device has acknowledged shows in its row.
    down.seen().await;
    let mut outlet = down.begin("pump", down.run().unwrap(), None).await.unwrap();
    let pump = crate::house::hex("pump");
    let sent = service.client.request(format!("lowkey.dn.{pump}"), "go".into()).await.unwrap();
    assert!(String::from_utf8_lossy(&sent.payload).contains("lowkey-dn"), "{sent:?}");
    let (number, message) = poll_fn(|context| outlet.poll_next(context)).await.unwrap();
    assert_eq!(message, b"go");
    outlet.acknowledge(number);
    let row = format!("$JS.API.DIRECT.GET.KV_lowkey-numbers.$KV.lowkey-numbers.{pump}-down");
    until(|| async {
        let row = service.client.request(row.clone(), "".into()).await.unwrap();
        String::from_utf8_lossy(&row.payload).contains(&format!(" {number} "))
    })
    .await;

    store(&mut *begun.intake, 4).await.unwrap();
    let before = contents(&house).await;
    for reply in [
        "lowkey.up.00",
        "lowkey.mark.00",
        "$KV.lowkey-numbers.00",
        "$KV.lowkey-live.lease.00",
        "$KV.lowkey-claims.00",
        "$KV.lowkey-registry.device.00",
        "$JS.API.STREAM.PURGE.lowkey-up",
    ] {
        service.is_refused(reply, "hostile").await;
        // Asked for with that as the place for the answer.
        let [subject, reply] = [&*next, reply].map(|subject| async_nats::Subject::from(subject.to_owned()));
        service
            .client
            .publish_with_reply(subject, reply, r#"{"batch":1,"no_wait":true}"#.into())
            .await
            .unwrap();
        let info = format!("$JS.API.CONSUMER.INFO.lowkey-up.{backend}");
        service.client.request(info, "".into()).await.unwrap();
    }
    assert_eq!(contents(&house).await, before);
    let other = crate::house::hex("other");
    for subject in [
        format!("$JS.API.CONSUMER.MSG.NEXT.lowkey-up.{other}"),
        format!("$JS.ACK.lowkey-up.{other}.1.1.1.1.1"),
        "$JS.API.CONSUMER.CREATE.lowkey-up.c".to_owned(),
        "$JS.API.STREAM.INFO.lowkey-up".to_owned(),
        "$JS.API.STREAM.MSG.DELETE.lowkey-up".to_owned(),
        "lowkey.to.00".to_owned(),
        "lowkey.ask.00".to_owned(),
    ] {
        service.is_refused(&subject, "").await;
    }
    for subject in ["lowkey.>", "lowkey.dn.*", "_INBOX.>", "$JS.>"] {
        service.hears_nothing_of(subject).await;
    }
}

/// How much has come into each stream of the house.
async fn contents(house: &House) -> Vec<u64> {
    let mut last = Vec::new();
    for stream in [
        "KV_lowkey-registry",
        "KV_lowkey-live",
        "KV_lowkey-claims",
        "KV_lowkey-numbers",
        "lowkey-up",
        "lowkey-dn",
    ] {
        let stream = house.registrar.jetstream().get_stream(stream).await.unwrap();
        last.push(stream.cached_info().state.last_sequence);
    }
    last
}

async fn store(intake: &mut dyn Intake, number: u64) -> Result<u64, Unstored> {
    poll_fn(|context| intake.poll_ready(context)).await?;
    intake.take(number, b"x".to_vec());
    poll_fn(|context| intake.poll_stored(context)).await
}

/// What a registrar sends to a device by way of NATS is for gateways: whoever has the key of one hears and answers it,
/// as the book says.
#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_gateway_key_hears_what_is_sent_to_devices_and_answers_in_their_place() {
    let _watchdog = Watchdog::new();
    let Some(house) = House::new().await else { return };
    let thief = house.user("gateway", "east").await;
    let mut heard = thief.client.subscribe("lowkey.to.*").await.unwrap();
    thief.bucket("lowkey-registry").await; // it is subscribed by then
    let answers = tokio::spawn(async move {
        let message = futures_util::StreamExt::next(&mut heard).await.unwrap();
        thief.client.publish(message.reply.unwrap(), r#"{"received":true}"#.into()).await.unwrap();
        thief.client.flush().await.unwrap();
        message.payload
    });
    let registrar = Registrar::connect(&house.access("registrar", "desk")).await.unwrap();
    registrar.send("pump", b"x", Duration::from_secs(8)).await.unwrap();
    assert_eq!(answers.await.unwrap(), "x");
}

/// East and west, which follow the registry and pair devices.
fn gateways(house: &House, server: &Arc<Identity>) -> [(NatsRegistry, Acceptor); 2] {
    let settings = Settings {
        folder: None,
        psk_folder: PathBuf::new(),
        max_stale: Settings::MAX_STALE,
        on_stale: OnStale::Refuse,
    };
    ["east", "west"].map(|name| {
        let registry =
            NatsRegistry::open(house.access("gateway", name), settings.clone(), Arc::clone(server)).unwrap();
        let acceptor = Acceptor::new(Arc::clone(server), registry.clone(), Limits::default()).unwrap();
        acceptor.enrol_in(registry.enrolments());
        tokio::spawn(registry.keep(&acceptor));
        (registry, acceptor)
    })
}

/// The device comes to a gateway; both ends of its session.
async fn comes(
    server: &Identity,
    acceptor: &Acceptor,
) -> (Connection<DuplexStream>, Connection<DuplexStream>) {
    let identity = Identity::new(Secret::new([8; 32])).unwrap();
    let peer = Peer::pin(&identity, server.public_key()).unwrap();
    let id = Id::of_pinning(&identity.public_key(), &server.public_key());
    let (near, far) = duplex(4096);
    let pinning = Pinning { id, identity: &identity, peer: &peer, psk: None };
    let limits = Limits::default();
    let (device, server) = tokio::join!(connect(near, pinning, &limits), acceptor.accept(far));
    (device.unwrap(), server.unwrap())
}

fn drive(mut connection: Connection<DuplexStream>) {
    tokio::spawn(async move { while let Ok(Some(_)) = connection.recv().await {} });
}

/// Waits for something that comes; the watchdog is the end of it.
async fn until<F: Future<Output = bool>>(is: impl Fn() -> F) {
    while !is().await {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The window is opened at one gateway and the device comes to the other; nobody has more rights than the recipe gives.
#[tokio::test(flavor = "multi_thread")]
async fn a_device_pairs_with_any_gateway_and_whoever_has_a_gateway_s_key_alone_enters_nobody() {
    let _watchdog = Watchdog::new();
    let Some(house) = House::new().await else { return };
    let server = Arc::new(Identity::new(Secret::new([7; 32])).unwrap());
    let registrar = Registrar::connect(&house.access("registrar", "desk")).await.unwrap();
    let old = registrar.read().await.unwrap();
    let text = format!("server = {:?}\n", keys::encode_public(&server.public_key()));
    let sheet = Sheet::of(&text, Path::new("devices.toml"), &server.public_key()).unwrap();
    registrar.write(&old, &sheet, &mut 0).await.unwrap();
    let gateways = gateways(&house, &server);
    for (registry, _) in &gateways {
        registry.read_once().await;
    }
    let [(_, east), (west_registry, west)] = &gateways;
    east.open_window(&code(), "label", Duration::from_secs(600)).await.unwrap();
    while west.windows().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // With a gateway's own key nobody is entered, even by whoever has the code as well.
    let thief = Registrar::connect(&house.access("gateway", "east")).await.unwrap();
    let board = Board::new();
    let tried = enters(&thief, false);
    let refused = pairs(&board, west).await;
    assert!(refused.is_err() && !tried.await.unwrap(), "{refused:?}");
    let entered = enters(&registrar, true);
    assert_eq!(pairs(&board, west).await.unwrap(), server.public_key());
    assert!(entered.await.unwrap());
    let id = Id::of_pinning(&board.key(), &server.public_key());
    assert!(matches!(west_registry.lookup(&id).unwrap().paired(), Some(Paired::Final(_))));
}

async fn pairs(board: &Board, gateway: &Acceptor) -> Result<PublicKey, lowkey_transport::Error> {
    let (near, far) = duplex(1000);
    let gateway = gateway.clone();
    let accepted = tokio::spawn(async move { gateway.accept(far).await.map(drop) });
    let paired = board.pair(near, Stop::Never).await;
    let _refused_or_paired = accepted.await.unwrap();
    paired
}

/// Whether a device is entered by whoever has this; the thief looks for as long as its victim waits.
fn enters(registrar: &Registrar, is_patient: bool) -> tokio::task::JoinHandle<bool> {
    let (registrar, runtime) = (registrar.clone(), tokio::runtime::Handle::current());
    tokio::task::spawn_blocking(move || {
        let rows = NatsRows::new(registrar, runtime, None);
        let mut clerk = Clerk::new(&rows, &code(), "label").unwrap();
        for _ in 0..if is_patient { 1000 } else { 3 } {
            if clerk.look().is_ok_and(|seen| seen.paired.is_some()) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    })
}
