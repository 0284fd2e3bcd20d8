//! An outbox and a receiver on links, against a model: whatever is cut, restarted and forgotten, what was acknowledged
//! is stored, nothing is stored twice by its number, and all of it is in order.

use crate::support::links::{self, buffers};
use core::task::Poll;
use lowkey_core::numbered::{DIGEST_LEN, message_digest};
use lowkey_transport::{Error, Link, Mode, Outbox, Retained, RunId};
use std::collections::BTreeMap;
use test_support::Random;

/// What the receiver has.
#[derive(Default)]
struct Store {
    /// By number; what is stored lasts.
    stored: BTreeMap<u64, Vec<u8>>,
    /// What has come on this connection and is not stored yet.
    came: Vec<(u64, Vec<u8>)>,
}

impl Store {
    fn last(&self) -> Option<(u64, [u8; DIGEST_LEN])> {
        let (number, message) = self.stored.last_key_value()?;
        Some((*number, message_digest(*number, [message, b""])))
    }
}

/// The device's outbox, in RAM that is cleared or in RAM that is not.
enum Device {
    Cleared(Outbox<Vec<u8>>),
    Retained(Outbox<Retained<Vec<u8>>>),
}

macro_rules! each {
    ($device:expr, $outbox:ident => $call:expr) => {
        match $device {
            Device::Cleared($outbox) => $call,
            Device::Retained($outbox) => $call,
        }
    };
}

fn run() -> RunId {
    RunId::new(*b"a run...")
}

fn device(retained: bool, memory: Vec<u8>, boot: u32) -> Device {
    if retained {
        Device::Retained(Outbox::resume(memory, run(), boot))
    } else {
        Device::Cleared(Outbox::new(memory, run(), boot))
    }
}

/// One connection, some bytes at a time, until it is cut; or to the end of what there is.
fn connect(device: &mut Device, store: &mut Store, sent: &mut Vec<(u64, Vec<u8>)>, random: &mut Random) {
    store.came.clear();
    let mut a = links::initiator_in(Mode::Kk, buffers().with_run(run()));
    let mut b: links::Any = Link::responder(buffers().with_acks());
    let (mut to_b, mut to_a) = (vec![], vec![]);
    let (mut is_open, mut answered) = (false, false);
    let cut = if random.below(3) == 0 { usize::MAX } else { random.below(200) };
    for _ in 0..cut.min(600) {
        match random.below(6) {
            0 => push(device, sent, random),
            1 if store.came.len() > random.below(4) => {
                // The last of an unbroken row.
                let n = 1 + random.below(store.came.len());
                let last = store.came[n - 1].0;
                for (number, message) in store.came.drain(..n) {
                    assert!(store.stored.insert(number, message).is_none(), "{number:#x} twice");
                }
                if random.below(4) > 0 {
                    b.acknowledge(last).unwrap();
                }
            }
            2 => drop(links::write(&mut a, &mut to_b)),
            3 => drop(links::write(&mut b, &mut to_a)),
            4 => {
                let n = random.below(to_a.len() + 1);
                feed(&mut a, &mut to_a, n);
                if a.step() == Ok(lowkey_transport::Step::Done) {
                    let _nothing_but_acks = a.receive().unwrap();
                    match each!(device, outbox => a.send_outbox(outbox)) {
                        Ok(_) => (),
                        error => panic!("{error:?}"),
                    }
                }
            }
            _ => {
                let n = random.below(to_b.len() + 1);
                feed(&mut b, &mut to_b, n);
                match b.step() {
                    Ok(lowkey_transport::Step::Hello) if !answered => {
                        links::answer(&mut b, Mode::Kk).unwrap();
                        answered = true;
                    }
                    Ok(lowkey_transport::Step::Done) => {
                        if !is_open {
                            b.open_acks(store.last()).unwrap();
                            is_open = true;
                        }
                        receive(&mut b, store);
                    }
                    _ => (),
                }
            }
        }
    }
}

fn receive(b: &mut links::Any, store: &mut Store) {
    while let Ok(Poll::Ready(Some(_))) = b.receive() {
        let message = b.take().map(|fragment| fragment.bytes.to_vec()).unwrap_or_default();
        let number = b.number().expect("all of them have one");
        let above = store.came.last().map(|(number, _)| *number).or(store.stored.keys().last().copied());
        assert!(above.is_none_or(|above| number > above), "{number:#x} is not in order");
        store.came.push((number, message));
    }
}

fn feed(link: &mut links::Any, wire: &mut Vec<u8>, n: usize) {
    let taken = link.feed(&wire[..n]).unwrap();
    wire.drain(..taken);
}

fn push(device: &mut Device, sent: &mut Vec<(u64, Vec<u8>)>, random: &mut Random) {
    let len = random.below(40);
    let message = random.bytes(len);
    if let Ok(number) = each!(device, outbox => outbox.push(&message)) {
        sent.push((number, message));
    }
}

#[test]
fn numbered_s7_what_was_acknowledged_is_stored_once_and_in_order_whatever_is_cut() -> Result<(), Error> {
    let mut random = Random::new();
    let mut stored = 0;
    for _ in 0..60 {
        let retained = random.below(2) == 0;
        let len = 64 + 60 + random.below(300);
        let mut memory = vec![0; len];
        let (mut store, mut sent) = (Store::default(), vec![]);
        for boot in 1..=4 {
            // A restart forgets an outbox that is cleared.
            let mut device = device(retained, memory.clone(), boot);
            for _ in 0..=random.below(4) {
                connect(&mut device, &mut store, &mut sent, &mut random);
                // What is not in the outbox any more was acknowledged, unless a restart has cleared it.
                let this_start = |number: &u64| retained || number >> 32 == u64::from(boot);
                for (number, message) in sent.iter().filter(|(number, _)| this_start(number)) {
                    let waits = each!(&device, outbox => outbox.above(number - 1).is_some_and(|w| w.number() == *number));
                    assert!(waits || store.stored.get(number) == Some(message), "{number:#x} is lost");
                }
            }
            if let Device::Retained(outbox) = device {
                memory = outbox.into_memory().bytes().clone();
            }
        }
        assert!(store.stored.iter().all(|(number, message)| sent.contains(&(*number, message.clone()))));
        stored += store.stored.len();
    }
    assert!(stored > 1_000, "{stored}: most of them came to nothing");
    Ok(())
}
