//! Links without streams: bytes go in, bytes and events come out.

use super::keys::{KEYS, ephemerals};
use core::task::Poll;
use embedded_io::ErrorKind;
use lowkey_transport::{Buffers, Error, Link, Mode, Part, Step};

pub(crate) type Any = Link<'static, Vec<u8>>;

/// What a driver says whose stream never fails, and what there must be room for.
pub(crate) trait Plain {
    fn wrote(&mut self, n: usize);
    fn filled(&mut self, n: usize) -> Result<(), Error>;
    fn stage(&mut self, data: &[u8], part: Part) -> Result<usize, Error>;
}

impl Plain for Link<'_, Vec<u8>> {
    fn wrote(&mut self, n: usize) {
        self.on_write(Ok::<_, ErrorKind>(n)).unwrap();
    }

    fn filled(&mut self, n: usize) -> Result<(), Error> {
        self.on_read(Ok::<_, ErrorKind>(n))
    }

    fn stage(&mut self, data: &[u8], part: Part) -> Result<usize, Error> {
        Ok(done(self.send_part(data, part)?))
    }
}

/// What does not have to wait.
#[track_caller]
pub(crate) fn done<T>(poll: Poll<T>) -> T {
    match poll {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("something is unsent"),
    }
}

pub(crate) const KK: [Mode; 2] = [Mode::Kk, Mode::KkPsk0];
pub(crate) const XX: [Mode; 2] = [Mode::Xx, Mode::XxPsk0];

/// Room for records of 300 bytes either way.
pub(crate) fn buffers() -> Buffers<Vec<u8>> {
    Buffers::new(vec![0; 300], vec![0; 302]).unwrap()
}

pub(crate) fn initiator(mode: Mode) -> Any {
    initiator_in(mode, buffers())
}

pub(crate) fn initiator_in(mode: Mode, buffers: Buffers<Vec<u8>>) -> Any {
    let (identity, mut ephemerals) = (&KEYS.initiator.identity, ephemerals(1));
    match mode {
        Mode::Kk | Mode::KkPsk0 => {
            Link::kk_initiator(KEYS.initiator_pinning(mode), &mut ephemerals, buffers).unwrap()
        }
        Mode::Xx => Link::xx_initiator(identity, None, &mut ephemerals, buffers).unwrap(),
        Mode::XxPsk0 => {
            Link::xx_psk0_initiator(identity, KEYS.id, &KEYS.psk, &mut ephemerals, buffers).unwrap()
        }
    }
}

pub(crate) fn responder() -> Any {
    Link::responder(buffers())
}

/// Answers the hello that waits, as a responder that offers `mode`.
pub(crate) fn answer(link: &mut Any, mode: Mode) -> Result<(), Error> {
    let mut ephemerals = ephemerals(2);
    match mode {
        Mode::Kk | Mode::KkPsk0 => link.answer_kk(KEYS.responder_pinning(mode), &mut ephemerals),
        Mode::Xx | Mode::XxPsk0 => link.answer_xx(&KEYS.responder.identity, KEYS.psk(mode), &mut ephemerals),
    }
}

/// Two links that are done with KK or KKpsk0.
pub(crate) fn open_in(mode: Mode, ours: Buffers<Vec<u8>>, theirs: Buffers<Vec<u8>>) -> (Any, Any) {
    let (mut a, mut b) = (initiator_in(mode, ours), Link::responder(theirs));
    assert_eq!(meet(&mut a, &mut b, mode), Ok((Step::Done, Step::Done)));
    (a, b)
}

pub(crate) fn open() -> (Any, Any) {
    open_in(Mode::Kk, buffers(), buffers())
}

/// Moves a handshake on until both sides want something else than bytes.
pub(crate) fn meet(a: &mut Link<'_, Vec<u8>>, b: &mut Any, mode: Mode) -> Result<(Step, Step), Error> {
    let (mut to_a, mut to_b) = (vec![], vec![]);
    loop {
        let steps = (advance(a, &mut to_a, &mut to_b)?, advance(b, &mut to_b, &mut to_a)?);
        match steps {
            (_, Step::Hello) => answer(b, mode)?,
            _ if to_a.is_empty() && to_b.is_empty() => return Ok(steps),
            _ => (),
        }
    }
}

/// Moves one side of a handshake on until it wants something that is not there.
pub(crate) fn advance(
    link: &mut Link<'_, Vec<u8>>,
    from: &mut Vec<u8>,
    to: &mut Vec<u8>,
) -> Result<Step, Error> {
    loop {
        match link.step()? {
            Step::Write => write(link, to)?,
            Step::Read if from.is_empty() => return Ok(Step::Read),
            Step::Read => read(link, from)?,
            step => return Ok(step),
        }
    }
}

