//! The attacker's seat: every frame between client and server passes here, can be changed, and goes on in pieces of 1
//! to 7 bytes.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// Which way a frame goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    ToServer,
    ToClient,
}

/// What becomes of a frame.
pub(crate) enum Act {
    /// These go on in its place.
    Pass(Vec<Vec<u8>>),
    /// This goes back to the sender in its place.
    Answer(Vec<u8>),
    /// This goes on, then both sides are cut off.
    CutAfter(Vec<u8>),
}

/// Decides about each frame: which way, its number in that direction, its bytes with their length.
pub(crate) type Tamper = Box<dyn FnMut(Way, usize, Vec<u8>) -> Act + Send>;

/// Passes everything on as it came.
pub(crate) fn honestly() -> Tamper {
    Box::new(|_, _, frame| Act::Pass(vec![frame]))
}

/// A relay for one connection to `server`; where it listens.
pub(crate) fn between(server: &str, tamper: Tamper) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    relay(listener, server.to_owned(), tamper);
    address
}

/// The same on a socket that listens already.
pub(crate) fn relay(listener: TcpListener, server: String, tamper: Tamper) {
    thread::spawn(move || {
        let (client, _) = listener.accept()?;
        let server = TcpStream::connect(server)?;
        let tamper = Arc::new(Mutex::new(tamper));
        for (way, from, to) in [(Way::ToServer, &client, &server), (Way::ToClient, &server, &client)] {
            to.set_nodelay(true)?;
            let (from, to, tamper) = (from.try_clone()?, to.try_clone()?, Arc::clone(&tamper));
            thread::spawn(move || pass(way, from, to, &tamper));
        }
        io::Result::Ok(())
    });
}

/// Passes frames on until the sender ends; then the receiver hears an end as well.
fn pass(way: Way, mut from: TcpStream, mut to: TcpStream, tamper: &Mutex<Tamper>) {
    let mut number = 0;
    while let Ok(frame) = read_frame(&mut from) {
        let act = tamper.lock().unwrap()(way, number, frame);
        number += 1;
        let done = match act {
            Act::Pass(frames) => frames.iter().try_for_each(|frame| dribble(&mut to, frame)),
            Act::Answer(frame) => dribble(&mut from, &frame),
            Act::CutAfter(frame) => {
                let _ = dribble(&mut to, &frame); // what follows is the end
                let _ = from.shutdown(Shutdown::Both);
                break;
            }
        };
        if done.is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write); // it may have gone
}

/// Writes in pieces of 1 to 7 bytes.
pub(crate) fn dribble(to: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    let mut rest = bytes;
    for n in [3, 1, 7, 2, 5, 4, 6].into_iter().cycle() {
        let (piece, behind) = rest.split_at(rest.len().min(n));
        to.write_all(piece)?;
        rest = behind;
        if rest.is_empty() {
            break;
        }
    }
    Ok(())
}

/// One frame with its length.
pub(crate) fn read_frame(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut frame = vec![0; 2];
    stream.read_exact(&mut frame)?;
    let length = usize::from(u16::from_be_bytes([frame[0], frame[1]]));
    frame.resize(2 + length, 0);
    stream.read_exact(&mut frame[2..])?;
    Ok(frame)
}
