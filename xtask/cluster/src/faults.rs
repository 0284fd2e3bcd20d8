//! The schedule: each fault, what is done during it, and what has to be so afterwards.

use crate::{
    cluster::{Cluster, Hears, within},
    device::Order,
    figures::Figures,
    gateway::Devices,
    oracle::{Rules, Sight},
    readiness::Expected,
};
use std::{path::Path, time::Duration};
use tokio::time::{Instant, sleep};
use xtask::command::Result;

/// All of it.
///
/// # Errors
/// The first promise that was not kept.
pub(crate) async fn play(mut cluster: Cluster, firmware: Option<&Path>) -> Result<()> {
    let done = all(&mut cluster, firmware).await;
    done.map_err(|error| cluster.logs(&*error))
}

async fn all(cluster: &mut Cluster, firmware: Option<&Path>) -> Result<()> {
    to_several(cluster).await?;
    if let Some(firmware) = firmware {
        cluster.have_boards(firmware).await?;
    }
    revocations(cluster).await?;
    for round in 0..cluster.size.kills() {
        for gateway in 0..cluster.gateways.len() {
            kill(cluster, gateway, round).await?;
        }
    }
    for (turn, time) in cluster.size.freezes().iter().enumerate() {
        freeze(cluster, turn % cluster.gateways.len(), *time).await?;
    }
    restart_of_nats(cluster).await?;
    partition(cluster, cluster.gateways.len() - 1).await?;
    upgrade(cluster).await?;
    cluster.revoke_a_board().await?;
    to_one(cluster).await?;
    cluster.judge(RULES)?;
    let Cluster { timeline, readiness, bounds, .. } = &*cluster;
    let asked: u32 = readiness.iter().map(|of| of.asked()).sum();
    timeline.say(&format!("readyz was asked {asked} times, and never said what was not so"));
    println!("revocation, from NATS's having it to the end that the device sees: {}", cluster.revocations);
    println!("takeover, from a gateway's death to the device's next answer: {}", cluster.takeovers);
    if bounds.are_strict() {
        println!("this machine was late by at most {} ms", bounds.late().as_millis());
    }
    println!("cluster: all as it should be, {:.1} s", timeline.seconds());
    Ok(())
}

/// From one server with a file to several gateways, as the book says.
async fn to_several(cluster: &mut Cluster) -> Result<()> {
    cluster.stage.push().await?;
    let (first, had) = (cluster.gateways[0].name, cluster.oracle.at(0).len());
    cluster
        .timeline
        .say(&format!("`lowkey registry push`: {had} devices; {first} is started again with `[nats]`"));
    restart_with(cluster, 0, Devices::Shared).await?;
    for gateway in 1..cluster.gateways.len() {
        cluster.gateways[gateway].configure(Devices::Shared)?;
        cluster.gateways[gateway].begin().await?;
        cluster.is_ready(gateway).await?;
    }
    // As in the course of time.
    let (begun, all) = (Instant::now(), cluster.oracle.at(0));
    all.iter().for_each(|device| cluster.devices.tell(*device, Order::Go(cluster.balancer.address())));
    cluster.all_connected(begun, all.len()).await?;
    cluster.agree().await?;
    cluster.judge(RULES)
}

/// And back.
async fn to_one(cluster: &mut Cluster) -> Result<()> {
    cluster.stage.pull(PULLED).await?;
    cluster.timeline.say("`lowkey registry pull`: the last gateways are stopped, and the first has the file");
    for gateway in 1..cluster.gateways.len() {
        let (since, had) = (Instant::now(), cluster.oracle.at(gateway).len());
        cluster.readiness[gateway].expect(Expected::Either);
        cluster.gateways[gateway].stop().await?;
        cluster.all_connected(since, had).await?;
        notice_at_most_a_reconnect(cluster, since)?;
    }
    restart_with(cluster, 0, Devices::File(PULLED)).await
}