/// Everything unsent.
pub(crate) fn write(link: &mut Link<'_, Vec<u8>>, to: &mut Vec<u8>) -> Result<(), Error> {
    loop {
        let unsent = link.unsent()?;
        let n = unsent.len();
        if n == 0 {
            return Ok(());
        }
        to.extend_from_slice(unsent);
        link.wrote(n);
    }
}

pub(crate) fn unsent(link: &mut Link<'_, Vec<u8>>) -> Vec<u8> {
    let mut bytes = vec![];
    write(link, &mut bytes).unwrap();
    bytes
}

/// One read from the front of `from`.
pub(crate) fn read(link: &mut Link<'_, Vec<u8>>, from: &mut Vec<u8>) -> Result<(), Error> {
    let space = link.space();
    let n = space.len().min(from.len());
    space[..n].copy_from_slice(&from[..n]);
    from.drain(..n);
    link.filled(n)
}

/// What a link has delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Fragment(Vec<u8>, Part),
    End,
}

pub(crate) fn last(bytes: &[u8]) -> Event {
    Event::Fragment(bytes.to_vec(), Part::Last)
}

pub(crate) fn more(bytes: &[u8]) -> Event {
    Event::Fragment(bytes.to_vec(), Part::More)
}

/// Gives `bytes` to the link and collects what it delivers, and the error that ended it.
pub(crate) fn feed(link: &mut Link<'_, Vec<u8>>, bytes: &[u8]) -> (Vec<Event>, Result<(), Error>) {
    let (mut from, mut events) = (bytes.to_vec(), vec![]);
    let result = loop {
        match link.receive() {
            Err(error) => break Err(error),
            Ok(Poll::Pending) if from.is_empty() => break Ok(()),
            Ok(Poll::Pending) => {
                if let Err(error) = read(link, &mut from) {
                    break Err(error);
                }
            }
            Ok(Poll::Ready(Some(_))) => {
                let fragment = link.take().unwrap();
                events.push(Event::Fragment(fragment.bytes.to_vec(), fragment.part));
            }
            Ok(Poll::Ready(None)) => {
                events.push(Event::End);
                if from.is_empty() {
                    break Ok(());
                }
                if let Err(error) = read(link, &mut from) {
                    break Err(error);
                }
            }
        }
    };
    (events, result)
}

/// As [`feed`], with no error allowed.
pub(crate) fn events(link: &mut Link<'_, Vec<u8>>, bytes: &[u8]) -> Vec<Event> {
    let (events, result) = feed(link, bytes);
    assert_eq!(result, Ok(()));
    events
}

/// One message in one record; the frame.
pub(crate) fn sent(link: &mut Link<'_, Vec<u8>>, message: &[u8]) -> Vec<u8> {
    link.may_begin().unwrap();
    done(link.send(message).unwrap());
    unsent(link)
}

pub(crate) fn closed(link: &mut Link<'_, Vec<u8>>) -> Vec<u8> {
    link.close().unwrap();
    unsent(link)
}

/// After a fatal error: every call gives `error`, and nothing is delivered.
#[track_caller]
pub(crate) fn assert_dead(link: &mut Any, error: Error) {
    assert!(!error.is_recoverable(), "{error:?}");
    for _ in 0..2 {
        assert_eq!(link.unsent().err(), Some(error));
        assert_eq!(link.filled(1), Err(error));
        assert_eq!(link.filled(0), Err(error));
        assert_eq!(link.receive(), Err(error));
        assert!(link.take().is_none());
        assert_eq!(link.read(&mut [0; 9]), Err(error));
        assert_eq!(link.recv_message(&mut [0; 9]), Err(error));
        assert_eq!(link.alive(), Err(error));
        assert!(!link.is_open());
        assert_eq!(link.may_begin(), Err(error));
        assert_eq!(link.send(b"x"), Err(error));
        assert_eq!(link.stage(b"x", Part::Last), Err(error));
        assert_eq!(link.send_rest(b"x"), Err(error));
        assert_eq!(link.write(b"x"), Err(error));
        assert_eq!(link.flush(), Err(error));
        assert_eq!(link.ping(b""), Err(error));
        assert_eq!(link.ping(b"x"), Err(error));
        assert_eq!(link.close(), Err(error));
        assert_eq!(link.step(), Err(error));
        assert_eq!(link.accept(), Err(error));
        assert_eq!(link.answer(&mut ephemerals(3), |_| None), Err(error));
        assert_eq!(link.refuse(lowkey_transport::Refusal::BUSY), Err(error));
        assert_eq!(link.turn_away(KEYS.responder_pinning(Mode::Kk)), Err(error));
        assert_eq!(link.fail(Error::Io(ErrorKind::Other)), error);
    }
}
