//! The devices: each says something now and then, and goes where it is told.

use crate::{
    life::{Life, Lives},
    oracle::Oracle,
    service::WHO,
};
use fleet::board::{Board, Keys, address};
use lowkey_host::Connection;
use std::{net::SocketAddr, sync::Arc, time::Duration};
use test_support::Random;
use tokio::{
    net::TcpStream,
    sync::mpsc::UnboundedReceiver,
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};

pub(crate) struct Devices(Lives<Order>);

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
        let (mut random, mut lives) = (Random::new(), Lives::none());
        for (number, keys) in members.iter().enumerate() {
            let random = Random::from_seed(random.u64());
            let board = Board::new(keys, address(number), balancer, random, PAUSES);
            lives.begin(Device { number, board, oracle: Arc::clone(oracle), left: JoinSet::new() });
        }
        Self(lives)
    }

    pub(crate) fn tell(&self, device: usize, order: Order) {
        self.0.tell(device, order);
    }
}

struct Device {
    number: usize,
    board: Board,
    oracle: Arc<Oracle>,
    /// Connections that were left behind.
    left: JoinSet<()>,
}

impl Life for Device {
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
        let gateway = ask(&mut connection).await?;
        *heard += 1;
        let session = self.oracle.begins(self.number, &gateway);
        let told = read(&mut connection, orders, heard).await;
        if let Some(Order::Leave(_)) = told {
            self.oracle.leaves(session);
            self.left.spawn(wait_for_end(connection, session, Arc::clone(&self.oracle)));
            return told;
        }
        if told.is_some() {
            let _ = connection.close().await;
        }
        self.oracle.ends(session);
        told
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Leave(address) | Order::Go(address) => self.board.server = address,
            Order::Take(keys) => self.board.keys = keys,
        }
    }
}

/// A reading now and then, until the session ends or somebody wants something.
async fn read(
    connection: &mut Connection<TcpStream>,
    orders: &mut UnboundedReceiver<Order>,
    heard: &mut usize,
) -> Option<Order> {
    let mut readings = interval(BETWEEN_READINGS);
    readings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            order = orders.recv() => return order,
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
