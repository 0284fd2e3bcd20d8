//! An [`Opener`] on real records that were changed, reordered, repeated, dropped or reflected.
//!
//! Held to: exactly the unchanged ones open, in the order they were sealed in, across changes of the
//! key; one that does not open changes nothing and leaves no plaintext behind.

use crate::keys::{KEYS, ephemerals};
use crate::mutation::mutate;
use lowkey_core::{Error, Opener, REKEY_INTERVAL, Sealer, Session, TAG_LEN, kk};
use test_support::Input;
use test_support::Random;

const MAX_OPS: usize = 200;

/// Plays a script: whether the first key is nearly used up, then an operation a byte.
pub fn records(data: &[u8]) {
    let mut input = Input::new(data);
    let (a, b) = sessions();
    let mut wire = Wire {
        sealer: a.sealer,
        reflector: b.sealer,
        opener: b.opener,
        sealed: vec![],
        rng: Random::from_seed(5),
        next: 0,
    };
    // One script in eight: the rest would do the same under the first key, and faster.
    if input.byte() % 8 == 1 {
        (0..REKEY_INTERVAL - 3).for_each(|_| wire.seal(0));
        (0..wire.sealed.len()).for_each(|at| wire.open_unchanged(at));
    }
    for _ in 0..MAX_OPS {
        let Some(op) = input.op() else { break };
        match op % 8 {
            0 | 1 => wire.seal(input.below(600)),
            2 | 3 => wire.open_unchanged(wire.next),
            4 => {
                let at = wire.nearby(&mut input);
                wire.open_unchanged(at);
            }
            5 => {
                let at = wire.nearby(&mut input);
                let Some((record, _)) = wire.sealed.get(at) else { continue };
                let changed = mutate(&mut input, record);
                wire.open(at, changed);
            }
            6 => {
                let mut reflected = vec![0; input.below(64) + TAG_LEN];
                wire.reflector.seal(&mut reflected).expect("room for a tag");
                wire.open(usize::MAX, reflected);
            }
            _ => wire.open(usize::MAX, input.chunk().to_vec()),
        }
    }
}

/// The two ends of a KK session, by the same ephemerals every time.
fn sessions() -> (Session, Session) {
    let (mut out, [mut first, mut second]) = ([0; 96], [201, 202].map(ephemerals));
    let a = kk::Initiator::new(&KEYS.initiator.identity, &KEYS.initiator.peer, None, b"");
    let (a, n) = a.write_message_1(&mut first, b"", &mut out).expect("room");
    let b = kk::Responder::new(&KEYS.responder.identity, &KEYS.responder.peer, None, b"");
    let (b, _payload) = b.read_message_1(&mut out[..n]).expect("an honest message");
    let (b, n) = b.write_message_2(&mut second, b"", &mut out).expect("room");
    let (a, _payload) = a.read_message_2(&mut out[..n]).expect("an honest message");
    (a, b)
}

struct Wire {
    sealer: Sealer,
    /// The other direction's, whose records come back to where they were made.
    reflector: Sealer,
    opener: Opener,
    /// Each record with its plaintext.
    sealed: Vec<(Vec<u8>, Vec<u8>)>,
    rng: Random,
    /// Which of them has to open next.
    next: usize,
}

impl Wire {
    fn seal(&mut self, len: usize) {
        let text = self.rng.bytes(len);
        let mut record = text.clone();
        record.resize(len + TAG_LEN, 0);
        assert_eq!(self.sealer.count(), self.sealed.len() as u64);
        self.sealer.seal(&mut record).expect("room for a tag");
        self.sealed.push((record, text));
    }

    /// A record around the one that has to open next.
    fn nearby(&self, input: &mut Input<'_>) -> usize {
        (self.next + input.below(8)).saturating_sub(4)
    }

    fn open_unchanged(&mut self, at: usize) {
        if let Some((record, _)) = self.sealed.get(at) {
            self.open(at, record.clone());
        }
    }

    /// Opens `record`, made of the one at `at`.
    fn open(&mut self, at: usize, mut record: Vec<u8>) {
        let before = record.clone();
        let (real, text) = self.sealed.get(at).map_or((None, None), |(r, t)| (Some(r), Some(t)));
        let expected = self.sealed.get(self.next).is_some_and(|(next, _)| *next == record);
        match self.opener.open(&mut record) {
            Ok(opened) => {
                assert!(expected, "a record opened that is not the next one: {at} instead of {}", self.next);
                assert_eq!(opened, self.sealed[self.next].1);
                self.next += 1;
            }
            Err(error) => {
                assert!(!expected, "record {} did not open: {error:?}", self.next);
                let short = before.len() < TAG_LEN;
                assert_eq!(error, if short { Error::Truncated } else { Error::Decrypt });
                // By chance, short texts stand in anything.
                let shows = |text: &Vec<u8>| text.len() >= 16 && record.starts_with(text);
                assert!(!text.is_some_and(shows), "plaintext of {real:?} in a record that did not open");
            }
        }
        assert_eq!(self.opener.count(), self.next as u64);
    }
}
