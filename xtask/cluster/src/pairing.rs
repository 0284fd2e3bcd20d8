//! A device that has no keys yet, and gets them by the code on its label: it comes to whichever gateway the balancer
//! has it come to.

use crate::stage::Stage;
use fleet::board::{Board, Keys};
use lowkey_host::Code;
use std::{fs, net::SocketAddr, sync::Arc, time::Duration};
use test_support::{
    Random,
    world::board::{self, Stop},
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpStream,
    process::Child,
    time::{sleep, timeout},
};
use xtask::command::Result;

/// Opens a window at this admin listener, has a device come by the balancer until it has paired, and then as any other;
/// what the operator's command said after that.
///
/// # Errors
/// It does not pair, or is not let in.
pub(crate) async fn play(stage: &Stage, name: &str, admin: &str, balancer: SocketAddr) -> Result<String> {
    let file = format!("{name}.code");
    stage.lowkey(&["code", "new", "-o", &file]).await?.well()?;
    let text = fs::read_to_string(stage.folder().join(&file))?;
    let line = text.lines().find(|line| !line.starts_with('#')).ok_or("there is no code in its file")?;
    let code = lowkey_core::label::parse(line)?;
    let mut operator = stage.pair(name, &file, admin)?;
    let paired = async {
        let (mut said, mut lines) = (String::new(), lines(&mut operator)?);
        while !said.contains("the window is open") {
            said += &lines.next_line().await?.ok_or_else(|| format!("`lowkey pair` says {said}"))?;
        }
        let keys = Arc::new(pair(code, balancer).await?);
        while let Some(line) = lines.next_line().await? {
            said += &format!("\n{line}");
        }
        operator.wait().await?;
        let from = "127.3.0.1".parse()?;
        let mut device = Board::new(&keys, from, balancer, Random::from_seed(0), [100, 1_000]);
        device.connected().await.close().await?;
        Ok(said)
    };
    timeout(PATIENCE, paired).await.map_err(|_| format!("{name} does not pair"))?
}

fn lines(operator: &mut Child) -> Result<tokio::io::Lines<BufReader<tokio::process::ChildStderr>>> {
    Ok(BufReader::new(operator.stderr.take().ok_or("no standard error")?).lines())
}

/// As a device does that is told to wait, or that came before its gateway knew of the window: again.
async fn pair(code: Code, balancer: SocketAddr) -> Result<Keys> {
    let device = board::Board { code, ..board::Board::new() };
    loop {
        if let Ok(server) = device.pair(TcpStream::connect(balancer).await?, Stop::Never).await {
            return Keys::paired(device.identity, server);
        }
        sleep(AGAIN).await;
    }
}

const AGAIN: Duration = Duration::from_millis(300);
const PATIENCE: Duration = Duration::from_secs(90);
