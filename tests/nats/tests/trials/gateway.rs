//! What the key of a gateway is good for, and what whoever has stolen it gets with it.

use crate::house::{House, hex};
use async_nats::jetstream::kv;
use futures_util::{FutureExt, StreamExt};
use test_support::Watchdog;

#[tokio::test]
async fn a_gateway_reads_the_registry_whole_key_by_key_and_as_it_changes() {
    let _watchdog = Watchdog::new();
    let Some(house) = House::new().await else { return };
    let east = house.user("gateway", "east").await;
    let registry = east.bucket("lowkey-registry").await;
    assert_eq!(registry.get("device.6465736b").await.unwrap().unwrap(), "row");
    assert!(registry.entry("device.00").await.unwrap().is_none());

    let mut changes = registry.watch_with_history("device.*").await.unwrap();
    assert_eq!(changes.next().await.unwrap().unwrap().revision, 1);
    let inbox = east.client.new_inbox();
    let mut all = east.client.subscribe(inbox.clone()).await.unwrap();
    let whole = r#"{"multi_last":["$KV.lowkey-registry.>"],"batch":1000}"#;
    let subject = "$JS.API.DIRECT.GET.KV_lowkey-registry";
    east.client.publish_with_reply(subject, inbox, whole.into()).await.unwrap();
    let mut read = Vec::new();
    loop {
        let message = all.next().await.unwrap();
        if message.payload.is_empty() {
            assert_eq!(message.headers.unwrap().get("Nats-UpTo-Sequence").unwrap().as_str(), "2");
            break;
        }
        read.push(message.headers.unwrap().get("Nats-Subject").unwrap().to_string());
    }
    assert_eq!(read, ["$KV.lowkey-registry.device.6465736b", "$KV.lowkey-registry.head"]);

    let keeper = house.registrar.bucket("lowkey-registry").await;
    keeper.update("device.6465736b", "revoked".into(), 1).await.unwrap();
    let change = changes.next().await.unwrap().unwrap();
    assert_eq!((change.value, change.revision), ("revoked".into(), 3));
    let mut later = registry.watch_from_revision(">", 2).await.unwrap();
    assert_eq!(later.next().await.unwrap().unwrap().key, "head");
}

#[tokio::test]
async fn a_gateway_takes_leases_by_compare_and_set_and_writes_its_own_beats_and_claims() {
    let _watchdog = Watchdog::new();
    let Some(house) = House::new().await else { return };
    let (east, west) = (house.user("gateway", "east").await, house.user("gateway", "west").await);
    let [live, other] = [east.bucket("lowkey-live").await, west.bucket("lowkey-live").await];
    let first = live.create("lease.6465736b", "east".into()).await.unwrap();
    assert_eq!(
        other.create("lease.6465736b", "west".into()).await.unwrap_err().kind(),
        kv::CreateErrorKind::AlreadyExists
    );
    let second = other.update("lease.6465736b", "west".into(), first).await.unwrap();
    assert!(live.update("lease.6465736b", "east".into(), first).await.is_err());
    assert_eq!(live.entry("lease.6465736b").await.unwrap().unwrap().revision, second);
    other.delete_expect_revision("lease.6465736b", Some(second)).await.unwrap();

    let beat = format!("beat.{}", hex("east"));
    east.bucket("lowkey-registry").await.put(&beat, "1".into()).await.unwrap();
    let claims = east.bucket("lowkey-claims").await;
    claims.create_with_ttl("6c6f74", "claim".into(), std::time::Duration::from_secs(60)).await.unwrap();
    assert!(west.bucket("lowkey-claims").await.create("6c6f74", "mine".into()).await.is_err());
    assert_eq!(house.registrar.bucket("lowkey-claims").await.get("6c6f74").await.unwrap().unwrap(), "claim");
}