/// Stops a gateway in order, and starts it with another registry.
async fn restart_with(cluster: &mut Cluster, gateway: usize, devices: Devices<'_>) -> Result<()> {
    let (since, had) = (Instant::now(), cluster.oracle.at(gateway).len());
    cluster.readiness[gateway].expect(Expected::Either);
    cluster.gateways[gateway].configure(devices)?;
    cluster.gateways[gateway].stop().await?;
    cluster.gateways[gateway].begin().await?;
    cluster.is_ready(gateway).await?;
    cluster.all_connected(since, had).await?;
    notice_at_most_a_reconnect(cluster, since)
}

fn notice_at_most_a_reconnect(cluster: &Cluster, since: Instant) -> Result<()> {
    let most = cluster.oracle.most_ended_since(since);
    if most > 1 && cluster.bounds.are_strict() {
        return Err(format!("a device had to come again {most} times").into());
    }
    Ok(())
}

/// One after another, at each gateway in turn.
async fn revocations(cluster: &mut Cluster) -> Result<()> {
    let count = cluster.size.revocations();
    cluster.timeline.say(&format!("{count} devices are revoked, one after another"));
    for turn in 0..count {
        let victim = cluster.take_at(turn % cluster.gateways.len())?;
        cluster.revoke(&[victim], cluster.all()).await?;
    }
    cluster.timeline.say(&format!("  {}", cluster.revocations));
    cluster.judge(RULES)
}

/// A gateway is gone in an instant, and comes again.
async fn kill(cluster: &mut Cluster, gateway: usize, round: usize) -> Result<()> {
    let name = cluster.gateways[gateway].name;
    let had = cluster.oracle.at(gateway).len();
    cluster.readiness[gateway].expect(Expected::Either);
    let since = Instant::now();
    cluster.gateways[gateway].kill().await?;
    cluster.timeline.say(&format!("{name} is killed (SIGKILL); {had} devices have to go"));
    cluster.all_connected(since, had).await?;
    let mut away = Figures::default();
    away.extend(cluster.oracle.away_since(since));
    cluster.were_back(&away)?;
    cluster.takeovers.extend(cluster.oracle.away_since(since));
    if round == 0 {
        let other = (gateway + 1) % cluster.gateways.len();
        let [victim, rotated] = [cluster.take_at(other)?, cluster.take_at(other)?];
        cluster.revoke(&[victim], Hears::AllBut(&[name])).await?;
        cluster.rotate(rotated, Hears::AllBut(&[name])).await?;
    }
    cluster.gateways[gateway].begin().await?;
    cluster.is_ready(gateway).await?;
    come_again(cluster, gateway).await?;
    cluster.judge(RULES)
}

/// A gateway stands still, and then goes on as if nothing had been: it must not keep what others have by then.
async fn freeze(cluster: &mut Cluster, gateway: usize, time: Duration) -> Result<()> {
    let name = cluster.gateways[gateway].name;
    let (begun, mut stuck) = (Instant::now(), Vec::new());
    for _ in 0..STUCK {
        let device = cluster.take_at(gateway)?;
        cluster.devices.tell(device, Order::Go(cluster.balancer.direct(gateway)));
        stuck.push(device);
    }
    cluster.all_connected(begun, STUCK).await?;
    let had = cluster.oracle.at(gateway).len() - STUCK;
    let since = Instant::now();
    cluster.readiness[gateway].expect(Expected::Either);
    cluster.oracle.goes_blind(gateway, Sight::Frozen);
    cluster.gateways[gateway].freeze();
    let seconds = time.as_secs();
    cluster.timeline.say(&format!("{name} is frozen (SIGSTOP) for {seconds} s; {STUCK} devices cannot tell"));
    cluster.all_connected(since, had).await?;
    let mut away = Figures::default();
    away.extend(cluster.oracle.away_since(since));
    cluster.were_back(&away)?;
    let (revoked, rest) = stuck.split_at(2);
    let (moved, rest) = rest.split_at(2);
    for device in moved {
        cluster.devices.tell(*device, Order::Leave(cluster.balancer.address()));
    }
    let elsewhere =
        || moved.iter().all(|device| cluster.oracle.held(*device).is_some_and(|at| at != gateway));
    cluster.oracle.until("devices that left, elsewhere", elsewhere).await?;
    cluster
        .timeline
        .say(&format!("  {} of them come elsewhere; {name} has their sessions still", moved.len()));
    let other = cluster.take_at((gateway + 1) % cluster.gateways.len())?;
    let victims = [revoked, &[other]].concat();
    cluster.revoke(&victims, Hears::AllBut(&[name])).await?;
    sleep(time.saturating_sub(since.elapsed())).await;
    // Before it: it may go on at once.
    cluster.oracle.sees(gateway);
    let thawed = Instant::now();
    cluster.gateways[gateway].thaw();
    cluster.timeline.say(&format!("{name} goes on (SIGCONT)"));
    for device in revoked {
        cluster.oracle.all_ended(*device, thawed, &[]).await?;
    }
    if RULES == Rules::OfAll {
        for device in moved {
            cluster.oracle.ended_before_last(*device).await?;
        }
    }
    cluster
        .timeline
        .say(&format!("  its old sessions are over after {:.2} s", thawed.elapsed().as_secs_f32()));
    for device in rest {
        cluster.devices.tell(*device, Order::Go(cluster.balancer.address()));
    }
    cluster.is_ready(gateway).await?;
    come_again(cluster, gateway).await?;
    cluster.judge(RULES)
}

