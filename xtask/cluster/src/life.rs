//! What all devices have in common: each connects, talks, comes again as our libraries have it do, and in all of that
//! does what it is told.

use fleet::board::Board;
use lowkey_host::Connection;
use tokio::{
    net::TcpStream,
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::JoinSet,
    time::Instant,
};

/// A device.
pub(crate) trait Life: Send + 'static {
    /// What it can be told.
    type Order: Send;

    /// The board, as it is to connect.
    fn board(&mut self) -> &mut Board;

    /// Talks until its session ends, which is `None`, or until it is told something, which has taken the line from it.
    fn talk(
        &mut self,
        connection: Connection<TcpStream>,
        orders: &mut UnboundedReceiver<Self::Order>,
        heard: &mut usize,
    ) -> impl Future<Output = Option<Self::Order>> + Send;

    /// Does what it is told, without a connection.
    fn obey(&mut self, order: Self::Order);
}

/// Devices that live, each under its number; they go with the value.
pub(crate) struct Lives<Order> {
    /// Each as long as we, or a device would take the end of them for an order.
    orders: Vec<UnboundedSender<Order>>,
    live: JoinSet<()>,
}

impl<Order: Send> Lives<Order> {
    pub(crate) fn none() -> Self {
        Self { orders: Vec::new(), live: JoinSet::new() }
    }

    /// One more.
    pub(crate) fn begin<Device: Life<Order = Order>>(&mut self, device: Device) {
        let (order, orders) = unbounded_channel();
        self.orders.push(order);
        self.live.spawn(live(device, orders));
    }

    pub(crate) fn tell(&self, device: usize, order: Order) {
        let _ = self.orders[device].send(order); // it lives as long as we
    }
}

async fn live<Device: Life>(mut device: Device, mut orders: UnboundedReceiver<Device::Order>) {
    loop {
        let connection = tokio::select! {
            connection = device.board().connected() => connection,
            Some(order) = orders.recv() => {
                device.obey(order);
                continue;
            }
        };
        let (begun, mut heard) = (Instant::now(), 0);
        match device.talk(connection, &mut orders, &mut heard).await {
            Some(order) => device.obey(order),
            None => device.board().rest(begun.elapsed(), heard).await,
        }
    }
}
