//! Sessions and links that talk to each other without any stream.

use crate::keys::{self, Client};
use lowkey_core::{Opener, Peer, Sealer, Session, kk};
use lowkey_host::{Pinning, entropy::host_ephemerals};
use lowkey_transport::{Buffers, Link, Part, Step};
use std::convert::Infallible;
use std::task::Poll;

/// Both ends of a handshake.
pub(crate) fn sessions() -> (Session, Session) {
    let server = keys::server();
    let client = Client::new(1, server.public_key());
    let at_server = Peer::pin(&server, client.identity.public_key()).unwrap();
    let (mut first, mut second) = ([0; kk::OVERHEAD], [0; kk::OVERHEAD]);
    let mut ephemerals = host_ephemerals().unwrap();
    let device = kk::Initiator::new(&client.identity, &client.peer, None, b"");
    let (device, _) = device.write_message_1(&mut ephemerals, b"", &mut first).unwrap();
    let responder = kk::Responder::new(&server, &at_server, None, b"");
    let (responder, _) = responder.read_message_1(&mut first).unwrap();
    let (server, _) = responder.write_message_2(&mut ephemerals, b"", &mut second).unwrap();
    let (device, _) = device.read_message_2(&mut second).unwrap();
    (device, server)
}

/// Seals and opens a record in place, there and back.
pub(crate) fn records(device: &mut Session, server: &mut Session, record: &mut [u8], rounds: u32) {
    for _ in 0..rounds {
        one_way(&mut device.sealer, &mut server.opener, record);
        one_way(&mut server.sealer, &mut device.opener, record);
    }
}

fn one_way(sealer: &mut Sealer, opener: &mut Opener, record: &mut [u8]) {
    sealer.seal(record).unwrap();
    opener.open(record).unwrap();
}

type Device = Link<'static, Vec<u8>>;
type Server = Link<'static, Vec<u8>>;

/// Both ends of a connection.
pub(crate) fn links() -> (Device, Server) {
    let identity = keys::server();
    let client: &'static Client = Box::leak(Box::new(Client::new(1, identity.public_key())));
    let peer = Peer::pin(&identity, client.identity.public_key()).unwrap();
    let pinning = Pinning { id: client.id, identity: &identity, peer: &peer, psk: None };
    let mut ephemerals = host_ephemerals().unwrap();
    let mut device = Link::kk_initiator(client.pinning(), &mut ephemerals, buffers()).unwrap();
    let mut server = Link::responder(buffers());
    loop {
        match (device.step().unwrap(), server.step().unwrap()) {
            (Step::Done, Step::Done) => return (device, server),
            (_, Step::Hello) => server.answer_kk(pinning, &mut ephemerals).unwrap(),
            (Step::Write, _) => carry(&mut device, &mut server),
            _ => carry(&mut server, &mut device),
        }
    }
}

fn buffers() -> Buffers<Vec<u8>> {
    let frame = 16_384 + 17;
    Buffers::new(vec![0; frame], vec![0; frame + 2]).unwrap()
}

/// Messages there and back.
pub(crate) fn echo(device: &mut Device, server: &mut Server, message: &[u8], buffer: &mut [u8], rounds: u32) {
    for _ in 0..rounds {
        assert!(device.send(message).unwrap().is_ready());
        carry(device, server);
        take(server, buffer);
        assert!(server.send(buffer).unwrap().is_ready());
        carry(server, device);
        take(device, buffer);
    }
}

fn take(link: &mut Link<'_, Vec<u8>>, buffer: &mut [u8]) {
    assert_eq!(link.receive(), Ok(Poll::Ready(Some(Part::Last))));
    assert_eq!(link.take().unwrap().bytes.len(), buffer.len());
}

fn carry(from: &mut Link<'_, Vec<u8>>, to: &mut Link<'_, Vec<u8>>) {
    let mut rest = from.unsent().unwrap();
    let len = rest.len();
    while !rest.is_empty() {
        let n = to.space().len().min(rest.len());
        let (front, back) = rest.split_at(n);
        to.space()[..n].copy_from_slice(front);
        to.on_read(Ok::<_, Infallible>(n)).unwrap();
        rest = back;
    }
    from.on_write(Ok::<_, Infallible>(len)).unwrap();
}
