//! What an open connection promises: bytes, messages, ends, and futures that may be dropped.

use futures_util::{SinkExt, StreamExt};
use lowkey_host::{ChannelError, Connection, Error, Limits};
use std::io::ErrorKind;
use std::task::Poll;
use std::time::Duration;
use test_support::world::{Dribble, Raw, World, pattern, poll_once, strict, tcp_pair};
use tokio::io::{
    AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufStream, copy_bidirectional, duplex, split,
};
use tokio::time::timeout;
use tokio_util::codec::{Framed, LinesCodec};

const LONG: Duration = Duration::from_secs(60);

fn is(error: &Error, expected: ChannelError) -> bool {
    matches!(error, Error::Channel(error) if *error == expected)
}

#[test]
fn a_connection_can_be_moved_between_threads() {
    fn moves<T: Send>() {}
    moves::<Connection<tokio::net::TcpStream>>();
}

/// Messages of all interesting lengths, echoed.
async fn messages_come_back<A, B>(mut near: Connection<A>, mut far: Connection<B>)
where
    A: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    B: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let record = near.max_data();
    let lengths = [0, 1, 2, 63, record - 1, record, record + 1, 2 * record, 2 * record + 1, 5 * record + 7];
    let echo = tokio::spawn(async move { lowkey_host::echo(&mut far).await });
    for (seed, len) in lengths.into_iter().enumerate() {
        let message = pattern(seed as u64, len);
        near.send(&message).await.unwrap();
        let answer = timeout(LONG, near.recv()).await.unwrap().unwrap();
        assert!(answer == Some(message), "{len} bytes");
    }
    near.close().await.unwrap();
    assert_eq!(near.recv().await.unwrap(), None);
    assert_eq!(near.recv().await.unwrap(), None, "an end stays an end");
    echo.await.unwrap().unwrap();
}

#[tokio::test]
async fn messages_come_back_over_tcp() {
    let (near, far) = tcp_pair().await;
    let (near, far) = World::new().join(near, far).await;
    assert_eq!(near.handshake_hash(), far.handshake_hash());
    assert_eq!(far.device().unwrap().name(), "device-0");
    assert_eq!(far.peer(), far.pinned().unwrap().key());
    messages_come_back(near, far).await;
}

#[tokio::test]
async fn messages_come_back_through_a_pipe_of_seven_bytes() {
    let (near, far) = World::new().pair(7).await;
    messages_come_back(near, far).await;
}

#[tokio::test]
async fn messages_come_back_in_dribs_and_drabs() {
    let (near, far) = duplex(3);
    let (near, far) = World::new().join(Dribble::new(near), Dribble::new(far)).await;
    messages_come_back(near, far).await;
}

#[tokio::test]
async fn messages_come_back_through_a_stream_that_keeps_what_is_not_flushed() {
    let (near, far) = duplex(100);
    let (near, far) = World::new().join(BufStream::new(near), BufStream::new(far)).await;
    messages_come_back(near, far).await;
}

#[tokio::test]
async fn messages_come_back_with_the_longest_and_the_shortest_frames() {
    for max_frame in [160, u16::MAX] {
        let mut world = World::new();
        world.limits.max_frame = max_frame;
        let (near, far) = world.pair(1000).await;
        assert!(near.max_data() <= usize::from(max_frame) - 17);
        messages_come_back(near, far).await;
    }
}

#[tokio::test]
async fn a_message_replaces_the_one_before_and_its_memory_is_used_again() {
    let (mut near, mut far) = World::new().pair(1 << 16).await;
    let mut message = b"left over".to_vec();
    for (n, len) in [9000, 10, 0, 9000, 8999].into_iter().enumerate() {
        near.send(&pattern(n as u64, len)).await.unwrap();
        near.flush().await.unwrap();
        assert!(far.recv_into(&mut message).await.unwrap());
        assert_eq!(message, pattern(n as u64, len));
    }
    assert!(message.capacity() >= 9000);
    near.close().await.unwrap();
    assert!(!far.recv_into(&mut message).await.unwrap());
    assert!(message.is_empty());
}

#[tokio::test]
async fn a_message_as_long_as_the_limit_arrives_and_one_byte_more_ends_the_connection() {
    let mut world = World::new();
    world.limits.max_message = 20_000;
    let (mut near, mut far) = world.pair(1 << 20).await;
    near.send(&pattern(1, 20_000)).await.unwrap();
    assert_eq!(far.recv().await.unwrap().unwrap().len(), 20_000);
    near.send(&pattern(1, 20_001)).await.unwrap();
    assert!(is(&far.recv().await.unwrap_err(), ChannelError::MessageTooLong));
    assert!(is(&far.recv().await.unwrap_err(), ChannelError::MessageTooLong), "and stays ended");
    assert!(is(&far.send(b"x").await.unwrap_err(), ChannelError::MessageTooLong));
}

