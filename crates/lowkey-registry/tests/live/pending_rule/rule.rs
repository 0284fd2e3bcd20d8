//! The rule of §6 as functions of small states. Each says where the code has it; `code.rs` and `ends.rs` hold them
//! against that.

/// One way to get the rule wrong, or none.
pub(super) type Rule = Option<Wrong>;

/// What a rule could be that is nearly this one. The search has to find what is lost by each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    ACutRemovesWhatIsPending,
    TheResponderIsFinalAtItsStore,
    ThePingLeavesBeforeTheStore,
    PendingTakesTheEarliersPlace,
    AnotherKeyTakesTheDevicesCode,
    AnotherKeyTakesTheServersCode,
    TheSameKeyIsRefusedByTheDevice,
    TheSameKeyIsRefusedByTheServer,
    AFailedAttemptSpendsTheCode,
    WhatIsFinalIsStoredAgain,
    ForgetForgetsWhatIsSpent,
    ACodeThatIsSpentWorksUnasked,
    PendingIsNotServed,
    PendingIsNotDialled,
    ASessionMakesNothingFinal,
    ACloseTakesBackWhatIsFinal,
    APingIsTakenBack,
    AStrangerDisplacesWhoHasShownTheCode,
    AnOlderRunGoesOn,
}

/// A device's static key: of the device, and of its life, which a factory reset ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) device: usize,
    pub(super) life: u8,
}

/// Whom a device pins. `A` and `B` by the code of its label, `Earlier` by another one, long ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Server {
    A,
    B,
    Earlier,
}

/// A call of the store that changed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    Claimed,
    NotPending,
}

/// What a device's flash keeps: `KeyStore`, of `lowkey-core`, and its `PinStore`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Device {
    pub(super) life: u8,
    pub(super) pending: Option<Server>,
    pub(super) last: Option<Server>,
    /// The code of its label is.
    pub(super) is_spent: bool,
    /// A window has to be asked for.
    pub(super) is_asked_for: bool,
}

impl Device {
    /// `KeyStore::store`.
    pub(super) fn store(self, rule: Rule, server: Server) -> Result<Self, Refused> {
        if self.last == Some(server) && rule != Some(Wrong::WhatIsFinalIsStoredAgain) {
            return Ok(self);
        }
        let is_again = self.pending == Some(server);
        if is_again && rule == Some(Wrong::TheSameKeyIsRefusedByTheDevice) {
            return Err(Refused::Claimed);
        }
        if self.pending.is_some() && !is_again && rule != Some(Wrong::AnotherKeyTakesTheDevicesCode) {
            return Err(Refused::Claimed);
        }
        let keeps = rule != Some(Wrong::PendingTakesTheEarliersPlace);
        let is_asked_for = self.is_asked_for || rule == Some(Wrong::AFailedAttemptSpendsTheCode);
        Ok(Self { pending: Some(server), last: self.last.filter(|_| keeps), is_asked_for, ..self })
    }

    /// `KeyStore::finalise`.
    pub(super) fn finalise(self, server: Server) -> Result<Self, Refused> {
        if self.pending == Some(server) {
            return Ok(Self {
                pending: None,
                last: Some(server),
                is_spent: true,
                is_asked_for: true,
                ..self
            });
        }
        if self.last == Some(server) { Ok(self) } else { Err(Refused::NotPending) }
    }

    /// `KeyStore::remove`.
    pub(super) fn remove(self, rule: Rule, server: Server) -> Self {
        let is_other = |pinned: &Server| *pinned != server;
        let last =
            self.last.filter(|pinned| rule != Some(Wrong::ACloseTakesBackWhatIsFinal) || is_other(pinned));
        Self { pending: self.pending.filter(is_other), last, ..self }
    }

    /// `KeyStore::confirmed`.
    pub(super) fn confirmed(self, rule: Rule, server: Server) -> Self {
        let counts = self.pending == Some(server) && rule != Some(Wrong::ASessionMakesNothingFinal);
        if counts { self.finalise(server).unwrap_or(self) } else { self }
    }

