//! Numbered messages (protocol §7): a queue in RAM of any contents, and an outbox on a link before a peer that holds
//! the right keys and says whatever the script wants.
//!
//! Held to: what waits has numbers that rise, and comes back as it is after a reset; nothing leaves an outbox but what
//! the peer has acknowledged; numbers that come rise.

use crate::keys::{KEYS, ephemerals};
use lowkey_core::numbered::{Memory, Queue, message_digest};
use lowkey_core::{Session, TAG_LEN, kk};
use lowkey_transport::{Buffers, Error, Link, Mode, Outbox, Part, Retained, RunId};
use test_support::Input;

const MAX_OPS: usize = 300;

/// Plays a script: which of both, then an operation a byte.
pub fn numbered(data: &[u8]) {
    let mut input = Input::new(data);
    if input.flag() { retained(&mut input) } else { link(&mut input) }
}

fn run() -> RunId {
    RunId::new(*b"a run...")
}

fn all<M: Memory>(queue: &Queue<M>) -> Vec<(u64, Vec<u8>)> {
    let (mut all, mut at) = (vec![], 0);
    while let Some(waiting) = queue.above(at) {
        assert!(waiting.number() > at, "a number that does not rise");
        at = waiting.number();
        all.push((at, waiting.message().to_vec()));
    }
    all
}

fn retained(input: &mut Input<'_>) {
    let mut bytes = input.chunk().to_vec();
    bytes.resize(input.below(400), 0);
    let mut queue = Queue::new(Retained::new(bytes, run()));
    for _ in 0..MAX_OPS {
        let Some(op) = input.op() else { break };
        let before = all(&queue);
        match op % 4 {
            0 | 1 => {
                let last = before.last().map_or(0, |(number, _)| *number);
                let Some(number) = last.checked_add(1 + u64::from(input.byte())) else { continue };
                let message = input.chunk_of(60);
                let is_taken = queue.push(number, message).is_ok();
                assert_eq!(all(&queue).len(), before.len() + usize::from(is_taken));
            }
            2 => {
                let number = before.get(input.below(before.len())).map_or(0, |(number, _)| *number);
                assert!(queue.release(number, None));
                let left: Vec<_> = before.into_iter().filter(|(other, _)| *other > number).collect();
                assert_eq!(all(&queue), left);
            }
            _ => {
                let mut bytes = queue.into_memory().bytes().clone();
                let at = input.below(bytes.len());
                let bit = input.byte();
                if let Some(byte) = bytes.get_mut(at).filter(|_| bit >= 0x80) {
                    *byte ^= 1 << (bit % 8);
                }
                queue = Queue::new(Retained::new(bytes, run()));
                assert!(bit >= 0x80 || all(&queue) == before, "it came back as something else");
                all(&queue);
            }
        }
    }
}

/// Our initiator, and a session of its peer that says these parameters.
fn meet(parameters: &[u8]) -> Option<(Link<'static, Vec<u8>>, Session)> {
    let buffers = Buffers::new(vec![0; 300], vec![0; 302]).ok()?.with_run(run()).with_acks();
    let pinning = KEYS.pinning(&KEYS.initiator, Mode::Kk);
    let mut link = Link::kk_initiator(pinning, &mut ephemerals(301), buffers).ok()?;
    let first = link.unsent().ok()?.to_vec();
    let (hello, message) = first.get(2..)?.split_at(3 + usize::from(*first.get(4)?));
    let prologue = [b"lowkey/1", hello].concat();
    let responder = kk::Responder::new(&KEYS.responder.identity, &KEYS.responder.peer, None, &prologue);
    let mut message = message.to_vec();
    let (responder, _) = responder.read_message_1(&mut message).ok()?;
    let mut second = vec![0; 48 + parameters.len()];
    let (session, _) = responder.write_message_2(&mut ephemerals(302), parameters, &mut second).ok()?;
    link.on_write(Ok::<_, embedded_io::ErrorKind>(first.len())).ok()?;
    feed(&mut link, &second).ok()?;
    link.step().ok()?;
    drain(&mut link).ok()?;
    link.step().ok()?;
    Some((link, session))
}

