//! Who waits for message 1 or for a confirmation, and who has to go when there are too many.
//!
//! An attempt waits for its first frame, and then for its confirmation. It comes that far only if its message 1 opened,
//! so a stranger needs a recording for that. Both times attempts from a source that a device was confirmed from lately
//! are counted apart: four queues. When all together are too many, the longest queue gives one up. So each can have a
//! quarter whatever the others do, and more when they need less. Within a queue it is the largest network that gives
//! one up ([`Group::gives_up`]): its oldest if that has waited for [`PATIENCE`], otherwise its newest.
//!
//! To displace the oldest at once looks fair and is not: when more come than can be served in time, *everybody* is
//! displaced shortly before the end. Displacing at random has the same fault, if less of it.
//!
//! An attempt that has been answered, by a refusal or a CLOSE, keeps its slot until the answer has arrived. It is the
//! first to make room, and counts for no limit but that of all.
//!
//! The newest attempts are at the door: only still newer ones displace them. So a device that speaks as soon as it is
//! connected is heard however many others are silent.

use super::familiar::Standing;
use super::group::Group;
use super::source::{Networks, WIDTHS};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// After how long an attempt may be displaced by one of its own network.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

/// The share of all slots that is the door, and of an address's.
const DOOR: usize = 4;
const DOOR_OF_ADDRESS: usize = 8;
/// How many addresses' worth of slots the networks of [`Networks`] may have.
const ADDRESSES: [usize; WIDTHS] = [4, 2, 1];

/// The ephemeral of a message 1.
pub(crate) type Ephemeral = [u8; 32];

/// All who wait.
#[derive(Debug)]
pub(crate) struct Waiting {
    limit: usize,
    limit_per_address: usize,
    next: u64,
    attempts: HashMap<u64, Attempt>,
    door: Group,
    queues: [Group; QUEUES],
    answered: Group,
    ephemerals: HashSet<Ephemeral>,
}

/// One who waits.
#[derive(Debug)]
struct Attempt {
    networks: Networks,
    standing: Standing,
    since: Instant,
    waits: Waits,
    displaced: Arc<Notify>,
}

/// What for, and where that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waits {
    AtTheDoor,
    ForMessage1,
    ForConfirmation(Ephemeral),
    /// For nothing: its answer is on the way.
    Answered,
}

/// One who has no slot any more, to be told so.
#[derive(Debug)]
pub(crate) struct Gone {
    pub(crate) displaced: Arc<Notify>,
    /// Whether it waited for something; otherwise it had its answer.
    pub(crate) waited: bool,
}

const QUEUES: usize = 4;

impl Waiting {
    pub(crate) fn new(limit: usize, limit_per_address: usize) -> Self {
        Self {
            limit: limit.max(1),
            limit_per_address: limit_per_address.max(1),
            next: 0,
            attempts: HashMap::new(),
            door: Group::default(),
            queues: Default::default(),
            answered: Group::default(),
            ephemerals: HashSet::new(),
        }
    }

    /// How many wait for something.
    pub(crate) fn len(&self) -> usize {
        self.attempts.len() - self.answered.len()
    }

