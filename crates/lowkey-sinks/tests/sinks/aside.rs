//! What is kept of messages that were refused for good, by way of a server that refuses them.

use crate::session::{RUN, Session, messages};
use lowkey_host::numbered::RunId;
use lowkey_sinks::{Amount, Aside, Bounds, FileRows, HttpSettings, HttpSink, SinkError};
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;
use test_support::stores::web::{Reply, Web};

/// Sends these of these devices to a server that takes none.
async fn refuse(folder: &Path, bounds: Bounds, devices: &[&str], numbers: u64) -> Aside {
    let web = Web::start(|_| Reply::status(400)).await;
    let aside = Aside::open(folder, bounds).unwrap();
    let rows = FileRows::open(folder).unwrap();
    let sink = HttpSink::new(&web.url(), Arc::new(rows), aside.clone(), &HttpSettings::default()).unwrap();
    for device in devices {
        let mut session = Session::begin(&sink, device).await.unwrap();
        session.send(messages(1..=numbers)).await.unwrap();
    }
    aside
}

#[tokio::test]
async fn what_was_set_aside_is_there_after_a_restart_until_a_person_takes_it_out() {
    let folder = tempfile::tempdir().unwrap();
    let before = SystemTime::now();
    let aside = refuse(folder.path(), Bounds::default(), &["b", "a", "a\0b"], 3).await;
    let all = aside.list(None, 100).await.unwrap();
    drop(aside);
    let aside = Aside::open(folder.path(), Bounds::default()).unwrap();
    assert_eq!(aside.list(None, 100).await.unwrap(), all);
    let names = all.iter().map(|kept| (&*kept.device, kept.number));
    let expected =
        [("a", 1), ("a", 2), ("a", 3), ("a\0b", 1), ("a\0b", 2), ("a\0b", 3), ("b", 1), ("b", 2), ("b", 3)];
    assert_eq!(names.collect::<Vec<_>>(), expected);
    assert!(all.iter().all(|kept| kept.bytes == 9
        && kept.at.elapsed().unwrap() <= before.elapsed().unwrap() + std::time::Duration::from_secs(1)));
    assert_eq!(aside.list(Some("a"), 2).await.unwrap(), all[..2]);
    assert_eq!(aside.amount(), Amount { messages: 9, bytes: 81 });
    assert_eq!((aside.amount_of("a"), aside.devices()), (Amount { messages: 3, bytes: 27 }, 3));

    let other = RunId::new([1; 8]);
    assert_eq!(aside.message("a", RUN, 2).await.unwrap(), Some(b"message 2".to_vec()));
    assert_eq!(aside.message("a", other, 2).await.unwrap(), None);
    assert!(!aside.remove("a", other, 2).await.unwrap());
    assert!(aside.remove("a", RUN, 2).await.unwrap());
    assert!(!aside.remove("a", RUN, 2).await.unwrap());
    assert_eq!(aside.message("a", RUN, 2).await.unwrap(), None);
    assert_eq!(aside.remove_all("b").await.unwrap(), 3);
    assert_eq!(aside.remove_all("b").await.unwrap(), 0);
    assert_eq!(aside.amount(), Amount { messages: 5, bytes: 45 });
    assert_eq!((aside.amount_of("b"), aside.devices()), (Amount::default(), 2));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = aside.path().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "it holds what devices have said");
    }
}

#[tokio::test]
async fn a_message_that_was_set_aside_before_a_crash_is_kept_once() {
    let folder = tempfile::tempdir().unwrap();
    drop(refuse(folder.path(), Bounds::default(), &["a"], 2).await);
    std::fs::remove_file(folder.path().join("rows.redb")).unwrap(); // as if it had not been written
    let aside = refuse(folder.path(), Bounds { device_messages: 2, ..Bounds::default() }, &["a"], 2).await;
    assert_eq!(aside.amount().messages, 2);
}

#[tokio::test]
async fn devices_that_have_their_share_are_named_until_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let bounds = Bounds { device_messages: 3, device_bytes: 30, ..Bounds::default() };
    let aside = refuse(folder.path(), bounds, &["b", "a"], 3).await;
    refuse_more(&aside, folder.path(), "c", 2).await;
    assert_eq!(aside.full(), ["a", "b"]);
    assert_eq!(aside.bounds(), bounds);
    assert!(aside.remove("a", RUN, 1).await.unwrap());
    assert_eq!(aside.full(), ["b"]);
    drop(aside);
    // Nine tenths of the bytes, of a file that is opened again.
    let aside = Aside::open(folder.path(), Bounds { device_messages: 9, ..bounds }).unwrap();
    assert_eq!((aside.full(), aside.amount_of("b").bytes), (vec!["b".to_owned()], 27));
}

/// Sends these as well.
async fn refuse_more(aside: &Aside, folder: &Path, device: &str, numbers: u64) {
    let web = Web::start(|_| Reply::status(422)).await;
    let rows = FileRows::open(folder).unwrap();
    let sink = HttpSink::new(&web.url(), Arc::new(rows), aside.clone(), &HttpSettings::default()).unwrap();
    let mut session = Session::begin(&sink, device).await.unwrap();
    session.send(messages(1..=numbers)).await.unwrap();
}

/// Every message is let go of or still there, whenever that is asked for: none is lost, none is there twice.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_let_go_of_while_more_is_set_aside_is_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let aside = Aside::open(folder.path(), Bounds::default()).unwrap();
    let more = tokio::spawn({
        let (aside, folder) = (aside.clone(), folder.path().to_owned());
        async move { refuse_more(&aside, &folder, "a", 300).await }
    });
    while aside.amount().messages == 0 {
        tokio::task::yield_now().await;
    }
    let (mut freed, mut seen) = (0, 0);
    loop {
        let is_over = more.is_finished();
        let before = aside.list(Some("a"), 1).await.unwrap();
        if let [first] = &before[..] {
            seen += 1;
            // One by one, and now and then all that is there.
            freed += match seen % 5 {
                0 => aside.remove_all("a").await.unwrap(),
                _ => u64::from(aside.remove("a", RUN, first.number).await.unwrap()),
            };
        }
        if is_over {
            break;
        }
    }
    more.await.unwrap();
    let left = aside.list(Some("a"), 1_000).await.unwrap();
    assert_eq!(freed + left.len() as u64, 300);
    assert_eq!(aside.amount().messages, left.len() as u64);
    assert!(freed > 0, "nothing was let go of");
}

#[test]
fn a_file_is_looked_for_without_making_one_and_another_process_hears_that_it_is_in_use() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!((Aside::in_folder(folder.path()), FileRows::in_folder(folder.path())), (None, None));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let aside = Aside::open(folder.path(), Bounds::default()).unwrap();
    assert_eq!(Aside::in_folder(folder.path()).as_deref(), Some(aside.path()));
    let SinkError::InUse(why) = Aside::open(folder.path(), Bounds::default()).unwrap_err() else { panic!() };
    assert!(why.ends_with("aside.redb: another server has it open"), "{why}");
}
