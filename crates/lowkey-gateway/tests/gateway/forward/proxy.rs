//! What a service behind a `Forwarder` reads of a device in a header of the PROXY protocol.

use crate::common::World;
use crate::common::services::{expect, serve, service};
use lowkey_gateway::forward::{ForwardError, Forwarder};
use lowkey_gateway::proxy::{MAX_NAME, TYPE_DEVICE};
use lowkey_host::{Device, Listener};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, duplex};
use tokio::net::{TcpListener, TcpStream};

/// Reads a PROXY v2 header with a reader that shares no code with ours.
async fn proxy_header(stream: &mut TcpStream) -> (Option<(SocketAddr, SocketAddr)>, Vec<(u8, Vec<u8>)>) {
    let mut bytes = vec![0; 16];
    stream.read_exact(&mut bytes).await.unwrap();
    let len = usize::from(u16::from_be_bytes([bytes[14], bytes[15]]));
    bytes.resize(16 + len, 0);
    stream.read_exact(&mut bytes[16..]).await.unwrap();
    let header = ppp::v2::Header::try_from(&bytes[..]).unwrap();
    let addresses = match header.addresses {
        ppp::v2::Addresses::IPv4(of) => Some((
            SocketAddr::from((of.source_address, of.source_port)),
            SocketAddr::from((of.destination_address, of.destination_port)),
        )),
        ppp::v2::Addresses::IPv6(of) => Some((
            SocketAddr::from((of.source_address, of.source_port)),
            SocketAddr::from((of.destination_address, of.destination_port)),
        )),
        _ => None,
    };
    let tlvs = header.tlvs().map(Result::unwrap).map(|tlv| (tlv.kind, tlv.value.to_vec())).collect();
    (addresses, tlvs)
}

#[tokio::test]
async fn a_service_reads_where_the_device_is_and_its_name_before_its_bytes() {
    for loopback in ["127.0.0.1:0", "[::1]:0"] {
        let world = World::new();
        let mut listener = Listener::bind(loopback, world.acceptor()).await.unwrap();
        let address = listener.local_addr().unwrap();
        let stream = TcpStream::connect(address).await.unwrap();
        let from = stream.local_addr().unwrap();
        let (device, server) = tokio::join!(world.device().connect(stream), listener.accept());
        let mut device = device.unwrap();
        let socket = TcpListener::bind(loopback).await.unwrap();
        let mut forwarder = Forwarder::new(socket.local_addr().unwrap().to_string().parse().unwrap());
        forwarder.send_proxy = true;
        let _over = serve(forwarder, server);
        let mut backend = socket.accept().await.unwrap().0;
        device.send(b"hello").await.unwrap();
        let (addresses, tlvs) = proxy_header(&mut backend).await;
        assert_eq!(addresses, Some((from, address)));
        assert_eq!(tlvs, [(TYPE_DEVICE, b"device-0".to_vec())]);
        expect(&mut backend, b"hello").await;
    }
}

#[tokio::test]
async fn without_an_address_a_service_still_reads_the_devices_name() {
    let (mut device, server) = World::new().pair(1000).await;
    let (socket, mut forwarder) = service().await;
    forwarder.send_proxy = true;
    let _over = tokio::spawn(async move { forwarder.serve(server, None).await });
    let mut backend = socket.accept().await.unwrap().0;
    device.send(b"hello").await.unwrap();
    // `ppp` looks for no TLV behind an unspecified family.
    expect(&mut backend, b"\r\n\r\n\0\r\nQUIT\n\x21\0\0\x0b\xe0\0\x08device-0hello").await;
}

#[tokio::test]
async fn a_name_that_fits_into_no_header_is_a_close_to_the_device_and_not_cut() {
    let world = World::new();
    let name = "x".repeat(MAX_NAME + 1);
    let pinned = lowkey_host::Pinned::new(
        Device::new(name).unwrap(),
        &world.server,
        world.device().identity.public_key(),
    );
    let devices = lowkey_host::Devices::new([pinned.unwrap()]).unwrap();
    let acceptor =
        lowkey_host::Acceptor::new(Arc::clone(&world.server), devices, world.limits.clone()).unwrap();
    let (near, far) = duplex(1000);
    let (device, server) = tokio::join!(world.device().connect(near), acceptor.accept(far));
    let (_socket, mut forwarder) = service().await;
    forwarder.send_proxy = true;
    let server = server.unwrap();
    let over = tokio::spawn(async move { forwarder.serve(server, None).await });
    let mut device = device.unwrap();
    assert_eq!(device.recv().await.unwrap(), None);
    device.close().await.unwrap();
    let error = over.await.unwrap().unwrap_err();
    assert!(matches!(&error, ForwardError::Unreachable(error) if error.kind() == ErrorKind::InvalidInput));
}
