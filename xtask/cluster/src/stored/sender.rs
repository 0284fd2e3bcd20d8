//! A device with an outbox, as its firmware would have it: it pushes while there is room, and forgets what is
//! acknowledged.

use super::ledger::{Ledger, Name};
use fleet::board::{Board, Keys, address};
use lowkey_host::{
    ChannelError, Connection, Error,
    numbered::{Outbox, RunId},
};
use std::{collections::VecDeque, net::SocketAddr, sync::Arc, time::Duration};
use test_support::Random;
use tokio::{
    net::TcpStream,
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::JoinSet,
    time::{Instant, sleep_until},
};

/// All of them.
pub(crate) struct Senders {
    orders: Vec<UnboundedSender<Order>>,
    live: JoinSet<()>,
    ledger: Arc<Ledger>,
    random: Random,
    pace: Duration,
}

/// What is done to a device.
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
        let (orders, live, random) = (Vec::new(), JoinSet::new(), Random::new());
        let mut senders = Self { orders, live, ledger: Arc::clone(ledger), random, pace };
        for (device, keys) in members.iter().enumerate() {
            let order = senders.add(device, keys, server, run_of(device, 0), boot);
            senders.orders.push(order);
        }
        senders
    }

    pub(crate) fn tell(&self, device: usize, order: Order) {
        let _ = self.orders[device].send(order); // it lives as long as we
    }

    /// One more board with the keys of a device, and with its counter as it was at this boot.
    pub(crate) fn copy(&mut self, device: usize, keys: &Arc<Keys>, server: SocketAddr, boot: u32) {
        let order = self.add(device, keys, server, run_of(device, 0), boot);
        self.orders.push(order); // or it would take the end of it for an order
    }

    fn add(
        &mut self,
        device: usize,
        keys: &Arc<Keys>,
        server: SocketAddr,
        run: RunId,
        boot: u32,
    ) -> UnboundedSender<Order> {
        let [random, draws] = [(); 2].map(|()| Random::from_seed(self.random.u64()));
        let board = Board::new(keys, address(device), server, random, PAUSES);
        let (order, orders) = unbounded_channel();
        let sender = Sender {
            device,
            board,
            run,
            boot,
            outbox: Outbox::new(vec![0; RING], run, boot),
            random: draws,
            orders,
            ledger: Arc::clone(&self.ledger),
            waits: VecDeque::new(),
            only: None,
            pace: self.pace,
            due: Instant::now(),
        };
        self.live.spawn(sender.live());
        order
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
    orders: UnboundedReceiver<Order>,
    ledger: Arc<Ledger>,
    /// What is in the outbox.
    waits: VecDeque<(Name, Vec<u8>)>,
    /// The one number that it gives, if it gives but one.
    only: Option<u64>,
    /// From one message to the next; as fast as there is room, if that is nothing.
    pace: Duration,
    due: Instant,
}

impl Sender {
    async fn live(mut self) {
        loop {
            self.board.limits.run = Some(self.run);
            let mut connection = tokio::select! {
                connection = self.board.connected() => connection,
                Some(order) = self.orders.recv() => {
                    self.obey(order);
                    continue;
                }
            };
            let begun = Instant::now();
            let mut heard = 0;
            if let Some(order) = self.talk(&mut connection, &mut heard).await {
                self.obey(order); // its line is cut with its power
                continue;
            }
            drop(connection);
            self.board.rest(begun.elapsed(), heard).await;
        }
    }

    /// Until the session ends or something is done to the device.
    async fn talk(&mut self, connection: &mut Connection<TcpStream>, heard: &mut usize) -> Option<Order> {
        loop {
            self.fill();
            let (due, is_early) = (sleep_until(self.due), self.due > Instant::now());
            let sent = tokio::select! {
                biased;
                order = self.orders.recv() => return order,
                () = due, if is_early => continue,
                sent = async {
                    connection.send_outbox(&mut self.outbox).await?;
                    connection.recv_acks(&mut self.outbox).await
                } => sent,
            };
            match sent {
                Ok(true) => {
                    *heard += 1;
                    self.hear(connection);
                }
                Ok(false) => match connection.recv().await {
                    Ok(Some(_)) => *heard += 1,
                    _ => return None,
                },
                Err(Error::Channel(ChannelError::WentBack)) => {
                    self.ledger.refused(self.device, WENT_BACK);
                    return self.orders.recv().await; // a person decides
                }
                Err(Error::Channel(ChannelError::NotAcknowledged)) => {
                    self.ledger.refused(self.device, "not acknowledged");
                    return None;
                }
                Err(_) => return None,
            }
        }
    }

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
        self.outbox = Outbox::new(vec![0; RING], self.run, self.boot);
        self.waits.clear();
        self.due = Instant::now(); // or it has nothing when it hears what the gateway has
        self.ledger.loses(self.device);
    }
}

/// What a device says whose numbers went back.
pub(crate) const WENT_BACK: &str = "numbers went back";
/// Bytes of an outbox.
const RING: usize = 2_048;
/// The first and the longest, in milliseconds.
const PAUSES: [u32; 2] = [100, 1_000];
