//! A device with an outbox, as its firmware would have it: it pushes while there is room, and forgets what is
//! acknowledged.

use super::ledger::{Ledger, Name};
use crate::life::{Life, Lives};
use fleet::board::{Board, Keys, address};
use lowkey_host::{
    ChannelError, Connection, Error,
    numbered::{Outbox, RunId},
};
use std::{collections::VecDeque, net::SocketAddr, sync::Arc, time::Duration};
use test_support::Random;
use tokio::{
    net::TcpStream,
    sync::mpsc::UnboundedReceiver,
    time::{Instant, sleep_until},
};

/// All of them.
pub(crate) struct Senders {
    lives: Lives<Order>,
    ledger: Arc<Ledger>,
    random: Random,
    pace: Duration,
}

/// What is done to a device.
#[derive(Clone)]
pub(crate) enum Order {
    /// The power fails: what was in RAM is gone, and the next start has this number.
    Boot(u32),
    /// Its counter of boots was made anew, and begins with this number.
    Run(RunId, u32),
    /// It has new keys, and with them a new run.
    Take(Arc<Keys>, RunId),
    /// It numbers this one message, and no other.
    Say(u64),
}

impl Senders {
    /// At a start of this number, with so long from one message of a device to its next.
    pub(crate) fn begin(
        members: &[Arc<Keys>],
        server: SocketAddr,
        ledger: &Arc<Ledger>,
        boot: u32,
        pace: Duration,
    ) -> Self {
        let ledger = Arc::clone(ledger);
        let mut senders = Self { lives: Lives::none(), ledger, random: Random::new(), pace };
        for (device, keys) in members.iter().enumerate() {
            senders.add(device, keys, server, boot);
        }
        senders
    }

    pub(crate) fn tell(&self, device: usize, order: Order) {
        self.lives.tell(device, order);
    }

    /// One more board with the keys of a device, and with its counter as it was at this boot.
    pub(crate) fn copy(&mut self, device: usize, keys: &Arc<Keys>, server: SocketAddr, boot: u32) {
        self.add(device, keys, server, boot);
    }

    fn add(&mut self, device: usize, keys: &Arc<Keys>, server: SocketAddr, boot: u32) {
        let [random, draws] = [(); 2].map(|()| Random::from_seed(self.random.u64()));
        let mut board = Board::new(keys, address(device), server, random, PAUSES);
        let run = run_of(device, 0);
        board.limits.run = Some(run);
        self.lives.begin(Sender {
            device,
            board,
            run,
            boot,
            outbox: Outbox::new(vec![0; ROOM], run, boot),
            random: draws,
            ledger: Arc::clone(&self.ledger),
            waits: VecDeque::new(),
            only: None,
            pace: self.pace,
            due: Instant::now(),
        });
    }
}

/// The run of a device that had so many before.
pub(crate) fn run_of(device: usize, nth: u8) -> RunId {
    let [.., a, b, c, d] = device.to_be_bytes();
    RunId::new([a, b, c, d, 0, 0, 0, nth])
}

struct Sender {
    device: usize,
    board: Board,
    run: RunId,
    boot: u32,
    outbox: Outbox<Vec<u8>>,
    random: Random,
    ledger: Arc<Ledger>,
    /// What is in the outbox.
    waits: VecDeque<(Name, Vec<u8>)>,
    /// The one number that it gives, if it gives but one.
    only: Option<u64>,
    /// From one message to the next; as fast as there is room, if that is nothing.
    pace: Duration,
    due: Instant,
}

impl Life for Sender {
    type Order = Order;

    fn board(&mut self) -> &mut Board {
        &mut self.board
    }

    async fn talk(
        &mut self,
        mut connection: Connection<TcpStream>,
        orders: &mut UnboundedReceiver<Order>,
        heard: &mut usize,
    ) -> Option<Order> {
        loop {
            self.fill();
            let (due, is_early) = (sleep_until(self.due), self.due > Instant::now());
            let sent = tokio::select! {
                biased;
                order = orders.recv() => return order, // its line is cut with its power
                () = due, if is_early => continue,
                sent = async {
                    connection.send_outbox(&mut self.outbox).await?;
                    connection.recv_acks(&mut self.outbox).await
                } => sent,
            };
            match sent {
                Ok(true) => {
                    *heard += 1;
                    self.hear(&connection);
                }
                Ok(false) => match connection.recv().await {
                    Ok(Some(_)) => *heard += 1,
                    _ => return None,
                },
                Err(Error::Channel(ChannelError::WentBack)) => {
                    self.ledger.refused(self.device, WENT_BACK);
                    return orders.recv().await; // a person decides
                }
                Err(Error::Channel(ChannelError::NotAcknowledged)) => {
                    self.ledger.refused(self.device, "not acknowledged");
                    return None;
                }
                Err(_) => return None,
            }
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Boot(boot) => self.boot = boot,
            Order::Run(run, boot) => (self.run, self.boot) = (run, boot),
            Order::Take(keys, run) => {
                (self.run, self.only) = (run, None);
                self.board.keys = keys;
            }
            Order::Say(number) => self.only = Some(number),
        }
        self.board.limits.run = Some(self.run);
        self.outbox = Outbox::new(vec![0; ROOM], self.run, self.boot);
        self.waits.clear();
        self.due = Instant::now(); // or it has nothing when it hears what the gateway has
        self.ledger.obeys(self.device);
    }
}

impl Sender {
    /// Pushes what there is room for.
    fn fill(&mut self) {
        while !self.ledger.is_closed() && self.due <= Instant::now() {
            let len = 20 + self.random.below(60);
            let mut message = format!("{} of {}: ", self.waits.len(), self.device).into_bytes();
            message.resize_with(len.max(message.len()), || b'a' + (self.random.u32() % 26) as u8);
            let number = match self.only {
                Some(number) if self.outbox.last() < number => {
                    self.outbox.put(number, &message).map(|()| number)
                }
                Some(_) => return,
                None => self.outbox.push(&message),
            };
            let Ok(number) = number else { return };
            let name = Name { device: self.device, run: self.run, number };
            self.ledger.gives(name, &message);
            self.waits.push_back((name, message));
            self.due = self.due.max(Instant::now() - self.pace) + self.pace;
        }
    }

    fn hear(&mut self, connection: &Connection<TcpStream>) {
        let Some(number) = connection.acks().up_to else { return };
        let left = self.waits.iter().position(|(name, _)| name.number > number);
        let released = self.waits.drain(..left.unwrap_or(self.waits.len())).collect();
        self.ledger.hears(self.device, released, self.outbox.is_empty());
    }
}

/// What a device says whose numbers went back.
pub(crate) const WENT_BACK: &str = "numbers went back";
/// Bytes of an outbox.
const ROOM: usize = 2_048;
/// The first and the longest, in milliseconds.
const PAUSES: [u32; 2] = [100, 1_000];
