//! The boards before a server that acknowledges: each reading is stored once and in order, though the server is cut off
//! with some that are not acknowledged, and the board loses power. They have been built to take a number of readings.

use demo::{
    device::Device,
    timeline::{Line, Timeline},
};
use lowkey_core::{
    Ephemerals, Id, Identity, Peer, Secret,
    numbered::{RunId, message_digest},
    page::Contents,
};
use lowkey_transport::{Buffers, Link, Pinning, StdStream, blocking::Channel};
use std::{
    env, fs,
    io::ErrorKind,
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::Path,
    process, thread,
    time::{Duration, Instant},
};
use test_support::{Random, impostor::FirstBoot};
use xtask::{command::Result, times::READINGS};

/// Tries both boards, side by side.
pub(crate) fn run(rust: &Path, c: &Path) -> Result<()> {
    let start = Instant::now();
    thread::scope(|scope| {
        let boards = [("rust", rust), ("c", c)];
        let running =
            boards.map(|(name, elf)| scope.spawn(move || board(name, elf).map_err(|e| e.to_string())));
        running.into_iter().try_for_each(|board| board.join().map_err(|_| "a trial panicked")?)
    })?;
    println!(
        "numbered: {READINGS} readings of each start of both boards stored once and in order, {:.1} s",
        start.elapsed().as_secs_f32()
    );
    Ok(())
}

/// A server's keys, and what it has stored.
struct Server {
    listener: TcpListener,
    identity: Identity,
    board: Peer,
    run: RunId,
    /// What the board's messages were, with their numbers.
    stored: Vec<(u64, Vec<u8>)>,
}

fn board(name: &str, elf: &Path) -> Result<()> {
    let folder = env::temp_dir().join(format!("lowkey-numbered-{name}-{}", process::id()));
    fs::create_dir_all(&folder)?;
    let tried = trial(elf, &folder).map_err(|error| format!("the board in {name}: {error}").into());
    fs::remove_dir_all(&folder)?;
    tried
}

fn trial(elf: &Path, folder: &Path) -> Result<()> {
    let mut random = Random::new();
    let [own, board, hedge, seed] = std::array::from_fn(|_| random.secret());
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = format!("10.0.2.2:{}", listener.local_addr()?.port());
    let identity = Identity::new(own)?;
    let contents = Contents {
        id: Id::new(b"board").ok_or("an id of 5 bytes is one")?,
        address: &address,
        static_key: &board,
        peer: identity.public_key(),
        hedge: &hedge,
        seed: &seed,
        psk: None,
    };
    let page = folder.join("board.page");
    fs::write(&page, contents.encode()?.expose())?;
    let public = Identity::new(board)?.public_key();
    let (board, run) = (Peer::pin(&identity, public)?, RunId::of_hedge(&hedge, &public));
    let mut server = Server { listener, identity, board, run, stored: Vec::new() };
    let device = Device::provision(elf, &page, folder)?;
    let mut timeline = Timeline::begin();
    for boot in 1..=2_u64 {
        let power = device.power(&folder.join("board.pcap"), LIFE, timeline.voice())?;
        let all = server.stored.len() + READINGS as usize;
        // The server is cut off twice, with some that it has stored and not acknowledged, and some that it has not.
        for upto in [all - 150, all - 70] {
            server.serve(upto, None)?;
            // It is away until the board has no room left for readings.
            thread::sleep(AWAY);
        }
        let said = format!("readings acknowledged: {READINGS}");
        let mut heard = || {
            let hears = |line: &Line| line.text.contains(&said).then_some(());
            timeline.wait_for("all acknowledged", PATIENCE, hears)
        };
        server.serve(all, Some(&mut heard))?;
        drop(power);
        let numbers = (1..=u64::from(READINGS)).map(|count| boot << 32 | count);
        let last = server.stored.get(all - READINGS as usize..).unwrap_or_default();
        if !last.iter().map(|(number, _)| *number).eq(numbers) {
            return Err(format!("start {boot}: {last:?}").into());
        }
        let texts = (0..READINGS).map(|reading| [&b"r"[..], &reading.to_be_bytes()].concat());
        if !last.iter().zip(texts).all(|((_, message), text)| message.starts_with(&text)) {
            return Err(format!("start {boot}: {last:?}").into());
        }
    }
    Ok(())
}

impl Server {
    /// The board's next connection, which comes as long as it lives.
    fn accept(&self) -> Result<TcpStream> {
        let end = Instant::now() + LIFE;
        self.listener.set_nonblocking(true)?;
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => return Ok(stream),
                Err(none) if none.kind() != ErrorKind::WouldBlock => return Err(none.into()),
                Err(_) if Instant::now() > end => return Err("the board does not come again".into()),
                Err(_) => thread::sleep(LOOK),
            }
        }
    }

    /// Stores on one connection until it has so many; then it is cut off, or goes on to the end.
    fn serve(&mut self, upto: usize, to_the_end: Option<&mut dyn FnMut() -> Result<()>>) -> Result<()> {
        let stream = self.accept()?;
        stream.set_read_timeout(Some(SILENCE))?;
        let mut random = Random::new();
        let mut ephemerals =
            Ephemerals::new(Random::from_seed(random.u64()), Secret::new(random.array()), &mut FirstBoot)?;
        let link: Link<'_, _> = Link::responder(Buffers::new(vec![0; 1_024], vec![0; 1_026])?.with_acks());
        let (identity, board) = (&self.identity, &self.board);
        let mut channel: Channel<StdStream<TcpStream>, _> =
            Channel::accept(StdStream(stream), link, &mut ephemerals, |hello| {
                Some(Pinning { id: hello.id?, identity, peer: board, psk: None })
            })?;
        if channel.acks().peer_run != Some(self.run) {
            return Err("the run is not that of its key page".into());
        }
        let last = self.stored.last();
        channel
            .open_acks(last.map(|(number, message)| (*number, message_digest(*number, [message, b""]))))?;
        let mut message = [0; 64];
        while self.stored.len() < upto {
            let len = channel.recv_message(&mut message)?.ok_or("the board closed")?;
            let Some(number) = channel.number() else { continue };
            self.stored.push((number, message[..len].to_vec()));
            if to_the_end.is_some() || self.stored.len().is_multiple_of(7) {
                channel.acknowledge(number)?;
            }
        }
        if let Some(heard) = to_the_end {
            channel.flush()?;
            heard()?;
        }
        Ok(())
    }
}

/// Longer than a board can take readings that nobody asks for: some 110 of them, at 20 ms.
const AWAY: Duration = Duration::from_secs(3);
/// Shorter than a board is silent before it asks whether the server is there: one that only asks sends no readings.
const SILENCE: Duration = Duration::from_secs(15);
const LOOK: Duration = Duration::from_millis(10);
/// A board's life at the most, and for each thing that has to happen.
const LIFE: Duration = Duration::from_secs(600);
const PATIENCE: Duration = Duration::from_secs(60);