#[tokio::test]
async fn a_gateway_answers_on_its_devices_subjects_and_asks_others_and_where_none_is_that_is_said_at_once() {
    let _watchdog = Watchdog::new();
    let Some(house) = House::new().await else { return };
    let (east, west) = (house.user("gateway", "east").await, house.user("gateway", "west").await);
    let mut subscribed = Vec::new();
    for subject in ["lowkey.to.6465736b".to_owned(), format!("lowkey.ask.{}", hex("east"))] {
        let mut asked = east.client.subscribe(subject.clone()).await.unwrap();
        let client = east.client.clone();
        subscribed.push((
            subject,
            tokio::spawn(async move {
                let message = asked.next().await.unwrap();
                client.publish(message.reply.unwrap(), "here".into()).await.unwrap();
            }),
        ));
    }
    let mut events = west.client.subscribe("lowkey.event.*").await.unwrap();
    west.client.flush().await.unwrap();
    // Its subscriptions are known when an answer to what came behind them is.
    east.bucket("lowkey-registry").await;
    west.bucket("lowkey-registry").await;
    let askers = [&house.registrar.client, &west.client];
    for ((subject, answers), asker) in subscribed.into_iter().zip(askers) {
        assert_eq!(asker.request(subject, "?".into()).await.unwrap().payload, "here");
        answers.await.unwrap();
    }
    east.client.publish(format!("lowkey.event.{}", hex("east")), "event".into()).await.unwrap();
    assert_eq!(events.next().await.unwrap().payload, "event");
    let offline = house.registrar.client.request("lowkey.to.00", "?".into()).await.unwrap_err();
    assert_eq!(offline.kind(), async_nats::RequestErrorKind::NoResponders);
}

