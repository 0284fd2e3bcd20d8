//! Devices and servers that have one code, the runs between them, and all that can happen to them next.

use super::rule::{At, Call, Device, End, Frame, Key, Refused, Registry, Rule, Run, Server, Standing, Wrong};

/// How large a world is: each part may take its turn at any moment, so every other one has to be small.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub(super) devices: usize,
    /// Those that have the code; the earlier one of a device is not among them.
    pub(super) servers: usize,
    /// At the same moment.
    pub(super) runs: usize,
    /// Factory resets of each device.
    pub(super) forgets: u8,
    /// The devices were paired before, by another code.
    pub(super) were_paired: bool,
}

/// A device, and who stands before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Owned {
    pub(super) device: Device,
    /// Somebody has asked for a window, with a button; RAM only.
    pub(super) is_asked: bool,
    /// Something was final once, whatever the device says.
    pub(super) was_final: bool,
    /// By server: somebody has taken one of the two sides' pinning out, or said no to who has it.
    pub(super) is_parted: [bool; 2],
}

/// A run, and whose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Play {
    pub(super) key: Key,
    pub(super) server: Server,
    pub(super) device_is: End,
    pub(super) run: Run,
}

impl Play {
    /// The server knows that the device has it, and its people may think.
    pub(super) fn has_shown_the_code(&self) -> bool {
        let here = self.run.at(other(self.device_is));
        here == At::Said || self.device_is == End::Responder && here == At::Waits
    }
}

/// All that there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct World {
    pub(super) devices: [Option<Owned>; 2],
    pub(super) servers: [Option<Registry>; 2],
    pub(super) plays: [Option<Play>; 2],
}

/// What can happen. People do the first five; the others, time and whoever has the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Somebody has opened a window for the code on the server, or has it call the device.
    Begin { device: usize, server: Server, device_is: End },
    /// Somebody asks for a window at the device.
    Press { device: usize },
    /// A factory reset, and new keys.
    Forget { device: usize },
    /// The row of the code is taken out.
    Revoke { server: Server },
    /// The STORE fails, or somebody says no in its place.
    Refuse { play: usize, side: End },
    /// The next frame arrives.
    Hear { play: usize, side: End },
    /// The power fails behind the STORE and before its PING.
    HearAndLosePower { play: usize, side: End },
    /// The initiator's PING is written to its last byte.
    Flushed { play: usize },
    /// A side finds its stream broken; what it has sent may arrive all the same.
    Cut { play: usize, side: End },
    /// What somebody has asked for is forgotten. Otherwise power that fails is a cut of all runs of that side.
    DeviceLosesPower { device: usize },
    /// A session of KK: `heard` it and could note it.
    Session { device: usize, server: Server, heard: Heard },
}

/// Who of a session has come to note it: the device has no power any more, or its first record did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    Both,
    Device,
    Server,
}

impl World {
    pub(super) fn new(size: Size) -> Self {
        let last = size.were_paired.then_some(Server::Earlier);
        let device = Device { last, is_asked_for: size.were_paired, ..Device::default() };
        let owned = Owned { device, was_final: size.were_paired, ..Owned::default() };
        Self {
            devices: std::array::from_fn(|n| (n < size.devices).then_some(owned)),
            servers: std::array::from_fn(|n| (n < size.servers).then_some(Registry::default())),
            plays: [None; 2],
        }
    }

