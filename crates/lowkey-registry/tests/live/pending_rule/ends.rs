//! What the model's runs do, against two ends of a real pairing: every step is taken at every point of a run in both,
//! and both have to ask the same of their stores and to have as much to hear.

use super::code::everywhere;
use super::rule::{At, Call, End, Frame, Run};
use lowkey_core::PinStore;
use lowkey_host::entropy::host_ephemerals;
use lowkey_host::{Id, Identity, Peer, PublicKey};
use lowkey_transport::{Keeper, Link, Pairing, Step};
use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use test_support::folder::secret;
use test_support::world::board::{buffers, code};

/// What can happen to a run.
#[derive(Clone, Copy, Debug)]
enum Event {
    Hear(End),
    Refuse(End),
    Flushed,
    Cut(End),
}

#[test]
fn pairing_6_both_ends_of_a_link_do_what_the_model_of_the_pending_rule_does() {
    let ends = [End::Initiator, End::Responder];
    let mut events = vec![Event::Flushed];
    for event in [Event::Hear, Event::Refuse, Event::Cut] {
        events.extend(ends.map(event));
    }
    let states = everywhere([(Run::begun(), vec![])], &events, |(run, past), event| {
        let mut after = *run;
        let calls = happens(&mut after, *event)?;
        let past: Vec<Event> = past.iter().chain([event]).copied().collect();
        let stores = ends.map(|_| Log::default());
        let (code, psk) = (code().name(), code().psk());
        let identities = [1, 2].map(|byte| Identity::new(secret(byte)).unwrap());
        let mut real =
            [0, 1].map(|n| Half::new(Pairing { code, psk: &psk, identity: &identities[n] }, &stores[n]));
        shake_hands(&mut real);
        for event in &past {
            stores.iter().for_each(|store| store.calls.borrow_mut().clear());
            play(&mut real, &stores, *event);
        }
        let made = [0, 1].map(|n| stores[n].calls.borrow().clone());
        assert_eq!(made, calls, "{past:?}");
        for (n, end) in ends.into_iter().enumerate() {
            if after.at(end) == At::Over {
                continue;
            }
            let coming = if n == 0 { after.to_initiator } else { after.to_responder };
            assert_eq!(real[n].coming.len(), coming.into_iter().flatten().count(), "{past:?}");
        }
        Some((after, past))
    });
    assert!(states > 20, "{states}");
}

/// What the model does, and what each end asks of its store then; `None` if it cannot happen.
fn happens(run: &mut Run, event: Event) -> Option<[Vec<Call>; 2]> {
    let mut calls = [vec![], vec![]];
    let (end, call) = match event {
        Event::Flushed => (End::Initiator, Some(run.flushed()?)),
        Event::Cut(end) if run.at(end) == At::Over => return None,
        Event::Cut(end) => {
            run.end(end);
            (end, None)
        }
        Event::Hear(end) | Event::Refuse(end) => {
            let frame = run.coming(end)?;
            let judges = run.at(end) == At::Waits && frame != Frame::Close;
            let went_well = matches!(event, Event::Hear(_));
            if !judges && !went_well {
                return None;
            }
            let call = run.hear(None, end);
            if judges {
                run.stored(end, went_well);
            }
            (end, call)
        }
    };
    calls[usize::from(end == End::Responder)].extend(call);
    Some(calls)
}

/// The same in the code.
fn play(real: &mut [Half<'_>; 2], stores: &[Log; 2], event: Event) {
    let n = |end| usize::from(end == End::Responder);
    match event {
        Event::Flushed => {
            real[0].link.on_flush(Ok::<_, Infallible>(())).unwrap();
            real[0].go_on();
        }
        Event::Cut(end) => real[n(end)].cut(),
        Event::Hear(end) | Event::Refuse(end) => {
            stores[n(end)].is_full.set(matches!(event, Event::Refuse(_)));
            real[n(end)].hear();
        }
    }
    carry(real);
}

/// What an end has asked of its store, and whether that is full.
#[derive(Default)]
struct Log {
    calls: RefCell<Vec<Call>>,
    is_full: Cell<bool>,
}

impl PinStore for &Log {
    type Error = ();

    fn store(&mut self, _: &Peer, _: &Id) -> Result<(), ()> {
        self.calls.borrow_mut().push(Call::Store);
        if self.is_full.get() { Err(()) } else { Ok(()) }
    }

    fn finalise(&mut self, _: &PublicKey, _: &Id) -> Result<(), ()> {
        self.calls.borrow_mut().push(Call::Finalise);
        Ok(())
    }

    fn remove(&mut self, _: &PublicKey, _: &Id) -> Result<(), ()> {
        self.calls.borrow_mut().push(Call::Remove);
        Ok(())
    }
}

/// One end.
struct Half<'p> {
    link: Link<'p, Vec<u8>>,
    keeper: Keeper<'p, &'p Log>,
    pairing: Pairing<'p>,
    log: &'p Log,
    is_over: bool,
    /// Frames that have been written, and those that are on their way here.
    said: Vec<Vec<u8>>,
    coming: Vec<Vec<u8>>,
}

impl<'p> Half<'p> {
    fn new(pairing: Pairing<'p>, log: &'p Log) -> Self {
        let (link, keeper) = (Link::new(buffers()), Keeper::new(pairing, log));
        Self { link, keeper, pairing, log, is_over: false, said: vec![], coming: vec![] }
    }

    /// Goes on until something has to come; or, with its PING written and not flushed, until that is.
    fn go_on(&mut self) {
        while !self.is_over {
            match self.keeper.step(&mut self.link) {
                Ok(Step::Hello) => {
                    let Pairing { identity, psk, .. } = self.pairing;
                    self.link.answer_xx(identity, Some(psk), &mut host_ephemerals().unwrap()).unwrap();
                }
                Ok(Step::Write) => {
                    let unsent = self.link.unsent().unwrap().to_vec();
                    if !unsent.is_empty() {
                        self.link.on_write(Ok::<_, Infallible>(unsent.len())).unwrap();
                        self.said.push(unsent);
                    }
                    if self.has_just_stored() {
                        return;
                    }
                    self.link.on_flush(Ok::<_, Infallible>(())).unwrap();
                }
                Ok(Step::Read) => return,
                Ok(Step::Claim) => panic!("the keeper judges"),
                Ok(Step::Done) | Err(_) => self.is_over = true,
            }
        }
    }

    fn has_just_stored(&self) -> bool {
        *self.log.calls.borrow() == [Call::Store] && !self.log.is_full.get()
    }

    /// The next frame arrives.
    fn hear(&mut self) {
        let frame = self.coming.remove(0);
        self.is_over |= self.link.feed(&frame).is_err();
        self.go_on();
    }

    /// The stream ends.
    fn cut(&mut self) {
        let _said_by_the_next_step = self.link.on_read(Ok::<_, Infallible>(0));
        self.go_on();
        self.is_over = true;
        self.coming.clear();
    }
}

/// What has been written is on its way.
fn carry(real: &mut [Half<'_>; 2]) {
    let [a, b] = real;
    b.coming.append(&mut a.said);
    a.coming.append(&mut b.said);
}

/// As far as message 3, which is on its way.
fn shake_hands(real: &mut [Half<'_>; 2]) {
    let Pairing { identity, code, psk } = real[0].pairing;
    real[0].link.initiate_xx_psk0(identity, code, psk, &mut host_ephemerals().unwrap()).unwrap();
    real[1].link.respond().unwrap();
    real[0].go_on();
    carry(real);
    real[1].hear();
    carry(real);
    real[0].hear();
    carry(real);
}
