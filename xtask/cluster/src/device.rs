//! The devices: each connects, talks, and when its session has ended comes again as our libraries have it do.

use crate::{oracle::Oracle, service::WHO};
use fleet::board::{Board, Keys, address};
use lowkey_host::Connection;
use std::{net::SocketAddr, sync::Arc, time::Duration};
use test_support::Random;
use tokio::{
    net::TcpStream,
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval},
};

/// They go with the value.
pub(crate) struct Devices {
    orders: Vec<UnboundedSender<Order>>,
    _live: JoinSet<()>,
}

/// What a device is told to do.
pub(crate) enum Order {
    /// To forget its connection, which stays, and come anew: as after its network was gone. By this address from then
    /// on.
    Leave(SocketAddr),
    /// To come anew by this address.
    Go(SocketAddr),
    /// To come anew with these keys.
    Take(Arc<Keys>),
}

impl Devices {
    /// Has them come, to this address.
    pub(crate) fn begin(members: &[Arc<Keys>], balancer: SocketAddr, oracle: &Arc<Oracle>) -> Self {
        let mut random = Random::new();
        let (mut orders, mut live) = (Vec::new(), JoinSet::new());
        for (number, keys) in members.iter().enumerate() {
            let random = Random::from_seed(random.u64());
            let board = Board::new(keys, address(number), balancer, random, PAUSES);
            let (order, hears) = unbounded_channel();
            orders.push(order);
            let device =
                Device { number, board, orders: hears, oracle: Arc::clone(oracle), left: JoinSet::new() };
            live.spawn(device.live());
        }
        Self { orders, _live: live }
    }

    pub(crate) fn tell(&self, device: usize, order: Order) {
        let _ = self.orders[device].send(order); // it lives as long as we
    }
}

struct Device {
    number: usize,
    board: Board,
    orders: UnboundedReceiver<Order>,
    oracle: Arc<Oracle>,
    /// Connections that were left behind.
    left: JoinSet<()>,
}

impl Device {
    async fn live(mut self) {
        loop {
            let mut connection = tokio::select! {
                connection = self.board.connected() => connection,
                Some(order) = self.orders.recv() => {
                    self.obey(order);
                    continue;
                }
            };
            let begun = Instant::now();
            let mut heard = 0;
            if let Some(gateway) = ask(&mut connection).await {
                let session = self.oracle.begins(self.number, &gateway);
                match self.talk(&mut connection, &mut heard).await {
                    None => self.oracle.ends(session),
                    Some(order @ Order::Leave(_)) => {
                        self.oracle.leaves(session);
                        self.left.spawn(wait_for_end(connection, session, Arc::clone(&self.oracle)));
                        self.obey(order);
                        continue;
                    }
                    Some(order) => {
                        self.obey(order);
                        let _ = connection.close().await;
                        self.oracle.ends(session);
                        continue;
                    }
                }
                heard += 1;
            }
            drop(connection);
            self.board.rest(begun.elapsed(), heard).await;
        }
    }

    /// A reading now and then, until the session ends or somebody wants something.
    async fn talk(&mut self, connection: &mut Connection<TcpStream>, heard: &mut usize) -> Option<Order> {
        let mut readings = interval(BETWEEN_READINGS);
        readings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                order = self.orders.recv() => return order,
                said = connection.recv() => match said {
                    Ok(Some(_)) => *heard += 1,
                    _ => return None,
                },
                _ = readings.tick() => {
                    if connection.send(b"21.5 C").await.is_err() {
                        return None;
                    }
                }
            }
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Leave(address) | Order::Go(address) => self.board.server = address,
            Order::Take(keys) => self.board.keys = keys,
        }
    }
}

/// Which gateway has the session: it has when this has come.
async fn ask(connection: &mut Connection<TcpStream>) -> Option<String> {
    connection.send(WHO).await.ok()?;
    String::from_utf8(connection.recv().await.ok()??).ok()
}

async fn wait_for_end(mut connection: Connection<TcpStream>, session: usize, oracle: Arc<Oracle>) {
    while let Ok(Some(_)) = connection.recv().await {}
    oracle.ends(session);
}

const BETWEEN_READINGS: Duration = Duration::from_millis(500);
/// The first and the longest, in milliseconds.
const PAUSES: [u32; 2] = [200, 1_000];
