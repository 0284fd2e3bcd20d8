//! The demo with an attacker on the wire. It fails if one attack succeeds.

use crate::attacks::{self, Attack};
use crate::relay::{Act, Relay, Tamper, Way, read_frame};
use crate::{Built, LIFE, PATIENCE, said, set};
use demo::timeline::{Line, Timeline, Who};
use std::{
    io::Write,
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};
use test_support::impostor::Impostor;
use xtask::command::Result;

/// Runs every attack, with an honest connection after each.
pub(crate) fn run(built: &Built) -> Result<()> {
    let start = Instant::now();
    let mut timeline = Timeline::begin();
    // The relay has its port first: that is the one that the board is told.
    let (relay, listener) = Relay::listen()?;
    let (stage, device) = set(built, relay.port, &mut timeline)?;
    let _server = stage.serve(0, &timeline.voice())?;
    let server = timeline.wait_for("the server listens", PATIENCE, address)?;
    relay.start(listener, server);
    let _power = device.power(&stage.folder.join("mitm.pcap"), LIFE, timeline.voice())?;
    timeline.wait_for("an honest channel", PATIENCE, said(Who::Board, &["every byte right"]))?;

    let mut tried = 0;
    for attack in attacks::all() {
        attack_board(&mut timeline, &relay, attack)?;
        tried += 1;
    }
    tried += impostor(&mut timeline, &relay, server)?;
    tried += replay(&mut timeline, &relay, server)?;
    drop_close(&mut timeline, &relay, &stage)?;
    tried += 1;
    println!("\nmitm: {tried} attacks, none succeeded, {:.1} s", start.elapsed().as_secs_f32());
    Ok(())
}

/// Where the server says that it listens.
fn address(line: &Line) -> Option<SocketAddr> {
    line.text.strip_prefix("listening on ").filter(|_| line.who == Who::Server)?.trim().parse().ok()
}

/// Cuts the honest connection, plays the attack on the next one, and lets the board come back.
///
/// Each connection waits at the relay until everything has been said about the one before: however late a line comes on
/// busy cores, it is not taken for one about another connection.
fn attack_board(timeline: &mut Timeline, relay: &Relay, attack: Attack) -> Result<()> {
    let Attack { name, tamper, must, must_not } = attack;
    announce(timeline, &name);
    relay.shut();
    cut(timeline, relay)?;
    let mark = timeline.mark();
    relay.pass_one(tamper);
    for (who, parts) in must {
        timeline.hear(mark, who, parts, PATIENCE).map_err(|error| format!("{name}: {error}"))?;
    }
    timeline.hear(mark, Who::Board, attacks::BOARD_AGAIN, PATIENCE)?;
    timeline.hear(mark, Who::Server, attacks::SERVER_OVER, PATIENCE)?;
    for (who, parts) in must_not {
        if let Some(line) =
            timeline.since(mark).iter().find(|line| line.who == who && line.says_one_of(parts))
        {
            return Err(format!("{name}: the attack succeeded, somebody said \"{}\"", line.text).into());
        }
    }
    let mark = timeline.mark();
    relay.open();
    timeline.hear(mark, Who::Board, attacks::BOARD_OPEN, PATIENCE)?;
    timeline.hear(mark, Who::Server, attacks::SERVER_CONFIRMED, PATIENCE)?;
    goes_on(timeline, relay)?;
    timeline.say("held; the board is back on an honest channel");
    Ok(())
}

/// An attacker whose keys nobody has pinned, in the board's place and in the server's.
fn impostor(timeline: &mut Timeline, relay: &Relay, server: SocketAddr) -> Result<usize> {
    let mut impostor = Impostor::new()?;
    let first = overheard(relay, Way::ToServer, 0)?;

    announce(timeline, "speak to the server in the board's name, with keys of our own");
    let mut stream = TcpStream::connect(server)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(&impostor.message_1(&first)?)?;
    let answer = read_frame(&mut stream)?;
    timeline.wait_for("the server refuses", PATIENCE, said(Who::Server, attacks::SERVER_REFUSED))?;
    if answer != [0, 1, 4] {
        return Err(format!("the server answered an impostor with {answer:02x?}").into());
    }

    let message_2 = impostor.message_2(&first)?;
    attack_board(
        timeline,
        relay,
        Attack {
            name: "answer the board in the server's name, with keys of our own".into(),
            tamper: attacks::at_frame(Way::ToServer, 0, move |_| Act::Answer(message_2.clone())),
            must: vec![(Who::Board, attacks::BOARD_HANDSHAKE)],
            must_not: vec![(Who::Board, attacks::BOARD_OPEN), (Who::Server, attacks::SERVER_CONFIRMED)],
        },
    )?;
    let recorded = overheard(relay, Way::ToDevice, 0)?;
    attack_board(
        timeline,
        relay,
        Attack {
            name: "answer the board with the server's recorded message 2".into(),
            tamper: attacks::at_frame(Way::ToDevice, 0, move |_| Act::Pass(vec![recorded.clone()])),
            must: vec![(Who::Board, attacks::BOARD_HANDSHAKE), (Who::Server, attacks::SERVER_UNCONFIRMED)],
            must_not: vec![(Who::Board, attacks::BOARD_OPEN), (Who::Server, attacks::SERVER_CONFIRMED)],
        },
    )?;
    Ok(3)
}

