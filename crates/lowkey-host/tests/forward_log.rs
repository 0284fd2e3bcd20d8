//! What the log says of a service that fails. Alone in its file: a subscriber is the whole process's.

mod common;

use common::services::{nobody, pair, serve, service};
use std::io;
use std::sync::{Arc, Mutex};
use tokio::io::AsyncWriteExt;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    fn listen(&self) {
        let log = self.clone();
        tracing_subscriber::fmt().with_ansi(false).with_writer(move || log.clone()).init();
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_service_that_is_down_or_breaks_off_has_a_line_with_the_devices_name() {
    let log = Log::default();
    log.listen();
    let expected = " WARN lowkey: service behind failed device=\"device-0\" error=";

    let (_reserved, forwarder) = nobody();
    let (mut device, server) = pair().await;
    let over = serve(forwarder, server);
    assert_eq!(device.recv().await.unwrap(), None);
    device.close().await.unwrap();
    over.await.unwrap().unwrap_err();
    assert_eq!(log.text().matches(expected).count(), 1, "{}", log.text());

    let (socket, forwarder) = service().await;
    let (mut device, server) = pair().await;
    let over = serve(forwarder, server);
    let mut backend = socket.accept().await.unwrap().0;
    backend.write_all(b"half").await.unwrap();
    assert_eq!(device.recv().await.unwrap().unwrap(), b"half");
    backend.set_zero_linger().unwrap();
    drop(backend);
    over.await.unwrap().unwrap_err();
    assert_eq!(log.text().matches(expected).count(), 2, "{}", log.text());

    let (socket, forwarder) = service().await;
    let (device, server) = pair().await;
    let over = serve(forwarder, server);
    let _backend = socket.accept().await.unwrap().0;
    drop(device);
    over.await.unwrap().unwrap_err();
    assert_eq!(log.text().matches(expected).count(), 2, "a device that vanishes is no fault of the service");
}
