//! All of it, running, and what an operator does to it.

use crate::{
    balancer::Balancer,
    boards::Boards,
    bounds::Bounds,
    device::{Devices, Order},
    figures::Figures,
    gateway::{self, Gateway, tail},
    oracle::{Oracle, Rules},
    pairing,
    readiness::{Expected, Readiness},
    roster::{self, Roster, name},
    size::Size,
    stage::{REGISTRY, Stage},
    tap::Tap,
    timeline::Timeline,
};
use fleet::board::Keys;
use std::{
    collections::BTreeSet,
    error::Error,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use test_support::{Random, nats::NatsServer};
use tokio::time::{Instant, sleep, timeout};
use xtask::command::Result;

pub(crate) struct Cluster {
    pub(crate) size: Size,
    pub(crate) stage: Stage,
    pub(crate) timeline: Timeline,
    pub(crate) bounds: Bounds,
    pub(crate) oracle: Arc<Oracle>,
    pub(crate) devices: Devices,
    pub(crate) gateways: Vec<Gateway>,
    pub(crate) readiness: Vec<Readiness>,
    pub(crate) balancer: Balancer,
    pub(crate) nats: NatsServer,
    pub(crate) revocations: Figures,
    pub(crate) takeovers: Figures,
    /// Boards in QEMU, where there are some.
    boards: Option<Boards>,
    tap: Tap,
    random: Random,
    /// Devices that have a part already.
    taken: BTreeSet<usize>,
    /// How many have paired.
    paired: usize,
}

/// Who can hear of a change when it is written.
#[derive(Clone, Copy)]
pub(crate) enum Hears<'a> {
    /// So many gateways: all that have not said goodbye.
    All(usize),
    /// Not these.
    AllBut(&'a [&'static str]),
}

impl Cluster {
    /// Until every device is connected.
    ///
    /// # Errors
    /// What is missing, or does not begin.
    pub(crate) async fn begin(lowkey: PathBuf, size: Size) -> Result<Self> {
        let (timeline, mut random) = (Timeline::new(), Random::new());
        let nats = NatsServer::start().await.ok_or("no nats-server")?;
        timeline.say(&format!("nats-server is ready at {}", nats.address()));
        let stage = Stage::new(lowkey, &nats)?;
        let roster = Roster::new(size.devices(), stage.server_key())?;
        stage.enrol(&roster)?;
        let (mut gateways, mut readiness) = (Vec::new(), Vec::new());
        for name in size.gateways() {
            let gateway = Gateway::new(name, &stage, &nats, size.max_stale()).await?;
            readiness.push(Readiness::watch(&gateway));
            gateways.push(gateway);
        }
        gateways[0].configure(gateway::Devices::File(REGISTRY))?;
        gateways[0].begin().await?;
        timeline.say(&format!("{} is the one server there is, with a registry in a file", gateways[0].name));
        let balancer = Balancer::begin(stage.folder(), &gateways, size.silence()).await?;
        timeline.say(&format!("HAProxy is ready at {}", balancer.address()));
        readiness[0].expect(Expected::Ready);
        let oracle = Arc::new(Oracle::new(size.devices(), size.gateways().to_vec(), size.max_stale()));
        let (begun, bounds, tap) = (Instant::now(), Bounds::new(size.times()), Tap::new(nats.address()));
        let seed = random.u64();
        let devices = Devices::begin(roster.members(), balancer.address(), &oracle);
        let cluster = Self {
            size,
            stage,
            timeline,
            bounds,
            oracle,
            devices,
            gateways,
            readiness,
            balancer,
            nats,
            revocations: Figures::default(),
            takeovers: Figures::default(),
            boards: None,
            tap,
            random: Random::from_seed(seed),
            taken: BTreeSet::new(),
            paired: 0,
        };
        cluster.all_connected(begun, 0).await?;
        Ok(cluster)
    }

    /// Switches the boards on, with this firmware.
    ///
    /// # Errors
    /// They do not get what they send.
    pub(crate) async fn have_boards(&mut self, firmware: &Path) -> Result<()> {
        let boards = Boards::begin(&self.stage, firmware, self.balancer.address(), self.timeline).await?;
        boards.are_right().await?;
        self.boards = Some(boards);
        Ok(())
    }

