//! Whose messages were under way when connections ended. It outlives sessions: a device that hangs up and comes again
//! is the one that it was.

use crate::offered::{Answer, Offered};
use lowkey_host::numbered::{Last, RunId};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// By device. Of one there is nothing once a message of it is answered.
#[derive(Default)]
pub(super) struct Losses(HashMap<Arc<str>, Loss>);

struct Loss {
    at: Instant,
    why: String,
    /// How often, whichever of its messages it was.
    of_device: u32,
    /// Nothing of it is published before.
    until: Instant,
    /// Which it was then, and how often that one.
    message: (RunId, Last),
    of_message: u32,
    /// What was to be said to it when its session had gone.
    unheard: Option<(u16, String)>,
}

impl Losses {
    /// A connection has ended while this was under way on it.
    pub(super) fn lost(&mut self, message: &Offered, why: &str) {
        let (now, id) = (Instant::now(), id(message));
        let device = &message.whose.device;
        self.0.retain(|_, loss| loss.at + REMEMBERED > now);
        if self.0.len() >= MOST
            && !self.0.contains_key(device)
            && let Some(oldest) =
                self.0.iter().min_by_key(|(_, loss)| loss.at).map(|(device, _)| Arc::clone(device))
        {
            self.0.remove(&oldest);
        }
        let loss = self.0.entry(Arc::clone(device)).or_insert_with(|| Loss {
            at: now,
            why: String::new(),
            of_device: 0,
            until: now,
            message: id,
            of_message: 0,
            unheard: None,
        });
        if loss.message != id {
            (loss.message, loss.of_message, loss.unheard) = (id, 0, None);
        }
        (loss.at, loss.why) = (now, why.to_owned());
        loss.of_device = loss.of_device.saturating_add(1);
        loss.of_message = loss.of_message.saturating_add(1);
        if loss.of_device > TWICE {
            // All others wait while it goes alone, which is to be seldom.
            loss.until = now + Duration::from_secs(1 << loss.of_device.min(LONGEST_AFTER));
        }
    }

    /// Whether this takes no others along.
    pub(super) fn goes_alone(&self, message: &Offered) -> bool {
        self.of(message).is_some_and(|loss| loss.of_device >= TWICE)
    }

    /// Whether connections have ended over this one more than twice, so that it has gone alone.
    pub(super) fn is_suspect(&self, message: &Offered) -> bool {
        self.of(message).is_some_and(|loss| loss.message == id(message) && loss.of_message > TWICE)
    }

    /// What is said without publishing it.
    pub(super) fn known(&self, message: &Offered) -> Option<Answer> {
        let loss = self.of(message)?;
        if let Some((status, why)) = &loss.unheard
            && loss.message == id(message)
        {
            return Some(Answer::Refused { status: *status, why: why.clone() });
        }
        let after = loss.until.saturating_duration_since(Instant::now());
        let why = format!("connections have ended over messages of this device, which waits: {}", loss.why);
        (!after.is_zero()).then_some(Answer::Later { why, after })
    }

    /// This was said to it; if nobody has heard it, it is said when the message comes again.
    pub(super) fn refused(&mut self, message: &Offered, unheard: Option<(u16, String)>) {
        let Some(loss) = self.0.get_mut(&message.whose.device) else { return };
        if unheard.is_none() && loss.of_device > TWICE {
            // What follows it may be well.
            loss.of_device = TWICE;
            loss.until = Instant::now() + Duration::from_secs(1 << TWICE);
        }
        loss.unheard = unheard;
    }

    /// The broker has answered to it.
    pub(super) fn answered(&mut self, message: &Offered) {
        self.0.remove(&message.whose.device);
    }

    fn of(&self, message: &Offered) -> Option<&Loss> {
        self.0.get(&message.whose.device).filter(|loss| loss.at + REMEMBERED > Instant::now())
    }
}

fn id(message: &Offered) -> (RunId, Last) {
    (message.whose.run, message.last())
}

/// How often a connection may end over messages of a device before they go alone.
const TWICE: u32 = 2;
/// Of a device over which connections end one after the other, the longest pause: 2^8 s.
const LONGEST_AFTER: u32 = 8;
/// Longer than that.
const REMEMBERED: Duration = Duration::from_secs(600);
/// Devices. Of more, those over which nothing has ended for the longest are forgotten.
const MOST: usize = 1_024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offered::Whose;
    use tokio::time::advance;

    fn message(device: &str, number: u64) -> Offered {
        Offered::new(Whose::new(device, RunId::new([1; 8])).unwrap().into(), number, vec![7])
    }

    /// For how long it waits, in seconds.
    fn waits(losses: &Losses, message: &Offered) -> u64 {
        match losses.known(message) {
            None => 0,
            Some(Answer::Later { after, .. }) => after.as_secs(),
            Some(answer) => panic!("{answer:?}"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_device_that_comes_again_is_the_one_that_it_was() {
        let mut losses = Losses::default();
        for (number, pause) in
            [(1, 0), (1, 0), (1, 8), (2, 16), (3, 32), (3, 64), (3, 128), (3, 256), (3, 256)]
        {
            losses.lost(&message("a", number), "closed");
            assert_eq!(waits(&losses, &message("a", number + 1)), pause);
        }
        // Suspect is the message, alone is the device.
        assert!(losses.is_suspect(&message("a", 3)) && !losses.is_suspect(&message("a", 4)));
        assert!(losses.goes_alone(&message("a", 4)) && !losses.goes_alone(&message("b", 3)));
        advance(Duration::from_secs(256)).await;
        assert!(losses.goes_alone(&message("a", 3)) && waits(&losses, &message("a", 3)) == 0);
        losses.answered(&message("a", 4));
        assert!(!losses.goes_alone(&message("a", 3)));
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_said_when_a_session_had_gone_is_said_to_that_message_and_no_other() {
        let mut losses = Losses::default();
        losses.lost(&message("a", 1), "closed");
        losses.refused(&message("a", 1), Some((0x95, "too long".to_owned())));
        let said = losses.known(&message("a", 1));
        assert!(matches!(said, Some(Answer::Refused { status: 0x95, .. })), "{said:?}");
        assert!(losses.known(&message("a", 2)).is_none() && losses.known(&message("b", 1)).is_none());
        (0..5).for_each(|_| losses.lost(&message("a", 2), "closed"));
        assert_eq!(waits(&losses, &message("a", 1)), 64);
        // It is set aside: what follows waits for a little.
        losses.refused(&message("a", 2), None);
        assert_eq!(waits(&losses, &message("a", 3)), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_remembered_is_bounded_and_forgotten() {
        let mut losses = Losses::default();
        for n in 0..=MOST {
            losses.lost(&message(&n.to_string(), 1), "closed");
            losses.lost(&message(&n.to_string(), 1), "closed");
            advance(Duration::from_millis(1)).await;
        }
        let alone = |losses: &Losses, n: usize| losses.goes_alone(&message(&n.to_string(), 1));
        assert_eq!(losses.0.len(), MOST);
        assert!(!alone(&losses, 0) && alone(&losses, 1) && alone(&losses, MOST));
        advance(REMEMBERED).await;
        assert!(!alone(&losses, MOST));
        losses.lost(&message("a", 1), "closed");
        assert_eq!(losses.0.len(), 1);
    }
}
