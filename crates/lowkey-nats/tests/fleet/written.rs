//! A registry is written row by row, and by one at a time.

use super::bed::Bed;
use lowkey_nats::NatsError;
use lowkey_registry::keys;
use lowkey_registry::rows::Sheet;
use std::path::Path;
use test_support::Watchdog;
use test_support::folder::public;

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_goes_to_nats_comes_back_to_the_byte() {
    let _watchdog = Watchdog::new();
    let Some(bed) = Bed::new().await else { return };
    let registrar = bed.registrar().await;
    assert!(matches!(registrar.read().await, Err(NatsError::NoRegistry)));
    registrar.create(1).await.unwrap();
    registrar.create(1).await.unwrap();
    let server = bed.server.public_key();
    let key = |byte| keys::encode_public(&public(byte));
    let text = format!(
        "# the pumps\r\nserver = '{}'\n\n[[device]] # north\nname = \"a.*>ü\"\nkey = '{}'\n# between\n\n\
         [[device]]\nname = 'b'\n[[device.pinning]]\nkey = '{}'\nexpires = 2030-01-01T00:00:00Z\n[[device.pinning]]\n\
         key = '{}'\n# the end, without a line's end",
        keys::encode_public(&server),
        key(2),
        key(3),
        key(4),
    );
    let sheet = Sheet::of(&text, Path::new("devices.toml"), &server).unwrap();
    let (old, mut written) = (registrar.read().await.unwrap(), 0);
    assert!(registrar.write(&old, &sheet, &mut written).await.unwrap().is_some());
    assert_eq!(written, 2);
    let stored = registrar.read().await.unwrap();
    assert_eq!((stored.sheet.text(), stored.faulty.len()), (text, 0));
    let again = registrar.write(&stored, &sheet, &mut written).await.unwrap();
    assert_eq!((again, written), (None, 2), "nothing differs, and nothing is written");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_change_the_same_row_one_learns_that_the_other_was_faster() {
    let _watchdog = Watchdog::new();
    let Some(bed) = Bed::new().await else { return };
    let registrar = bed.with(&[2, 3]).await;
    let both = registrar.read().await.unwrap();
    let mut written = 0;
    registrar.write(&both, &bed.sheet(&[2]), &mut written).await.unwrap();
    let raced = registrar.write(&both, &bed.sheet(&[2]), &mut written).await;
    assert!(matches!(raced, Err(NatsError::Raced(name)) if name == "pump-3"));
    // Others' rows are nobody's race.
    registrar.write(&both, &bed.sheet(&[2, 3, 4]), &mut written).await.unwrap();
    let names: Vec<_> = registrar.read().await.unwrap().sheet.rows.into_keys().collect();
    assert_eq!(names, ["pump-2", "pump-4"]);
}

/// A header on a message to a gateway's own key would empty a bucket that allows it.
#[tokio::test(flavor = "multi_thread")]
async fn a_registry_has_a_bucket_for_what_gateways_say_and_none_can_be_emptied_by_a_header() {
    let _watchdog = Watchdog::new();
    let Some(bed) = Bed::new().await else { return };
    let registrar = bed.registrar().await;
    let context = async_nats::jetstream::new(async_nats::connect(bed.nats.url()).await.unwrap());
    for _ in 0..2 {
        registrar.create(1).await.unwrap();
        for name in ["registry", "live", "claims"] {
            let stream = context.get_stream(format!("KV_test-{name}")).await.unwrap();
            let config = &stream.cached_info().config;
            assert!(!config.allow_rollup && config.allow_direct, "{name}");
            assert_eq!(config.allow_message_ttl, name != "registry");
        }
        // As NATS's own tools make one.
        let bucket =
            async_nats::jetstream::kv::Config { bucket: "test-claims".to_owned(), ..Default::default() };
        context.delete_stream("KV_test-claims").await.unwrap();
        context.create_key_value(bucket).await.unwrap();
        let refused = registrar.create(1).await.unwrap_err().to_string();
        assert!(refused.contains("KV_test-claims allows roll-ups"), "{refused}");
        // As one that was made when there was less.
        context.delete_stream("KV_test-claims").await.unwrap();
    }
}