/// No session ends for it.
async fn restart_of_nats(cluster: &mut Cluster) -> Result<()> {
    let since = Instant::now();
    for gateway in 0..cluster.gateways.len() {
        cluster.oracle.goes_blind(gateway, Sight::Cut);
    }
    cluster.nats.stop().await;
    cluster.timeline.say("NATS is stopped");
    let [victim, moves] = [cluster.take_at(0)?, cluster.take_at(0)?];
    cluster.devices.tell(moves, Order::Leave(cluster.balancer.direct(1)));
    cluster.oracle.until("a device that moves", || cluster.oracle.held(moves) == Some(1)).await?;
    sleep(PAUSE).await;
    cluster.nats.resume().await;
    cluster.timeline.say("NATS is started again");
    cluster.revoke(&[victim], cluster.all()).await?;
    (0..cluster.gateways.len()).for_each(|gateway| cluster.oracle.sees(gateway));
    cluster.timeline.say(&format!(
        "  a revocation is in force everywhere {:.1} s after the stop",
        since.elapsed().as_secs_f32()
    ));
    if RULES == Rules::OfAll {
        cluster.oracle.ended_before_last(moves).await?;
    }
    // The older one of the device that has moved.
    let had_to = usize::from(RULES == Rules::OfAll);
    let ended = cluster.oracle.ended_for_nothing_since(since);
    if ended > had_to && cluster.bounds.are_strict() {
        return Err(format!("{} sessions have ended, and nobody had to go", ended - had_to).into());
    }
    cluster.devices.tell(moves, Order::Go(cluster.balancer.address()));
    let rotated = cluster.take_at(0)?;
    cluster.rotate(rotated, cluster.all()).await?;
    cluster.pair(0, cluster.gateways.len()).await?;
    cluster.judge(RULES)
}

