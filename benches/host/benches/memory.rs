//! What a server remembers of 100,000 devices: memory and file, each; what an event costs, and a restart; and what it
//! costs a handshake that it is remembered, or that somebody reads along.
//!
//! `LOWKEY_DEVICES=10000` for another number. Prints one line a figure.

use host_bench::{Contender, Group, Turns, resident};
use lowkey_core::{Id, Identity, PublicKey, Secret};
use lowkey_gateway::events::Events;
use lowkey_gateway::memory::Memory;
use lowkey_host::{Acceptor, Device, Devices, Event, Limits, Observer, Peer, Pinned, Pinning, connect};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::duplex;
use tokio::runtime::Builder;

fn main() {
    let devices = std::env::var("LOWKEY_DEVICES").ok().and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let folder = tempfile::tempdir().unwrap();
    let server = Arc::new(Identity::new(Secret::new([7; 32])).unwrap());
    let pinned: Vec<Arc<Pinned>> = (0..devices).map(|n| Arc::new(pinned(n, &server))).collect();
    let acceptor = Acceptor::new(server, pinned.iter().cloned().collect::<Devices>(), Limits::default());
    let acceptor = acceptor.unwrap();
    let from: Option<SocketAddr> = Some(([192, 0, 2, 7], 50_000).into());

    let memory = Memory::open(folder.path());
    let before = resident();
    let begun = Instant::now();
    for session in 0..SESSIONS {
        for pinned in &pinned {
            memory.observe(&Event::Confirmed { session, pinned, from });
        }
    }
    let event = begun.elapsed() / u32::try_from(SESSIONS * devices).unwrap();
    let begun = Instant::now();
    memory.bring_up_to_date(&acceptor);
    let all = begun.elapsed();
    let after = resident();
    println!("memory:   {devices} devices, each with all that is remembered of one");
    println!("event:    {event:>10.1?}; a session has two");
    println!("file:     {:>10.1} MiB", size(folder.path()));
    println!("write:    {all:>10.1?} for all of them, off every session's path");
    for n in 0..100 {
        for pinned in pinned.iter().skip(n).step_by(100) {
            memory.observe(&Event::Confirmed { session: SESSIONS, pinned, from });
        }
        memory.bring_up_to_date(&acceptor);
    }
    println!(
        "file:     {:>10.1} MiB after each device came once more, in a hundred writes",
        size(folder.path())
    );
    drop(memory);
    let begun = Instant::now();
    let memory = Memory::open(folder.path());
    println!("restart:  {:>10.1?} until all is remembered again", begun.elapsed());
    assert_eq!(memory.len() as u64, devices);
    if let (Some(before), Some(after)) = (before, after) {
        println!("memory:   {:>10} bytes a device", after.saturating_sub(before) / devices);
    }
    let turns = Turns { count: 401, length: Duration::from_millis(10), ..Turns::IN_MEMORY };
    let against = |name: &'static str, who, target: Option<f64>| {
        let ours = Contender::new(name, handshakes(&pinned, who));
        let others = Contender::new("heard by nobody", handshakes(&pinned, Heard::Nobody));
        Group { name: format!("KK to its end, {name}"), ours, others: vec![others.with_target(target)] }
    };
    let remembered = against("remembered", Heard::Memory(memory), Some(MOST));
    let read = against("read along", Heard::Reader(Events::new()), None);
    turns.print("memory and events", vec![remembered, read]);
}

/// Who hears of a session.
enum Heard {
    Nobody,
    /// A memory with a file.
    Memory(Memory),
    /// Somebody who reads along.
    Reader(Events),
}

/// Sessions of a device among all the others, from its first frame to its end; with a file that is written meanwhile,
/// or events that are read, by whoever hears of them.
fn handshakes(others: &[Arc<Pinned>], heard: Heard) -> impl FnMut(u64) -> Duration + use<> {
    let [server, device] = [11, 12].map(|byte| Identity::new(Secret::new([byte; 32])).unwrap());
    let peer = Peer::pin(&device, server.public_key()).unwrap();
    let id = Id::of_pinning(&device.public_key(), &server.public_key());
    let pinned = Pinned::new(Device::new("measured").unwrap(), &server, device.public_key()).unwrap();
    let all = others.iter().cloned().chain([Arc::new(pinned)]);
    let mut limits = Limits::default();
    limits.messages_1_per_second = u32::MAX;
    limits.messages_1_per_second_per_address = u32::MAX;
    let acceptor = Acceptor::new(server, all.collect::<Devices>(), limits).unwrap();
    // Where what is behind writes, or reads.
    let beside = Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
    match heard {
        Heard::Nobody => (),
        Heard::Memory(memory) => drop(beside.spawn(memory.keep(&acceptor))),
        Heard::Reader(events) => {
            acceptor.observe(events.clone());
            let mut reader = events.from_now_on();
            beside.spawn(async move {
                loop {
                    std::hint::black_box(reader.next().await.json().len());
                }
            });
        }
    }
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    move |rounds| {
        let _ = &beside; // it goes on for as long as this does
        let begun = Instant::now();
        for _ in 0..rounds {
            runtime.block_on(async {
                let (near, far) = duplex(4096);
                let pinning = Pinning { id, identity: &device, peer: &peer, psk: None };
                let limits = Limits::default();
                let (ours, theirs) = tokio::join!(connect(near, pinning, &limits), acceptor.accept(far));
                drop((ours.unwrap(), theirs.unwrap()));
            });
        }
        begun.elapsed()
    }
}

/// With a key that nobody has: nothing is multiplied.
fn pinned(n: u64, server: &Identity) -> Pinned {
    let mut key = [9; 32];
    key[..8].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
    let (device, key) = (Arc::new(Device::new(format!("pump-{n}")).unwrap()), PublicKey::new(key));
    let server = server.public_key();
    Pinned::cold(device, Id::of_pinning(&key, &server), &server, key).unwrap()
}

fn size(folder: &std::path::Path) -> f64 {
    std::fs::metadata(folder.join("devices.redb")).unwrap().len() as f64 / f64::from(1 << 20)
}

/// How much of the time of a handshake it may take to remember it.
const MOST: f64 = 1.03;
/// As many as are remembered one by one.
const SESSIONS: u64 = 6;