    /// `KeyStore::forget`, and then `make_keys`.
    pub(super) fn forget(self, rule: Rule) -> Self {
        let marks = rule != Some(Wrong::ForgetForgetsWhatIsSpent);
        let (is_spent, is_asked_for) = (self.is_spent && marks, self.is_asked_for && marks);
        Self { life: self.life + 1, pending: None, last: None, is_spent, is_asked_for }
    }

    /// `KeyStore::may_pair_unasked`.
    pub(super) fn may_pair_unasked(self, rule: Rule) -> bool {
        !self.is_asked_for || rule == Some(Wrong::ACodeThatIsSpentWorksUnasked)
    }

    /// `KeyStore::pinnings`: whom it dials.
    pub(super) fn dials(self, rule: Rule, server: Server) -> bool {
        let pending = self.pending.filter(|_| rule != Some(Wrong::PendingIsNotDialled));
        [pending, self.last].contains(&Some(server))
    }
}

/// Whether a row says `pending`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Standing {
    Pending,
    Final,
}

/// The rows of a registry file that bear the code: one, unless the rule is wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Registry {
    pub(super) rows: [Option<(Key, Standing)>; 2],
}

impl Registry {
    /// `lowkey_registry::pairing::claim`, under the lock of the file.
    pub(super) fn store(mut self, rule: Rule, key: Key) -> Result<Self, Refused> {
        if self.standing(key).is_some() {
            return if rule == Some(Wrong::TheSameKeyIsRefusedByTheServer) {
                Err(Refused::Claimed)
            } else {
                Ok(self)
            };
        }
        let [first, second] = &mut self.rows;
        match (&first, rule) {
            (None, _) => *first = Some((key, Standing::Pending)),
            (Some(_), Some(Wrong::AnotherKeyTakesTheServersCode)) => *second = Some((key, Standing::Pending)),
            (Some(_), _) => return Err(Refused::Claimed),
        }
        Ok(self)
    }

    /// `lowkey_registry::pairing::finalise`; a row that has been taken out stays out.
    pub(super) fn finalise(self, key: Key) -> Self {
        let finalised = |row| if row == (key, Standing::Pending) { (key, Standing::Final) } else { row };
        Self { rows: self.rows.map(|row| row.map(finalised)) }
    }

    /// `lowkey_registry::pairing::remove`.
    pub(super) fn remove(self, rule: Rule, key: Key) -> Self {
        let goes = |row: &(Key, Standing)| {
            row.0 == key && (row.1 == Standing::Pending || rule == Some(Wrong::ACloseTakesBackWhatIsFinal))
        };
        Self { rows: self.rows.map(|row| row.filter(|row| !goes(row))) }.in_order()
    }

    /// `lowkey_registry::rotation::revoke`.
    pub(super) fn revoke(self) -> Self {
        Self::default()
    }

    pub(super) fn standing(self, key: Key) -> Option<Standing> {
        self.rows.into_iter().flatten().find(|(is, _)| *is == key).map(|(_, standing)| standing)
    }

    /// Whether a session of this key is let in: `lookup` of the registry, whatever the row says.
    pub(super) fn serves(self, rule: Rule, key: Key) -> bool {
        let standing = self.standing(key);
        standing.is_some() && (rule != Some(Wrong::PendingIsNotServed) || standing == Some(Standing::Final))
    }

    fn in_order(self) -> Self {
        let mut rows = self.rows.into_iter().flatten();
        Self { rows: [rows.next(), rows.next()] }
    }
}

/// What is on its way behind the handshake's messages 1 and 2, which change nothing that lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Frame {
    /// Message 3: the responder may judge.
    Proof,
    Ping,
    Close,
}

/// How far a side is in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum At {
    /// For the word that lets it judge.
    Waits,
    /// It has stored the key, and its PING is on its way; the initiator's may not be written to its last byte yet.
    Said,
    Final,
    Over,
}