/// A gateway does not see NATS for longer than it may go on.
async fn partition(cluster: &mut Cluster, gateway: usize) -> Result<()> {
    let name = cluster.gateways[gateway].name;
    let had = cluster.oracle.at(gateway).len();
    let [deaf, hears] = [cluster.take_at(gateway)?, cluster.take_at(0)?];
    let since = Instant::now();
    cluster.readiness[gateway].expect(Expected::Either);
    cluster.oracle.goes_blind(gateway, Sight::Cut);
    cluster.gateways[gateway].cable().cut();
    let max_stale = cluster.size.max_stale();
    let seconds = max_stale.as_secs();
    cluster.timeline.say(&format!(
        "{name} is cut off from NATS; its `max_stale` is {seconds} s, and it has {had} devices"
    ));
    cluster.revoke(&[deaf, hears], Hears::AllBut(&[name])).await?;
    cluster.balancer.sees(cluster.gateways[gateway].name, false).await?;
    cluster.readiness[gateway].expect(Expected::NotReady);
    cluster.oracle.until("the end of its sessions", || cluster.oracle.at(gateway).is_empty()).await?;
    cluster.oracle.all_ended(deaf, Instant::now(), &[]).await?;
    let took = since.elapsed();
    cluster.timeline.say(&format!(
        "  it lets nobody in, and its sessions have ended, {:.1} s after that",
        took.as_secs_f32()
    ));
    if took > max_stale + cluster.bounds.of(crate::cluster::END) {
        return Err("sessions went on for longer than `max_stale`".into());
    }
    cluster.all_connected(since, had).await?;
    let mut away = Figures::default();
    away.extend(cluster.oracle.between_sessions(since));
    cluster.were_back(&away)?;
    cluster.readiness[gateway].says_so().await?;
    let rotated = cluster.take_at(0)?;
    cluster.rotate(rotated, Hears::AllBut(&[name])).await?;
    cluster.readiness[gateway].expect(Expected::Either);
    cluster.gateways[gateway].cable().heal();
    cluster.timeline.say(&format!("{name} sees NATS again"));
    cluster.is_ready(gateway).await?;
    cluster.oracle.sees(gateway);
    come_again(cluster, gateway).await?;
    let victim = cluster.take_at(gateway)?;
    cluster.revoke(&[victim], cluster.all()).await?;
    cluster.judge(RULES)
}

/// One gateway after another is stopped in order and started again: the same program, as there is no other version yet.
async fn upgrade(cluster: &mut Cluster) -> Result<()> {
    cluster.timeline.say("a rolling upgrade, of one version to itself");
    for gateway in 0..cluster.gateways.len() {
        let name = cluster.gateways[gateway].name;
        let had = cluster.oracle.at(gateway).len();
        let victim = cluster.take_at((gateway + 1) % cluster.gateways.len())?;
        cluster.readiness[gateway].expect(Expected::Either);
        let since = Instant::now();
        let status = cluster.gateways[gateway].stop().await?;
        cluster.timeline.say(&format!("{name} is stopped (SIGTERM): {status}; {had} devices have to go"));
        cluster.all_connected(since, had).await?;
        let mut away = Figures::default();
        away.extend(cluster.oracle.away_since(since));
        cluster.were_back(&away)?;
        notice_at_most_a_reconnect(cluster, since)?;
        if !status.success() && cluster.bounds.are_strict() {
            return Err(format!("it ends with {status}").into());
        }
        let others = cluster.gateways.len() - 1;
        cluster.revoke(&[victim], Hears::All(others)).await?;
        cluster.pair((gateway + 1) % cluster.gateways.len(), others).await?;
        cluster.gateways[gateway].begin().await?;
        cluster.is_ready(gateway).await?;
        come_again(cluster, gateway).await?;
    }
    cluster.judge(RULES)
}

/// Has some devices come anew until this gateway has its share, as in the course of time, and among them one that has
/// had no part yet.
async fn come_again(cluster: &Cluster, gateway: usize) -> Result<()> {
    let share = cluster.size.devices() / cluster.gateways.len() / 3;
    let shared = async {
        while cluster.oracle.at(gateway).len() < share || cluster.free_at(gateway).is_empty() {
            let begun = Instant::now();
            let others = (0..cluster.gateways.len()).filter(|other| *other != gateway);
            let mut many: Vec<usize> = others.flat_map(|other| cluster.oracle.at(other)).collect();
            many.sort_unstable_by_key(|device| (cluster.is_taken(*device), *device));
            many.truncate(share);
            let count = many.len();
            many.into_iter().for_each(|device| {
                cluster.devices.tell(device, Order::Go(cluster.balancer.address()));
            });
            cluster.oracle.all_connected(begun, count).await?;
        }
        Ok(())
    };
    within("devices come again", shared).await?;
    cluster.with_boards().await?;
    cluster.agree().await
}

/// What is held.
const RULES: Rules = Rules::OfAll;
/// Devices that are connected past the balancer.
const STUCK: usize = 6;
/// The registry, for the one server that is left.
const PULLED: &str = "pulled.toml";
const PAUSE: Duration = Duration::from_millis(500);