    /// All that can happen.
    pub(super) fn actions(&self, rule: Rule, size: Size) -> Vec<Action> {
        let mut all = Vec::new();
        for server in self.servers() {
            if self.registry(server) != Registry::default() {
                all.push(Action::Revoke { server });
            }
        }
        for (device, owned) in self.owned() {
            if !owned.is_asked && device == FIRST {
                all.push(Action::Press { device });
            }
            if owned.is_asked {
                all.push(Action::DeviceLosesPower { device });
            }
            if owned.device.life < size.forgets {
                all.push(Action::Forget { device });
            }
            for server in self.servers() {
                if self.has_room(device, size) && (owned.is_asked || owned.device.may_pair_unasked(rule)) {
                    let both = [End::Initiator, End::Responder];
                    all.extend(both.map(|device_is| Action::Begin { device, server, device_is }));
                }
                let (key, registry) = (self.key(device), self.registry(server));
                let is_news = !self.is_final(device, server) || owned.device.pending == Some(server);
                if is_news && owned.device.dials(rule, server) && registry.serves(rule, key) {
                    let heard = [Heard::Both, Heard::Device, Heard::Server];
                    all.extend(heard.map(|heard| Action::Session { device, server, heard }));
                }
            }
        }
        for (play, Play { run, .. }) in
            self.plays.iter().enumerate().filter_map(|(n, play)| Some((n, (*play)?)))
        {
            if run.initiator == At::Said {
                all.push(Action::Flushed { play });
            }
            for side in [End::Initiator, End::Responder] {
                match (run.at(side), run.coming(side)) {
                    (At::Over, _) => continue,
                    (At::Waits, Some(Frame::Proof | Frame::Ping)) => all.extend([
                        Action::Hear { play, side },
                        Action::Refuse { play, side },
                        Action::HearAndLosePower { play, side },
                    ]),
                    (_, Some(_)) => all.push(Action::Hear { play, side }),
                    _ => (),
                }
                all.push(Action::Cut { play, side });
            }
        }
        all
    }

    /// The world in which it has happened.
    pub(super) fn after(mut self, rule: Rule, action: Action) -> Self {
        let before = self;
        match action {
            Action::Press { device } => self.owned_mut(device).is_asked = true,
            Action::Forget { device } => {
                self.device_loses_power(rule, device);
                let owned = self.owned_mut(device);
                (owned.device, owned.is_parted) = (owned.device.forget(rule), [false; 2]);
            }
            Action::Revoke { server } => {
                for (device, _) in before.owned() {
                    if self.registry(server).standing(self.key(device)).is_some() {
                        self.part(device, server);
                    }
                }
                *self.registry_mut(server) = self.registry(server).revoke();
            }
            Action::Begin { device, server, device_is } => {
                // A device plays one run at a time: the older one is cut.
                self.cut_device(rule, device);
                let play = Play { key: self.key(device), server, device_is, run: Run::begun() };
                let free = self.plays.iter().position(Option::is_none);
                // A server that calls knows the device's key before it sends message 3.
                let is_held = device_is == End::Responder && self.hold(rule, &play, None).is_err();
                if let (Some(free), false) = (free, is_held) {
                    self.plays[free] = Some(play);
                }
            }
            Action::Hear { play, side } => self.hear(rule, play, side, true),
            Action::HearAndLosePower { play, side } => {
                self.hear(rule, play, side, false);
                let Some(of) = self.plays[play] else { return self };
                match side == of.device_is {
                    true => self.device_loses_power(rule, of.key.device),
                    false => self.cut(rule, play, side),
                }
            }
            Action::Refuse { play, side } => {
                let Some(Play { key, server, device_is, .. }) = self.plays[play] else { return self };
                // Who says no to one that it has pinned, in an earlier run, takes that back.
                let has = if side == device_is {
                    let device = self.owned_of(key.device).device;
                    device.pending == Some(server) || device.last == Some(server)
                } else {
                    self.registry(server).standing(key).is_some()
                };
                if has {
                    self.part(key.device, server);
                }
                self.run_mut(play, |run| {
                    run.hear(rule, side);
                    run.stored(side, false);
                });
            }
            Action::Flushed { play } => {
                let mut call = None;
                self.run_mut(play, |run| call = run.flushed());
                self.call(rule, play, End::Initiator, call);
            }
            Action::Cut { play, side } => self.cut(rule, play, side),
            Action::DeviceLosesPower { device } => self.device_loses_power(rule, device),
            Action::Session { device, server, heard } => {
                // It has one stream at a time, and its store is with the run that plays.
                self.cut_device(rule, device);
                let key = self.key(device);
                if heard != Heard::Server {
                    let owned = self.owned_mut(device);
                    owned.device = owned.device.confirmed(rule, server);
                }
                if heard != Heard::Device && rule != Some(Wrong::ASessionMakesNothingFinal) {
                    *self.registry_mut(server) = self.registry(server).finalise(key);
                }
            }
        }
        if rule != Some(Wrong::ACloseTakesBackWhatIsFinal) {
            self.let_final_sides_go();
        }
        self.settle(&before)
    }

