//! Sockets of the standard library: what gave up can be repeated.

use crate::blocking::{TIMED_OUT, repeat};
use crate::support::{KEYS, Rng, keys::ephemerals, links};
use lowkey_transport::blocking::Channel;
use lowkey_transport::{Error, Link, Mode, StdStream};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

type Tcp = Channel<StdStream<TcpStream>, Vec<u8>>;

/// No test waits for it; a read or a write that would block is over after it.
const SHORT: Option<Duration> = Some(Duration::from_millis(1));

fn pair() -> (Tcp, Tcp) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (far, _) = listener.accept().unwrap();
    let accepting = std::thread::spawn(move || {
        let known = |_: &lowkey_transport::Hello| Some(KEYS.responder_pinning(Mode::Kk));
        Channel::accept(StdStream(far), Link::responder(links::buffers()), &mut ephemerals(2), known)
    });
    let near = Channel::connect(StdStream(near), links::initiator(Mode::Kk)).unwrap();
    (near, accepting.join().unwrap().unwrap())
}

#[test]
fn std_a_read_that_comes_to_its_time_out_leaves_the_channel_usable() {
    let (mut near, mut far) = pair();
    near.stream().0.set_read_timeout(SHORT).unwrap();
    let mut buffer = [0; 64];
    for n in 0..20u8 {
        assert_eq!(near.recv_message(&mut buffer), Err(TIMED_OUT));
        assert_eq!(near.recv().map(drop), Err(TIMED_OUT));
        far.send(&[n; 9]).unwrap();
        far.flush().unwrap();
        assert_eq!(repeat(|| near.recv_message(&mut buffer)), Some(9));
        assert_eq!(buffer[..9], [n; 9]);
    }
}

/// The peer reads nothing until the socket takes nothing more; then everything arrives, once.
#[test]
fn std_a_write_that_comes_to_its_time_out_loses_and_repeats_nothing() {
    let (mut near, mut far) = pair();
    near.stream().0.set_write_timeout(SHORT).unwrap();
    far.stream().0.set_read_timeout(SHORT).unwrap();
    let message = Rng(1).vec(283);
    let mut sent = 0;
    loop {
        match near.send(&message) {
            Ok(()) => sent += 1,
            Err(error) => {
                assert_eq!(error, TIMED_OUT);
                break;
            }
        }
    }
    sent += usize::from(near.send(&message).is_ok()); // the system may have made room meanwhile
    let (mut got, mut buffer) = (0, [0; 300]);
    let mut closed = false;
    loop {
        match far.recv_message(&mut buffer) {
            Ok(Some(len)) => {
                assert_eq!(buffer[..len], message);
                got += 1;
            }
            Ok(None) => break,
            Err(error) => assert_eq!(error, TIMED_OUT),
        }
        closed = closed || near.close().is_ok();
    }
    assert!(closed);
    assert_eq!(got, sent);
}

#[test]
fn std_sockets_that_do_not_block_carry_both_directions() {
    let (near, far) = pair();
    let mut sides = [near, far].map(|mut channel| {
        channel.stream().0.set_nonblocking(true).unwrap();
        (channel, 0u8, 0u8, [0; 300])
    });
    while sides.iter().any(|(_, _, got, _)| *got < 100) {
        for (channel, sent, got, buffer) in &mut sides {
            if *sent < 100 {
                match channel.send(&[*sent; 200]) {
                    Ok(()) => *sent += 1,
                    Err(error) => assert_eq!(error, TIMED_OUT),
                }
            }
            match channel.recv_message(buffer) {
                Ok(Some(len)) => {
                    assert_eq!(buffer[..len], [*got; 200]);
                    *got += 1;
                }
                Ok(None) => panic!("nobody has closed"),
                Err(error) => assert_eq!(error, TIMED_OUT),
            }
        }
    }
}

/// Other failures end the channel as before.
#[test]
fn std_a_socket_that_ends_without_a_close_is_the_end() {
    let (mut near, far) = pair();
    drop(far.into_stream());
    assert_eq!(near.recv().map(drop), Err(Error::Truncated));
    assert_eq!(near.send(b"x"), Err(Error::Truncated));
}
