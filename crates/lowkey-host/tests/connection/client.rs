//! Connecting over TCP: where nobody listens, where nobody answers, and where a name leads nowhere.

use lowkey_host::{Error, Limits, connect_tcp};
use std::io::ErrorKind;
use std::time::Duration;
use test_support::world::World;
use tokio::net::{TcpListener, TcpSocket};

/// An address that is taken and not listened at.
fn nobody() -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    socket
}

#[tokio::test]
async fn where_nobody_listens_every_address_and_its_error_are_said() {
    let world = World::new();
    let sockets = [nobody(), nobody()];
    let addresses = sockets.each_ref().map(|socket| socket.local_addr().unwrap());
    let limits = Limits::default();
    let error = connect_tcp(&addresses[..], world.device().pinning(), &limits).await.unwrap_err();
    let Error::Unreachable(unreachable) = &error else { panic!("{error}") };
    let tried: Vec<_> = unreachable.tried().map(|(address, error)| (address, error.kind())).collect();
    assert_eq!(tried, addresses.map(|address| (address, ErrorKind::ConnectionRefused)));
    assert!(addresses.iter().all(|address| error.to_string().contains(&address.to_string())), "{error}");
    assert_eq!(std::io::Error::from(error).kind(), ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn a_name_that_leads_nowhere_is_told_from_a_server_that_is_not_there() {
    let world = World::new();
    let mut limits = Limits::default();
    // Whether a name server says no or says nothing in time comes to the same.
    limits.handshake = Duration::from_millis(100);
    let connecting = connect_tcp("nowhere.invalid:7000", world.device().pinning(), &limits);
    let error = connecting.await.unwrap_err();
    assert!(matches!(error, Error::Unresolved(_)), "{error}");
}

/// What connected is no Lowkey server: from there on it is the handshake's time.
#[tokio::test]
async fn a_server_that_answers_and_says_nothing_is_not_one_that_is_not_there() {
    let world = World::new();
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut limits = Limits::default();
    limits.handshake = Duration::from_millis(200);
    let address = silent.local_addr().unwrap();
    let error = connect_tcp(address, world.device().pinning(), &limits).await.unwrap_err();
    assert!(matches!(error, Error::TimedOut), "{error}");
}

/// A listener whose queue is full drops what knocks, as a firewall does.
#[cfg(target_os = "linux")]
mod black_hole {
    use super::*;
    use socket2::{Domain, Socket, Type};
    use std::net::SocketAddr;

    struct BlackHole {
        address: SocketAddr,
        _socket: Socket,
        _queue: Vec<Socket>,
    }

    fn black_hole() -> BlackHole {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        socket.listen(0).unwrap();
        let local = socket.local_addr().unwrap();
        let mut queue = Vec::new();
        // The kernel takes one more than it was told; the rest is not answered.
        for _ in 0..4 {
            let knocking = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            knocking.set_nonblocking(true).unwrap();
            let _connecting = knocking.connect(&local);
            queue.push(knocking);
        }
        BlackHole { address: local.as_socket().unwrap(), _socket: socket, _queue: queue }
    }

    #[tokio::test]
    async fn the_next_address_is_tried_when_the_first_does_not_answer() {
        let world = World::new();
        let (mut listener, address) = world.listener().await;
        let hole = black_hole();
        tokio::spawn(async move { listener.accept().await });
        let addresses = [hole.address, address];
        let connection = connect_tcp(&addresses[..], world.device().pinning(), &Limits::default()).await;
        assert_eq!(connection.unwrap().stream().peer_addr().unwrap(), address);
    }

    #[tokio::test]
    async fn where_nobody_answers_the_deadline_says_so_of_each_address() {
        let world = World::new();
        let holes = [black_hole(), black_hole()];
        let addresses = holes.each_ref().map(|hole| hole.address);
        let mut limits = Limits::default();
        limits.handshake = Duration::from_millis(600);
        let connecting = connect_tcp(&addresses[..], world.device().pinning(), &limits);
        let error = connecting.await.unwrap_err();
        let Error::Unreachable(unreachable) = &error else { panic!("{error}") };
        let tried: Vec<_> = unreachable.tried().map(|(address, error)| (address, error.kind())).collect();
        assert_eq!(tried, addresses.map(|address| (address, ErrorKind::TimedOut)));
    }
}
