//! More callers than there is room for: whole fleets behind one address, and strangers beside them (protocol §3,
//! "Load").
//!
//! `cargo test -p lowkey-host --test server load -- --nocapture --include-ignored` prints what is measured, in some
//! minutes; what asserts in a few seconds is small, with limits that are an eighth of the defaults.

mod scene;

use lowkey_host::Limits;
use scene::{FirstFrame, Outcome, ROUND_TRIP, Scene, Strangers};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

const BOTH: [FirstFrame; 2] = [FirstFrame::AtOnce, FirstFrame::Later];

/// The address that all devices are behind.
fn site() -> IpAddr {
    IpAddr::from([203, 0, 113, 7])
}

/// An address for each, as they are spread over the world.
fn anywhere(n: usize) -> IpAddr {
    let n = u32::try_from(n).unwrap();
    Ipv4Addr::from_bits((n + 1).wrapping_mul(0x9e37_79b1)).into()
}

/// A /64 for each in one /48.
fn in_one_48(n: usize) -> IpAddr {
    Ipv6Addr::new(0x2001, 0xdb8, 0, u16::try_from(n % 65_536).unwrap(), 0, 0, 0, 1).into()
}

fn within(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The defaults, divided.
fn an_eighth() -> Limits {
    let mut limits = Limits::default();
    limits.attempts /= 8;
    limits.attempts_per_address /= 8;
    limits.messages_1_per_second /= 8;
    limits.messages_1_per_second_per_address /= 8;
    limits
}

fn print(outcome: Outcome) -> Outcome {
    println!("{outcome}");
    outcome
}

#[tokio::test(start_paused = true)]
async fn load_a_fleet_behind_one_address_is_confirmed_at_the_default_limits() {
    for first_frame in BOTH {
        let scene = Scene::new(1500, Limits::default(), 1);
        let name = format!("1,500 devices behind one address, first frame {first_frame:?}");
        let outcome = print(scene.fleet(&name, first_frame, |_| site(), within(60)).await);
        assert!(outcome.all_within(within(30)), "{outcome}");
    }
}

#[tokio::test(start_paused = true)]
async fn load_below_capacity_all_are_confirmed_and_above_it_as_many_as_can_be() {
    for first_frame in BOTH {
        // As many as can wait for their confirmation, in the time that it takes.
        let capacity = an_eighth().attempts_per_address as f64 / ROUND_TRIP.as_secs_f64();
        // At capacity chance brings more than that at times: Erlang's formula leaves 0.88 of places for 32.
        for (of_capacity, at_least) in [(0.25, 1.0), (1.0, 0.8), (3.0, 0.3)] {
            let scene = Scene::new(200, an_eighth(), 2);
            let name = format!("{of_capacity} of capacity, first frame {first_frame:?}");
            let stream = scene.stream(&name, first_frame, site(), of_capacity * capacity, 10);
            let outcome = print(stream.await);
            assert!(outcome.share() >= at_least, "{outcome}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn load_silent_strangers_from_everywhere_keep_no_fleet_out() {
    for first_frame in BOTH {
        let mut scene = Scene::new(1500 / 8, an_eighth(), 3);
        scene.strangers(10_000 / 8, Strangers::Silent, anywhere);
        let name = format!("187 devices, 1,250 silent strangers, first frame {first_frame:?}");
        let outcome = print(scene.fleet(&name, first_frame, |_| site(), within(240)).await);
        assert!(outcome.all_within(within(120)), "{outcome}");
    }
}

#[tokio::test(start_paused = true)]
async fn load_sixty_four_hostile_addresses_use_up_neither_attempts_nor_messages() {
    for what in [Strangers::Silent, Strangers::Talking] {
        let mut scene = Scene::new(1500 / 8, an_eighth(), 4);
        scene.strangers(64 * 16, what, |n| anywhere(n % 64));
        let name = format!("187 devices, 64 hostile addresses, {what:?}");
        let outcome = print(scene.fleet(&name, FirstFrame::Later, |_| site(), within(240)).await);
        assert!(outcome.all_within(within(120)), "{outcome}");
    }
}

#[tokio::test(start_paused = true)]
async fn load_a_whole_network_of_48_bits_is_no_more_than_one_of_many() {
    for what in [Strangers::Silent, Strangers::Talking] {
        let mut scene = Scene::new(64, an_eighth(), 5);
        scene.strangers(1024, what, in_one_48);
        let name = format!("64 devices at 64 addresses, 1,024 strangers in one /48, {what:?}");
        let from = |n| anywhere(10_000 + n);
        let outcome = print(scene.fleet(&name, FirstFrame::Later, from, within(120)).await);
        assert!(outcome.all_within(within(30)), "{outcome}");
    }
}

#[tokio::test(start_paused = true)]
#[ignore = "takes minutes"]
async fn measured_with_ten_thousand_silent_strangers_from_everywhere() {
    for first_frame in BOTH {
        let mut scene = Scene::new(1500, Limits::default(), 6);
        scene.strangers(10_000, Strangers::Silent, anywhere);
        let name = format!("1,500 devices, 10,000 silent strangers elsewhere, first frame {first_frame:?}");
        let outcome = print(scene.fleet(&name, first_frame, |_| site(), within(240)).await);
        assert!(outcome.all_within(within(120)), "{outcome}");
    }
}

#[tokio::test(start_paused = true)]
#[ignore = "takes minutes"]
async fn measured_with_silent_strangers_from_the_fleet_s_own_address() {
    for first_frame in BOTH {
        let mut scene = Scene::new(1500, Limits::default(), 7);
        scene.strangers(10_000, Strangers::Silent, |_| site());
        let name = format!("1,500 devices, 10,000 silent strangers at home, first frame {first_frame:?}");
        print(scene.fleet(&name, first_frame, |_| site(), within(240)).await);
    }
}

#[tokio::test(start_paused = true)]
#[ignore = "takes minutes"]
async fn measured_with_sixty_four_hostile_addresses() {
    for what in [Strangers::Silent, Strangers::Talking] {
        let mut scene = Scene::new(1500, Limits::default(), 8);
        scene.strangers(64 * 100, what, |n| anywhere(n % 64));
        let name = format!("1,500 devices, 6,400 strangers from 64 addresses, {what:?}");
        let outcome = print(scene.fleet(&name, FirstFrame::Later, |_| site(), within(240)).await);
        assert!(outcome.all_within(within(120)), "{outcome}");
    }
}

#[tokio::test(start_paused = true)]
#[ignore = "takes minutes"]
async fn measured_with_a_device_at_each_address_and_ten_thousand_silent_strangers() {
    for first_frame in BOTH {
        let mut scene = Scene::new(1500, Limits::default(), 9);
        scene.strangers(10_000, Strangers::Silent, anywhere);
        let name =
            format!("1,500 devices at 1,500 addresses, 10,000 silent strangers, first frame {first_frame:?}");
        let from = |n| anywhere(10_000 + n);
        print(scene.fleet(&name, first_frame, from, within(240)).await);
    }
}
