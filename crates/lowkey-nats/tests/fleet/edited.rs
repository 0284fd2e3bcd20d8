//! A registry in NATS is changed as a file is: the same commands say the same, and leave the same text.

use super::bed::Bed;
use lowkey_host::text::Hex;
use lowkey_host::{Id, PublicKey};
use lowkey_nats::{NatsRows, Registrar};
use lowkey_registry::pairing::{Enrolment, claim, finalise, may_claim, remove};
use lowkey_registry::provision::batch::{Batch, Codes, check, make, numbered};
use lowkey_registry::provision::{Format, KnownKey, Order, PskFile, Rotation, provision, register};
use lowkey_registry::rotation::{Which, finish, revoke};
use lowkey_registry::rows::{SharedError, SharedRegistry, Sheet};
use lowkey_registry::{Target, keys};
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use test_support::Watchdog;
use test_support::folder::public;
use tokio::runtime::Handle;

/// Where a registry is, and a folder beside it.
struct Desk<'d> {
    target: Target<'d>,
    server: PublicKey,
    folder: PathBuf,
}

impl Desk<'_> {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn provision(&self, name: &str, change: impl FnOnce(&mut Order<'_>)) -> Result<(), String> {
        self.provision_with(name, PskFile::None, change)
    }

    fn provision_with(
        &self,
        name: &str,
        psk: PskFile<'_>,
        change: impl FnOnce(&mut Order<'_>),
    ) -> Result<(), String> {
        let page = self.path(&format!("{}.page", Hex(name.as_bytes())));
        let mut order = Order {
            name,
            server: self.server,
            id: None,
            address: "10.0.2.2:7000",
            page: &page,
            format: Format::Binary,
            psk,
            registry: Some(self.target),
            rotation: Rotation::None,
        };
        change(&mut order);
        let page = order.page.to_owned();
        let made = provision(&order).map_err(|error| error.to_string());
        assert_eq!(page.exists(), made.is_ok(), "a page is there if and only if its device is");
        std::fs::remove_file(page).ok();
        made.map(drop)
    }

    fn register(&self, name: &str, byte: u8) -> Result<bool, String> {
        let device = KnownKey { name, key: public(byte), server: self.server, registry: self.target };
        register(&device).map(|there| there.was_there).map_err(|error| error.to_string())
    }

    fn revoke(&self, name: &str, which: Which) -> Result<usize, String> {
        revoke(self.target, &self.server, name, which)
            .map(|removed| removed.left)
            .map_err(|error| error.to_string())
    }

    fn finish(&self, name: &str) -> Result<usize, String> {
        finish(self.target, &self.server, name).map(|removed| removed.left).map_err(|error| error.to_string())
    }

    fn claim(&self, name: &str, byte: u8, code: &str) -> Result<bool, String> {
        let enrolment = Enrolment { name, key: public(byte), code: code_named(code) };
        claim(self.target, &self.server, enrolment)
            .map(|claimed| claimed.was_there)
            .map_err(|error| error.to_string())
    }
}

fn code_named(name: &str) -> Id {
    Id::new(name.as_bytes()).unwrap()
}

/// What is said of it and what stands there, whatever it is called and whichever keys were drawn.
fn alike(text: &str, desk: &Desk<'_>) -> String {
    let named = lowkey_registry::text_file::shown(desk.target.named());
    let folder = desk.folder.display().to_string();
    let mut text = text.replace(&named, "REGISTRY").replace(&folder, "FOLDER");
    let fixed: Vec<String> = (1..40).map(|byte| keys::encode_public(&public(byte))).collect();
    let mut from = 0;
    while let Some(at) = text[from..].find("lkpub1").map(|at| from + at) {
        let end = text[at..].find(|c: char| !c.is_ascii_alphanumeric()).map_or(text.len(), |end| at + end);
        if !fixed.iter().any(|key| *key == text[at..end]) {
            text.replace_range(at..end, "DRAWN");
        }
        from = at + 5;
    }
    text
}

