//! A memo as bytes, for a file: version 1, numbers in little-endian order, a moment that is not known as 0.

use super::address::Address;
use super::memo::{Memo, Mishaps, Past, Tally, What, Why};
use super::moment::Moment;
use std::net::SocketAddr;

/// The memo's bytes.
pub(super) fn encode(memo: &Memo) -> Vec<u8> {
    let mut out = Writer(Vec::with_capacity(220));
    out.0.push(VERSION);
    out.0.push(u8::from(memo.is_open()));
    out.moment(memo.first);
    out.moment(memo.last);
    out.address(memo.from);
    out.number(memo.sessions);
    out.past(memo.ended);
    let mishaps = memo.mishaps.as_deref().copied().unwrap_or_default();
    out.tally(mishaps.displaced);
    out.address(mishaps.displaced_from);
    out.address(mishaps.displaced_by);
    out.tally(mishaps.backend);
    out.tally(mishaps.refused);
    out.0.push(mishaps.refused_for.map_or(0, |why| why as u8));
    out.address(mishaps.refused_from);
    out.moment(memo.paired);
    out.moment(memo.removed);
    memo.history.iter().flatten().for_each(|past| out.past(Some(*past)));
    out.0
}

/// What [`encode`] was given; `None` for what it has not made.
pub(super) fn decode(bytes: &[u8]) -> Option<Memo> {
    let mut rest = Reader(bytes);
    let [VERSION, open] = rest.take()? else { return None };
    let mut memo = Memo {
        first: rest.moment()?,
        last: rest.moment()?,
        from: rest.address()?,
        sessions: rest.number()?,
        ended: rest.past()?,
        mishaps: rest.mishaps()?,
        paired: rest.moment()?,
        removed: rest.moment()?,
        ..Memo::default()
    };
    for past in &mut memo.history {
        if rest.0.is_empty() {
            break;
        }
        *past = Some(rest.past()??);
    }
    let whole = rest.0.is_empty() && open <= 1;
    whole.then(|| memo.recalled(open == 1))
}

struct Writer(Vec<u8>);

impl Writer {
    fn number(&mut self, number: u32) {
        self.0.extend(number.to_le_bytes());
    }

    fn moment(&mut self, moment: Option<Moment>) {
        self.number(moment.map_or(0, Moment::seconds));
    }

    /// Most are of IPv4, and many are not known.
    fn address(&mut self, address: Address) {
        let bytes = match address.known() {
            None => &[],
            Some(SocketAddr::V4(_)) => &address.as_bytes()[IPV4..],
            Some(SocketAddr::V6(_)) => &address.as_bytes()[..],
        };
        self.0.push(bytes.len() as u8);
        self.0.extend(bytes);
    }

    fn tally(&mut self, tally: Tally) {
        self.number(tally.times);
        self.moment(tally.last);
    }

    fn past(&mut self, past: Option<Past>) {
        let (what, why) = match past.map(|past| past.what) {
            None => (0, 0),
            Some(What::Connected) => (1, 0),
            Some(What::Ended(why)) => (2, why as u8),
            Some(What::Refused(why)) => (3, why as u8),
            Some(What::Paired) => (4, 0),
            Some(What::Removed) => (5, 0),
        };
        self.0.extend([what, why]);
        self.moment(past.map(|past| past.at));
        self.number(past.map_or(0, |past| past.seconds));
    }
}

struct Reader<'b>(&'b [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn number(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    /// Outside: whether there was one; inside, whether it is known.
    fn moment(&mut self) -> Option<Option<Moment>> {
        self.number().map(Moment::from_seconds)
    }

    fn address(&mut self) -> Option<Address> {
        let [len] = self.take()?;
        match usize::from(len) {
            0 => Some(Address::default()),
            Address::LEN => self.take().map(Address::from_bytes),
            SHORT => {
                let [a, b, c, d, port @ ..] = self.take::<SHORT>()?;
                Some(Address::from(Some(([a, b, c, d], u16::from_be_bytes(port)).into())))
            }
            _ => None,
        }
    }

    fn tally(&mut self) -> Option<Tally> {
        Some(Tally { times: self.number()?, last: self.moment()? })
    }

    fn mishaps(&mut self) -> Option<Option<Box<Mishaps>>> {
        let mishaps = Mishaps {
            displaced: self.tally()?,
            displaced_from: self.address()?,
            displaced_by: self.address()?,
            backend: self.tally()?,
            refused: self.tally()?,
            refused_for: self.why()?,
            refused_from: self.address()?,
        };
        Some((mishaps != Mishaps::default()).then(|| Box::new(mishaps)))
    }

    fn why(&mut self) -> Option<Option<Why>> {
        let [why] = self.take()?;
        if why == 0 { Some(None) } else { why_of(why).map(Some) }
    }

    fn past(&mut self) -> Option<Option<Past>> {
        let [what, why] = self.take()?;
        let (at, seconds) = (self.moment()?, self.number()?);
        let what = match (what, why) {
            (0, 0) => return Some(None),
            (1, 0) => What::Connected,
            (2, why) => What::Ended(why_of(why)?),
            (3, why) => What::Refused(why_of(why)?),
            (4, 0) => What::Paired,
            (5, 0) => What::Removed,
            _ => return None,
        };
        Some(Some(Past { at: at?, what, seconds }))
    }
}

fn why_of(number: u8) -> Option<Why> {
    Why::ALL.into_iter().find(|why| *why as u8 == number)
}

const VERSION: u8 = 1;
/// Where an address of IPv4 begins in one of IPv6, and how long it is with its port, in bytes.
const IPV4: usize = 12;
const SHORT: usize = Address::LEN - IPV4;

#[cfg(test)]
mod tests {
    use super::*;

    fn memo() -> Memo {
        let mut memo = Memo::default();
        let at = |seconds| Moment::from_seconds(seconds).unwrap();
        for n in 1..20 {
            memo.refused(n, Why::ALL[n as usize], Some(([192, 0, 2, 7], 7).into()), at(1000 * n));
        }
        memo.removed(at(90_000));
        memo.lost(at(95_000));
        memo
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        for memo in [Memo::default(), memo()] {
            assert_eq!(decode(&encode(&memo)), Some(memo));
        }
        assert!(encode(&memo()).len() <= 220, "{}", encode(&memo()).len());
    }

    #[test]
    fn what_was_cut_or_damaged_is_no_record_and_no_panic() {
        let bytes = encode(&memo());
        for len in 0..bytes.len() {
            let cut_between_two = (bytes.len() - len).is_multiple_of(10) && bytes.len() - len <= 60;
            assert_eq!(decode(&bytes[..len]).is_some(), cut_between_two, "{len}");
        }
        for at in 0..bytes.len() {
            for value in [0, 1, 2, 3, 200, 255] {
                let mut bytes = bytes.clone();
                bytes[at] = value;
                let _ = decode(&bytes);
            }
        }
        assert_eq!(decode(&[&bytes[..], &[0]].concat()), None);
    }
}
