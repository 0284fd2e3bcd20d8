//! Memory that notes how it was before each write: what a reset amid a change would have left.

use lowkey_core::numbered::{Memory, Queue};
use std::cell::RefCell;
use std::ops::{Deref, DerefMut};
use std::rc::Rc;

/// Bytes that note how they were before each write.
pub struct Noted {
    bytes: Vec<u8>,
    before: Rc<RefCell<Vec<Vec<u8>>>>,
}

impl Noted {
    /// These bytes, and where it is noted how they were.
    pub fn new(bytes: Vec<u8>) -> (Self, Rc<RefCell<Vec<Vec<u8>>>>) {
        let before = Rc::new(RefCell::new(vec![]));
        (Self { bytes, before: Rc::clone(&before) }, before)
    }
}

impl Deref for Noted {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl DerefMut for Noted {
    fn deref_mut(&mut self) -> &mut [u8] {
        self.before.borrow_mut().push(self.bytes.clone());
        &mut self.bytes
    }
}

/// Numbers, and what waits under them.
pub type Messages = Vec<(u64, Vec<u8>)>;

/// All that waits in a queue.
pub fn waiting<M: Memory>(queue: &Queue<M>) -> Messages {
    let (mut all, mut at) = (vec![], 0);
    while let Some(waiting) = queue.above(at) {
        at = waiting.number();
        all.push((at, waiting.message().to_vec()));
    }
    all
}