/// A recording of the board's first frames, played to the server while the board is connected.
fn replay(timeline: &mut Timeline, relay: &Relay, server: SocketAddr) -> Result<usize> {
    announce(timeline, "replay the board's recorded message 1, and its confirming record behind it");
    let mark = timeline.mark();
    let mut stream = TcpStream::connect(server)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(&overheard(relay, Way::ToServer, 0)?)?;
    let answer = read_frame(&mut stream)?;
    stream.write_all(&overheard(relay, Way::ToServer, 1)?)?;
    timeline.wait_for("the server notices", PATIENCE, said(Who::Server, attacks::SERVER_UNCONFIRMED))?;
    // It must have sent nothing behind message 2, and the board's session must live.
    if let Ok(frame) = read_frame(&mut stream) {
        return Err(format!("a replay got {} bytes behind {} of message 2", frame.len(), answer.len()).into());
    }
    goes_on(timeline, relay).map_err(|error| format!("a replay ended the live session: {error}"))?;
    let disturbed = |line: &&Line| line.who == Who::Board || line.says_one_of(attacks::SERVER_CONFIRMED);
    if let Some(line) = timeline.since(mark).iter().find(disturbed) {
        return Err(format!("a replay disturbed the live session: \"{}\"", line.text).into());
    }
    timeline.say("held; the board's session lives, it has gone on");
    Ok(1)
}

/// A client whose CLOSE never arrives: the server must not take the end for a real one.
fn drop_close(timeline: &mut Timeline, relay: &Relay, stage: &crate::stage::Stage) -> Result<()> {
    announce(timeline, "swallow a client's CLOSE and end the stream instead");
    // A CLOSE is the shortest record but a PING of 0 bytes, which comes first: 17 bytes of body.
    let mut number = 0;
    let swallow: Tamper = Box::new(move |way, _, frame| {
        let shortest = way == Way::ToServer && frame.len() == 2 + 17;
        number += usize::from(shortest);
        if shortest && number == 2 { Act::CutAfter(Vec::new()) } else { Act::Pass(vec![frame]) }
    });
    // The board is connected and stays so: the next one is the client.
    let mark = timeline.mark();
    relay.pass_one(swallow);
    let client = stage.client("a message, then the end")?;
    timeline.hear(mark, Who::Server, attacks::SERVER_CUT, PATIENCE)?;
    let status = client.wait_with_output()?.status;
    if status.code() != Some(CHANNEL_BROKE) {
        return Err(format!("the client did not say that the channel broke: {status}").into());
    }
    timeline.say(&format!("held; the client said so as well ({status})"));
    Ok(())
}

/// The exit code of `lowkey connect` for a channel that did not end as it should.
const CHANNEL_BROKE: i32 = 5;

fn announce(timeline: &mut Timeline, name: &str) {
    println!();
    // The receiver lives as long as this function's caller.
    let _ = timeline.voice().send(Line { who: Who::Attacker, text: name.to_owned() });
    timeline.listen(Duration::from_millis(20));
}

/// Cuts the connection that is open and waits until both sides have noticed.
fn cut(timeline: &mut Timeline, relay: &Relay) -> Result<()> {
    let mark = timeline.mark();
    relay.cut();
    timeline.hear(mark, Who::Board, attacks::BOARD_AGAIN, PATIENCE)?;
    timeline.hear(mark, Who::Server, attacks::SERVER_ENDED, PATIENCE)
}

/// Waits until the connection that is open has carried two messages and what comes back of them.
fn goes_on(timeline: &mut Timeline, relay: &Relay) -> Result<()> {
    let (enough, end) = (relay.passed() + 4, Instant::now() + PATIENCE);
    while relay.passed() < enough {
        if Instant::now() > end {
            return Err(format!("nothing passed the relay within {} s", PATIENCE.as_secs()).into());
        }
        timeline.listen(Duration::from_millis(10));
    }
    Ok(())
}

/// What an eavesdropper recorded of the honest connection: a frame of one direction.
fn overheard(relay: &Relay, direction: Way, number: usize) -> Result<Vec<u8>> {
    let frames = relay.recorded();
    let mut frames = frames.iter().filter(|(way, _)| *way == direction);
    Ok(frames.nth(number).ok_or("nothing was overheard")?.1.clone())
}
