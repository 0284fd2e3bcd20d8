//! The schedule: each fault, and that messages are acknowledged again behind it.

use super::{
    Trial,
    judge::judge,
    sender::{Order, WENT_BACK, run_of},
};
use crate::roster::{Roster, name};
use lowkey_host::numbered::RunId;
use lowkey_registry::keys::encode_public;
use std::{fs, mem::take, sync::Arc, time::Duration};
use tokio::time::{Instant, sleep};
use xtask::command::Result;

/// All of it.
///
/// # Errors
/// The first promise that was not kept.
pub(crate) async fn play(trial: &mut Trial) -> Result<()> {
    let begun = Instant::now();
    let devices: Vec<usize> = (0..trial.extent.devices()).collect();
    trial.all_hear(&devices, begun).await?;
    let (rated, before) = (Instant::now(), trial.ledger.acknowledged());
    trial.goes_on(trial.extent.messages() / 10).await?;
    let rate = (trial.ledger.acknowledged() - before) as f64 / rated.elapsed().as_secs_f64();
    trial.timeline.say(&format!("{rate:.0} messages a second are acknowledged"));
    for gateway in 0..trial.gateways.len() {
        kill(trial, gateway, &devices).await?;
    }
    freeze(trial, 0).await?;
    nats(trial, &devices).await?;
    partition(trial, 1).await?;
    if trial.stream.is_queue() {
        in_no_row(trial, &devices).await?;
    }
    close(trial, 0, &devices).await?;
    reboot(trial).await?;
    restored_flash(trial, 0).await?;
    copied_board(trial, 1).await?;
    stolen(trial, 2).await?;
    let left = trial.extent.messages().saturating_sub(trial.ledger.acknowledged());
    trial.goes_on(left).await?;
    trial.ledger.close();
    trial
        .until("all outboxes are empty", || {
            let stopped = [0, 1, 2];
            trial.ledger.not_empty().iter().all(|device| stopped.contains(device))
        })
        .await?;
    trial.boards.end().await;
    let stored = trial.stream.all().await?;
    let of_boards = take(&mut trial.boards).judge(&stored)?;
    let acknowledged = judge(&trial.ledger, &stored, trial.extent.devices())?;
    if of_boards > 0 {
        trial.timeline.say(&format!(
            "both boards were started again and again: {of_boards} readings are acknowledged and stored, each once"
        ));
    }
    trial.timeline.say(&format!(
        "{acknowledged} messages were acknowledged, and all are stored, each once and in its order; {} are stored",
        stored.len()
    ));
    if acknowledged < trial.extent.messages() {
        return Err(format!("{acknowledged} messages are too few").into());
    }
    println!("stored: all as it should be, {:.1} s", trial.timeline.seconds());
    Ok(())
}

/// A gateway is gone, as in a power cut, and comes again.
async fn kill(trial: &mut Trial, gateway: usize, devices: &[usize]) -> Result<()> {
    let name = trial.gateways[gateway].name;
    let since = Instant::now();
    trial.gateways[gateway].kill().await?;
    let took = trial.all_hear(devices, since).await?;
    trial.timeline.say(&format!(
        "{name} is killed (SIGKILL): every device is acknowledged again after {:.2} s at most",
        took.as_secs_f32()
    ));
    if took > trial.extent.takeover() {
        return Err(format!("that is more than {:?}", trial.extent.takeover()).into());
    }
    trial.gateways[gateway].begin().await?;
    trial.balancer.sees(name, true).await?;
    trial.goes_on(trial.extent.devices() * 5).await
}

/// A gateway stands still, for longer than the stream knows a message by its id, and wakes up with what it was about to
/// store.
async fn freeze(trial: &mut Trial, gateway: usize) -> Result<()> {
    let name = trial.gateways[gateway].name;
    trial.gateways[gateway].freeze();
    sleep(STANDS_STILL).await;
    trial.gateways[gateway].thaw();
    trial.timeline.say(&format!("{name} was frozen for {STANDS_STILL:?}, and goes on"));
    trial.balancer.sees(name, true).await?;
    trial.goes_on(trial.extent.devices() * 5).await
}

/// NATS is stopped, killed, and comes back with what it has.
async fn nats(trial: &mut Trial, devices: &[usize]) -> Result<()> {
    for kills in [false, true] {
        if kills {
            trial.nats.kill().await;
        } else {
            trial.nats.stop().await;
        }
        sleep(PAUSE).await;
        let since = Instant::now();
        trial.nats.resume().await;
        let took = trial.all_hear(devices, since).await?;
        let how = if kills { "killed" } else { "stopped" };
        trial.timeline.say(&format!(
            "NATS was {how}: every device is acknowledged again {:.1} s after it is back",
            took.as_secs_f32()
        ));
    }
    Ok(())
}

/// A gateway does not see NATS for a while.
async fn partition(trial: &mut Trial, gateway: usize) -> Result<()> {
    let name = trial.gateways[gateway].name;
    trial.gateways[gateway].cable().cut();
    sleep(STANDS_STILL).await;
    trial.gateways[gateway].cable().heal();
    trial.timeline.say(&format!("{name} was cut off from NATS for {STANDS_STILL:?}"));
    trial.goes_on(trial.extent.devices() * 5).await
}

