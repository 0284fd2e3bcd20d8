//! What a registry over NATS costs a gateway, next to one in a file: memory for many devices, and handshakes.
//!
//! Both gateways run at the same time on the same machine and are asked in turn, so that what else it does hits both.

use crate::stage::{Stage, registry};
use fleet::{
    admin,
    board::{Board, Keys, address},
    server,
};
use lowkey_registry::keys::encode_public;
use std::{
    fmt::Write as _,
    fs,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use test_support::{Random, nats::NatsServer};
use tokio::{
    process::Child,
    task::JoinSet,
    time::{Instant, sleep, sleep_until, timeout},
};
use xtask::command::Result;

/// Measures, and prints.
///
/// # Errors
/// A gateway does not begin, or does not let a device in.
pub(crate) async fn run(lowkey: PathBuf) -> Result<()> {
    let nats = NatsServer::start().await.ok_or("no nats-server")?;
    let stage = Stage::new(lowkey, &nats)?;
    let members = (0..CALLERS).map(|_| Ok(Arc::new(Keys::new(stage.server_key())?)));
    let members = members.collect::<Result<Vec<_>>>()?;
    let few = rows(&stage, members.iter().map(Arc::as_ref));
    handshakes(&stage, &nats, &members, &few).await?;
    memory(&stage, &nats, &few).await
}

/// A server with a registry in a file, or in NATS.
struct Measured {
    child: Child,
    address: SocketAddr,
    folder: PathBuf,
}

impl Measured {
    async fn begin(stage: &Stage, name: &str, source: &str) -> Result<Self> {
        let folder = stage.folder().join(name);
        fs::create_dir(&folder)?;
        let text = format!(
            "key = \"../server.key\"\nlisten = \"127.0.0.1:0\"\necho = true\n{source}\n[admin]\nlisten = \
             \"unix:admin.sock\"\n[log]\nlevel = \"warn\"\n[limits]\n\
             messages_1_per_second = {FREE}\nmessages_1_per_second_per_address = {FREE}\n"
        );
        fs::write(folder.join("lowkey.toml"), text)?;
        let (child, address) = server::serve(&stage.lowkey, &folder, &folder.join("serve.log")).await?;
        Ok(Self { child, address, folder })
    }

    async fn in_file(stage: &Stage, name: &str, rows: &str) -> Result<Self> {
        let file = stage.folder().join(format!("{name}.toml"));
        fs::write(&file, rows)?;
        Self::begin(stage, name, &format!("devices = {file:?}")).await
    }

    async fn in_nats(stage: &Stage, name: &str, nats: &NatsServer) -> Result<Self> {
        let registry = registry(&nats.url());
        Self::begin(stage, name, &format!("[nats]\nregistry = \"{registry}\"\nname = \"{name}\"")).await
    }

    /// In KiB, once it no longer grows.
    async fn memory(&self, devices: usize) -> Result<u64> {
        let has_all = async {
            loop {
                let said = admin::text(&self.folder.join("admin.sock"), "/metrics").await?;
                if said.contains(&format!("\nlowkey_registry_pinnings {devices}\n")) {
                    return Ok::<(), Box<dyn std::error::Error + Send + Sync>>(());
                }
                sleep(LOOK).await;
            }
        };
        timeout(PATIENCE, has_all).await.map_err(|_| format!("it never has {devices} devices"))??;
        let mut last = self.resident()?;
        loop {
            sleep(SETTLES).await;
            let now = self.resident()?;
            if now.abs_diff(last) < STILL {
                return Ok(now);
            }
            last = now;
        }
    }

    fn resident(&self) -> Result<u64> {
        resident(self.child.id())
    }
}

/// A process's time on the processor so far, in ticks.
fn worked(process: Option<u32>) -> Result<u64> {
    let process = process.ok_or("it has ended")?;
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, fields) = stat.rsplit_once(')').ok_or("no stat")?;
    // proc(5): utime and stime are fields 14 and 15, and 3 is the first behind the name.
    let mut fields = fields.split_whitespace().skip(11);
    let mut ticks = || fields.next().and_then(|field| field.parse::<u64>().ok()).ok_or("no time in stat");
    Ok(ticks()? + ticks()?)
}

