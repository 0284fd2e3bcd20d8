//! What is kept of messages that were refused for good, by way of a server that refuses them.

use crate::session::{RUN, Session, messages};
use lowkey_host::numbered::RunId;
use lowkey_sinks::{Amount, Aside, Bounds, FileRows, HttpSettings, HttpSink};
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
    assert!(all.iter().all(|kept| kept.len == 9
        && kept.at.elapsed().unwrap() <= before.elapsed().unwrap() + std::time::Duration::from_secs(1)));
    assert_eq!(aside.list(Some("a"), 2).await.unwrap(), all[..2]);
    assert_eq!(aside.amount().await.unwrap(), Amount { messages: 9, bytes: 81 });

    let other = RunId::new([1; 8]);
    assert_eq!(aside.message("a", RUN, 2).await.unwrap(), Some(b"message 2".to_vec()));
    assert_eq!(aside.message("a", other, 2).await.unwrap(), None);
    assert!(!aside.remove("a", other, 2).await.unwrap());
    assert!(aside.remove("a", RUN, 2).await.unwrap());
    assert!(!aside.remove("a", RUN, 2).await.unwrap());
    assert_eq!(aside.message("a", RUN, 2).await.unwrap(), None);
    assert_eq!(aside.remove_all("b").await.unwrap(), 3);
    assert_eq!(aside.remove_all("b").await.unwrap(), 0);
    assert_eq!(aside.amount().await.unwrap(), Amount { messages: 5, bytes: 45 });
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
    assert_eq!(aside.amount().await.unwrap().messages, 2);
}