    pub(crate) fn all(&self) -> Hears<'static> {
        Hears::All(self.gateways.len())
    }

    /// Waits until all devices are that may be.
    ///
    /// # Errors
    /// They never are.
    pub(crate) async fn all_connected(&self, since: Instant, ended: usize) -> Result<()> {
        self.oracle.all_connected(since, ended).await?;
        let each = self.gateways.iter().enumerate();
        let each =
            each.map(|(n, gateway)| (self.oracle.at(n).len(), gateway.name)).filter(|(held, _)| *held > 0);
        let each: Vec<String> = each.map(|(held, name)| format!("{held} at {name}")).collect();
        self.timeline.say(&format!("  all devices are connected: {}", each.join(", ")));
        Ok(())
    }

    /// Whether this device has had a part already.
    pub(crate) fn is_taken(&self, device: usize) -> bool {
        self.taken.contains(&device)
    }

    /// The devices that are connected there and have had no part yet.
    pub(crate) fn free_at(&self, gateway: usize) -> Vec<usize> {
        let mut there = self.oracle.at(gateway);
        there.retain(|device| !self.is_taken(*device));
        there.sort_unstable();
        there.dedup();
        there
    }

    /// A device that is connected there and has had no part yet.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn take_at(&mut self, gateway: usize) -> Result<usize> {
        let there = self.free_at(gateway);
        if there.is_empty() {
            return Err(format!("no device is left at {}", self.gateways[gateway].name).into());
        }
        let device = there[self.random.below(there.len())];
        self.taken.insert(device);
        Ok(device)
    }

    /// Takes these devices out of the registry, and waits until that is in force where it can be.
    ///
    /// # Errors
    /// It is not, or not in time.
    pub(crate) async fn revoke(&mut self, victims: &[usize], hears: Hears<'_>) -> Result<()> {
        let begun = Instant::now();
        let held: Vec<Option<usize>> = victims.iter().map(|victim| self.oracle.held(*victim)).collect();
        for victim in victims {
            self.change(&["revoke", &name(*victim)], hears).await?;
        }
        let now = Instant::now();
        for (victim, held) in victims.iter().zip(held) {
            let written = self.tap.written(&name(*victim), begun).await?;
            self.oracle.is_out(*victim, written);
            let Some(held) = held else { continue };
            let gateway = self.gateways[held].name;
            if let Hears::AllBut(deaf) = hears
                && deaf.contains(&gateway)
            {
                self.timeline
                    .say(&format!("  {} is revoked, and {gateway} does not hear of it", name(*victim)));
                continue;
            }
            let ended = self.oracle.all_ended(*victim, now, &self.numbers(hears)).await?;
            let Some(last) = ended.filter(|last| *last >= written) else { continue };
            let took = last - written;
            // What it could not know at once is judged with all the rest.
            if self.oracle.is_blind(held) {
                continue;
            }
            let bound = self.bounds.of(END);
            if took > bound {
                let [took, bound] = [took, bound].map(|time| time.as_secs_f32());
                let who = format!("{} at {gateway}", name(*victim));
                return Err(format!("{who}: revoked, and a session for {took:.2} s, not {bound:.2}").into());
            }
            self.revocations.add(took);
        }
        Ok(())
    }

    /// The gateways that do not hear.
    fn numbers(&self, hears: Hears<'_>) -> Vec<usize> {
        let Hears::AllBut(deaf) = hears else { return Vec::new() };
        (0..self.gateways.len()).filter(|number| deaf.contains(&self.gateways[*number].name)).collect()
    }

    /// Changes the registry, and holds what the command says of who obeys against what is so.
    ///
    /// # Errors
    /// It says something else.
    async fn change(&self, words: &[&str], hears: Hears<'_>) -> Result<()> {
        let wait = if let Hears::All(_) = hears { "60s" } else { "1s" };
        let said = self.stage.change(words, wait).await?;
        let is_so = match hears {
            Hears::All(of) => said.code == Some(0) && said.text.contains(&format!("in force: {of} gateway")),
            Hears::AllBut(deaf) => said.code == Some(7) && deaf.iter().all(|name| said.text.contains(name)),
        };
        if is_so {
            return Ok(());
        }
        Err(format!("`lowkey {}` ends with {:?}: {}", words.join(" "), said.code, said.text).into())
    }

    /// Gives a device new keys, and takes the old ones away once it has come by the new.
    ///
    /// # Errors
    /// It is not let in, or more of it ends than has to.
    pub(crate) async fn rotate(&mut self, device: usize, hears: Hears<'_>) -> Result<()> {
        let (begun, name) = (Instant::now(), name(device));
        let page = format!("{name}.page");
        self.change(&["provision", "--rotate", "--name", &name, "-o", &page], hears).await?;
        let keys = Keys::of_page(&fs::read(self.stage.folder().join(&page))?)?;
        self.devices.tell(device, Order::Take(Arc::new(keys)));
        let came = || self.oracle.ended_of(device, begun) > 0 && self.oracle.held(device).is_some();
        self.oracle.until(&format!("{name}, by its new keys"), came).await?;
        let new = Instant::now();
        self.change(&["revoke", &name, "--old"], hears).await?;
        if self.oracle.ended_of(device, new) > 0 {
            return Err(format!("{name} was sent away with its new keys").into());
        }
        self.timeline.say(&format!("  {name} has new keys, and the old ones are taken out"));
        Ok(())
    }

    /// Pairs a device with the fleet, by a window that is opened at this gateway, while so many hear.
    ///
    /// # Errors
    /// It does not pair.
    pub(crate) async fn pair(&mut self, gateway: usize, hear: usize) -> Result<()> {
        self.paired += 1;
        let name = format!("paired-{}", self.paired);
        let admin = self.gateways[gateway].admin();
        let said = pairing::play(&self.stage, &name, &admin, self.balancer.address()).await?;
        if !said.contains(&format!("in force: {hear} gateway")) {
            return Err(format!("`lowkey pair` says: {said}").into());
        }
        self.timeline.say(&format!("  {name} has paired, and is let in"));
        Ok(())
    }

    /// Whether all is as promised so far.
    ///
    /// # Errors
    /// What is not.
    pub(crate) fn judge(&self, rules: Rules) -> Result<()> {
        self.oracle.judge(&self.bounds, END, rules)?;
        self.readiness.iter().try_for_each(Readiness::judge)
    }

    /// How long devices were away, held against the promise.
    ///
    /// # Errors
    /// One was for longer.
    pub(crate) fn were_back(&self, away: &Figures) -> Result<()> {
        let (longest, bound) = (away.longest(), self.bounds.of(BACK));
        if longest > bound {
            return Err(format!(
                "a device was away for {:.2} s, not {:.2}",
                longest.as_secs_f32(),
                bound.as_secs_f32()
            )
            .into());
        }
        self.timeline.say(&format!("  all are back, the last after {:.2} s", longest.as_secs_f32()));
        Ok(())
    }

    /// Waits until each gateway says of all sessions, and of who has them, what the devices do.
    ///
    /// # Errors
    /// It never does.
    pub(crate) async fn agree(&self) -> Result<()> {
        for gateway in self.gateways.iter().filter(|gateway| gateway.is_there()) {
            let agrees = async {
                loop {
                    let mut sessions = gateway.sessions().await?;
                    sessions.retain(|(device, _)| roster::is_a_device(device));
                    if sessions == self.oracle.sessions() {
                        return Ok(());
                    }
                    sleep(LOOK).await;
                }
            };
            within(&format!("{} and the devices agree who is connected", gateway.name), agrees).await?;
        }
        Ok(())
    }

    /// Until the gateway and the balancer agree that it is ready.
    ///
    /// # Errors
    /// They do not.
    pub(crate) async fn is_ready(&self, gateway: usize) -> Result<()> {
        let (gateway, readiness) = (self.gateways[gateway].name, &self.readiness[gateway]);
        self.balancer.sees(gateway, true).await?;
        readiness.expect(Expected::Ready);
        readiness.says_so().await?;
        self.timeline.say(&format!("  {gateway} is ready again, and HAProxy sends devices to it"));
        Ok(())
    }

    /// Waits until the boards are connected as well.
    ///
    /// # Errors
    /// They are not.
    pub(crate) async fn with_boards(&self) -> Result<()> {
        match &self.boards {
            Some(boards) => boards.are_connected().await,
            None => Ok(()),
        }
    }

    /// Takes one of the boards out as well.
    ///
    /// # Errors
    /// It goes on.
    pub(crate) async fn revoke_a_board(&self) -> Result<()> {
        let Some(boards) = &self.boards else { return Ok(()) };
        let name = "board-2";
        self.change(&["revoke", name], self.all()).await?;
        boards.is_out(name).await?;
        self.timeline.say(&format!(
            "{name} is revoked, and refused; the boards have had {} channels",
            boards.opened()
        ));
        Ok(())
    }

    /// What was going on, with an error.
    pub(crate) fn logs(&self, error: &(dyn Error + Send + Sync)) -> Box<dyn Error + Send + Sync> {
        let logs =
            self.gateways.iter().map(|gateway| format!("\n{}:\n  {}", gateway.name, tail(&gateway.log())));
        format!("{error}\n{}", logs.collect::<String>()).into()
    }
}

/// Waits for what has to come.
///
/// # Errors
/// It does not, or fails.
pub(crate) async fn within(what: &str, comes: impl Future<Output = Result<()>>) -> Result<()> {
    timeout(PATIENCE, comes).await.map_err(|_| format!("it never comes: {what}"))?
}

/// How long a session may last that has to end, where NATS is seen.
pub(crate) const END: Duration = Duration::from_secs(1);
/// How long a device may be away when its gateway is.
const BACK: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(90);
