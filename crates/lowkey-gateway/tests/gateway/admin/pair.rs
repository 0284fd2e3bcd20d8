//! Pairing over the Unix socket: who may, and what is answered.

use super::ask;
use lowkey_gateway::admin::{Admin, Endpoint};
use lowkey_host::{Acceptor, Identity, Limits};
use lowkey_registry::LiveRegistry;
use lowkey_registry::keys::encode_public;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;
use test_support::folder::{Bench, secret};
use test_support::world::board::{Board, Stop};
use tokio::io::duplex;
use tokio::net::{TcpListener, TcpStream, UnixStream};

const CODE: &str = "A4DQOBYHA4DQOBYHA4DQOBYHA4"; // of 16 bytes 7, which boards have

struct Site {
    bench: Bench,
    acceptor: Acceptor,
}

impl Site {
    async fn new() -> Self {
        let bench = Bench::new();
        fs::write(&bench.registry, "# ours\n").unwrap();
        let server = Arc::new(Identity::new(secret(1)).unwrap());
        let registry = LiveRegistry::load(&bench.registry, Arc::clone(&server)).unwrap();
        let acceptor = Acceptor::new(server, registry.clone(), Limits::default()).unwrap();
        acceptor.enrol_in(registry);
        let site = Self { bench, acceptor };
        let admin = Admin::bind(&Endpoint::unix(site.socket()), site.acceptor.clone()).await.unwrap();
        tokio::spawn(admin.run());
        site
    }

    fn socket(&self) -> PathBuf {
        self.bench.path("admin.sock")
    }

    async fn post(&self, path: &str, body: &str) -> (u16, Value) {
        let (status, answer) =
            ask(UnixStream::connect(self.socket()).await.unwrap(), &post(path, body)).await;
        (status, serde_json::from_str(&answer).unwrap_or(Value::String(answer)))
    }