    /// Whether nothing is kept of anybody.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        let groups = self.queues.iter().chain([&self.door, &self.answered]);
        groups.map(Group::len).sum::<usize>() + self.attempts.len() + self.ephemerals.len() == 0
    }

    /// One who waits for message 1: its number, and who was displaced for it, which may be itself.
    pub(crate) fn enter(
        &mut self,
        networks: Networks,
        standing: Standing,
        displaced: &Arc<Notify>,
    ) -> (u64, Option<Gone>) {
        let waits = Waits::AtTheDoor;
        let attempt =
            Attempt { networks, standing, since: Instant::now(), waits, displaced: Arc::clone(displaced) };
        let number = self.insert(attempt);
        if let Some(moved_on) = self.longest_at_the_door(&networks) {
            self.move_from_the_door(moved_on);
        }
        let gone = self.beyond_limits(&networks, queue(standing, waits)).or_else(|| self.beyond_all());
        (number, gone.and_then(|gone| self.remove(gone)))
    }

    /// Message 1 of this one has opened, and it waits for its confirmation from now on: its new number, and who was
    /// displaced for it, which may be itself. `None` if it was displaced before, or if another one waits with
    /// the same ephemeral; one of them is a recording, and a device's own mostly comes first.
    pub(crate) fn opened(
        &mut self,
        number: u64,
        standing: Standing,
        ephemeral: Ephemeral,
    ) -> Option<(u64, Option<Gone>)> {
        if self.ephemerals.contains(&ephemeral) {
            return None;
        }
        let attempt = self.take(number)?;
        let (waits, networks) = (Waits::ForConfirmation(ephemeral), attempt.networks);
        let number = self.insert(Attempt { standing, since: Instant::now(), waits, ..attempt });
        self.ephemerals.insert(ephemeral);
        let gone = self.beyond_limits(&networks, queue(standing, waits));
        Some((number, gone.and_then(|gone| self.remove(gone))))
    }

    /// Whether somebody from there whose message 1 opened would have a slot. The id plays no part in it.
    pub(crate) fn has_room(&mut self, networks: &Networks, standing: Standing) -> bool {
        let queue = queue(standing, Waits::ForConfirmation([0; 32]));
        let newest = self.next; // nobody's number yet
        self.queues[queue].insert(newest, networks);
        let gone = self.beyond_limits(networks, queue);
        self.queues[queue].remove(newest, networks);
        gone != Some(newest)
    }

    /// This one has its answer; its new number. `None` if it has no slot any more.
    pub(crate) fn answered(&mut self, number: u64) -> Option<u64> {
        let attempt = self.take(number)?;
        Some(self.insert(Attempt { waits: Waits::Answered, ..attempt }))
    }

    /// Ends the attempt that would have to go if there were too many.
    pub(crate) fn displace_one(&mut self) -> Option<Gone> {
        let gone = self.gives_up()?;
        self.remove(gone)
    }

    /// It is over.
    pub(crate) fn remove(&mut self, number: u64) -> Option<Gone> {
        let Attempt { displaced, waits, .. } = self.take(number)?;
        Some(Gone { displaced, waited: waits != Waits::Answered })
    }

    fn insert(&mut self, attempt: Attempt) -> u64 {
        let number = self.next;
        self.next += 1;
        self.group(&attempt).insert(number, &attempt.networks);
        self.attempts.insert(number, attempt);
        number
    }

    fn take(&mut self, number: u64) -> Option<Attempt> {
        let attempt = self.attempts.remove(&number)?;
        self.group(&attempt).remove(number, &attempt.networks);
        if let Waits::ForConfirmation(ephemeral) = attempt.waits {
            self.ephemerals.remove(&ephemeral);
        }
        Some(attempt)
    }

    fn group(&mut self, attempt: &Attempt) -> &mut Group {
        match attempt.waits {
            Waits::AtTheDoor => &mut self.door,
            Waits::Answered => &mut self.answered,
            waits => &mut self.queues[queue(attempt.standing, waits)],
        }
    }

    /// Who has been longest at the door, of all or of this address, if there are too many.
    fn longest_at_the_door(&self, networks: &Networks) -> Option<u64> {
        let of_address = self.door.within(networks)?;
        let too_many = |door: &Group, slots: usize, share: usize| door.len() > (slots / share).max(1);
        if too_many(of_address, self.limit_per_address.min(self.limit), DOOR_OF_ADDRESS) {
            return of_address.oldest();
        }
        too_many(&self.door, self.limit, DOOR).then(|| self.door.oldest()).flatten()
    }

    fn move_from_the_door(&mut self, number: u64) {
        let Some(attempt) = self.attempts.get_mut(&number) else { return };
        self.door.remove(number, &attempt.networks);
        attempt.waits = Waits::ForMessage1;
        self.queues[queue(attempt.standing, attempt.waits)].insert(number, &attempt.networks);
    }

    /// Who has to go because there are too many of this queue from an address or a network around it.
    fn beyond_limits(&self, networks: &Networks, queue: usize) -> Option<u64> {
        if networks.contains(&None) {
            return None; // of those without an address there may be as many as of all
        }
        (1..=networks.len()).rev().zip(ADDRESSES.iter().rev()).find_map(|(width, addresses)| {
            let networks = &networks[..width];
            let inside = self.queues[queue].within(networks);
            let at_the_door = if queue < QUEUES / 2 { self.door.within(networks) } else { None };
            let both = [inside, at_the_door].map(|group| group.map_or(0, Group::len)).iter().sum::<usize>();
            if both <= self.limit_per_address.saturating_mul(*addresses) {
                return None;
            }
            inside.and_then(|group| group.gives_up(&self.patience())).or_else(|| at_the_door?.oldest())
        })
    }

    /// Who has to go because there are too many.
    fn beyond_all(&self) -> Option<u64> {
        if self.attempts.len() > self.limit { self.gives_up() } else { None }
    }

    fn gives_up(&self) -> Option<u64> {
        if let Some(answered) = self.answered.oldest() {
            return Some(answered);
        }
        let largest = self.queues.iter().max_by_key(|queue| queue.len())?;
        largest.gives_up(&self.patience()).or_else(|| self.door.oldest())
    }

    /// Whether an attempt has waited for so long that another may have a try.
    fn patience(&self) -> impl Fn(u64) -> bool {
        let now = Instant::now();
        move |number| self.attempts.get(&number).is_some_and(|attempt| now - attempt.since >= PATIENCE)
    }
}

/// The queue in which it is counted, or will be: those who wait for message 1 first.
fn queue(standing: Standing, waits: Waits) -> usize {
    let table = match waits {
        Waits::AtTheDoor | Waits::ForMessage1 | Waits::Answered => 0,
        Waits::ForConfirmation(_) => QUEUES / 2,
    };
    table + standing as usize
}