#[tokio::test]
async fn a_stolen_gateway_key_enrols_nobody_revokes_nobody_and_is_no_other_gateway() {
    let _watchdog = Watchdog::new();
    let Some(house) = House::new().await else { return };
    let mut thief = house.user("gateway", "east").await;
    thief.bucket("lowkey-live").await.create("lease.6465736b", "hostile".into()).await.unwrap();
    thief.bucket("lowkey-live").await.create("lease.00", "".into()).await.unwrap();
    let before = house.contents().await;
    let (east, west) = (hex("east"), hex("west"));

    for key in [
        "device.6465736b",
        "device.00",
        "head",
        "beat",
        &format!("beat.{west}"),
        &format!("beat.{east}.more"),
    ] {
        thief.is_refused(&format!("$KV.lowkey-registry.{key}"), "hostile").await;
    }
    for key in [&format!("beat.{east}"), "lease", "lease.00.more", "other"] {
        thief.is_refused(&format!("$KV.lowkey-live.{key}"), "hostile").await;
    }
    for subject in ["lowkey.to.6465736b", &format!("lowkey.event.{west}")] {
        thief.is_refused(subject, "hostile").await;
    }
    for bucket in ["registry", "live", "claims"] {
        let stream = format!("KV_lowkey-{bucket}");
        for verb in [
            "CREATE",
            "UPDATE",
            "DELETE",
            "PURGE",
            "MSG.DELETE",
            "MSG.GET",
            "SNAPSHOT",
            "RESTORE",
            "LEADER.STEPDOWN",
            "PEER.REMOVE",
        ] {
            thief.is_refused(&format!("$JS.API.STREAM.{verb}.{stream}"), "{}").await;
        }
        for consumer in
            ["DURABLE.CREATE.{}.c", "MSG.NEXT.{}.c", "DELETE.{}.c", "PAUSE.{}.c", "LIST.{}", "NAMES.{}"]
        {
            thief.is_refused(&format!("$JS.API.CONSUMER.{}", consumer.replace("{}", &stream)), "{}").await;
        }
        if bucket != "registry" {
            for consumer in ["", ".c", ".c.$KV.x"] {
                thief.is_refused(&format!("$JS.API.CONSUMER.CREATE.{stream}{consumer}"), "{}").await;
            }
            thief.is_refused(&format!("$JS.FC.{stream}.c.x"), "").await;
        }
        thief.is_refused(&format!("$JS.ACK.{stream}.c.1.1.1.1.1"), "").await;
    }
    // A stream of its own that copies from the registry, or has the registry copy from it.
    for subject in [
        "$JS.API.STREAM.CREATE.mine",
        "$JS.API.STREAM.LIST",
        "$JS.API.STREAM.NAMES",
        "$JS.API.INFO",
        "$SYS.REQ.ACCOUNT.PING",
    ] {
        thief.is_refused(subject, r#"{"name":"mine","mirror":{"name":"KV_lowkey-registry"}}"#).await;
    }
    assert_eq!(house.contents().await, before);
}

#[tokio::test]
async fn an_answer_goes_nowhere_but_to_who_asked() {
    let _watchdog = Watchdog::new();
    let Some(house) = House::new().await else { return };
    let thief = house.user("gateway", "east").await;
    thief.bucket("lowkey-live").await.create("lease.6465736b", "hostile".into()).await.unwrap();
    thief.bucket("lowkey-live").await.create("lease.00", "".into()).await.unwrap();
    let before = house.contents().await;
    let west = hex("west");
    // Without two accounts the first is a row that nobody wrote, and the third an empty registry.
    let asked = [
        ("$JS.API.DIRECT.GET.KV_lowkey-live.$KV.lowkey-live.lease.6465736b", ""),
        ("$JS.API.DIRECT.GET.KV_lowkey-live", r#"{"last_by_subj":"$KV.lowkey-live.lease.6465736b"}"#),
        ("$JS.API.DIRECT.GET.KV_lowkey-live.$KV.lowkey-live.lease.00", ""),
        ("$JS.API.DIRECT.GET.KV_lowkey-live", r#"{"multi_last":["$KV.lowkey-live.>"],"batch":10}"#),
        ("$JS.API.STREAM.INFO.KV_lowkey-registry", ""),
    ];
    let replies = [
        "$KV.lowkey-registry.device.00".to_owned(),
        "$KV.lowkey-registry.head".to_owned(),
        format!("$KV.lowkey-registry.beat.{west}"),
        format!("$KV.lowkey-live.beat.{west}"),
        "$KV.other-registry.device.00".to_owned(),
        "$JS.API.STREAM.PURGE.KV_lowkey-registry".to_owned(),
        "$JS.API.STREAM.DELETE.KV_lowkey-registry".to_owned(),
        "$JS.API.STREAM.PURGE.KV_lowkey-live".to_owned(),
    ];
    for (subject, payload) in asked {
        for reply in &replies {
            thief.asks_for(reply, subject, payload).await;
        }
    }
    assert_eq!(house.contents().await, before);
    // The receipt of a write, too.
    let receipt = "$KV.lowkey-registry.device.00";
    thief.asks_for(receipt, "$KV.lowkey-live.lease.00", "hostile").await;
    thief.asks_for(receipt, &format!("lowkey.ask.{west}"), "hostile").await;
    assert_eq!(house.contents().await[..2], before[..2]);
}

#[tokio::test]
async fn a_consumer_delivers_to_nobody_but_who_has_made_it() {
    let _watchdog = Watchdog::new();
    let Some(house) = House::new().await else { return };
    let thief = house.user("gateway", "east").await;
    let (east, west) = (hex("east"), hex("west"));
    let registry = thief.bucket("lowkey-registry").await;
    registry.put(format!("beat.{east}"), "hostile".into()).await.unwrap();
    let other = house.user("gateway", "west").await;
    let mut events = other.client.subscribe("lowkey.event.*").await.unwrap();
    let mut messages = other.client.subscribe("lowkey.to.*").await.unwrap();
    other.bucket("lowkey-registry").await;
    // A consumer delivers where there is somebody to hear it.
    for subject in ["lowkey.to.00".to_owned(), format!("lowkey.event.{west}")] {
        let mut heard = thief.client.subscribe(subject).await.unwrap();
        tokio::spawn(async move { heard.next().await });
    }
    let before = house.contents().await;
    let filter = format!("$KV.lowkey-registry.beat.{east}");
    for (number, deliver) in [
        "$KV.lowkey-registry.device.00",
        &format!("$KV.lowkey-registry.beat.{west}"),
        &format!("$KV.lowkey-live.beat.{west}"),
        "$KV.lowkey-live.lease.00",
        "$KV.other-registry.device.00",
        "$JS.API.STREAM.PURGE.KV_lowkey-registry",
        "$JS.API.STREAM.DELETE.KV_lowkey-registry",
        "lowkey.to.00",
        &format!("lowkey.event.{west}"),
    ]
    .into_iter()
    .enumerate()
    {
        let config = format!(
            r#"{{"stream_name":"KV_lowkey-registry","config":{{"name":"c{number}","filter_subject":"{filter}",
            "deliver_subject":"{deliver}","deliver_policy":"all","ack_policy":"none"}}}}"#
        );
        let create = format!("$JS.API.CONSUMER.CREATE.KV_lowkey-registry.c{number}.{filter}");
        let answer = thief.client.request(create, config.into()).await.unwrap();
        let of_its_own = deliver.starts_with("$KV.lowkey-registry.");
        let answer: serde_json::Value = serde_json::from_slice(&answer.payload).unwrap();
        assert_eq!(answer["error"].is_object(), of_its_own, "{deliver}: {answer}");
    }
    // By the time that one which is meant well has delivered, the others have, if they do.
    let mut followed = registry.watch_with_history(&format!("beat.{east}")).await.unwrap();
    assert_eq!(followed.next().await.unwrap().unwrap().value, "hostile");
    let mut after = house.contents().await;
    for (after, before) in
        after.iter_mut().zip(&before).filter(|(_, before)| before["consumer_count"].is_u64())
    {
        after["consumer_count"] = before["consumer_count"].clone();
    }
    assert_eq!(after, before);
    other.bucket("lowkey-registry").await;
    assert!(events.next().now_or_never().is_none() && messages.next().now_or_never().is_none());
}