/// What a process has in memory, in KiB.
fn resident(process: Option<u32>) -> Result<u64> {
    let process = process.ok_or("it has ended")?;
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

/// Sessions that devices begin, one after another at each, in the same time: file, NATS, file, NATS.
async fn handshakes(stage: &Stage, nats: &NatsServer, members: &[Arc<Keys>], few: &str) -> Result<()> {
    let file = Measured::in_file(stage, "file", few).await?;
    fs::write(stage.folder().join("devices.toml"), few)?;
    stage.push().await?;
    let shared = Measured::in_nats(stage, "shared", nats).await?;
    let servers = [&file, &shared];
    // Warm.
    for server in servers {
        begun_in(BLOCK, server.address, members).await?;
    }
    let mut times = [Vec::new(), Vec::new()];
    for turn in 0..TIMED {
        for at in [turn % 2, (turn + 1) % 2] {
            times[at].push(handshake(servers[at].address, &members[turn % CALLERS]).await?);
        }
    }
    let [of_file, of_nats] = times.map(median);
    println!(
        "a handshake, one device at a time: file {of_file:.0} µs, NATS {of_nats:.0} µs, NATS to file {:.3}",
        of_nats / of_file
    );
    let (mut rates, mut all) = ([Vec::new(), Vec::new()], [0, 0]);
    let (mut ticks, mut nats_ticks) = ([0, 0], [0, 0]);
    for turn in 0..BLOCKS {
        for at in [turn % 2, (turn + 1) % 2] {
            let [before, beside] = [worked(servers[at].child.id())?, worked(nats.process())?];
            let begun = begun_in(BLOCK, servers[at].address, members).await?;
            ticks[at] += worked(servers[at].child.id())? - before;
            nats_ticks[at] += worked(nats.process())? - beside;
            all[at] += begun;
            rates[at].push(begun as f64 / BLOCK.as_secs_f64());
        }
    }
    let [file, nats] = rates.map(median);
    println!(
        "sessions begun, {CALLERS} devices at once: file {file:.0} /s, NATS {nats:.0} /s, NATS to file {:.3}",
        nats / file
    );
    let each = |ticks: [u64; 2]| [0, 1].map(|at| ticks[at] as f64 / TICKS_PER_SECOND / all[at] as f64 * 1e6);
    let ([file, nats], [_, beside]) = (each(ticks), each(nats_ticks));
    println!(
        "processor time for each session: file {file:.0} µs, NATS {nats:.0} µs with its lease, and nats-server {beside:.0} µs"
    );
    Ok(())
}

/// How many microseconds one takes, from the first packet until the device knows its server.
async fn handshake(server: SocketAddr, keys: &Arc<Keys>) -> Result<f64> {
    let board = Board::new(keys, address(0), server, Random::from_seed(0), [1, 1]);
    let begun = Instant::now();
    let mut connection = board.connect().await?;
    let took = begun.elapsed();
    connection.send(b"21.5 C").await?;
    connection.recv().await?;
    connection.close().await?;
    // Whatever follows from it is over before the next.
    sleep(BETWEEN).await;
    Ok(took.as_secs_f64() * 1e6)
}

/// How many sessions began and had an answer.
async fn begun_in(time: Duration, server: SocketAddr, members: &[Arc<Keys>]) -> Result<usize> {
    let (begun, end) = (Arc::new(AtomicUsize::new(0)), Instant::now() + time);
    let mut callers = JoinSet::new();
    for (number, keys) in members.iter().enumerate() {
        let begun = Arc::clone(&begun);
        let board = Board::new(keys, address(number), server, Random::from_seed(0), [1, 1]);
        callers.spawn(async move {
            while Instant::now() < end {
                let mut connection = board.connect().await?;
                connection.send(b"21.5 C").await?;
                connection.recv().await?;
                begun.fetch_add(1, Ordering::Relaxed);
                connection.close().await?;
            }
            Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
        });
    }
    sleep_until(end).await;
    while let Some(ended) = callers.join_next().await {
        ended??;
    }
    Ok(begun.load(Ordering::Relaxed))
}

/// What a gateway has in memory for many devices, next to one that has few.
async fn memory(stage: &Stage, nats: &NatsServer, few: &str) -> Result<()> {
    let mut many = few.to_owned();
    for number in 0..MANY - CALLERS {
        many += &row(&format!("many-{number}"), &Keys::new(stage.server_key())?);
    }
    let empty = Measured::in_nats(stage, "empty", nats).await?.memory(CALLERS).await?;
    let filled = Measured::in_file(stage, "file-of-many", &many).await?.memory(MANY).await?;
    fs::write(stage.folder().join("devices.toml"), &many)?;
    let (before, begun) = (resident(nats.process())?, Instant::now());
    stage.push().await?;
    let took = begun.elapsed().as_secs_f64();
    println!("`lowkey registry push` of {MANY} devices, each on the disk: {took:.0} s");
    let [before, after] = [before, resident(nats.process())?].map(|kib| kib / 1024);
    println!("nats-server's own memory: {before} MiB before that, {after} MiB after it");
    let begun = Instant::now();
    let shared = Measured::in_nats(stage, "many", nats).await?;
    let took = begun.elapsed().as_secs_f64();
    println!("a gateway's start with them, until it listens: {took:.1} s");
    let shared = shared.memory(MANY).await?;
    let [file, shared] = [filled, shared].map(|kib| (kib - empty) as f64 / 1024.0);
    println!(
        "memory for {MANY} devices: NATS {shared:.0} MiB, file {file:.0} MiB, above {:.0} MiB",
        empty as f64 / 1024.0
    );
    Ok(())
}

fn rows<'k>(stage: &Stage, members: impl Iterator<Item = &'k Keys>) -> String {
    let head = format!("server = \"{}\"\n", encode_public(&stage.server_key()));
    members.enumerate().fold(head, |text, (number, keys)| text + &row(&format!("caller-{number}"), keys))
}

fn row(name: &str, keys: &Keys) -> String {
    let mut row = String::new();
    let _ = write!(row, "\n[[device]]\nname = \"{name}\"\nkey = \"{}\"\n", encode_public(&keys.public()));
    row
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

const MANY: usize = 100_000;
const CALLERS: usize = 16;
/// Of the one and of the other.
const BLOCKS: usize = 10;
/// More handshakes a second than there are.
const FREE: u32 = 1_000_000;
const TIMED: usize = 1_000;
const BETWEEN: Duration = Duration::from_millis(5);
const BLOCK: Duration = Duration::from_secs(2);
/// USER_HZ.
const TICKS_PER_SECOND: f64 = 100.0;
const LOOK: Duration = Duration::from_millis(100);
const SETTLES: Duration = Duration::from_secs(2);
/// In KiB.
const STILL: u64 = 64;
const PATIENCE: Duration = Duration::from_secs(600);