fn feed(link: &mut Link<'_, Vec<u8>>, body: &[u8]) -> Result<(), Error> {
    let frame = [&u16::try_from(body.len()).unwrap_or(u16::MAX).to_be_bytes(), body].concat();
    let mut rest = &frame[..];
    while !rest.is_empty() {
        let taken = link.feed(rest)?;
        if taken == 0 {
            return Ok(());
        }
        rest = &rest[taken..];
    }
    Ok(())
}

fn drain(link: &mut Link<'_, Vec<u8>>) -> Result<(), Error> {
    loop {
        let n = link.unsent()?.len();
        if n == 0 {
            return link.on_flush(Ok::<_, embedded_io::ErrorKind>(()));
        }
        link.on_write(Ok::<_, embedded_io::ErrorKind>(n))?;
    }
}

fn link(input: &mut Input<'_>) {
    let mut outbox = Outbox::new(vec![0; 100 + input.below(300)], run(), 7);
    let items = if input.byte() < 0x20 { input.chunk_of(60) } else { b"\x01\x08another.\x02\x00" };
    let parameters = [&300_u16.to_be_bytes(), items].concat();
    let Some((mut link, mut session)) = meet(&parameters) else { return };
    let (mut pushed, mut acknowledged, mut came) = (vec![], 0, 0);
    for _ in 0..MAX_OPS {
        let Some(op) = input.op() else { break };
        match op % 8 {
            0 | 1 => {
                let message = input.chunk_of(90);
                if let Ok(number) = outbox.push(message) {
                    pushed.push((number, message));
                }
            }
            2 => {
                let _ = link.send_outbox(&mut outbox);
            }
            3 => {
                let _ = drain(&mut link);
            }
            4 => {
                // An ACK: of what there is, or of anything.
                let (number, message) = match pushed.get(input.below(pushed.len() + 1)) {
                    Some((number, message)) => (*number, *message),
                    None => (u64::from(input.byte() / 0xF0) << 40, &[][..]),
                };
                let digest = message_digest(number, [message, &[]]);
                let mut body = number.to_be_bytes().to_vec();
                match input.byte() {
                    0..0x70 => body.extend(digest),
                    0x70..0xF0 => (),
                    _ => body.truncate(3),
                }
                acknowledged = acknowledged.max(number);
                say(&mut link, &mut session, 0x81, &body);
            }
            5 => {
                let body = [&u64::from(input.u16()).to_be_bytes(), input.chunk_of(50)].concat();
                say(&mut link, &mut session, 0x80, &body);
            }
            6 => {
                let kind = input.byte() & 0x83;
                say(&mut link, &mut session, kind, input.chunk_of(40));
            }
            _ => {
                let number = u64::from(input.u16());
                let _ = if input.flag() {
                    link.open_acks(Some((number, [1; 8])))
                } else {
                    link.acknowledge(number)
                };
            }
        }
        while link.receive().is_ok_and(|received| received.is_ready()) {
            let Some(part) = link.take().map(|fragment| fragment.part) else { break };
            if let Some(number) = link.number().filter(|_| part == Part::Last) {
                assert!(number > came, "{number} behind {came}");
                came = number;
            }
        }
        for (number, _) in pushed.iter().filter(|(number, _)| *number > acknowledged) {
            let waits = outbox.above(number - 1).is_some_and(|waiting| waiting.number() == *number);
            assert!(waits, "{number:#x} is gone, and only {acknowledged:#x} was acknowledged");
        }
    }
}

/// The peer seals a record.
fn say(link: &mut Link<'_, Vec<u8>>, session: &mut Session, kind: u8, body: &[u8]) {
    let mut record = [&[kind], body, &[0; TAG_LEN][..]].concat();
    if session.sealer.seal(&mut record).is_ok() {
        let _ = feed(link, &record);
        let _ = link.receive();
    }
}