/// Has `script` played at a file and in NATS, from the same beginning; what it said and what stood there each time it
/// said something has to be the same.
async fn at_both(script: fn(&Desk<'_>, &mut dyn FnMut(String))) {
    let _watchdog = Watchdog::new();
    let Some(bed) = Bed::new().await else { return };
    let registrar = bed.with(&[2, 3]).await;
    let start = registrar.read().await.unwrap().sheet.text();
    let server = bed.server.public_key();
    let folders = ["of-file", "of-nats"].map(|name| bed.folder.path().join(name));
    let runtime = Handle::current();
    let both = tokio::task::spawn_blocking(move || {
        folders.iter().for_each(|folder| std::fs::create_dir(folder).unwrap());
        let [file_folder, folder] = folders;
        let file = file_folder.join("devices.toml");
        std::fs::write(&file, start).unwrap();
        let desk = Desk { target: (&file).into(), server, folder: file_folder };
        let of_file = played(script, &desk, &|| std::fs::read_to_string(&file).unwrap());
        let rows = NatsRows::new(registrar, runtime.clone(), Some(folder.clone()));
        let desk = Desk { target: (&rows).into(), server, folder };
        let text = || runtime.block_on(rows.registrar().read()).unwrap().sheet.text();
        (of_file, played(script, &desk, &text))
    });
    let (of_file, of_nats) = both.await.unwrap();
    assert_eq!(of_file.len(), of_nats.len());
    for (file, nats) in of_file.iter().zip(&of_nats) {
        assert_eq!(file, nats);
    }
}

fn played(
    script: fn(&Desk<'_>, &mut dyn FnMut(String)),
    desk: &Desk<'_>,
    text: &dyn Fn() -> String,
) -> Vec<String> {
    let mut said = Vec::new();
    script(desk, &mut |what| said.push(alike(&format!("{what}\n---\n{}", text()), desk)));
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_s_life_leaves_the_same_text_in_a_file_and_in_nats() {
    at_both(|desk, say| {
        say(format!("{:?}", desk.provision("pump-7", |_| ())));
        say(format!("{:?}", desk.provision("of*.>\"ü", |order| order.id = Some(code_named("id-1")))));
        say(format!("{:?}", desk.register("own", 11)));
        say(format!("{:?}", desk.register("own", 11)));
        say(format!(
            "{:?}",
            desk.provision("pump-7", |order| order.rotation = Rotation::Beside { until: None })
        ));
        say(format!("{:?}", desk.finish("pump-7")));
        say(format!("{:?}", desk.revoke("pump-2", Which::All)));
        say(format!("{:?}", desk.revoke("own", Which::Key(public(11)))));
        say(format!("{:?}", desk.claim("label", 12, "code-1")));
        say(format!("{:?}", desk.claim("label", 12, "code-1")));
        let server = &desk.server;
        let code = code_named("code-1");
        let of = desk.target;
        say(format!("{:?}", finalise(of, server, &public(12), &code).map(|written| written.is_some()).ok()));
        say(format!("{:?}", finalise(of, server, &public(12), &code).map(|written| written.is_some()).ok()));
        say(format!("{:?}", desk.claim("other", 13, "code-2")));
        let code = code_named("code-2");
        say(format!("{:?}", remove(of, server, &public(13), &code).map(|written| written.is_some()).ok()));
        for name in ["pump-3", "pump-7", "of*.>\"ü", "label"] {
            say(format!("{:?}", desk.revoke(name, Which::All)));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_in_is_refused_in_the_same_words_and_changes_nothing() {
    at_both(|desk, say| {
        for name in ["pump-2", "", "a\u{1b}[31m", "a\nb"] {
            say(format!("{:?}", desk.provision(name, |_| ())));
            say(format!("{:?}", desk.register(name, 21)));
        }
        say(format!("{:?}", desk.register("pump-9", 2)));
        say(format!("{:?}", desk.register("pump-9", 1)));
        say(format!("{:?}", desk.provision("with-id", |order| order.id = Some(code_named("id")))));
        say(format!("{:?}", desk.provision("same-id", |order| order.id = Some(code_named("id")))));
        say(format!("{:?}", desk.provision("a", |order| order.server = public(30))));
        say(format!(
            "{:?}",
            desk.provision("nobody", |order| {
                order.rotation = Rotation::Beside { until: None };
            })
        ));
        say(format!("{:?}", desk.revoke("nobody", Which::All)));
        say(format!("{:?}", desk.revoke("pump-2", Which::Key(public(3)))));
        say(format!("{:?}", desk.finish("pump-2")));
        say(format!(
            "{:?}",
            revoke(desk.target, &public(30), "pump-2", Which::All).map_err(|e| e.to_string()).err()
        ));
        say(format!("{:?}", desk.claim("first", 22, "code")));
        say(format!("{:?}", desk.claim("second", 23, "code")));
        say(format!("{:?}", desk.claim("pump-2", 23, "another")));
        let may = |name, code| may_claim(desk.target, &desk.server, name, &code_named(code));
        say(format!("{:?}", may("pump-2", "new").map_err(|error| error.to_string())));
        say(format!("{:?}", may("second", "code").map_err(|error| error.to_string())));
        say(format!("{:?}", may("third", "new").map_err(|error| error.to_string())));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn psk_files_stay_files_and_are_named_relative_to_their_folder() {
    at_both(|desk, say| {
        let psk = desk.path("a.psk");
        say(format!("{:?}", desk.provision_with("a", PskFile::New(&psk), |_| ())));
        assert!(psk.exists());
        say(format!("{:?}", desk.provision_with("b", PskFile::Existing(&psk), |_| ())));
        let copy = desk.path("copy.psk");
        std::fs::copy(&psk, &copy).unwrap();
        say(format!("{:?}", desk.provision_with("b", PskFile::Existing(&copy), |_| ())));
        say(format!("{:?}", desk.revoke("a", Which::All)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_psk_without_a_folder_that_gateways_have_is_refused_and_leaves_nothing_behind() {
    let _watchdog = Watchdog::new();
    let Some(bed) = Bed::new().await else { return };
    let registrar = bed.with(&[2]).await;
    let (server, folder, runtime) =
        (bed.server.public_key(), bed.folder.path().to_owned(), Handle::current());
    let tried = tokio::task::spawn_blocking(move || {
        let psk = folder.join("a.psk");
        for (psk_folder, why) in
            [(None, "each in a folder of its own"), (Some(folder.join("psks")), "lies outside of")]
        {
            let rows = NatsRows::new(registrar.clone(), runtime.clone(), psk_folder);
            let desk = Desk { target: (&rows).into(), server, folder: folder.clone() };
            let error = desk.provision_with("a", PskFile::New(&psk), |_| ()).unwrap_err();
            assert!(error.contains(why) && !psk.exists(), "{error}");
        }
        assert_eq!(runtime.block_on(registrar.read()).unwrap().sheet.rows.len(), 1);
    });
    tried.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_the_same_in_a_file_and_in_nats_and_goes_on_where_it_was() {
    at_both(|desk, say| {
        let [folder, manifest] = ["pages", "manifest.csv"].map(|name| desk.path(name));
        let items = numbered("unit-{:03}", 1, 12).unwrap();
        let batch = |count: usize| Batch {
            items: &items[..count],
            server: desk.server,
            address: "10.0.2.2:7000",
            folder: &folder,
            manifest: &manifest,
            registry: desk.target,
            codes: Codes::None,
        };
        say(format!(
            "{:?}",
            make(&batch(12)).map(|made| (made.new, made.entered)).map_err(|e| e.to_string())
        ));
        let checked = || check(&folder, &manifest, desk.target, &desk.server).unwrap().differences.len();
        say(format!("{:?}", checked()));
        say(format!("{:?}", desk.revoke("unit-007", Which::All)));
        say(format!("{:?}", checked()));
        say(format!(
            "{:?}",
            make(&batch(12)).map(|made| (made.new, made.entered)).map_err(|e| e.to_string())
        ));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_change_a_registry_at_once_none_undoes_another_and_a_key_has_one_name() {
    let _watchdog = Watchdog::new();
    let Some(bed) = Bed::new().await else { return };
    let many: Vec<u8> = (2..10).collect();
    let _first = bed.with(&many).await;
    let mut registrars: Vec<Registrar> = Vec::new();
    for _ in 0..8 {
        registrars.push(bed.registrar().await);
    }
    let (server, runtime) = (bed.server.public_key(), Handle::current());
    let played = tokio::task::spawn_blocking(move || {
        let barrier = Barrier::new(registrars.len());
        let barrier = &barrier;
        let same: Vec<Result<bool, String>> = std::thread::scope(|scope| {
            let each = registrars.iter().enumerate().map(|(n, registrar)| {
                let rows = NatsRows::new(registrar.clone(), runtime.clone(), None);
                scope.spawn(move || {
                    let desk = Desk { target: (&rows).into(), server, folder: PathBuf::new() };
                    barrier.wait();
                    assert_eq!(desk.register(&format!("new-{n}"), 20 + u8::try_from(n).unwrap()), Ok(false));
                    assert_eq!(desk.revoke(&format!("pump-{}", n + 2), Which::All), Ok(0));
                    barrier.wait();
                    desk.register(&format!("same-{n}"), 11)
                })
            });
            let each: Vec<_> = each.collect();
            each.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let stored = runtime.block_on(registrars[0].read()).unwrap();
        (same, stored.sheet.rows.into_keys().collect::<Vec<_>>())
    });
    let (same, names) = played.await.unwrap();
    assert_eq!(same.iter().filter(|one| **one == Ok(false)).count(), 1, "{same:?}");
    for refused in same.iter().filter_map(|one| one.as_ref().err()) {
        assert!(refused.contains("the key is the one of \"same-"), "{refused}");
    }
    let (new, other): (Vec<_>, Vec<_>) = names.into_iter().partition(|name| name.starts_with("new-"));
    assert_eq!((new.len(), other.len()), (8, 1), "{other:?}");
}

/// Each fits to what both have read, and the two not to each other: it is not enough that nobody has changed the row.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_before_another_s_row_came_is_written_only_beside_it() {
    let _watchdog = Watchdog::new();
    let Some(bed) = Bed::new().await else { return };
    let registrars = [bed.with(&[2]).await, bed.registrar().await];
    let (runtime, server) = (Handle::current(), bed.server.public_key());
    let [third, fourth, both] = [&[2, 3][..], &[2, 4], &[2, 5]].map(|devices| bed.sheet(devices));
    // With the key of the third, and with its name.
    let [key, name] = [("pump-5", 3), ("pump-3", 6)].map(|(name, byte)| {
        let text = both.text().replace("pump-5", name);
        let text = text.replace(&keys::encode_public(&public(5)), &keys::encode_public(&public(byte)));
        Sheet::of(&text, Path::new(""), &server).unwrap()
    });
    let played = tokio::task::spawn_blocking(move || {
        let rows = registrars.map(|registrar| NatsRows::new(registrar, runtime.clone(), None));
        let [first, second] = [rows[0].read().unwrap(), rows[1].read().unwrap()];
        let revision = first.write(&third, None).unwrap();
        for other in [&key, &name] {
            assert_eq!(second.write(other, None), Err(SharedError::Raced));
        }
        // What is the same needs no writing, whatever anybody has done.
        assert!(second.write(second.sheet(), None).unwrap() < revision);
        assert_eq!(rows[1].read().unwrap().revision(), revision);
        // Another row is nobody's race.
        assert!(second.write(&fourth, None).unwrap() > revision);
        let names: Vec<_> = rows[0].read().unwrap().sheet().rows.keys().cloned().collect();
        assert_eq!(names, ["pump-2", "pump-3", "pump-4"]);
        // Nor does who takes one out that another has changed meanwhile.
        let [first, second] = [rows[0].read().unwrap(), rows[1].read().unwrap()];
        first.write(&third, None).unwrap();
        assert_eq!(second.write(&third, None), Err(SharedError::Raced));
    });
    played.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_nobody_can_read_is_in_nobody_s_way_and_can_be_taken_out() {
    let _watchdog = Watchdog::new();
    let Some(bed) = Bed::new().await else { return };
    let registrar = bed.with(&[2]).await;
    let context = async_nats::jetstream::new(async_nats::connect(bed.nats.url()).await.unwrap());
    for key in [format!("device.{}", Hex(b"broken")), "device.zz".to_owned()] {
        let sent = context.publish(format!("$KV.test-registry.{key}"), vec![0xff].into()).await.unwrap();
        sent.await.unwrap();
    }
    let (server, runtime) = (bed.server.public_key(), Handle::current());
    let played = tokio::task::spawn_blocking(move || {
        let rows = NatsRows::new(registrar.clone(), runtime.clone(), None);
        let desk = Desk { target: (&rows).into(), server, folder: PathBuf::new() };
        let faulty = || runtime.block_on(registrar.read()).unwrap().faulty.len();
        assert_eq!(desk.register("pump-3", 3), Ok(false));
        assert_eq!(faulty(), 1);
        assert_eq!(desk.revoke("broken", Which::All), Ok(0));
        assert_eq!(faulty(), 0);
        assert!(desk.revoke("broken", Which::All).unwrap_err().contains("there is no device"));
        // A name in hex is a part of a subject.
        let long = desk.register(&"n".repeat(300), 4).unwrap_err();
        assert!(long.contains("or its name than 255"), "{long}");
    });
    played.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_has_made_a_registry_none_is_made_by_the_way() {
    let _watchdog = Watchdog::new();
    let Some(bed) = Bed::new().await else { return };
    let (registrar, server, runtime) = (bed.registrar().await, bed.server.public_key(), Handle::current());
    let folder = bed.folder.path().to_owned();
    let played = tokio::task::spawn_blocking(move || {
        let rows = NatsRows::new(registrar.clone(), runtime, None);
        let desk = Desk { target: (&rows).into(), server, folder };
        let error = desk.provision("a", |_| ()).unwrap_err();
        assert!(error.contains("no such registry yet; `lowkey registry push`"), "{error}");
        assert_eq!(desk.target.named(), Path::new(&registrar.named()));
    });
    played.await.unwrap();
}
