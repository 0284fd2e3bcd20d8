//! What this machine is too small for: 100,000 devices at ten gateways, all of which come back at once.
//!
//! A model, and the same figures from the same seed. The limits are a server's own defaults and the pauses are the
//! device's own code. What they meet is modelled: an attempt takes two round trips and, in between, a gateway's time
//! for a handshake; each gateway lets messages 1 through as its gate does (a burst of one second's, then so many a
//! second, of one network and of all), has room for so many attempts at once, and for so many sessions. A session's
//! lease waits its turn at NATS. What is on no wire is not in it: processors that do something else, lost packets.

use crate::figures::Figures;
use lowkey_host::Limits;
use lowkey_transport::{Backoff, Error, Refusal};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    time::Duration,
};
use test_support::Random;

/// Prints what comes of each case.
pub(crate) fn run() {
    println!(
        "{DEVICES} devices, {GATEWAYS} gateways, limits as by default, pauses of {} to {} ms, a round trip of {} ms",
        PAUSES[0],
        PAUSES[1],
        ROUND_TRIP.as_millis()
    );
    println!(
        "a gateway's processors do {SERVED} handshakes a second, NATS takes {LEASES} leases a second (`cargo xtask \
         cluster --figures`)\n"
    );
    for case in cases() {
        println!("{}", case.name);
        Model::new(&case).play().print();
    }
}

/// What happens, and to whom.
struct Case {
    name: &'static str,
    /// How many lose their power, and come back within this.
    back: usize,
    spread: Duration,
    /// The addresses that they come from together; 0: each from its own.
    addresses: usize,
    /// Gateways that are gone.
    gone: usize,
    standing: Standing,
    limits: Limits,
}

/// Whether devices were confirmed from there in the last day.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Familiar,
    Stranger,
}

fn cases() -> [Case; 8] {
    let case = |name, back, seconds, addresses, gone, standing| Case {
        name,
        back,
        spread: Duration::from_secs_f64(seconds),
        addresses,
        gone,
        standing,
        limits: Limits::default(),
    };
    let (known, new) = (Standing::Familiar, Standing::Stranger);
    let mut roomy = case("the same, with `sessions` = 15,000", DEVICES, 2.0, 0, 1, known);
    roomy.limits.sessions = 15_000;
    [
        case(
            "a region of 30,000 comes back within 2 s, each device from its own address",
            30_000,
            2.0,
            0,
            0,
            known,
        ),
        case("the same, at gateways that have never seen them", 30_000, 2.0, 0, 0, new),
        case("the same from one address", 30_000, 2.0, 1, 0, known),
        case("the same from one address, at gateways that have never seen it", 30_000, 2.0, 1, 0, new),
        case("all 100,000 within 2 s", DEVICES, 2.0, 0, 0, known),
        case("all 100,000 within 0.1 s", DEVICES, 0.1, 0, 0, known),
        case("all 100,000 within 2 s, and one gateway is gone", DEVICES, 2.0, 0, 1, known),
        roomy,
    ]
}

/// Microseconds since the power is back.
type Moment = u64;

struct Device {
    backoff: Backoff,
    address: usize,
    begun: Option<Moment>,
    attempts: u32,
}

struct Gateway {
    all: Gate,
    strangers: Gate,
    networks: BTreeMap<(u8, usize), Of>,
    /// When its processors are done with what they have.
    free: Moment,
    /// When each attempt that it has room for is over.
    attempts: BinaryHeap<Reverse<Moment>>,
    most_attempts: usize,
    /// With those of whoever was there before and has not lost power.
    sessions: usize,
}

/// What one network may have, and has.
struct Of {
    gate: Gate,
    /// When each of its attempts is over.
    waiting: BinaryHeap<Reverse<Moment>>,
    most: usize,
}

/// Lets a burst through, and then so many a second: as governor's cells do.
struct Gate {
    each: Moment,
    burst: Moment,
    full: Moment,
}

impl Gate {
    fn new(per_second: u32) -> Self {
        Self { each: SECOND / Moment::from(per_second.max(1)), burst: SECOND, full: 0 }
    }

