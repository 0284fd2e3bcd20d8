//! Whether the server is still there: judged by what comes from it, what it takes, and whether it answers.
//!
//! Neither Lowkey nor TCP says when to give up: a line that dies sends no word of it. Nothing here knows Lowkey or a
//! stack.

/// What has passed on a connection, and what it waits for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Traffic {
    /// Bytes that came, in all; may wrap.
    pub received: u32,
    /// Bytes that the server's TCP has acknowledged, in all; may wrap.
    pub acknowledged: u32,
    /// Other bytes wait for that.
    pub is_waiting: bool,
    /// A PONG, an answer or the server's CLOSE has to come.
    pub is_awaiting: bool,
}

/// What to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Good,
    /// Send a PING, and say that an answer has to come.
    Ask,
    /// Give it up.
    Dead,
}

/// The judge of one connection. Times are milliseconds, which may wrap.
#[derive(Clone, Debug)]
pub struct Liveness {
    last: Traffic,
    /// When something came last.
    heard: u32,
    /// When something was acknowledged last, or nothing waited for that.
    taken: u32,
    /// When what is awaited came closer last, or nothing was awaited.
    moved: u32,
    /// The server's TCP has had all that we sent, since something is awaited.
    is_delivered: bool,
}

impl Liveness {
    /// For a connection that is good now.
    pub fn new(traffic: Traffic, now: u32) -> Self {
        Self { last: traffic, heard: now, taken: now, moved: now, is_delivered: false }
    }

    /// Looks at it, often. After `silence` milliseconds in which nothing came the server is to be asked. It is dead
    /// when it has taken nothing of what waits for `patience` milliseconds, or when nothing has brought what is awaited
    /// closer for as long: neither a byte that came, nor one that was taken while more waited. A slow line is not a
    /// dead one, and a server that takes nothing is dead however much it sends.
    pub fn look(&mut self, traffic: Traffic, now: u32, silence: u32, patience: u32) -> Verdict {
        let has_come = traffic.received != self.last.received;
        let is_taken = traffic.acknowledged != self.last.acknowledged;
        self.last = traffic;
        if has_come {
            self.heard = now;
        }
        if is_taken || !traffic.is_waiting {
            self.taken = now;
        }
        // Once the server's TCP has had everything, it may go on to take readings for hours in the name of a server
        // that hangs: only while more waits does what it takes show that our question has not got through yet.
        if has_come || !traffic.is_awaiting || is_taken && (traffic.is_waiting || !self.is_delivered) {
            self.moved = now;
        }
        self.is_delivered = traffic.is_awaiting && (self.is_delivered || !traffic.is_waiting);
        if now.wrapping_sub(self.taken) >= patience || now.wrapping_sub(self.moved) >= patience {
            Verdict::Dead
        } else if !traffic.is_awaiting && now.wrapping_sub(self.heard) >= silence {
            Verdict::Ask
        } else {
            Verdict::Good
        }
    }
}