/// Who called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum End {
    Initiator,
    Responder,
}

/// What a side does to what it keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Store,
    Finalise,
    Remove,
}

/// One pairing: `Link` and `Keeper` of `lowkey-transport`; on a server the loop in `enter`, of `lowkey-host`'s
/// `server/pairing.rs`, has their place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Run {
    pub(super) initiator: At,
    pub(super) responder: At,
    pub(super) to_initiator: [Option<Frame>; 2],
    pub(super) to_responder: [Option<Frame>; 2],
}

impl Run {
    /// Message 3 is on its way.
    pub(super) fn begun() -> Self {
        let to_responder = [Some(Frame::Proof), None];
        Self { initiator: At::Waits, responder: At::Waits, to_initiator: [None; 2], to_responder }
    }

    pub(super) fn at(&self, end: End) -> At {
        if end == End::Initiator { self.initiator } else { self.responder }
    }

    fn at_mut(&mut self, end: End) -> &mut At {
        if end == End::Initiator { &mut self.initiator } else { &mut self.responder }
    }

    /// What it will hear next. An initiator looks at nothing before its stream has taken its PING.
    pub(super) fn coming(&self, end: End) -> Option<Frame> {
        if matches!((end, self.at(end)), (_, At::Over) | (End::Initiator, At::Said)) {
            return None;
        }
        if end == End::Initiator { self.to_initiator[0] } else { self.to_responder[0] }
    }

    /// Takes the next frame; what the side asks of its store. A STORE is answered by [`stored`](Self::stored).
    pub(super) fn hear(&mut self, rule: Rule, end: End) -> Option<Call> {
        let frame = self.coming(end)?;
        let queue = if end == End::Initiator { &mut self.to_initiator } else { &mut self.to_responder };
        *queue = [queue[1], None];
        match (self.at(end), frame) {
            (At::Waits, Frame::Proof | Frame::Ping) => return Some(Call::Store),
            (At::Said, Frame::Ping) => {
                self.become_final(end);
                return Some(Call::Finalise);
            }
            (At::Said, Frame::Close) => {
                self.end(end);
                return Some(Call::Remove);
            }
            (At::Final, Frame::Close) => {
                self.end(end);
                return (rule == Some(Wrong::ACloseTakesBackWhatIsFinal)).then_some(Call::Remove);
            }
            _ => self.end(end),
        }
        None
    }

    /// Whether its STORE went well: it says so, or says no.
    pub(super) fn stored(&mut self, end: End, went_well: bool) {
        let (at, frame) = if went_well { (At::Said, Frame::Ping) } else { (At::Over, Frame::Close) };
        *self.at_mut(end) = at;
        self.send(end, frame);
    }

    /// The initiator's PING has been written and flushed.
    pub(super) fn flushed(&mut self) -> Option<Call> {
        (self.initiator == At::Said).then(|| {
            self.become_final(End::Initiator);
            Call::Finalise
        })
    }

    /// What comes to this side does not arrive any more. A side that the stream ends for stores, finalises and removes
    /// nothing.
    pub(super) fn end(&mut self, end: End) {
        *self.at_mut(end) = At::Over;
        *(if end == End::Initiator { &mut self.to_initiator } else { &mut self.to_responder }) = [None; 2];
    }

    pub(super) fn is_over(&self) -> bool {
        (self.initiator, self.responder) == (At::Over, At::Over)
    }

    pub(super) fn send(&mut self, from: End, frame: Frame) {
        let (queue, to) = match from {
            End::Initiator => (&mut self.to_responder, self.responder),
            End::Responder => (&mut self.to_initiator, self.initiator),
        };
        if let (Some(free), true) = (queue.iter_mut().find(|frame| frame.is_none()), to != At::Over) {
            *free = Some(frame);
        }
    }

    fn become_final(&mut self, end: End) {
        *self.at_mut(end) = At::Final;
        self.send(end, Frame::Close);
    }
}
