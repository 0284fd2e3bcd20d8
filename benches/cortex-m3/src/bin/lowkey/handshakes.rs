//! Whole handshakes, both roles in one memory: message by message, each a row.
//!
//! The name of a row says whose work it is and what can be done when: an initiator's `write-1` needs no connection,
//! everything else needs something that the other side has sent.

use core::hint::black_box;

use cortex_m3_bench::{
    bench::{Bench, fail},
    fixed::{DEVICE, HEDGE, PSK, SERVER, Stuck},
};
use lowkey_core::{Ephemerals, Error, Identity, Peer, Psk, Secret, Session, kk, xx};

/// Each mode by its protocol's name.
pub(crate) const MODES: [Mode; 4] = [
    Mode { name: "kk", pattern: Pattern::Kk, has_psk: false },
    Mode { name: "kkpsk0", pattern: Pattern::Kk, has_psk: true },
    Mode { name: "xx", pattern: Pattern::Xx, has_psk: false },
    Mode { name: "xxpsk0", pattern: Pattern::Xx, has_psk: true },
];

/// One way to shake hands.
pub(crate) struct Mode {
    name: &'static str,
    pattern: Pattern,
    has_psk: bool,
}

enum Pattern {
    Kk,
    Xx,
}

/// Two who know each other: their keys, and the static-static Diffie-Hellman, computed at pin time.
pub(crate) struct Parties {
    device: Identity,
    server: Identity,
    at_device: Peer,
    at_server: Peer,
    psk: Psk,
}

/// What both sides have in the end: the device's and the server's.
type Sessions = Result<[Session; 2], Error>;

impl Parties {
    /// Pins them to each other; no row, because a key page has all of it.
    pub(crate) fn meet() -> Result<Self, Error> {
        let device = Identity::new(Secret::new(black_box(DEVICE)))?;
        let server = Identity::new(Secret::new(black_box(SERVER)))?;
        let at_device = Peer::pin(&device, server.public_key())?;
        let ss = at_device.shared_secret().duplicate();
        let at_server = Peer::from_parts(&server, device.public_key(), ss)?;
        Ok(Self { device, server, at_device, at_server, psk: Psk::new(Secret::new(black_box(PSK)))? })
    }

    /// Plays one handshake.
    pub(crate) fn shake_hands(&self, bench: &mut Bench, mode: &Mode) -> Sessions {
        let psk = mode.has_psk.then_some(&self.psk);
        let sessions = match mode.pattern {
            Pattern::Kk => self.kk(bench, mode.name, psk)?,
            Pattern::Xx => self.xx(bench, mode.name, psk)?,
        };
        let [at_device, at_server] = &sessions;
        if at_device.handshake_hash() != at_server.handshake_hash() {
            fail("the sides do not agree");
        }
        bench.result(at_device.handshake_hash());
        Ok(sessions)
    }

    fn kk(&self, bench: &mut Bench, name: &str, psk: Option<&Psk>) -> Sessions {
        let (mut ours, mut theirs) = (ephemerals(HEDGE)?, ephemerals(HEDGE.map(|byte| !byte))?);
        let mut wire = [0; ROOM];
        let (initiator, n) = bench.row(&[name, ".initiator.write-1"], || {
            kk::Initiator::new(&self.device, &self.at_device, psk, b"")
                .write_message_1(&mut ours, b"", &mut wire)
        })?;
        let responder = bench.row(&[name, ".responder.read-1"], || {
            let responder = kk::Responder::new(&self.server, &self.at_server, psk, b"");
            responder.read_message_1(&mut wire[..n]).map(|(next, _)| next)
        })?;
        let (at_server, n) = bench
            .row(&[name, ".responder.write-2"], || responder.write_message_2(&mut theirs, b"", &mut wire))?;
        let at_device = bench.row(&[name, ".initiator.read-2"], || {
            initiator.read_message_2(&mut wire[..n]).map(|(session, _)| session)
        })?;
        Ok([at_device, at_server])
    }

    fn xx(&self, bench: &mut Bench, name: &str, psk: Option<&Psk>) -> Sessions {
        let (mut ours, mut theirs) = (ephemerals(HEDGE)?, ephemerals(HEDGE.map(|byte| !byte))?);
        let mut wire = [0; ROOM];
        let (initiator, n) = bench.row(&[name, ".initiator.write-1"], || {
            xx::Initiator::new(&self.device, psk, b"").write_message_1(&mut ours, b"", &mut wire)
        })?;
        let responder = bench.row(&[name, ".responder.read-1"], || {
            let responder = xx::Responder::new(&self.server, psk, b"");
            responder.read_message_1(&mut wire[..n]).map(|(next, _)| next)
        })?;
        let (responder, n) = bench
            .row(&[name, ".responder.write-2"], || responder.write_message_2(&mut theirs, b"", &mut wire))?;
        let initiator = bench.row(&[name, ".initiator.read-2"], || {
            initiator.read_message_2(&mut wire[..n]).map(|(next, _)| next)
        })?;
        let (at_device, n) =
            bench.row(&[name, ".initiator.write-3"], || initiator.write_message_3(b"", &mut wire))?;
        let at_server = bench.row(&[name, ".responder.read-3"], || {
            responder.read_message_3(&mut wire[..n]).map(|(claim, _)| claim)
        })?;
        bench.result(at_device.public_key().as_bytes());
        bench.result(at_server.public_key().as_bytes());
        Ok([at_device.accept(), at_server.accept()])
    }
}

fn ephemerals(hedge: [u8; 32]) -> Result<Ephemerals<Stuck>, Error> {
    Ephemerals::new(Stuck, Secret::new(black_box(hedge)), &mut Stuck)
}

/// The longest message: XX's second, 96 bytes.
const ROOM: usize = 96;