    async fn windows(&self) -> Vec<Value> {
        let stream = UnixStream::connect(self.socket()).await.unwrap();
        let (status, answer) = ask(stream, "GET /pair HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
        assert_eq!(status, 200);
        serde_json::from_str::<Value>(&answer).unwrap()["windows"].as_array().unwrap().clone()
    }
}

fn post(path: &str, body: &str) -> String {
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{body}")
}

#[tokio::test]
async fn a_window_is_opened_over_the_unix_socket_and_says_what_came_of_it() {
    let site = Site::new().await;
    let open = format!(r#"{{"code":"{CODE}","device":"pump-7","seconds":300}}"#);
    let began = Instant::now();
    let (status, answer) = site.post("/pair/open", &open).await;
    let window = answer["windows"][0].clone();
    assert_eq!(
        (status, &window["state"], &window["key"]),
        (200, &"waiting".into(), &Value::Null),
        "{answer}"
    );
    // Less what has passed meanwhile, however long that was here.
    let (left, passed) = (window["seconds_left"].as_u64().unwrap(), began.elapsed().as_secs());
    assert!((299u64.saturating_sub(passed)..=300).contains(&left), "{left} s after {passed} s");
    assert_eq!(window["caller"], Value::from("device"));
    let (_, again) = site.post("/pair/open", &open).await;
    assert!(again["refused"]["what"].as_str().unwrap().contains("is open already"), "{again}");

    let board = Board::new();
    let (near, far) = duplex(1000);
    let (paired, accepted) = tokio::join!(board.pair(near, Stop::Never), site.acceptor.accept(far));
    assert!(paired.is_ok() && accepted.is_err());
    let key = encode_public(&board.key());
    let found = &site.windows().await[0];
    assert_eq!((&found["state"], &found["key"]), (&"paired".into(), &Value::from(&*key)), "{found}");
    assert_eq!((&found["window"], &found["trouble"]), (&window["window"], &Value::Null));

    // The code is that device's now, and whose it is is said.
    let (_, lost) = site.post("/pair/open", &open.replace("pump-7", "pump-8")).await;
    let lost = &lost["refused"];
    assert_eq!((&lost["kind"], &lost["device"]), (&"claimed".into(), &"pump-7".into()), "{lost}");
    assert_eq!(lost["key"], Value::from(&*key));

    let other = open.replace(CODE, "BAEAQCAIBAEAQCAIBAEAQCAIBA").replace("pump-7", "pump-9");
    let (_, answer) = site.post("/pair/open", &other).await;
    let close = format!(r#"{{"window":{}}}"#, answer["windows"][0]["window"]);
    let (_, closed) = site.post("/pair/close", &close).await;
    assert_eq!(closed["windows"][0]["state"], Value::from("closed"), "{closed}");
    let (_, nothing) = site.post("/pair/close", &close).await;
    assert_eq!(nothing["windows"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn a_device_that_waits_is_called_and_one_that_is_not_there_is_said() {
    let site = Site::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let board = Board::new();
    let call = format!(r#"{{"code":"{CODE}","device":"pump-7","address":"{address}"}}"#);
    let answers = async { board.answer(listener.accept().await.unwrap().0, Stop::Never).await };
    let (there, (status, _)) = tokio::join!(answers, site.post("/pair/call", &call));
    assert!(there.is_ok() && status == 200);
    let found = &site.windows().await[0];
    assert_eq!(
        (&found["state"], &found["key"]),
        (&"paired".into(), &Value::from(encode_public(&board.key())))
    );
    assert_eq!(found["caller"], Value::from("server"));

    let reserved = tokio::net::TcpSocket::new_v4().unwrap();
    reserved.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let nobody = reserved.local_addr().unwrap().to_string();
    let call = call.replace(&address.to_string(), &nobody).replace(CODE, "BAEAQCAIBAEAQCAIBAEAQCAIBA");
    site.post("/pair/call", &call.replace("pump-7", "pump-8")).await;
    loop {
        let found = site.windows().await.pop().unwrap();
        if found["state"] == "over" {
            assert!(found["trouble"]["what"].as_str().unwrap().contains("refused"), "{found}");
            break;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn nothing_is_paired_over_tcp_for_a_page_or_by_what_is_no_question() {
    let site = Site::new().await;
    let admin = Admin::bind(&"127.0.0.1:0".parse().unwrap(), site.acceptor.clone()).await.unwrap();
    let address = admin.endpoint().unwrap().socket_addr().unwrap();
    tokio::spawn(admin.run());
    let open = format!(r#"{{"code":"{CODE}","device":"pump-7","seconds":300}}"#);
    for request in [
        post("/pair/open", &open),
        post("/pair/close", "{}"),
        "GET /pair HTTP/1.1\r\nHost: localhost\r\n\r\n".into(),
    ] {
        let stream = TcpStream::connect(address).await.unwrap();
        assert_eq!(ask(stream, &request).await.0, 403, "{request}");
    }
    let page = post("/pair/open", &open).replacen("\r\n", "\r\nOrigin: http://evil.example\r\n", 1);
    assert_eq!(ask(UnixStream::connect(site.socket()).await.unwrap(), &page).await.0, 403);
    let long = format!(r#"{{"code":"{CODE}","device":"{}","seconds":300}}"#, "x".repeat(5000));
    for (path, body, status) in [
        ("/pair/open", "", 400),
        ("/pair/open", "[]", 400),
        ("/pair/open", &*open.replace(CODE, "AAAQEAYEAUDAOCAJBIFQYDIOB1"), 400),
        ("/pair/open", &open.replace("300", "-1"), 400),
        ("/pair/open", &long, 400),
        ("/pair/call", &open, 400),
        ("/pair/close", &open, 400),
        ("/pair/x", &open, 404),
        ("/pair", &open, 405),
    ] {
        let (found, answer) = site.post(path, body).await;
        assert_eq!(found, status, "{path} {body}: {answer}");
        assert!(!answer.to_string().contains("AAAQEAY"), "{answer}");
    }
    for device in ["pump\\n7", "pump\\u001b[2J", "\\u202e7"] {
        let (_, answer) = site.post("/pair/open", &open.replace("pump-7", device)).await;
        let what = answer["refused"]["what"].as_str().unwrap();
        assert!(!what.contains(['\n', '\u{1b}', '\u{202e}']), "{what:?}");
    }
    assert_eq!(site.windows().await.len(), 0);
}

/// The mode of the socket lets nobody else in; should somebody change that, the kernel's word about who asks counts.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn who_reaches_the_socket_and_is_neither_its_owner_nor_in_its_group_changes_nothing() {
    use rustix::process::{Gid, Uid, geteuid};
    use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};
    use std::os::unix::fs::PermissionsExt;
    if !geteuid().is_root() {
        return; // nobody else can be another user
    }
    let site = Site::new().await;
    for folder in [site.bench.folder.path(), &site.socket()] {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
    }
    let socket = site.socket();
    let connected = std::thread::spawn(move || {
        let (user, group) = (Uid::from_raw(65534), Gid::from_raw(65534));
        set_thread_groups(&[]).unwrap();
        set_thread_res_gid(group, group, group).unwrap();
        set_thread_res_uid(user, user, user).unwrap();
        std::os::unix::net::UnixStream::connect(socket).unwrap()
    });
    let stream = connected.join().unwrap();
    stream.set_nonblocking(true).unwrap();
    let stream = UnixStream::from_std(stream).unwrap();
    assert_eq!(ask(stream, "GET /pair HTTP/1.1\r\nHost: localhost\r\n\r\n").await.0, 403);
    assert_eq!(site.windows().await.len(), 0, "we are its owner");
}
