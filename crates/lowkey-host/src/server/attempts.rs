//! Attempts that wait for message 1 or for their confirmation: so many together, so many from one address.

use super::familiar::Standing;
use super::source::{Networks, Source, WIDTHS};
use super::waiting::{Ephemeral, Gone, Waiting};
use crate::sync::{Mutex, MutexGuard};
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, PoisonError};
use std::task::Poll;
use tokio::sync::Notify;

/// Who waits, and a way to tell those who are displaced.
#[derive(Debug)]
pub(crate) struct Attempts {
    waiting: Mutex<Waiting>,
}

/// An attempt's slot among those who wait; free again when this is dropped.
pub(crate) struct Slot {
    attempts: Arc<Attempts>,
    number: u64,
    displaced: Arc<Notify>,
}

impl Attempts {
    pub(crate) fn new(limit: usize, limit_per_source: usize) -> Self {
        Self { waiting: Mutex::new(Waiting::new(limit, limit_per_source)) }
    }

    /// A slot for a new one, which waits for message 1; says how many were displaced for it. If it is the new one
    /// that had to go, its slot tells it so at once.
    pub(crate) fn enter(self: &Arc<Self>, from: Option<Source>, standing: Standing) -> (Slot, u64) {
        let notify = Arc::new(Notify::new());
        let (number, displaced) = self.lock().enter(networks(from), standing, &notify);
        (Slot { attempts: Arc::clone(self), number, displaced: notify }, tell(displaced))
    }

    /// Whether there is a slot for one more from there that waits for its confirmation.
    pub(crate) fn have_room(&self, from: Option<Source>, standing: Standing) -> bool {
        self.lock().has_room(&networks(from), standing)
    }