#[tokio::test]
async fn copy_bidirectional_carries_megabytes_both_ways_byte_for_byte() {
    let (near, far) = tcp_pair().await;
    let (mut near, mut far) = World::new().join(near, far).await;
    let (near_app, mut near_plain) = duplex(5000);
    let (far_app, mut far_plain) = duplex(3000);
    tokio::spawn(async move { copy_bidirectional(&mut near, &mut near_plain).await.unwrap() });
    tokio::spawn(async move { copy_bidirectional(&mut far, &mut far_plain).await.unwrap() });
    let there = exchange(near_app, pattern(1, 3_000_001), 4_000_003);
    let back = exchange(far_app, pattern(2, 4_000_003), 3_000_001);
    let (came_back, came) = timeout(LONG, async { tokio::join!(there, back) }).await.unwrap();
    assert!(came == pattern(1, 3_000_001));
    assert!(came_back == pattern(2, 4_000_003));
}

/// Sends all of `bytes` and reads until the end, both at once.
async fn exchange<Io>(io: Io, bytes: Vec<u8>, expected: usize) -> Vec<u8>
where
    Io: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut reader, mut writer) = split(io);
    let writing = tokio::spawn(async move {
        writer.write_all(&bytes).await.unwrap();
        writer.shutdown().await.unwrap();
    });
    let mut came = Vec::with_capacity(expected);
    reader.read_to_end(&mut came).await.unwrap();
    writing.await.unwrap();
    came
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_tasks_read_and_write_at_once_and_neither_is_forgotten() {
    for room in [1, 50, 5000] {
        let (near, far) = World::new().pair(room).await;
        let len = 2000 * (room + 10).min(200);
        let there = tokio::spawn(exchange(near, pattern(1, len), len));
        let back = tokio::spawn(exchange(far, pattern(2, len), len));
        let both = timeout(LONG, async { (there.await.unwrap(), back.await.unwrap()) });
        let (came_back, came) = both.await.unwrap();
        assert!(came == pattern(1, len) && came_back == pattern(2, len), "room {room}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_tasks_are_both_woken_by_a_stream_that_remembers_one() {
    for room in [1, 30, 3000] {
        let (near, far) = strict(room);
        let (near, far) = World::new().join(near, far).await;
        let len = 1000 * (room + 10).min(200);
        let there = tokio::spawn(exchange(near, pattern(1, len), len));
        let back = tokio::spawn(exchange(far, pattern(2, len), len));
        let both = timeout(LONG, async { (there.await.unwrap(), back.await.unwrap()) });
        let (came_back, came) = both.await.unwrap();
        assert!(came == pattern(1, len) && came_back == pattern(2, len), "room {room}");
    }
}

#[tokio::test]
async fn one_direction_closes_and_the_other_goes_on() {
    let (mut near, mut far) = World::new().pair(1000).await;
    near.write_all(b"last words").await.unwrap();
    near.shutdown().await.unwrap();
    assert!(is(&near.send(b"more").await.unwrap_err(), ChannelError::Closed));
    assert_eq!(near.write(b"more").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
    let mut words = Vec::new();
    far.read_to_end(&mut words).await.unwrap();
    assert_eq!(words, b"last words");
    let answer = pattern(3, 100_000);
    let sending = async {
        far.write_all(&answer).await.unwrap();
        far.shutdown().await.unwrap();
        far
    };
    let mut came = Vec::new();
    let (_far, read) = tokio::join!(sending, near.read_to_end(&mut came));
    read.unwrap();
    assert!(came == answer);
    near.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_stream_that_ends_without_a_close_is_a_truncation() {
    let (mut near, mut far) = World::new().pair(1000).await;
    near.send(b"whole").await.unwrap();
    drop(near);
    assert_eq!(far.recv().await.unwrap().unwrap(), b"whole", "what came before is delivered");
    assert!(is(&far.recv().await.unwrap_err(), ChannelError::Truncated));
    let error = far.read(&mut [0; 10]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
}

#[tokio::test]
async fn a_frame_cut_off_is_a_truncation() {
    let world = World::new();
    let (near, far) = duplex(1000);
    let acceptor = world.acceptor();
    let (mut raw, far) = tokio::join!(Raw::open(world.device(), near), acceptor.accept(far));
    let mut far = far.unwrap();
    assert!(raw.link.send(b"whole").unwrap().is_ready());
    let record = raw.link.unsent().unwrap().to_vec();
    raw.io.write_all(&record[..record.len() - 1]).await.unwrap();
    drop(raw);
    assert!(is(&far.recv().await.unwrap_err(), ChannelError::Truncated));
}

#[tokio::test]
async fn a_changed_byte_ends_the_connection() {
    let world = World::new();
    let (near, far) = duplex(1000);
    let acceptor = world.acceptor();
    let (mut raw, far) = tokio::join!(Raw::open(world.device(), near), acceptor.accept(far));
    let mut far = far.unwrap();
    assert!(raw.link.send(b"whole").unwrap().is_ready());
    let mut record = raw.link.unsent().unwrap().to_vec();
    *record.last_mut().unwrap() ^= 1;
    raw.io.write_all(&record).await.unwrap();
    assert!(is(&far.recv().await.unwrap_err(), ChannelError::Record));
    assert_eq!(far.read(&mut [0; 10]).await.unwrap_err().kind(), ErrorKind::InvalidData);
    assert!(is(&far.send(b"x").await.unwrap_err(), ChannelError::Record));
}

#[tokio::test]
async fn something_after_a_close_is_an_error() {
    let world = World::new();
    let (near, far) = duplex(1000);
    let acceptor = world.acceptor();
    let (mut raw, far) = tokio::join!(Raw::open(world.device(), near), acceptor.accept(far));
    let mut far = far.unwrap();
    raw.link.close().unwrap();
    let mut bytes = raw.link.unsent().unwrap().to_vec();
    bytes.extend(b"\0\x20something");
    raw.io.write_all(&bytes).await.unwrap();
    assert!(is(&far.recv().await.unwrap_err(), ChannelError::AfterClose));
}

#[tokio::test]
async fn a_ping_is_answered_by_one_who_only_reads() {
    let world = World::new();
    let (near, far) = duplex(1000);
    let acceptor = world.acceptor();
    let (mut raw, far) = tokio::join!(Raw::open(world.device(), near), acceptor.accept(far));
    let mut far = far.unwrap();
    let reading = tokio::spawn(async move { far.recv().await });
    assert!(raw.link.ping(b"there?").unwrap().is_ready());
    raw.flush().await;
    while raw.link.awaits_pong() {
        timeout(LONG, raw.read()).await.expect("no PONG");
        assert_eq!(raw.link.receive(), Ok(Poll::Pending));
    }
    raw.link.close().unwrap();
    raw.flush().await;
    assert_eq!(reading.await.unwrap().unwrap(), None);
}

#[tokio::test]
async fn a_peer_that_does_not_read_does_not_keep_us_from_reading() {
    let (mut near, far) = World::new().pair(200).await;
    let (mut reader, mut writer) = split(far);
    // Nobody reads this: the writer waits for ever.
    let stuck = tokio::spawn(async move { writer.write_all(&[0; 100_000]).await });
    for n in 0..1000_u32 {
        near.send(&n.to_be_bytes()).await.unwrap();
        near.flush().await.unwrap();
        let mut came = [0; 4];
        timeout(LONG, reader.read_exact(&mut came)).await.unwrap().unwrap();
        assert_eq!(u32::from_be_bytes(came), n);
    }
    assert!(!stuck.is_finished());
    stuck.abort();
}

#[tokio::test]
async fn a_receive_that_is_dropped_loses_nothing() {
    let (mut near, mut far) = World::new().pair(13).await;
    let messages: Vec<_> = (0..40).map(|n| pattern(n, 300 * n as usize)).collect();
    let expected = messages.clone();
    let sending = tokio::spawn(async move {
        for message in &messages {
            near.send(message).await.unwrap();
        }
        near.close().await.unwrap();
        near
    });
    let mut came = Vec::new();
    loop {
        match poll_once(far.recv()) {
            None => tokio::task::yield_now().await,
            Some(message) => match message.unwrap() {
                Some(message) => came.push(message),
                None => break,
            },
        }
    }
    assert!(came == expected);
    sending.await.unwrap();
}

#[tokio::test]
async fn bytes_read_after_a_dropped_receive_are_all_there() {
    let (mut near, mut far) = World::new().pair(100).await;
    let bytes = pattern(9, 50_000);
    let expected = bytes.clone();
    let sending = tokio::spawn(async move {
        near.send(&bytes).await.unwrap();
        near.close().await.unwrap();
        near
    });
    for _ in 0..200 {
        assert!(poll_once(far.recv()).is_none());
        tokio::task::yield_now().await;
    }
    let mut came = Vec::new();
    far.read_to_end(&mut came).await.unwrap();
    assert!(came == expected);
    sending.await.unwrap();
}

#[tokio::test]
async fn a_one_record_send_that_is_dropped_was_not_accepted() {
    let (mut near, far) = World::new().pair(13).await;
    let receiving = tokio::spawn(async move {
        let (mut far, mut came) = (far, Vec::new());
        while let Some(message) = far.recv().await.unwrap() {
            came.push(message);
        }
        came
    });
    let mut accepted = Vec::new();
    for n in 0..3000 {
        let message = pattern(n, 1 + (n as usize % 90));
        match poll_once(near.send(&message)) {
            Some(sent) => {
                sent.unwrap();
                accepted.push(message);
            }
            None => tokio::task::yield_now().await,
        }
    }
    near.close().await.unwrap();
    let came = receiving.await.unwrap();
    assert!(accepted.len() > 10 && accepted.len() < 3000, "{} accepted", accepted.len());
    assert!(came == accepted);
}

#[tokio::test]
async fn a_long_send_that_is_dropped_leaves_the_message_unfinished_and_says_so() {
    let (mut near, mut far) = World::new().pair(100).await;
    assert!(poll_once(near.send(&pattern(1, 50_000))).is_none());
    assert!(is(&near.send(b"next").await.unwrap_err(), ChannelError::Unfinished));
    assert_eq!(near.write(b"next").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
    let (closed, received) = tokio::join!(near.close(), far.recv());
    closed.unwrap();
    assert!(is(&received.unwrap_err(), ChannelError::Truncated));
}

#[tokio::test]
async fn a_codec_frames_lines_over_a_connection() {
    let (near, far) = World::new().pair(64).await;
    let mut near = Framed::new(near, LinesCodec::new());
    let mut far = Framed::new(far, LinesCodec::new());
    let talking = async {
        near.send("21.5 C").await.unwrap();
        near.send("22.0 C").await.unwrap();
        near.get_mut().close().await.unwrap();
    };
    let listening = async {
        let mut lines = Vec::new();
        while let Some(line) = far.next().await {
            lines.push(line.unwrap());
        }
        lines
    };
    let ((), lines) = tokio::join!(talking, listening);
    assert_eq!(lines, ["21.5 C", "22.0 C"]);
}

#[tokio::test]
async fn a_read_after_part_of_a_message_and_a_receive_share_it() {
    let (mut near, mut far) = World::new().pair(1000).await;
    near.send(b"headrest").await.unwrap();
    near.send(b"next").await.unwrap();
    let mut head = [0; 4];
    far.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"head");
    assert_eq!(far.recv().await.unwrap().unwrap(), b"rest");
    assert_eq!(far.recv().await.unwrap().unwrap(), b"next");
}

#[tokio::test]
async fn empty_writes_send_nothing_and_empty_messages_are_messages() {
    let (mut near, mut far) = World::new().pair(1000).await;
    assert_eq!(near.write(b"").await.unwrap(), 0);
    near.send(b"").await.unwrap();
    near.send(b"x").await.unwrap();
    assert_eq!(far.recv().await.unwrap().unwrap(), b"");
    near.send(b"").await.unwrap();
    near.send(b"y").await.unwrap();
    let mut two = [0; 2];
    far.read_exact(&mut two).await.unwrap();
    assert_eq!(&two, b"xy", "a stream does not see an empty message");
}

#[tokio::test]
async fn ten_thousand_records_pass_many_rekeys() {
    let (mut near, mut far) = World::new().pair(1 << 16).await;
    let sending = tokio::spawn(async move {
        for n in 0..10_000_u32 {
            near.send(&n.to_be_bytes()).await.unwrap();
        }
        near.close().await.unwrap();
    });
    for n in 0..10_000_u32 {
        assert_eq!(far.recv().await.unwrap().unwrap(), n.to_be_bytes());
    }
    assert_eq!(far.recv().await.unwrap(), None);
    sending.await.unwrap();
}

#[tokio::test]
async fn limits_that_make_no_sense_are_refused_before_anything_is_sent() {
    let mut limits = Limits::default();
    limits.max_frame = 100;
    let (near, _far) = duplex(1000);
    let world = World::new();
    let error = lowkey_host::connect(near, world.device().pinning(), &limits).await.unwrap_err();
    assert!(matches!(error, Error::Limits(_)), "{error}");
}
