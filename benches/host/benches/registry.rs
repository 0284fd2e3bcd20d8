//! A registry of 100,000 devices: how long it takes to load, to find one, to read again after a small change, and how
//! much memory it takes.
//!
//! `LOWKEY_DEVICES=10000` for another number. Prints one line a figure; the fastest of three.

use host_bench::resident;
use lowkey_core::{Id, Identity, PublicKey, Secret};
use lowkey_host::Registry;
use lowkey_registry::{LiveRegistry, keys};
use std::fmt::Write;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn main() {
    let devices = std::env::var("LOWKEY_DEVICES").ok().and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let folder = std::env::temp_dir().join(format!("lowkey-registry-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let measured = std::panic::catch_unwind(|| measure(&folder.join("devices.toml"), devices));
    std::fs::remove_dir_all(&folder).unwrap();
    measured.unwrap();
}

fn measure(path: &std::path::Path, devices: u64) {
    let server = Arc::new(Identity::new(Secret::new([7; 32])).unwrap());
    let text = text(devices);
    std::fs::write(path, &text).unwrap();
    println!("registry: {devices} devices, {:.1} MB of TOML", text.len() as f64 / 1e6);

    let before = resident();
    let registry = LiveRegistry::load(path, Arc::clone(&server)).unwrap();
    let warm = timed(|| {
        while !registry.is_warm() {
            std::thread::sleep(Duration::from_millis(1));
        }
    });
    let after = resident();
    let load = fastest(|| LiveRegistry::load(path, Arc::clone(&server)).unwrap());
    println!("load:     {load:>10.1?}");
    println!("warm-up:  {warm:>10.1?} in the background, once");
    println!("look-up:  {:>10.1?} of a known id", look_up(&registry, &ids(&server, 0, devices)));
    println!("look-up:  {:>10.1?} of an unknown id", look_up(&registry, &ids(&server, devices, 2 * devices)));

    let mut removed = false;
    let reload = fastest(|| {
        let rest = text.find("\n[[device]]").unwrap();
        removed = !removed;
        std::fs::write(path, if removed { &text[rest..] } else { &text }).unwrap();
        let changes = registry.reload().unwrap();
        assert!(changes.any());
    });
    println!("reload:   {reload:>10.1?} after one device was removed or added");
    if let (Some(before), Some(after)) = (before, after) {
        println!("memory:   {:>10} bytes a device", after.saturating_sub(before) / devices);
    }
}

/// As `lowkey provision` writes it, with a label.
fn text(devices: u64) -> String {
    let mut text = String::new();
    for n in 0..devices {
        let key = keys::encode_public(&key(n));
        write!(text, "[[device]]\nname = \"pump-{n}\"\nkey = \"{key}\"\nlabels = {{ site = \"north\" }}\n\n")
            .unwrap();
    }
    text
}

/// Different keys that nobody has: loading does not multiply.
fn key(n: u64) -> PublicKey {
    let mut bytes = [9; 32];
    bytes[..8].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
    PublicKey::new(bytes)
}

/// Some ids in no order, so that not all of them are in a cache.
fn ids(server: &Identity, from: u64, to: u64) -> Vec<Id> {
    let spread = |n: u64| from + n.wrapping_mul(0x9e37_79b9_7f4a_7c15) % (to - from);
    (0..10_000).map(|n| Id::of_pinning(&key(spread(n)), &server.public_key())).collect()
}

fn look_up(registry: &LiveRegistry, ids: &[Id]) -> Duration {
    let rounds = 10;
    let took = timed(|| {
        for id in (0..rounds).flat_map(|_| ids) {
            black_box(registry.lookup(black_box(id)));
        }
    });
    took / (rounds * u32::try_from(ids.len()).unwrap())
}

/// Of three times; letting go of what was made is not part of it.
fn fastest<T>(mut work: impl FnMut() -> T) -> Duration {
    let mut once = || {
        let mut made = None;
        let took = timed(|| made = Some(work()));
        drop(black_box(made));
        took
    };
    (0..3).map(|_| once()).min().unwrap()
}

fn timed(work: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}
