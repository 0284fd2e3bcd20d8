//! A queue in RAM that is not cleared: whatever lies there, and wherever a reset cuts a change, what comes back is what
//! there was before the change or after it.

use lowkey_core::numbered::{Queue, Retained, RunId};
use test_support::{Messages, Noted, Random, waiting};

fn run() -> RunId {
    RunId::new(*b"a run...")
}

fn found(bytes: &[u8]) -> Queue<Retained<Vec<u8>>> {
    Queue::new(Retained::new(bytes.to_vec(), run()))
}

/// Every state between two writes, and every torn one: bytes change one after the other, either way round.
fn torn<'b>(before: &'b [u8], after: &'b [u8]) -> impl Iterator<Item = Vec<u8>> + 'b {
    let changed: Vec<usize> = (0..before.len()).filter(|at| before[*at] != after[*at]).collect();
    let orders = [changed.clone(), changed.into_iter().rev().collect()];
    orders.into_iter().flat_map(move |order: Vec<usize>| {
        (0..=order.len()).map(move |n| {
            let mut bytes = before.to_vec();
            order[..n].iter().for_each(|at| bytes[*at] = after[*at]);
            bytes
        })
    })
}

#[test]
fn a_reset_anywhere_leaves_what_was_there_before_the_change_or_after_it() {
    let mut random = Random::new();
    for _ in 0..40 {
        let len = 64 + 60 + random.below(150);
        let (noted, before) = Noted::new(random.bytes(len));
        let mut queue = Queue::new(Retained::new(noted, run()));
        let (mut model, mut number): (Messages, u64) = (vec![], 0);
        for _ in 0..30 {
            before.borrow_mut().clear();
            let old = model.clone();
            if random.below(3) > 0 {
                number += 1 + random.u64() % 3;
                let len = random.below(30);
                let message = random.bytes(len);
                if queue.push(number, &message).is_ok() {
                    model.push((number, message));
                }
            } else if let Some(at) = (!model.is_empty()).then(|| random.below(model.len())) {
                assert!(queue.release(model[at].0, None));
                model.drain(..=at);
            }
            assert_eq!(waiting(&queue), model);
            let mut states = before.borrow().clone();
            states.push(queue.memory().bytes().to_vec());
            for pair in states.windows(2) {
                for bytes in torn(&pair[0], &pair[1]) {
                    let again = waiting(&found(&bytes));
                    assert!(again == old || again == model, "{again:?} is neither {old:?} nor {model:?}");
                }
            }
        }
    }
}

#[test]
fn a_reset_while_it_comes_back_changes_nothing() {
    let mut random = Random::new();
    let mut queue = found(&[0; 200]);
    for number in 1..=4 {
        queue.push(number, &random.bytes(12)).unwrap();
    }
    assert!(queue.release(3, None));
    // There is room at the front only: amid moving, a reset; and amid what the next start does about that.
    let (noted, before) = Noted::new(queue.memory().bytes().to_vec());
    let mut queue = Queue::new(Retained::new(noted, run()));
    let old = waiting(&queue);
    queue.push(9, &[9; 40]).unwrap();
    let new = waiting(&queue);
    for state in before.borrow().clone() {
        let (noted, before) = Noted::new(state);
        drop(Retained::new(noted, run()));
        for again in before.borrow().iter() {
            let found = waiting(&found(again));
            assert!(found == old || found == new);
        }
    }
}

#[test]
fn what_is_not_of_this_queue_is_empty() {
    let mut random = Random::new();
    for len in 0..300 {
        let mut queue = found(&random.bytes(len));
        assert!(queue.is_empty(), "{len}");
        let took = queue.push(1, b"x").is_ok();
        assert_eq!((took, waiting(&queue).len()), (len >= 64 + 19, usize::from(took)), "{len}");
    }
    let mut queue = found(&[0; 200]);
    queue.push(1, b"one").unwrap();
    let bytes = queue.memory().bytes().to_vec();
    assert_eq!(waiting(&found(&bytes)).len(), 1);
    assert!(Queue::new(Retained::new(bytes.clone(), RunId::new(*b"another."))).is_empty(), "of another run");
    for layout in [0, 32] {
        let mut older = bytes.clone();
        older[layout] ^= 1;
        assert!(waiting(&found(&older)).len() <= 1);
    }
    // Half of it, as after a build that gives it less.
    assert!(found(&bytes[..70]).is_empty());
}

#[test]
fn a_bit_that_was_lost_costs_its_message_and_those_behind_it_and_no_wrong_one_comes_back() {
    let mut queue = found(&[0; 300]);
    for number in 1..=5 {
        queue.push(number, &[number as u8; 10]).unwrap();
    }
    let (bytes, whole) = (queue.memory().bytes().to_vec(), waiting(&queue));
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut lost = bytes.clone();
            lost[at] ^= 1 << bit;
            let found = waiting(&found(&lost));
            assert!(whole.starts_with(&found), "{at}");
        }
    }
}