    fn passes(&mut self, now: Moment) -> bool {
        let full = self.full.max(now) + self.each;
        let passes = full <= now + self.burst;
        if passes {
            self.full = full;
        }
        passes
    }
}

/// What came of it.
struct Outcome {
    back: Figures,
    not_back: usize,
    attempts: u32,
    busy: u32,
    displaced: u32,
    full: u32,
    most_attempts: usize,
    held: Vec<usize>,
    leases: Duration,
}

struct Model<'c> {
    case: &'c Case,
    devices: Vec<Device>,
    gateways: Vec<Gateway>,
    random: Random,
    due: BinaryHeap<Reverse<(Moment, usize)>>,
    leased: Moment,
    outcome: Outcome,
}

impl<'c> Model<'c> {
    fn new(case: &'c Case) -> Self {
        let mut random = Random::from_seed(SEED);
        let limits = &case.limits;
        let alive = GATEWAYS - case.gone;
        let stayed = (DEVICES - case.back) / alive;
        let gateways = (0..alive).map(|_| Gateway {
            all: Gate::new(limits.messages_1_per_second),
            strangers: Gate::new(limits.messages_1_per_second / 2),
            networks: BTreeMap::new(),
            free: 0,
            attempts: BinaryHeap::new(),
            most_attempts: 0,
            sessions: stayed,
        });
        let mut due = BinaryHeap::new();
        let devices = (0..case.back).map(|device| {
            let spread = usize::try_from(micros(case.spread)).unwrap_or(usize::MAX);
            due.push(Reverse((random.below(spread) as Moment, device)));
            let address = if case.addresses == 0 { device } else { device % case.addresses };
            Device { backoff: Backoff::new(PAUSES[0], PAUSES[1]), address, begun: None, attempts: 0 }
        });
        let devices = devices.collect();
        let outcome = Outcome {
            back: Figures::default(),
            not_back: 0,
            attempts: 0,
            busy: 0,
            displaced: 0,
            full: 0,
            most_attempts: 0,
            held: Vec::new(),
            leases: Duration::ZERO,
        };
        Self { case, devices, gateways: gateways.collect(), random, due, leased: 0, outcome }
    }

    fn play(mut self) -> Outcome {
        let mut turn = 0;
        while let Some(Reverse((now, device))) = self.due.pop() {
            if now > LONGEST {
                break;
            }
            // As the balancer does.
            turn = (turn + 1) % self.gateways.len();
            self.attempt(now, device, turn);
        }
        let begun = self.devices.iter().filter_map(|device| device.begun);
        self.outcome.back.extend(begun.map(Duration::from_micros));
        self.outcome.not_back = self.devices.iter().filter(|device| device.begun.is_none()).count();
        self.outcome.attempts = self.devices.iter().map(|device| device.attempts).sum();
        self.outcome.most_attempts =
            self.gateways.iter().map(|gateway| gateway.most_attempts).max().unwrap_or(0);
        self.outcome.held = self.gateways.iter().map(|gateway| gateway.sessions).collect();
        self.outcome.leases = Duration::from_micros(self.leased);
        self.outcome
    }

    /// Message 1 is there a round trip after the device began; the session is when the second is over.
    fn attempt(&mut self, now: Moment, device: usize, at: usize) {
        let (round_trip, limits) = (micros(ROUND_TRIP), &self.case.limits);
        let gateway = &mut self.gateways[at];
        let chance = self.random.u32();
        let of = &mut self.devices[device];
        of.attempts += 1;
        let there = now + round_trip;
        while gateway.attempts.peek().is_some_and(|over| over.0 <= there) {
            gateway.attempts.pop();
        }
        let (pause, after) = if gateway.attempts.len() >= limits.attempts
            || !gateway.has_room_for(there, of.address, self.case)
        {
            self.outcome.displaced += 1;
            (of.backoff.failed(&Error::HungUp, chance), there)
        } else if !gateway.lets_through(there, of.address, self.case) {
            self.outcome.busy += 1;
            (of.backoff.failed(&Error::Refused(Refusal::BUSY), chance), there)
        } else {
            gateway.free = gateway.free.max(there) + SECOND / SERVED;
            let confirmed = gateway.free + round_trip;
            gateway.attempts.push(Reverse(confirmed));
            gateway.waits(confirmed, of.address);
            gateway.most_attempts = gateway.most_attempts.max(gateway.attempts.len());
            if gateway.sessions < limits.sessions {
                gateway.sessions += 1;
                of.begun = Some(confirmed);
                self.leased = self.leased.max(confirmed) + SECOND / LEASES;
                return;
            }
            self.outcome.full += 1;
            (of.backoff.ended(0, 0, chance), confirmed)
        };
        self.due.push(Reverse((after + Moment::from(pause) * 1_000, device)));
    }
}

