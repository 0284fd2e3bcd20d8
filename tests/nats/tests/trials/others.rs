//! The operator's key, and a reader's.

use crate::house::{House, hex};
use async_nats::jetstream::kv::Operation;
use futures_util::{StreamExt, TryStreamExt};
use test_support::Watchdog;

#[tokio::test]
async fn a_registrar_writes_rows_by_compare_and_set_lists_them_and_watches() {
    let _watchdog = Watchdog::new();
    let Some(house) = House::new().await else { return };
    let registry = house.registrar.bucket("lowkey-registry").await;
    let mut all = registry.watch_with_history(">").await.unwrap();
    assert_eq!(all.next().await.unwrap().unwrap().revision, 1);
    assert_eq!(all.next().await.unwrap().unwrap().key, "head");
    let second = registry.update("device.6465736b", "row 2".into(), 1).await.unwrap();
    assert!(registry.update("device.6465736b", "row 3".into(), 1).await.is_err());
    assert!(registry.create("device.6465736b", "row 3".into()).await.is_err());
    assert_eq!(all.next().await.unwrap().unwrap().value, "row 2");
    registry.delete_expect_revision("device.6465736b", Some(second)).await.unwrap();
    assert_eq!(all.next().await.unwrap().unwrap().operation, Operation::Delete);
    let mut late = registry.watch_from_revision(">", second).await.unwrap();
    assert_eq!(late.next().await.unwrap().unwrap().revision, second);
    assert_eq!(registry.keys().await.unwrap().try_collect::<Vec<_>>().await.unwrap(), ["head"]);
    let history = registry.history("device.6465736b").await.unwrap().try_collect::<Vec<_>>().await.unwrap();
    assert_eq!(history.iter().map(|entry| entry.revision).collect::<Vec<_>>(), [1, 3, 4]);
}

#[tokio::test]
async fn a_gateway_and_a_reader_get_ten_thousand_rows_although_the_server_waits_for_them_in_between() {
    let _watchdog = Watchdog::new();
    let Some(house) = House::new().await else { return };
    let registry = house.registrar.bucket("lowkey-registry").await;
    let rows = futures_util::stream::iter(0..10_000).map(|number| {
        let (registry, row) = (registry.clone(), vec![b'x'; 300].into());
        async move { registry.put(format!("device.{number:04x}"), row).await }
    });
    rows.buffer_unordered(500).try_collect::<Vec<_>>().await.unwrap();
    for (role, name) in [("gateway", "east"), ("reader", "wall")] {
        let user = house.user(role, name).await;
        let rows = user.bucket("lowkey-registry").await.watch_with_history("device.*").await.unwrap();
        assert_eq!(rows.take(10_001).try_collect::<Vec<_>>().await.unwrap().len(), 10_001);
    }
}

#[tokio::test]
async fn a_reader_reads_and_writes_nothing() {
    let _watchdog = Watchdog::new();
    let Some(house) = House::new().await else { return };
    let mut reader = house.user("reader", "wall").await;
    let east = house.user("gateway", "east").await;
    east.bucket("lowkey-live").await.create("lease.6465736b", "east".into()).await.unwrap();
    assert_eq!(reader.bucket("lowkey-registry").await.get("device.6465736b").await.unwrap().unwrap(), "row");
    assert_eq!(reader.bucket("lowkey-live").await.get("lease.6465736b").await.unwrap().unwrap(), "east");
    let before = house.contents().await;
    for subject in [
        "$KV.lowkey-registry.device.6465736b".to_owned(),
        format!("$KV.lowkey-registry.beat.{}", hex("wall")),
        "$KV.lowkey-live.lease.6465736b".to_owned(),
        "$KV.lowkey-claims.00".to_owned(),
        "$JS.API.DIRECT.GET.KV_lowkey-claims.$KV.lowkey-claims.00".to_owned(),
        "$JS.API.STREAM.PURGE.KV_lowkey-registry".to_owned(),
        "$JS.API.CONSUMER.CREATE.KV_lowkey-live.c".to_owned(),
        "lowkey.to.6465736b".to_owned(),
        format!("lowkey.ask.{}", hex("east")),
        format!("lowkey.event.{}", hex("wall")),
        format!("_INBOX.{}.x", hex("east")),
    ] {
        reader.is_refused(&subject, "hostile").await;
    }
    reader.hears_nothing_of("lowkey.to.*").await;
    reader.hears_nothing_of("lowkey.ask").await;
    let hostile = "$JS.API.DIRECT.GET.KV_lowkey-live.$KV.lowkey-live.lease.6465736b";
    reader.asks_for("$KV.lowkey-registry.device.00", hostile, "").await;
    assert_eq!(house.contents().await, before);
}
