//! The crate `lowkey-nats` itself, with the rights that the recipe gives each role and no others.

use crate::house::House;
use lowkey_host::{Acceptor, Id, Identity, Limits, Registry, Secret};
use lowkey_nats::{NatsError, NatsRegistry, OnStale, Registrar, Settings, Waits};
use lowkey_registry::keys;
use lowkey_registry::rows::Sheet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use test_support::Watchdog;

#[tokio::test(flavor = "multi_thread")]
async fn gateways_follow_and_say_so_and_a_registrar_writes_with_the_rights_of_the_recipe() {
    let _watchdog = Watchdog::new();
    let Some(house) = House::new().await else { return };
    let server = Arc::new(Identity::new(Secret::new([7; 32])).unwrap());
    let device = Identity::new(Secret::new([8; 32])).unwrap().public_key();
    let key = keys::encode_public(&device);
    let text = format!("[[device]]\nname = \"pump\"\nkey = {key:?}\n");
    let sheet = |text: &str| Sheet::of(text, Path::new("devices.toml"), &server.public_key()).unwrap();

    let registrar = Registrar::connect(&house.access("registrar", "desk")).await.unwrap();
    registrar.create(1).await.unwrap();
    // What stands there is no row of ours, nor a head.
    let old = registrar.read().await.unwrap();
    assert_eq!(old.faulty.len(), 1);
    registrar.write(&old, &sheet(&text), &mut 0).await.unwrap();

    let settings = Settings {
        folder: None,
        psk_folder: PathBuf::new(),
        max_stale: Settings::MAX_STALE,
        on_stale: OnStale::Refuse,
    };
    let gateways = ["east", "west"].map(|name| {
        let registry =
            NatsRegistry::open(house.access("gateway", name), settings.clone(), Arc::clone(&server)).unwrap();
        let acceptor = Acceptor::new(Arc::clone(&server), registry.clone(), Limits::default()).unwrap();
        tokio::spawn(registry.keep(&acceptor));
        registry
    });
    let id = Id::of_pinning(&device, &server.public_key());
    for registry in &gateways {
        registry.read_once().await;
        assert!(registry.lookup(&id).is_some());
    }
    let old = registrar.read().await.unwrap();
    let revision = registrar.write(&old, &sheet(""), &mut 0).await.unwrap().unwrap();
    let stands = registrar.in_force(revision, Waits::For(Duration::from_secs(60))).await.unwrap();
    assert!(stands.is_everywhere() && stands.obey() == 2, "{stands:?}");
    assert!(gateways.iter().all(|registry| registry.lookup(&id).is_none()));

    // A gateway's key that is stolen writes no registry.
    let thief = Registrar::connect(&house.access("gateway", "east")).await.unwrap();
    let seen = thief.read().await.unwrap();
    let enrolled = thief.write(&seen, &sheet(&text), &mut 0).await;
    assert!(matches!(enrolled, Err(NatsError::Unheard(_))), "{enrolled:?}");
    assert!(registrar.read().await.unwrap().sheet.rows.is_empty());
}
