//! What the log says of a service that fails.

use crate::common::World;
use crate::common::log::Log;
use crate::common::services::{nobody, pair, serve, service};
use tokio::io::{AsyncWriteExt, duplex};

#[tokio::test]
async fn a_service_that_is_down_or_breaks_off_has_a_line_with_the_devices_name() {
    Log::begin();
    let mut log = String::new();
    let ended = |log: &str, reason: &str, error: &str| {
        let begins = format!(" INFO lowkey: session ended device=\"device-0\" reason=\"{reason}\" ");
        log.lines().filter(|line| line.contains(&begins) && line.contains(&format!(" error={error}"))).count()
    };
    let backend_s = |log: &str| ended(log, "backend", "the service behind ");

    let (_reserved, forwarder) = nobody();
    let (mut device, server) = pair().await;
    let over = serve(forwarder, server);
    assert_eq!(device.recv().await.unwrap(), None);
    device.close().await.unwrap();
    over.await.unwrap().unwrap_err();
    log += &Log::take();
    assert_eq!(backend_s(&log), 1, "{log}");

    let (socket, forwarder) = service().await;
    let (mut device, server) = pair().await;
    let over = serve(forwarder, server);
    let mut backend = socket.accept().await.unwrap().0;
    backend.write_all(b"half").await.unwrap();
    assert_eq!(device.recv().await.unwrap().unwrap(), b"half");
    backend.set_zero_linger().unwrap();
    drop(backend);
    over.await.unwrap().unwrap_err();
    log += &Log::take();
    assert_eq!(backend_s(&log), 2, "{log}");

    let (socket, forwarder) = service().await;
    let (device, server) = pair().await;
    let over = serve(forwarder, server);
    let _backend = socket.accept().await.unwrap().0;
    drop(device);
    over.await.unwrap().unwrap_err();
    log += &Log::take();
    assert_eq!(backend_s(&log), 2, "a device that vanishes is no fault of the service");
    assert_eq!(ended(&log, "broken", ""), 1, "{log}");
    assert_eq!(log.matches("session ended").count(), 3, "one line for each: {log}");
}

fn count(text: &str, line: &str) -> usize {
    text.lines().filter(|found| found.contains(line)).count()
}

#[tokio::test]
async fn devices_without_a_service_behind_are_a_hundred_lines_a_second_as_well() {
    Log::begin();
    let (_reserved, forwarder) = nobody();
    let world = World::new();
    let acceptor = world.acceptor();
    let began = tokio::time::Instant::now();
    for _ in 0..250 {
        let (near, far) = duplex(1000);
        let (device, session) = tokio::join!(world.device().connect(near), acceptor.accept(far));
        let mut device = device.unwrap();
        let leaving = async {
            assert_eq!(device.recv().await.unwrap(), None);
            device.close().await.unwrap();
        };
        tokio::join!(leaving, forwarder.serve(session.unwrap(), None)).1.unwrap_err();
    }
    let seconds = 1 + began.elapsed().as_secs() as usize;
    let stats = acceptor.stats();
    drop((acceptor, forwarder));
    let text = Log::take();
    assert_eq!(stats.sessions_backend, 250);
    let ended = count(&text, "session ended device=\"device-0\" reason=\"backend\" ");
    assert!((100..=100 * seconds).contains(&ended), "{ended} in {seconds} s: {text}");
    let left_out = text.lines().filter_map(|line| line.split_once("of=\"lowkey.ended\" lines="));
    let left_out: usize = left_out.map(|(_, lines)| lines.parse::<usize>().unwrap()).sum();
    assert_eq!(ended + left_out, 250, "{text}");
}