#[tokio::test]
async fn no_header_makes_a_write_of_ones_own_key_more_than_that() {
    let _watchdog = Watchdog::new();
    let Some(house) = House::new().await else { return };
    let thief = house.user("gateway", "east").await;
    let device = "$KV.lowkey-registry.device.6465736b";
    let beat = format!("$KV.lowkey-registry.beat.{}", hex("east"));
    let refused = [
        ["Nats-Rollup", "all"],
        ["Nats-Rollup", "sub"],
        ["Nats-Schedule", "@at 2030-01-01T00:00:00Z"],
        ["Nats-TTL", "1"],
        ["Nats-Incr", "+1"],
    ];
    let before = house.contents().await;
    for header in refused {
        let answer = thief.publishes(&beat, header, "hostile").await;
        assert!(answer["error"].is_object(), "{header:?}: {answer}");
    }
    assert_eq!(house.contents().await, before);
    for header in [["Nats-Subject", device], ["Nats-Stream-Source", device], ["KV-Operation", "PURGE"]] {
        let answer = thief.publishes(&beat, header, "hostile").await;
        assert!(answer["seq"].is_number(), "{header:?}: {answer}");
    }
    let registry = house.registrar.bucket("lowkey-registry").await;
    assert_eq!(registry.entry("device.6465736b").await.unwrap().unwrap().revision, 1);
    assert_eq!(registry.entry("head").await.unwrap().unwrap().revision, 2);
}

#[tokio::test]
async fn a_stolen_gateway_key_hears_no_other_users_answers_and_no_other_tenant() {
    let _watchdog = Watchdog::new();
    let Some(house) = House::new().await else { return };
    let mut thief = house.user("gateway", "east").await;
    let before = house.contents().await;
    let west = hex("west");
    for subject in [
        ">".to_owned(),
        "_INBOX.>".to_owned(),
        "_INBOX.*".to_owned(),
        "_INBOX.*.>".to_owned(),
        format!("_INBOX.{west}.>"),
        "_R_.>".to_owned(),
        format!("lowkey.ask.{west}"),
        "lowkey.ask".to_owned(),
        "lowkey.>".to_owned(),
        "$KV.>".to_owned(),
        "$KV.lowkey-registry.>".to_owned(),
        "$JS.API.>".to_owned(),
        "$JS.EVENT.>".to_owned(),
        "$SYS.>".to_owned(),
        "other.>".to_owned(),
    ] {
        thief.hears_nothing_of(&subject).await;
    }
    for subject in [
        "$KV.other-registry.device.00",
        &format!("$KV.other-registry.beat.{}", hex("east")),
        "$KV.other-live.lease.00",
        "$KV.other-claims.00",
        "$JS.API.STREAM.INFO.KV_other-registry",
        "$JS.API.DIRECT.GET.KV_other-registry.$KV.other-registry.head",
        "other.to.6465736b",
        "other.ask.00",
        "lowkey.ask",
        "lowkey.to.6465736b",
    ] {
        thief.is_refused(subject, "").await;
    }
    // What is asked of one bucket is not answered from another.
    let asked = thief.client.request(
        "$JS.API.DIRECT.GET.KV_lowkey-registry".to_owned(),
        r#"{"last_by_subj":"$KV.other-registry.head"}"#.into(),
    );
    assert_eq!(asked.await.unwrap().status.unwrap(), async_nats::StatusCode::NOT_FOUND);
    assert_eq!(house.contents().await, before);
}

#[tokio::test]
async fn a_gateway_that_is_taken_off_the_list_is_gone_and_the_others_stay() {
    let _watchdog = Watchdog::new();
    let Some(mut house) = House::new().await else { return };
    let (mut thief, west) = (house.user("gateway", "east").await, house.user("gateway", "west").await);
    let mut followed = west.bucket("lowkey-registry").await.watch("head").await.unwrap();
    house.dismisses("gateway", "east").await;
    thief.is_gone().await;
    // While the server reads its file, nobody may seem to be there to answer.
    while west.jetstream().get_key_value("lowkey-registry").await.is_err() {
        tokio::task::yield_now().await;
    }
    house.registrar.bucket("lowkey-registry").await.put("head", "2".into()).await.unwrap();
    assert_eq!(followed.next().await.unwrap().unwrap().value, "2");
}
