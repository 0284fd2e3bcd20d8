//! Whole handshakes of `lowkey-core`, with both sides' keys, the PSK, the entropy and the payloads secret, and a record
//! each way.
//!
//! Public are the static and ephemeral keys as they are sent, and everything else that is on the wire.

use lowkey_core::kk::{Device, MESSAGE_1_LEN, Numbers, Pinned};
use lowkey_core::{
    Counter, CounterFailed, Entropy, EntropyFailed, Ephemerals, Identity, Peer, Psk, PublicKey, Secret,
    Session, kk, xx,
};

use crate::{
    Result,
    valgrind::{public, public_bytes, secret, secret_array},
};

/// Noise §7.5.
pub(crate) fn kk() -> Result<()> {
    play_kk(None)
}

/// The same with a PSK, §9.
pub(crate) fn kkpsk0() -> Result<()> {
    play_kk(Some(&Psk::new(Secret::new(secret_array(0x33)))?))
}

/// KK of a device that reads its keys where they are stored.
pub(crate) fn device() -> Result<()> {
    play_device(None)
}

/// The same with a PSK.
pub(crate) fn device_psk0() -> Result<()> {
    play_device(Some(secret_array(0x33)))
}

/// Noise §7.5.
pub(crate) fn xx() -> Result<()> {
    play_xx(None)
}

/// The same with a PSK, §9.
pub(crate) fn xxpsk0() -> Result<()> {
    play_xx(Some(&Psk::new(Secret::new(secret_array(0x33)))?))
}

fn play_kk(psk: Option<&Psk>) -> Result<()> {
    let (ours, theirs) = (identity(0x11)?, identity(0x22)?);
    // A peer of low order is refused when it is pinned, long before anybody waits for an answer.
    let (at_us, at_them) = (pinned(&ours, &theirs)?, pinned(&theirs, &ours)?);
    let mut wire = Wire::new();
    let initiator = kk::Initiator::new(&ours, &at_us, psk, b"prologue");
    let (initiator, len) = initiator.write_message_1(&mut ephemerals(0x55)?, &payload(), wire.room())?;
    let responder = kk::Responder::new(&theirs, &at_them, psk, b"prologue");
    let (responder, _) = responder.read_message_1(wire.carry(len))?;
    let (at_them, len) = responder.write_message_2(&mut ephemerals(0x66)?, &payload(), wire.room())?;
    let (at_us, _) = initiator.read_message_2(wire.carry(len))?;
    talk(at_us, at_them)
}

fn play_device(psk: Option<[u8; 32]>) -> Result<()> {
    let (ours, theirs) = (identity(0x11)?, identity(0x22)?);
    let (at_us, at_them) = (pinned(&ours, &theirs)?, pinned(&theirs, &ours)?);
    let [private, psk_here, hedge] = [secret_array(0x11), psk.unwrap_or([0; 32]), secret_array(0x55)];
    let pinned = Pinned {
        private: Secret::of(&private),
        public: &ours.public_key(),
        peer: &theirs.public_key(),
        shared: at_us.shared_secret(),
        psk: psk.map(|_| Secret::of(&psk_here)),
        hedge: Secret::of(&hedge),
    };
    if pinned.is_ours() {
        return Err("these are the keys of another".into());
    }
    let psk = psk.map(|psk| Psk::new(Secret::new(psk))).transpose()?;
    let (mut device, mut wire, mut message) = (Device::new(), Wire::new(), [0; MESSAGE_1_LEN]);
    let draw = (&mut Marked(0x55), &mut Numbers::of(1));
    let (e, sealed) = message.split_first_chunk_mut().ok_or(lowkey_core::Error::Truncated)?;
    device.write_message_1(&pinned, b"prologue", draw, secret_array(0x99), (e, sealed))?;
    public_bytes(&mut message);
    let responder = kk::Responder::new(&theirs, &at_them, psk.as_ref(), b"prologue");
    let (responder, _) = responder.read_message_1(&mut message)?;
    let (mut theirs, len) = responder.write_message_2(&mut ephemerals(0x66)?, &payload(), wire.room())?;
    device.read_message_2(&pinned, wire.carry(len))?;
    let mut record = [0x77; 80];
    secret(&mut record);
    device.seal(&mut record)?;
    public_bytes(&mut record);
    theirs.opener.open(&mut record)?;
    let mut record = [0x77; 80];
    secret(&mut record);
    theirs.sealer.seal(&mut record)?;
    public_bytes(&mut record);
    device.open(&mut record)?;
    Ok(())
}

fn play_xx(psk: Option<&Psk>) -> Result<()> {
    let (ours, theirs) = (identity(0x11)?, identity(0x22)?);
    let mut wire = Wire::new();
    let initiator = xx::Initiator::new(&ours, psk, b"prologue");
    let (initiator, len) = initiator.write_message_1(&mut ephemerals(0x55)?, &payload(), wire.room())?;
    let responder = xx::Responder::new(&theirs, psk, b"prologue");
    let (responder, _) = responder.read_message_1(wire.carry(len))?;
    let (responder, len) = responder.write_message_2(&mut ephemerals(0x66)?, &payload(), wire.room())?;
    let (initiator, _) = initiator.read_message_2(wire.carry(len))?;
    let (at_us, len) = initiator.write_message_3(&payload(), wire.room())?;
    let (at_them, _) = responder.read_message_3(wire.carry(len))?;
    talk(at_us.accept(), at_them.accept())
}

/// A record each way, and one that was damaged.
fn talk(mut ours: Session, mut theirs: Session) -> Result<()> {
    for (sealer, opener) in [(&mut ours.sealer, &mut theirs.opener), (&mut theirs.sealer, &mut ours.opener)] {
        let mut record = [0x77; 80];
        secret(&mut record);
        sealer.seal(&mut record)?;
        public_bytes(&mut record);
        let mut damaged = record;
        damaged[0] ^= 1;
        if opener.open(&mut damaged).is_ok() {
            return Err("a damaged record has opened".into());
        }
        opener.open(&mut record)?;
    }
    Ok(())
}

/// What is between the two.
struct Wire([u8; 160]);

impl Wire {
    fn new() -> Self {
        Self([0; 160])
    }

    fn room(&mut self) -> &mut [u8] {
        &mut self.0
    }

    /// Everybody sees what is sent.
    fn carry(&mut self, len: usize) -> &mut [u8] {
        let message = &mut self.0[..len];
        public_bytes(message);
        message
    }
}

fn identity(value: u8) -> Result<Identity> {
    let computed = Identity::new(Secret::new(secret_array(value)))?;
    let sent = PublicKey::new(public(*computed.public_key().as_bytes()));
    Ok(Identity::from_parts(Secret::new(secret_array(value)), sent)?)
}

fn pinned(ours: &Identity, theirs: &Identity) -> Result<Peer> {
    let pinned = Peer::pin(ours, theirs.public_key())?;
    Ok(pinned)
}

fn payload() -> [u8; 20] {
    secret_array(0x99)
}

fn ephemerals(value: u8) -> Result<Ephemerals<Marked>> {
    Ok(Ephemerals::new(Marked(value), Secret::new(secret_array(value)), &mut Once)?)
}

/// An entropy source whose bytes are secret.
struct Marked(u8);

impl Entropy for Marked {
    fn fill(&mut self, out: &mut [u8]) -> std::result::Result<(), EntropyFailed> {
        out.fill(self.0);
        secret(out);
        Ok(())
    }
}

/// The first boot, always.
struct Once;

impl Counter for Once {
    fn next(&mut self) -> std::result::Result<u64, CounterFailed> {
        Ok(1)
    }
}
