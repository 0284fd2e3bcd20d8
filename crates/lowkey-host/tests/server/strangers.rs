//! What strangers get, and what they can tell from it: nothing.

use lowkey_core::kk;
use lowkey_host::entropy::host_ephemerals;
use lowkey_host::text::ShownId;
use lowkey_host::{AcceptError, Id, Mode, Refusal};
use test_support::world::log::Log;
use test_support::world::{Party, World, answer, until_end};
use tokio::io::{AsyncWriteExt, duplex};

const REFUSED: &[u8] = &[0, 1, 4];

/// Everybody whom a server that hides its ids answers alike, by name.
fn strangers(world: &World, with_psk: &World) -> Vec<(&'static str, bool, Vec<u8>)> {
    let server = world.server.public_key();
    let known = world.device().id;
    let known_psk = with_psk.device().id;
    let server_psk = with_psk.server.public_key();
    let first = |party: Party| party.message_1().0;
    let broken = {
        let mut bytes = first(Party::new(server).with_id(known));
        bytes.truncate(30);
        bytes[1] = 28;
        bytes
    };
    vec![
        ("unknown id", false, first(Party::new(server))),
        ("unknown id, with a PSK", false, first(Party::new(server).with_psk(1))),
        ("known id, another key", false, first(Party::new(server).with_id(known))),
        ("known id, message 1 too short", false, broken),
        (
            "known id, with a PSK it does not have",
            false,
            first(Party::new(server).with_id(known).with_psk(1)),
        ),
        ("known id, without its PSK", true, first(Party::new(server_psk).with_id(known_psk))),
        ("known id, another key and PSK", true, first(Party::new(server_psk).with_id(known_psk).with_psk(1))),
        ("unknown id, where one has a PSK", true, first(Party::new(server_psk))),
        ("the device itself, calling KK KKpsk0", false, misnamed(world.device(), Mode::KkPsk0)),
        ("the device itself, calling KKpsk0 KK", true, misnamed(with_psk.device(), Mode::Kk)),
    ]
}

/// A first frame with all the right keys, in the mode of the pinning, whose hello says another: message 1 opens.
fn misnamed(device: &Party, said: Mode) -> Vec<u8> {
    let id = device.id.as_bytes();
    let hello = [&[1, said as u8, id.len() as u8], id].concat();
    let prologue = [b"lowkey/1", &hello[..]].concat();
    let begin = kk::Initiator::new(&device.identity, &device.peer, device.psk.as_ref(), &prologue);
    let mut message = [0; 50];
    begin.write_message_1(&mut host_ephemerals().unwrap(), &[1, 0], &mut message).unwrap();
    let body = [&hello[..], &message].concat();
    [&(body.len() as u16).to_be_bytes()[..], &body].concat()
}

fn worlds() -> (World, World) {
    let (world, mut with_psk) = (World::new(), World::new());
    with_psk.devices = vec![Party::new(with_psk.server.public_key()).with_psk(7)];
    (world, with_psk)
}

#[tokio::test]
async fn an_unknown_id_another_mode_and_another_key_get_the_same_answer() {
    let (world, with_psk) = worlds();
    for (who, psk, first) in strangers(&world, &with_psk) {
        let world = if psk { &with_psk } else { &world };
        let (answer, accepted, stats) = answer(world, &first).await;
        assert_eq!(answer, REFUSED, "{who}");
        assert!(matches!(accepted, Err(AcceptError::Refused(Refusal::REFUSED))), "{who}: {accepted:?}");
        assert_eq!((stats.accepted, stats.refused), (1, 1), "{who}");
    }
}

#[tokio::test]
async fn the_right_key_with_the_wrong_psk_or_none_gets_that_answer_too() {
    let (_, mut with_psk) = worlds();
    let acceptor = with_psk.acceptor();
    for psk in [None, Some(8)] {
        let mut party = with_psk.devices.remove(0);
        party.psk = None;
        with_psk.devices = vec![match psk {
            Some(byte) => party.with_psk(byte),
            None => party,
        }];
        let (mut near, far) = duplex(1000);
        let (first, _link) = with_psk.device().message_1();
        near.write_all(&first).await.unwrap();
        let (answer, accepted) =
            tokio::join!(async move { until_end(&mut near).await }, acceptor.accept(far));
        assert_eq!(answer, REFUSED);
        assert!(matches!(accepted, Err(AcceptError::Refused(Refusal::REFUSED))));
    }
    let party = with_psk.devices.remove(0).with_psk(7);
    let (near, far) = duplex(1000);
    let (device, server) = tokio::join!(party.connect(near), acceptor.accept(far));
    device.unwrap();
    server.unwrap();
}

#[tokio::test]
async fn the_log_lines_of_strangers_are_alike() {
    let (world, with_psk) = worlds();
    for (who, psk, first) in strangers(&world, &with_psk) {
        let claimed = &first[5..5 + usize::from(first[4])];
        let claimed = ShownId(Id::new(claimed).unwrap());
        let mode = if first[3] == 1 { "KK" } else { "KKpsk0" };
        Log::begin();
        let _ = answer(if psk { &with_psk } else { &world }, &first).await;
        let lines = Log::take();
        let expected =
            format!(" INFO lowkey: attempt refused id={claimed} mode=\"{mode}\" refusal=Refused\n");
        assert_eq!(lines, expected, "{who}");
    }
}
