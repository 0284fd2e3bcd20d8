//! A device and a link, with the same keys, side by side.

use super::Sender;
use crate::initiator::{HEDGE, ID, INCOMING, INITIATOR, OUTGOING, RESPONDER, public_key};
use crate::peer::responder;
use lowkey_core::numbered::RunId;
use lowkey_core::{Identity, PublicKey, Secret};
use test_support::page_peer::{ACK, NONE, PING, RUN, ack, number, parameters_with, unframe};

struct Stuck;

impl lowkey_core::Entropy for Stuck {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), lowkey_core::EntropyFailed> {
        out.fill(0x5a);
        Ok(())
    }
}

impl lowkey_core::Counter for Stuck {
    fn next(&mut self) -> Result<u64, lowkey_core::CounterFailed> {
        Ok(7)
    }
}

/// The device and a link, with the same keys, hear the same and are asked the same.
#[test]
fn numbered_s7_a_device_says_byte_for_byte_what_a_link_says() {
    use lowkey_transport::{Buffers, Link, Outbox, Pinning};
    let mut random = test_support::Random::new();
    for _ in 0..30 {
        let mut a = Sender::new(400, 7);
        let mut outbox = Outbox::new(vec![0; 400], RunId::new(RUN), 7);
        let identity = Identity::new(Secret::new(INITIATOR)).unwrap();
        let pinned = lowkey_core::Peer::pin(&identity, PublicKey::new(public_key(&RESPONDER))).unwrap();
        let id = lowkey_core::Id::new(ID).unwrap();
        let pinning = Pinning { id, identity: &identity, peer: &pinned, psk: None };
        let mut ephemerals = lowkey_core::Ephemerals::new(Stuck, Secret::new(HEDGE), &mut Stuck).unwrap();
        let buffers = Buffers::new(vec![0; INCOMING], vec![0; OUTGOING]).unwrap().with_run(RunId::new(RUN));
        let mut link = Link::kk_initiator(pinning, &mut ephemerals, buffers).unwrap();
        a.begin();
        let mut peer = responder(1);
        let mut first = a.unsent().unwrap();
        assert_eq!(first, drain(&mut link));
        peer.read_first(&unframe(&mut first));
        let second = peer.next_frame(&parameters_with(300, None, true));
        a.hears(&second).1.unwrap();
        tell(&mut link, &second);
        link.step().unwrap();
        assert_eq!(a.unsent().unwrap(), drain(&mut link));
        link.step().unwrap();
        a.hears(b"").1.unwrap();
        let mut peer = peer.into_records();
        let (mut pushed, mut said) = (0, false);
        for _ in 0..60 {
            let record = match random.below(6) {
                0 | 1 => {
                    let len = random.below(330);
                    let text = random.bytes(len);
                    assert_eq!(a.push(&text).is_ok(), outbox.push(&text).is_ok());
                    pushed = outbox.last() & 0xffff_ffff;
                    continue;
                }
                2 | 3 => {
                    let sent = a.sends_all().unwrap();
                    let mut all = vec![];
                    while link.send_outbox(&mut outbox).unwrap().is_pending() {
                        all.extend(drain(&mut link));
                    }
                    assert_eq!(sent, all);
                    continue;
                }
                4 if !said => {
                    said = true;
                    peer.record(ACK, &NONE)
                }
                // What has not gone out, it cannot acknowledge.
                4 => {
                    a.sends_all().unwrap();
                    while link.send_outbox(&mut outbox).unwrap().is_pending() {
                        drain(&mut link);
                    }
                    let count = random.below(pushed as usize + 1) as u64;
                    peer.record(ACK, &ack(if count > 0 { number(count) } else { 0 }))
                }
                _ => peer.record(PING, b"there?"),
            };
            a.hears(&record).1.unwrap();
            tell(&mut link, &record);
            let _heard = link.recv_acks(&mut outbox).unwrap();
            assert_eq!(a.unsent().unwrap(), drain(&mut link));
            assert_eq!((a.is_empty(), a.room().ok()), (outbox.is_empty(), outbox.room()));
        }
    }
}

fn drain(link: &mut lowkey_transport::Link<'_, Vec<u8>>) -> Vec<u8> {
    let mut all = vec![];
    loop {
        let unsent = link.unsent().unwrap().to_vec();
        link.on_flush(Ok::<_, embedded_io::ErrorKind>(())).unwrap();
        if unsent.is_empty() {
            return all;
        }
        link.on_write(Ok::<_, embedded_io::ErrorKind>(unsent.len())).unwrap();
        all.extend(unsent);
    }
}

fn tell(link: &mut lowkey_transport::Link<'_, Vec<u8>>, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        let taken = link.feed(bytes).unwrap();
        bytes = &bytes[taken..];
    }
}