    pub(super) fn key(&self, device: usize) -> Key {
        Key { device, life: self.owned_of(device).device.life }
    }

    pub(super) fn owned(&self) -> impl Iterator<Item = (usize, Owned)> + use<> {
        self.devices.into_iter().flatten().enumerate()
    }

    pub(super) fn owned_of(&self, device: usize) -> Owned {
        self.devices[device].expect("a device of this world")
    }

    pub(super) fn servers(&self) -> impl Iterator<Item = Server> + use<> {
        let servers = self.servers;
        [Server::A, Server::B].into_iter().filter(move |server| servers[at(*server)].is_some())
    }

    pub(super) fn registry(&self, server: Server) -> Registry {
        self.servers[at(server)].expect("a server of this world")
    }

    /// Whether both are, for each other.
    pub(super) fn is_final(&self, device: usize, server: Server) -> bool {
        let row = self.registry(server).standing(self.key(device));
        self.owned_of(device).device.last == Some(server) && row == Some(Standing::Final)
    }

    fn owned_mut(&mut self, device: usize) -> &mut Owned {
        self.devices[device].as_mut().expect("a device of this world")
    }

    fn registry_mut(&mut self, server: Server) -> &mut Registry {
        self.servers[at(server)].as_mut().expect("a server of this world")
    }

    fn run_mut(&mut self, play: usize, change: impl FnOnce(&mut Run)) {
        if let Some(play) = &mut self.plays[play] {
            change(&mut play.run);
        }
    }

    /// Whether there is room for one more run once this device's older one is cut.
    fn has_room(&self, device: usize, size: Size) -> bool {
        let stays = |play: &&Play| {
            let mut run = play.run;
            if play.key.device == device {
                run.end(play.device_is);
            }
            !run.is_over()
        };
        self.plays.iter().flatten().filter(stays).count() < size.runs
    }

    fn part(&mut self, device: usize, server: Server) {
        self.owned_mut(device).is_parted[at(server)] = true;
    }

    fn hear(&mut self, rule: Rule, play: usize, side: End, says_so: bool) {
        let mut call = None;
        self.run_mut(play, |run| call = run.hear(rule, side));
        if call != Some(Call::Store) {
            return self.call(rule, play, side, call);
        }
        let stored = self.store(rule, play, side, says_so);
        // Without power nothing is said behind the STORE.
        if says_so || rule == Some(Wrong::ThePingLeavesBeforeTheStore) {
            self.run_mut(play, |run| run.stored(side, stored.is_ok()));
        }
        if says_so && stored.is_ok() {
            if rule == Some(Wrong::TheResponderIsFinalAtItsStore) && side == End::Responder {
                self.call(rule, play, side, Some(Call::Finalise));
            }
            if rule == Some(Wrong::APingIsTakenBack) && side == End::Responder {
                self.run_mut(play, |run| {
                    run.send(side, Frame::Close);
                    run.end(side);
                });
                self.call(rule, play, side, Some(Call::Remove));
            }
        }
    }

    /// The STORE of a side.
    fn store(&mut self, rule: Rule, play: usize, side: End, has_time: bool) -> Result<(), Refused> {
        let Some(of) = self.plays[play] else { return Ok(()) };
        if rule == Some(Wrong::ThePingLeavesBeforeTheStore) && !has_time {
            return Ok(());
        }
        if side == of.device_is {
            let owned = self.owned_mut(of.key.device);
            owned.device = owned.device.store(rule, of.server)?;
            return Ok(());
        }
        self.hold(rule, &of, Some(play))?;
        *self.registry_mut(of.server) = self.registry(of.server).store(rule, of.key)?;
        Ok(())
    }

