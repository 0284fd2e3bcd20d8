use crate::Error;
use crate::inbox::Inbox;
use crate::outbox::Outbox;
use std::vec;

#[test]
fn frames_an_inbox_asks_for_the_header_and_then_for_the_body_and_no_more() {
    let mut inbox = Inbox::new(vec![0; 10], 10);
    assert_eq!(inbox.space().len(), 2);
    inbox.space().copy_from_slice(&[0, 3]);
    inbox.on_read(1).unwrap();
    assert_eq!(inbox.space().len(), 1);
    inbox.space()[0] = 3;
    inbox.on_read(1).unwrap();
    assert_eq!(inbox.space().len(), 3);
    assert_eq!(inbox.frame(), None);
    inbox.space().copy_from_slice(b"abc");
    inbox.on_read(99).unwrap(); // a stream that claims too much
    assert!(inbox.space().is_empty());
    assert_eq!(inbox.frame().as_deref(), Some(&b"abc"[..]));
    inbox.release();
    assert_eq!(inbox.frame(), None);
    assert_eq!(inbox.space().len(), 2);
}

#[test]
fn frames_the_limit_is_the_smaller_of_what_is_allowed_and_what_there_is_room_for() {
    for (limit, room, len, result) in [
        (5, 10, 5u8, Ok(())),
        (5, 10, 6, Err(Error::FrameTooLong)),
        (10, 5, 5, Ok(())),
        (10, 5, 6, Err(Error::FrameTooLong)),
        (10, 5, 0, Err(Error::EmptyFrame)),
    ] {
        let mut inbox = Inbox::new(vec![0; room], limit);
        inbox.space()[1] = len;
        assert_eq!(inbox.on_read(2), result);
    }
}

#[test]
fn frames_an_outbox_holds_one_frame_until_its_last_byte_has_left() {
    let mut outbox = Outbox::new(vec![0; 6]);
    assert!(outbox.is_empty() && !outbox.is_unflushed());
    assert_eq!(outbox.commit(5), Err(Error::Bug));
    outbox.body().unwrap()[..3].copy_from_slice(b"abc");
    outbox.commit(3).unwrap();
    assert_eq!(outbox.unsent(), b"\0\x03abc");
    assert_eq!(outbox.body(), None);
    outbox.on_write(4);
    assert_eq!(outbox.unsent(), b"c");
    outbox.on_write(99); // a stream that claims too much
    assert!(outbox.is_empty() && outbox.is_unflushed());
    outbox.on_flush();
    assert!(!outbox.is_unflushed());
}
