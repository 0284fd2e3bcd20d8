//! Those who ask and leave: what was begun for them goes on, and is not begun again and again.

use super::{ask, get};
use crate::common::World;
use lowkey_gateway::admin::Admin;
use lowkey_gateway::probes::Probes;
use lowkey_host::{Acceptor, Id, Limits, Pinned, Registry};
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::sleep;

/// A registry that takes long to list once an acceptor has it, until it is let go.
#[derive(Default)]
struct Large {
    lists: Mutex<Lists>,
    changed: Condvar,
}

#[derive(Default)]
struct Lists {
    now: usize,
    most: usize,
    is_held: bool,
}

impl Registry for Large {
    fn lookup(&self, _: &Id) -> Option<Arc<Pinned>> {
        None
    }

    fn each(&self, _: &mut dyn FnMut(&Arc<Pinned>)) {
        let mut lists = self.lists.lock().unwrap();
        lists.now += 1;
        lists.most = lists.most.max(lists.now);
        let mut lists = self.changed.wait_while(lists, |lists| lists.is_held).unwrap();
        lists.now -= 1;
    }
}

impl Large {
    fn acceptor(self: &Arc<Self>) -> Acceptor {
        let acceptor = Acceptor::new(World::new().server, Arc::clone(self), Limits::default()).unwrap();
        *self.lists.lock().unwrap() = Lists { is_held: true, ..Lists::default() };
        acceptor
    }

    fn let_go(&self) {
        self.lists.lock().unwrap().is_held = false;
        self.changed.notify_all();
    }

    /// How often it was listed at once when many have asked for `path` and left, and one who has stayed.
    async fn at_once(&self, address: SocketAddr, path: &'static str) -> usize {
        for _ in 0..12 {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
            stream.write_all(request.as_bytes()).await.unwrap();
            drop(stream);
            assert_eq!(get(address, "/livez").await.0, 200);
        }
        let stream = TcpStream::connect(address).await.unwrap();
        let stays = tokio::spawn(async move {
            ask(stream, &format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n")).await.0
        });
        // Only a server that is wrong needs the time.
        sleep(Duration::from_millis(200)).await;
        self.let_go();
        assert_eq!(stays.await.unwrap(), 200, "{path}");
        self.lists.lock().unwrap().most
    }
}

#[tokio::test]
async fn a_large_registry_is_not_listed_for_all_who_have_left() {
    for path in ["/devices", "/overview", "/registry"] {
        let large = Arc::new(Large::default());
        let admin = Admin::bind(&"127.0.0.1:0".parse().unwrap(), large.acceptor()).await.unwrap();
        let address = admin.endpoint().unwrap().socket_addr().unwrap();
        tokio::spawn(admin.run());
        assert!(large.at_once(address, path).await <= 2, "{path}");
    }
}

#[tokio::test]
async fn strangers_who_ask_for_metrics_and_leave_have_them_counted_once() {
    let large = Arc::new(Large::default());
    let probes = Probes::bind("127.0.0.1:0", large.acceptor()).await.unwrap();
    let address = probes.local_addr().unwrap();
    tokio::spawn(probes.run());
    assert_eq!(large.at_once(address, "/metrics").await, 1);
}