/// What is stored comes into no row any more before its gateway is killed, the service takes it, and the devices come
/// again when the stream has forgotten its id.
async fn in_no_row(trial: &mut Trial, devices: &[usize]) -> Result<()> {
    trial.stream.forgets().await?;
    sleep(STANDS_STILL).await;
    for gateway in &mut trial.gateways {
        gateway.kill().await?;
    }
    let taken = trial.stream.taken();
    let is_left = |(device, run): &(usize, RunId)| {
        taken.get(&(name(*device), *run)) > trial.ledger.up_to(*device, *run).as_ref()
    };
    let left = devices.iter().map(|device| (*device, run_of(*device, 0))).filter(is_left).count();
    sleep(STANDS_STILL).await;
    trial.stream.remembers().await?;
    let since = Instant::now();
    for gateway in 0..trial.gateways.len() {
        trial.gateways[gateway].begin().await?;
        trial.balancer.sees(trial.gateways[gateway].name, true).await?;
    }
    trial.all_hear(devices, since).await?;
    trial.timeline.say(&format!(
        "no row could be written, and both gateways were killed: of {left} devices a message was stored, taken, and \
         not acknowledged; {STANDS_STILL:?} later they come again"
    ));
    if left == 0 { Err("of no device".into()) } else { Ok(()) }
}

/// A gateway ends in order while it owes ACKs.
async fn close(trial: &mut Trial, gateway: usize, devices: &[usize]) -> Result<()> {
    let name = trial.gateways[gateway].name;
    let since = Instant::now();
    let status = trial.gateways[gateway].stop().await?;
    let took = trial.all_hear(devices, since).await?;
    trial.timeline.say(&format!(
        "{name} is stopped (SIGTERM): {status}; every device is acknowledged after {:.2} s at most",
        took.as_secs_f32()
    ));
    trial.gateways[gateway].begin().await?;
    trial.balancer.sees(name, true).await
}

/// A part of the devices lose their power, and with it what was in RAM: it was never acknowledged.
async fn reboot(trial: &mut Trial) -> Result<()> {
    for round in 2..4 {
        let some: Vec<usize> = (3..trial.extent.devices()).filter(|device| device % 3 == 0).collect();
        let since = trial.tell(&some, &Order::Boot(round)).await?;
        trial.all_hear(&some, since).await?;
    }
    trial.timeline.say("a third of the devices were started again, twice, without what they had in RAM");
    Ok(())
}

/// A device's flash is put back to what it was at an earlier start.
async fn restored_flash(trial: &mut Trial, device: usize) -> Result<()> {
    let since = trial.tell(&[device], &Order::Boot(9)).await?;
    trial.all_hear(&[device], since).await?;
    let run = run_of(device, 0);
    trial.tell(&[device], &Order::Boot(5)).await?;
    trial.until("its own side refuses", || trial.ledger.refusals(device, WENT_BACK) > 0).await?;
    let up_to = trial.ledger.up_to(device, run);
    trial.timeline.say(&format!("{}: its flash was restored; numbers went back, and it stops", name(device)));
    let since = trial.tell(&[device], &Order::Run(run_of(device, 1), 1)).await?;
    trial.all_hear(&[device], since).await?;
    if trial.ledger.up_to(device, run) != up_to {
        return Err("more of the run was acknowledged that it had before".into());
    }
    trial.timeline.say("  with a new run it goes on");
    Ok(())
}

/// Two boards have the same keys, and the same counter.
async fn copied_board(trial: &mut Trial, device: usize) -> Result<()> {
    let keys = Arc::clone(&trial.roster.members()[device]);
    trial.senders.copy(device, &keys, trial.balancer.address(), 1);
    trial.until("one of both is refused", || trial.ledger.refusals(device, WENT_BACK) > 0).await?;
    trial
        .timeline
        .say(&format!("{}: two boards have its keys; numbers went back, and one stops", name(device)));
    Ok(())
}

/// Whoever has a device's keys gives the last number that there is; its successor of the same name has new keys.
async fn stolen(trial: &mut Trial, device: usize) -> Result<()> {
    let since = trial.tell(&[device], &Order::Say(u64::MAX)).await?;
    trial.all_hear(&[device], since).await?;
    let named = name(device);
    let said = trial.stage.change(&["revoke", &named], WAIT).await?;
    said.well()?;
    let successor = Roster::new(1, trial.stage.server_key())?;
    let [keys] = successor.members() else { return Err("no keys".into()) };
    let key = encode_public(&keys.public());
    fs::write(trial.stage.folder().join("successor.pub"), key)?;
    let registers = ["provision", "--public-key", "successor.pub", "--name", &named];
    trial.stage.change(&registers, WAIT).await?.well()?;
    let since = trial.tell(&[device], &Order::Take(Arc::clone(keys), run_of(device, 1))).await?;
    trial.all_hear(&[device], since).await?;
    trial.timeline.say(&format!("{named}: after number 2^64 − 1 of a thief its successor is acknowledged"));
    Ok(())
}

const STANDS_STILL: Duration = Duration::from_secs(4);
const PAUSE: Duration = Duration::from_secs(1);
const WAIT: &str = "30s";
