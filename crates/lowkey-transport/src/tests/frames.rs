use crate::Error;
use crate::inlet::Inlet;
use crate::outlet::Outlet;
use std::vec;

#[test]
fn frames_an_inlet_asks_for_the_header_and_then_for_the_body_and_no_more() {
    let mut inlet = Inlet::new(vec![0; 10], 10);
    assert_eq!(inlet.space().len(), 2);
    inlet.space().copy_from_slice(&[0, 3]);
    inlet.on_read(1).unwrap();
    assert_eq!(inlet.space().len(), 1);
    inlet.space()[0] = 3;
    inlet.on_read(1).unwrap();
    assert_eq!(inlet.space().len(), 3);
    assert_eq!(inlet.frame(), None);
    inlet.space().copy_from_slice(b"abc");
    inlet.on_read(99).unwrap(); // a stream that claims too much
    assert!(inlet.space().is_empty());
    assert_eq!(inlet.frame().as_deref(), Some(&b"abc"[..]));
    inlet.release();
    assert_eq!(inlet.frame(), None);
    assert_eq!(inlet.space().len(), 2);
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
        let mut inlet = Inlet::new(vec![0; room], limit);
        inlet.space()[1] = len;
        assert_eq!(inlet.on_read(2), result);
    }
}

#[test]
fn frames_an_outlet_holds_one_frame_until_its_last_byte_has_left() {
    let mut outlet = Outlet::new(vec![0; 6]);
    assert!(outlet.is_empty() && !outlet.is_unflushed());
    assert_eq!(outlet.commit(5), Err(Error::Bug));
    outlet.body().unwrap()[..3].copy_from_slice(b"abc");
    outlet.commit(3).unwrap();
    assert_eq!(outlet.unsent(), b"\0\x03abc");
    assert_eq!(outlet.body(), None);
    outlet.on_write(4);
    assert_eq!(outlet.unsent(), b"c");
    outlet.on_write(99); // a stream that claims too much
    assert!(outlet.is_empty() && outlet.is_unflushed());
    outlet.on_flush();
    assert!(!outlet.is_unflushed());
}
