//! What has become of the messages that channels have taken out of mailboxes.
//!
//! A channel and a mailbox hold no reference to each other, and each may go before the other. So a message that a
//! channel begins with gets a ticket, no other has the same, and what the channel knows of it is written down here, one
//! for the whole program: the stream has taken its last byte, or it never will on this channel. The mailbox asks when
//! it is asked itself.

use core::cell::RefCell;
use core::mem::take;
use core::num::NonZeroU32;
use core::task::Waker;
use critical_section::{CriticalSection, Mutex};

/// The name of one message on its way out of one mailbox on one channel.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket(NonZeroU32);

/// What has become of a message on its way.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Its channel goes on with it.
    UnderWay,
    /// The stream has taken its last byte.
    Left,
    /// Its channel will not go on with it: it is the mailbox's again.
    Kept,
}

/// A ticket for a message that a channel begins with; `None` while as many are under way as may be.
pub(super) fn issue(section: CriticalSection<'_>) -> Option<Ticket> {
    let office = &mut *OFFICE.borrow_ref_mut(section);
    let slot = office.slots.iter_mut().find(|slot| slot.is_none())?;
    // After 2^32 - 1 messages a number comes again; the message that had it is long gone.
    let number = office.last.checked_add(1).unwrap_or(NonZeroU32::MIN);
    office.last = number;
    *slot = Some((Ticket(number), Fate::UnderWay));
    Some(Ticket(number))
}

/// What has become of the message with this ticket.
pub(super) fn fate(ticket: Ticket, section: CriticalSection<'_>) -> Fate {
    let office = &mut *OFFICE.borrow_ref_mut(section);
    office.slot(ticket).and_then(|slot| *slot).map_or(Fate::Kept, |(_, fate)| fate)
}

/// The mailbox knows, or is gone itself.
pub(super) fn forget(ticket: Ticket, section: CriticalSection<'_>) {
    if let Some(slot) = OFFICE.borrow_ref_mut(section).slot(ticket) {
        *slot = None;
    }
}

/// The channel says what has become of the message; whoever waits for room in a mailbox has a look.
pub(super) fn report(ticket: Ticket, fate: Fate) {
    let woken = critical_section::with(|section| {
        let office = &mut *OFFICE.borrow_ref_mut(section);
        let Some(slot) = office.slot(ticket) else { return [const { None }; WAITING] }; // the mailbox is gone
        *slot = (fate != Fate::Kept).then_some((ticket, fate));
        take(&mut office.waiting)
    });
    woken.into_iter().flatten().for_each(Waker::wake); // outside: it may run anything
}

/// Wakes this task at the next report. Gives back whose slot it takes, to be woken: more wait than there are slots.
pub(super) fn wait(waker: &Waker, section: CriticalSection<'_>) -> Option<Waker> {
    let office = &mut *OFFICE.borrow_ref_mut(section);
    if office.waiting.iter().flatten().any(|known| known.will_wake(waker)) {
        return None;
    }
    let free = office.waiting.iter().position(Option::is_none).unwrap_or(0);
    office.waiting.get_mut(free).and_then(|slot| slot.replace(waker.clone()))
}

struct Office {
    last: NonZeroU32,
    slots: [Option<(Ticket, Fate)>; UNDER_WAY],
    waiting: [Option<Waker>; WAITING],
}

impl Office {
    fn slot(&mut self, ticket: Ticket) -> Option<&mut Option<(Ticket, Fate)>> {
        self.slots.iter_mut().find(|slot| slot.is_some_and(|(other, _)| other == ticket))
    }
}

static OFFICE: Mutex<RefCell<Office>> = Mutex::new(RefCell::new(Office {
    last: NonZeroU32::MIN,
    slots: [None; UNDER_WAY],
    waiting: [const { None }; WAITING],
}));

/// How many mailboxes can have a message on its way at the same time: a firmware's, or those of a program with threads.
const UNDER_WAY: usize = if cfg!(target_os = "none") { 8 } else { 256 };
/// How many tasks can wait for room without waking each other.
const WAITING: usize = 4;