    /// Ends the attempt that would be the next to be displaced; says how many that were.
    pub(crate) fn displace_one(&self) -> u64 {
        let displaced = self.lock().displace_one();
        tell(displaced)
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn networks(from: Option<Source>) -> Networks {
    from.map_or([None; WIDTHS], Source::networks)
}

/// Wakes one who was displaced, without the lock, because a waker may run anything. Gives how many were displaced that
/// waited for something: none or one.
fn tell(gone: Option<Gone>) -> u64 {
    gone.map_or(0, |gone| {
        gone.displaced.notify_one();
        u64::from(gone.waited)
    })
}

impl Slot {
    /// Message 1 has opened: from now on the attempt waits for its confirmation. Says how many were displaced for that;
    /// `None` if this one has no slot any more: it was displaced meanwhile, or another one waits with the same
    /// ephemeral.
    pub(crate) fn opened(&mut self, standing: Standing, ephemeral: Ephemeral) -> Option<u64> {
        let (number, displaced) = self.attempts.lock().opened(self.number, standing, ephemeral)?;
        self.number = number;
        Some(tell(displaced))
    }

    /// It has its answer: from now on it waits for nothing, and makes room before all who do.
    pub(crate) fn answered(&mut self) {
        let number = self.attempts.lock().answered(self.number);
        self.number = number.unwrap_or(self.number);
    }

    /// What comes of `attempt`; `None` if another one displaced it.
    pub(crate) async fn hold<T>(&self, attempt: impl Future<Output = T>) -> Option<T> {
        let mut displaced = pin!(self.displaced.notified());
        let mut attempt = pin!(attempt);
        poll_fn(|context| match displaced.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => attempt.as_mut().poll(context).map(Some),
        })
        .await
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.attempts.lock().remove(self.number);
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("number", &self.number).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::waiting::PATIENCE;
    use super::*;
    use Standing::{Familiar, Stranger};
    use std::future::pending;
    use std::net::IpAddr;

    fn source(last: u8) -> Option<Source> {
        Some(IpAddr::from([192, 0, 2, last]).into())
    }

    /// One in each network of 16 bits.
    fn far(first: usize) -> Option<Source> {
        let [high, low] = u16::try_from(first).unwrap().to_be_bytes();
        Some(IpAddr::from([high, low, 0, 1]).into())
    }

    fn attempts(limit: usize, limit_per_source: usize) -> Arc<Attempts> {
        Arc::new(Attempts::new(limit, limit_per_source))
    }

    /// Whether it has still its slot. It is not told a second time.
    async fn stays(slot: &Slot) -> bool {
        slot.hold(async {}).await.is_some()
    }

    #[tokio::test(start_paused = true)]
    async fn load_who_has_an_answer_makes_room_before_all_who_wait_and_takes_nobody_s_place() {
        let attempts = attempts(3, 2);
        let mut answered = attempts.enter(source(1), Stranger).0;
        answered.answered();
        assert_eq!(attempts.len(), 0);
        let (first, of_address) = attempts.enter(source(1), Stranger);
        let (second, _) = attempts.enter(source(1), Stranger);
        assert_eq!(of_address, 0);
        assert!(stays(&answered).await && stays(&first).await);
        let (third, displaced) = attempts.enter(source(2), Stranger);
        assert_eq!(displaced, 0, "it had its answer");
        assert!(!stays(&answered).await);
        assert!(stays(&first).await && stays(&second).await && stays(&third).await);
        answered.answered(); // too late: nothing comes of it
        drop((answered, first, second, third));
        assert!(attempts.lock().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn load_who_is_nearest_to_done_goes_on_and_who_waits_for_too_long_makes_room() {
        let attempts = attempts(4, 100);
        let mut slots = Vec::new();
        for _ in 0..4 {
            slots.push(attempts.enter(source(1), Stranger).0);
        }
        let (newest, one) = attempts.enter(source(1), Stranger);
        assert_eq!((one, attempts.len()), (1, 4));
        assert!(stays(&slots[0]).await && stays(&slots[1]).await && stays(&slots[2]).await);
        assert!(stays(&newest).await && !stays(&slots[3]).await, "it was at the door");
        tokio::time::advance(PATIENCE).await;
        let (_another, one) = attempts.enter(source(1), Stranger);
        assert_eq!(one, 1);
        assert!(!stays(&slots[0]).await && stays(&slots[1]).await);
    }

    #[tokio::test]
    async fn load_an_address_at_its_limit_displaces_only_its_own() {
        let attempts = attempts(100, 2);
        let (other, _) = attempts.enter(source(1), Stranger);
        let (first, _) = attempts.enter(source(2), Stranger);
        let (second, _) = attempts.enter(source(2), Stranger);
        let (_third, displaced) = attempts.enter(source(2), Stranger);
        assert_eq!(displaced, 1);
        assert!(stays(&first).await && !stays(&second).await && stays(&other).await);
    }

    #[tokio::test]
    async fn load_networks_have_limits_of_two_and_four_addresses() {
        let attempts = attempts(1000, 2);
        let v6 = |subnet: u16| Some(IpAddr::from([0x2001, 0xdb8, 7, subnet, 0, 0, 0, 1]).into());
        let enter = |subnet: u16| attempts.enter(v6(subnet), Stranger).0;
        let of_56_bits: Vec<Slot> = (0..100).map(enter).collect();
        assert_eq!(attempts.len(), 4);
        let of_48_bits: Vec<Slot> = (0..100).map(|n| enter(n << 8)).collect();
        assert_eq!(attempts.len(), 8);
        drop((of_56_bits, of_48_bits));
        assert_eq!(attempts.len(), 0);
    }

    #[tokio::test]
    async fn load_the_network_that_has_most_makes_room_for_others() {
        let attempts = attempts(64, 64);
        let many: Vec<Slot> = (0..64).map(|_| attempts.enter(source(1), Stranger).0).collect();
        let mut others = Vec::new();
        for n in 0..20 {
            let (other, one) = attempts.enter(far(n), Stranger);
            assert_eq!(one, 1);
            others.push(other);
        }
        for other in &others {
            assert!(stays(other).await);
        }
        assert!(stays(&many[0]).await);
    }

    #[tokio::test]
    async fn load_a_part_is_kept_for_sources_that_devices_were_confirmed_from() {
        let attempts = attempts(1024, 256);
        let mut strangers = Vec::new();
        for n in 0..10_000 {
            strangers.push(attempts.enter(far(n), Stranger).0);
        }
        let fleet: Vec<Slot> = (0..200).map(|_| attempts.enter(source(1), Familiar).0).collect();
        for n in 10_000..20_000 {
            strangers.push(attempts.enter(far(n), Stranger).0);
        }
        for (n, slot) in fleet.iter().enumerate() {
            assert!(stays(slot).await, "{n}");
        }
        assert_eq!(attempts.len(), 1024);
    }

    #[tokio::test]
    async fn load_who_has_no_recording_displaces_nobody_who_waits_for_a_confirmation() {
        let attempts = attempts(1024, 1024);
        let mut waiting = Vec::new();
        for n in 0..=255 {
            let (mut slot, _) = attempts.enter(source(1), Stranger);
            assert_eq!(slot.opened(Stranger, [n; 32]), Some(0));
            waiting.push(slot);
        }
        let _strangers: Vec<Slot> = (0..5_000).map(|n| attempts.enter(far(n), Stranger).0).collect();
        for slot in &waiting {
            assert!(stays(slot).await);
        }
    }

    #[tokio::test]
    async fn load_of_two_with_the_same_ephemeral_the_later_one_ends() {
        let attempts = attempts(10, 10);
        let [mut first, mut second] = [(); 2].map(|()| attempts.enter(source(1), Stranger).0);
        assert_eq!(first.opened(Stranger, [7; 32]), Some(0));
        assert_eq!(second.opened(Stranger, [7; 32]), None);
        drop(first);
        assert_eq!(second.opened(Stranger, [7; 32]), Some(0));
    }

    #[tokio::test(start_paused = true)]
    async fn load_there_is_room_for_a_confirmation_unless_all_of_it_is_in_use_and_young() {
        let attempts = attempts(100, 2);
        let mut slots = Vec::new();
        for n in 0..2 {
            assert!(attempts.have_room(source(1), Stranger));
            let (mut slot, _) = attempts.enter(source(1), Stranger);
            slot.opened(Stranger, [n; 32]).unwrap();
            slots.push(slot);
        }
        assert!(!attempts.have_room(source(1), Stranger) && attempts.have_room(source(2), Stranger));
        assert_eq!(attempts.len(), 2, "asking changes nothing");
        let (mut late, _) = attempts.enter(source(1), Stranger);
        assert_eq!(late.opened(Stranger, [9; 32]), Some(1));
        assert!(!stays(&late).await && stays(&slots[0]).await);
        tokio::time::advance(PATIENCE).await;
        assert!(attempts.have_room(source(1), Stranger));
    }

    #[tokio::test]
    async fn load_who_was_displaced_has_no_place_when_its_message_opens() {
        let attempts = attempts(1, 1);
        let (mut first, _) = attempts.enter(source(1), Stranger);
        let (_second, one) = attempts.enter(source(2), Stranger);
        assert_eq!((one, first.opened(Stranger, [1; 32])), (1, None));
        assert_eq!(first.hold(pending::<()>()).await, None);
    }

    #[test]
    fn nothing_is_kept_of_those_who_are_gone() {
        let attempts = attempts(100, 2);
        let mut slots: Vec<Slot> = (0..50).map(|n| attempts.enter(source(n), Stranger).0).collect();
        for (n, slot) in (0..).zip(&mut slots).take(20) {
            slot.opened(Familiar, [n; 32]);
        }
        drop(slots);
        assert_eq!(attempts.len(), 0);
        assert!(attempts.lock().is_empty());
        assert_eq!(attempts.displace_one(), 0);
    }
}
