//! What the log says of a service that fails.

mod common;

use common::log::Log;
use common::services::{nobody, pair, serve, service};
use tokio::io::AsyncWriteExt;

#[tokio::test]
async fn a_service_that_is_down_or_breaks_off_has_a_line_with_the_devices_name() {
    Log::begin();
    let mut log = String::new();
    let expected =
        " INFO lowkey: session ended device=\"device-0\" reason=\"backend\" error=the service behind ";

    let (_reserved, forwarder) = nobody();
    let (mut device, server) = pair().await;
    let over = serve(forwarder, server);
    assert_eq!(device.recv().await.unwrap(), None);
    device.close().await.unwrap();
    over.await.unwrap().unwrap_err();
    log += &Log::take();
    assert_eq!(log.matches(expected).count(), 1, "{log}");

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
    assert_eq!(log.matches(expected).count(), 2, "{log}");

    let (socket, forwarder) = service().await;
    let (device, server) = pair().await;
    let over = serve(forwarder, server);
    let _backend = socket.accept().await.unwrap().0;
    drop(device);
    over.await.unwrap().unwrap_err();
    log += &Log::take();
    assert_eq!(log.matches(expected).count(), 2, "a device that vanishes is no fault of the service");
    assert_eq!(log.matches("session ended device=\"device-0\" reason=\"broken\" error=").count(), 1, "{log}");
    assert_eq!(log.matches("session ended").count(), 3, "one line for each: {log}");
}