impl Gateway {
    /// The address, and the two networks around it, which may have two and four times as much.
    fn networks(address: usize) -> [(u8, usize, u32); 3] {
        [(0, address, 1), (1, address / 256, 2), (2, address / 65_536, 4)]
    }

    fn has_room_for(&mut self, now: Moment, address: usize, case: &Case) -> bool {
        let of_address = case.limits.messages_1_per_second_per_address;
        let of_address = if case.standing == Standing::Familiar { of_address } else { of_address / 4 };
        Self::networks(address).into_iter().all(|(width, network, times)| {
            let most = case.limits.attempts_per_address * times as usize;
            let new = || Of { gate: Gate::new(of_address * times), waiting: BinaryHeap::new(), most };
            let of = self.networks.entry((width, network)).or_insert_with(new);
            while of.waiting.peek().is_some_and(|over| over.0 <= now) {
                of.waiting.pop();
            }
            of.waiting.len() < of.most
        })
    }

    /// The networks are asked before all, and the address first.
    fn lets_through(&mut self, now: Moment, address: usize, case: &Case) -> bool {
        let networks = Self::networks(address).into_iter().all(|(width, network, _)| {
            self.networks.get_mut(&(width, network)).is_none_or(|of| of.gate.passes(now))
        });
        networks
            && (case.standing == Standing::Familiar || self.strangers.passes(now))
            && self.all.passes(now)
    }

    fn waits(&mut self, until: Moment, address: usize) {
        for (width, network, _) in Self::networks(address) {
            if let Some(of) = self.networks.get_mut(&(width, network)) {
                of.waiting.push(Reverse(until));
            }
        }
    }
}

impl Outcome {
    fn print(&self) {
        let Self { back, not_back, attempts, busy, displaced, full, most_attempts, held, leases } = self;
        let [half, most, all] = back.in_seconds();
        println!(
            "  half are back after {half:.1} s, 99 of 100 after {most:.1} s, the last after {all:.1} s; not back: {not_back}"
        );
        println!(
            "  {attempts} attempts: {busy} heard *busy*, {displaced} found no room, {full} found no seat"
        );
        let (least, most_held) = (held.iter().min().unwrap_or(&0), held.iter().max().unwrap_or(&0));
        println!(
            "  at most {most_attempts} attempts at once at a gateway; {least} to {most_held} sessions at each"
        );
        println!("  the last lease is written after {:.1} s\n", leases.as_secs_f32());
    }
}

fn micros(time: Duration) -> Moment {
    Moment::try_from(time.as_micros()).unwrap_or(Moment::MAX)
}

const DEVICES: usize = 100_000;
const GATEWAYS: usize = 10;
const SEED: u64 = 18;
const SECOND: Moment = 1_000_000;
/// Of a device that is far away, by radio.
const ROUND_TRIP: Duration = Duration::from_millis(100);
/// What the devices' guide has: the first and the longest, in milliseconds.
const PAUSES: [u32; 2] = [500, 30_000];
/// Handshakes a second of a gateway with two processors, of which each session takes 161 µs with its lease.
const SERVED: Moment = 12_000;
/// Leases a second that one nats-server takes, each on the disk before the next: it took 100,000 rows in 31 s.
const LEASES: Moment = 3_000;
/// Ends a case that never does.
const LONGEST: Moment = 600 * SECOND;
