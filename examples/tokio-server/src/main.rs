//! A backend that devices send readings to. Start from here.
//!
//! ```text
//! lowkey keygen -o server.key
//! lowkey provision -o pump-7.page --name pump-7 --registry devices.toml --no-wait --server $(lowkey pubkey server.key)
//! cargo run -p tokio-server -- server.key devices.toml 127.0.0.1:7000
//! ```

use lowkey_host::{Acceptor, Connection, Error, Limits, Listener, Server};
use lowkey_registry::{LiveRegistry, keys};
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpStream;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [key, devices, address] = &arguments[..] else {
        return Err("usage: tokio-server KEY DEVICES ADDRESS".into());
    };
    let identity = Arc::new(keys::read_identity(Path::new(key))?);
    let registry = LiveRegistry::load(devices, Arc::clone(&identity))?;
    let acceptor = Acceptor::new(identity, registry.clone(), Limits::default())?;
    tokio::runtime::Runtime::new()?.block_on(serve(address, acceptor, registry))
}

async fn serve(
    address: &str,
    acceptor: Acceptor,
    registry: LiveRegistry,
) -> Result<(), Box<dyn std::error::Error>> {
    let listener = Listener::bind(address, acceptor).await?;
    println!("listening on {}", listener.local_addr()?);
    tokio::spawn(registry.watch()); // whoever is taken out of the file is cut off within a second
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await; // there is no such signal here
        }
    };
    // Devices that the registry knows, and no others; all of them hear of it when we stop.
    Server::new(listener).run(report, interrupted).await;
    Ok(())
}

async fn report(connection: Connection<TcpStream>) {
    let name = connection.device().map_or_else(String::new, |device| device.name().to_owned());
    match session(connection, &name).await {
        Ok(()) => println!("{name}: closed"),
        Err(error) => println!("{name}: {error}"),
    }
}

/// One board of `examples/lm3s6965-ethernet`: it is told how often to take a reading, and then sends them.
async fn session(mut board: Connection<TcpStream>, name: &str) -> Result<(), Error> {
    board.send(b"cperiod 200").await?;
    board.flush().await?;
    while let Some(message) = board.recv().await? {
        if let Some(([b'r'], numbers)) = message.split_first_chunk() {
            let mut numbers =
                numbers.chunks_exact(4).map(|four| four.iter().fold(0, |n, byte| n << 8 | u32::from(*byte)));
            let (number, time) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
            println!("{name}: reading {number}, {time} ms after its start");
        }
    }
    board.close().await
}
