//! HAProxy before the gateways: it says from where a device comes, and asks who is ready.
//!
//! Beside the address at which it does that it has one for each gateway that leads there whatever the gateway says, as
//! a balancer has that asks nobody.

use crate::gateway::Gateway;
use std::{
    fmt::Write as _,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};
use test_support::tools::{self, Port};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    process::{Child, Command},
    time::{sleep, timeout},
};
use xtask::command::Result;

pub(crate) struct Balancer {
    port: Port,
    direct: Vec<Port>,
    socket: PathBuf,
    _child: Child,
}

impl Balancer {
    /// One that takes a gateway for dead when it has not answered for `silence`.
    ///
    /// # Errors
    /// There is no HAProxy.
    pub(crate) async fn begin(folder: &Path, gateways: &[Gateway], silence: Duration) -> Result<Self> {
        let program = tools::find("haproxy").ok_or("no haproxy")?;
        let (port, socket) = (Port::hold(), folder.join("haproxy.sock"));
        let mut text = format!(
            "global\n master-worker\n stats socket {} level admin\ndefaults\n mode tcp\n timeout connect 1s\n \
             timeout client 1h\n timeout server 1h\n timeout check {}ms\nlisten gateways\n bind {}\n \
             balance roundrobin\n option redispatch 1\n option httpchk GET /readyz\n \
             default-server check inter 200ms fall 1 rise 1 send-proxy-v2 on-marked-down shutdown-sessions\n",
            socket.display(),
            silence.as_millis(),
            port.address()
        );
        for gateway in gateways {
            let (name, address, probes) = (gateway.name, gateway.address(), gateway.probes());
            let _ = writeln!(text, " server {name} {address} addr {} port {}", probes.ip(), probes.port());
        }
        let direct: Vec<Port> = gateways.iter().map(|_| Port::hold()).collect();
        for (gateway, port) in gateways.iter().zip(&direct) {
            let (name, address, port) = (gateway.name, gateway.address(), port.address());
            let _ =
                writeln!(text, "listen direct-{name}\n bind {port}\n server {name} {address} send-proxy-v2");
        }
        let config = folder.join("haproxy.cfg");
        fs::write(&config, text)?;
        let mut command = Command::new(program);
        command.arg("-f").arg(config);
        let child = tools::start(command, "Loading success").await;
        let balancer = Self { port, direct, socket, _child: child };
        for gateway in gateways.iter().filter(|gateway| gateway.is_there()) {
            balancer.sees(gateway.name, true).await?;
        }
        Ok(balancer)
    }

    /// Where devices connect.
    pub(crate) fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// Where they connect to this gateway.
    pub(crate) fn direct(&self, gateway: usize) -> SocketAddr {
        self.direct[gateway].address()
    }

    /// Waits until it has heard from the gateway that it is ready, or has not.
    ///
    /// # Errors
    /// It has not for a long time.
    pub(crate) async fn sees(&self, gateway: &str, is_ready: bool) -> Result<()> {
        let seen = async {
            loop {
                let mut stream = UnixStream::connect(&self.socket).await?;
                stream.write_all(b"show stat\n").await?;
                let mut stat = String::new();
                stream.read_to_string(&mut stat).await?;
                let begins = format!("gateways,{gateway},");
                let line = stat.lines().find(|line| line.starts_with(&begins)).unwrap_or_default();
                // A check that is on its way has a star before what the last one said.
                let is_so = match is_ready {
                    true => line.contains(",UP,") && line.contains("L7OK,"),
                    false => line.contains(",DOWN,"),
                };
                if is_so {
                    return Ok(());
                }
                sleep(Duration::from_millis(20)).await;
            }
        };
        let what = if is_ready { "" } else { "not " };
        timeout(PATIENCE, seen)
            .await
            .map_err(|_| format!("HAProxy does not see that {gateway} is {what}ready"))?
    }
}

const PATIENCE: Duration = Duration::from_secs(60);