    /// Who has shown the code has the server's window; the same key takes its own place, and its older run is cut:
    /// `Windows::hold`, of `lowkey-host`'s `server/windows.rs`.
    fn hold(&mut self, rule: Rule, new: &Play, at: Option<usize>) -> Result<(), Refused> {
        for older in (0..self.plays.len()).filter(|older| Some(*older) != at) {
            let holds = |play: &Play| play.server == new.server && play.has_shown_the_code();
            let Some(holder) = self.plays[older].filter(holds) else { continue };
            match (holder.key == new.key, rule) {
                (true, Some(Wrong::AnOlderRunGoesOn)) => continue,
                (false, rule) if rule != Some(Wrong::AStrangerDisplacesWhoHasShownTheCode) => {
                    return Err(Refused::Claimed);
                }
                _ => self.cut(rule, older, other(holder.device_is)),
            }
            if holder.key != new.key {
                *self.registry_mut(new.server) = self.registry(new.server).remove(rule, holder.key);
            }
        }
        Ok(())
    }

    /// What a side asks of its store besides.
    fn call(&mut self, rule: Rule, play: usize, side: End, call: Option<Call>) {
        let (Some(call), Some(Play { key, server, device_is, .. })) = (call, self.plays[play]) else {
            return;
        };
        if side != device_is {
            let registry = self.registry(server);
            *self.registry_mut(server) = match call {
                Call::Finalise => registry.finalise(key),
                _ => registry.remove(rule, key),
            };
            return;
        }
        let owned = self.owned_mut(key.device);
        owned.device = match call {
            Call::Finalise => owned.device.finalise(server).unwrap_or(owned.device),
            _ => owned.device.remove(rule, server),
        };
    }

    fn cut(&mut self, rule: Rule, play: usize, side: End) {
        let was = self.plays[play].map(|play| play.run.at(side));
        self.run_mut(play, |run| run.end(side));
        if rule == Some(Wrong::ACutRemovesWhatIsPending) && was == Some(At::Said) {
            self.call(rule, play, side, Some(Call::Remove));
        }
    }

    fn device_loses_power(&mut self, rule: Rule, device: usize) {
        self.cut_device(rule, device);
        self.owned_mut(device).is_asked = false;
    }

    /// The runs of a device end there.
    fn cut_device(&mut self, rule: Rule, device: usize) {
        for play in 0..self.plays.len() {
            if let Some(of) = self.plays[play].filter(|play| play.key.device == device) {
                self.cut(rule, play, of.device_is);
            }
        }
        self.plays = self.plays.map(|play| play.filter(|play| !play.run.is_over()));
    }

    /// Whatever a side hears that is final, it changes nothing (`ends.rs`).
    fn let_final_sides_go(&mut self) {
        for play in self.plays.iter_mut().flatten() {
            for side in [End::Initiator, End::Responder] {
                if play.run.at(side) == At::Final {
                    play.run.end(side);
                }
            }
        }
    }

    /// Runs that have ended are gone; what follows from the rest is noted.
    fn settle(mut self, before: &Self) -> Self {
        let mut plays: Vec<Play> =
            self.plays.into_iter().flatten().filter(|play| !play.run.is_over()).collect();
        plays.sort();
        self.plays = [plays.first().copied(), plays.get(1).copied()];
        for (device, Owned { device: is, .. }) in self.owned() {
            let was = before.owned_of(device).device.last;
            self.owned_mut(device).was_final |= is.last.is_some();
            for server in self.servers() {
                if self.is_final(device, server) {
                    self.owned_mut(device).is_parted[at(server)] = false;
                }
                // Another one has taken its place, and that had to be asked for.
                if was == Some(server) && is.last.is_some_and(|last| last != server) {
                    self.part(device, server);
                }
            }
        }
        self
    }
}

pub(super) fn other(end: End) -> End {
    if end == End::Initiator { End::Responder } else { End::Initiator }
}

pub(super) fn at(server: Server) -> usize {
    usize::from(server == Server::B)
}

/// The device whose end is looked at, and that somebody stands before.
pub(super) const FIRST: usize = 0;
