//! The PROXY protocol, version 2, section by section of HAProxy's `proxy-protocol.txt`, against the crate `ppp`.

use crate::common::{Dribble, pattern, poll_once};
use lowkey_gateway::proxy::{Addresses, Error, Header, MAX_HEADER, MAX_NAME, TYPE_DEVICE, accept};
use ppp::v2::{self, Builder, Command, Protocol, Type, Version};
use std::io::ErrorKind;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

fn addresses(source: &str, destination: &str) -> Addresses {
    Addresses { source: source.parse().unwrap(), destination: destination.parse().unwrap() }
}

fn of_ipv4() -> Addresses {
    addresses("192.0.2.1:4711", "198.51.100.2:7000")
}

fn of_ipv6() -> Addresses {
    addresses("[2001:db8::1]:4711", "[2001:db8::2]:7000")
}

/// What `ppp` would send for a balancer.
fn header(addresses: Addresses, tlvs: &[(u8, &[u8])]) -> Vec<u8> {
    let pair: v2::Addresses = (addresses.source, addresses.destination).into();
    let builder = Builder::with_addresses(Version::Two | Command::Proxy, Protocol::Stream, pair);
    let put = |builder: Builder, (kind, value): &(u8, &[u8])| builder.write_tlv(*kind, value).unwrap();
    tlvs.iter().fold(builder, put).build().unwrap()
}

/// Signature, these two bytes, and a body with its length.
fn raw(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n".to_vec();
    header.extend([command, family]);
    header.extend((body.len() as u16).to_be_bytes());
    header.extend(body);
    header
}

/// What `accept` makes of these bytes, and how many of them it leaves. A future that waits is a test that fails.
fn take(mut bytes: &[u8]) -> (Result<Option<Addresses>, Error>, usize) {
    let result = poll_once(accept(&mut bytes)).unwrap();
    (result, bytes.len())
}

#[test]
fn section_2_2_the_addresses_of_both_families_are_taken_and_what_follows_is_left() {
    for expected in [of_ipv4(), of_ipv6()] {
        let three: [(u8, &[u8]); 3] = [(0x02, b"pump.example"), (0xe0, b"x"), (0x04, &[0; 40])];
        for tlvs in [&[][..], &three] {
            let mut bytes = header(expected, tlvs);
            bytes.extend_from_slice(b"hello");
            let (result, left) = take(&bytes);
            assert_eq!((result.unwrap(), left), (Some(expected), 5));
        }
    }
}

#[tokio::test]
async fn section_2_2_a_header_in_dribs_and_drabs_is_taken_without_a_byte_of_what_follows() {
    let (mut near, far) = duplex(64);
    let mut far = Dribble::new(far);
    let mut bytes = header(of_ipv6(), &[(0x04, &[0; 200])]);
    bytes.extend_from_slice(b"hello");
    let writing = tokio::spawn(async move { near.write_all(&bytes).await.map(|()| near) });
    assert_eq!(accept(&mut far).await.unwrap(), Some(of_ipv6()));
    drop(writing.await.unwrap().unwrap());
    let mut rest = Vec::new();
    far.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"hello");
}

#[test]
fn section_2_2_local_names_nobody_whatever_follows_it() {
    let mut ppp = Builder::new(Version::Two | Command::Local, 0).build().unwrap();
    ppp.push(b'!');
    let (result, left) = take(&ppp);
    assert_eq!((result.unwrap(), left), (None, 1));
    for family in [0x00, 0x11, 0x21, 0x31, 0xff] {
        for len in [0, 1, 12, 36, MAX_HEADER - 16] {
            let (result, left) = take(&raw(0x20, family, &pattern(1, len)));
            assert_eq!((result.unwrap(), left), (None, 0));
        }
    }
}

#[test]
fn section_2_2_unspecified_and_unix_name_no_address() {
    for len in 0..=MAX_HEADER - 16 {
        assert!(take(&raw(0x21, 0x00, &vec![7; len])).0.unwrap().is_none(), "whatever follows");
    }
    assert!(take(&raw(0x21, 0x31, &[7; 216])).0.unwrap().is_none());
    let with_tlv = [&[7; 216][..], &[0xe0, 0, 1, 9]].concat();
    assert!(take(&raw(0x21, 0x31, &with_tlv)).0.unwrap().is_none());
    assert!(matches!(take(&raw(0x21, 0x31, &[7; 215])).0, Err(Error::Malformed)));
}

#[test]
fn section_2_2_every_other_version_and_command_is_an_error() {
    for command in (0..=0xff).filter(|command| ![0x20, 0x21].contains(command)) {
        assert!(matches!(take(&raw(command, 0x11, &[0; 12])).0, Err(Error::Command)), "{command:#x}");
    }
}

#[test]
fn section_2_2_every_other_family_and_datagrams_are_an_error() {
    for family in (0..=0xff).filter(|family| ![0x00, 0x11, 0x21, 0x31].contains(family)) {
        assert!(matches!(take(&raw(0x21, family, &[0; 216])).0, Err(Error::Family)), "{family:#x}");
    }
}

#[test]
fn section_2_1_version_1_is_an_error_that_says_so() {
    for line in ["PROXY TCP4 192.0.2.1 198.51.100.2 4711 7000\r\n", "PROXY UNKNOWN\r\n"] {
        assert!(matches!(take(line.as_bytes()).0, Err(Error::Version1)));
    }
}

#[test]
fn section_2_anything_else_is_an_error_after_the_twelve_bytes_of_the_signature() {
    let mut hello = vec![0, 59, 1, 1, 8];
    hello.extend(pattern(3, 56));
    let (result, left) = take(&hello);
    assert!(matches!(result, Err(Error::Signature)));
    assert_eq!(left, hello.len() - 12);
    let good = header(of_ipv4(), &[]);
    for at in 0..12 {
        for bit in 0..8 {
            let mut bytes = good.clone();
            bytes[at] ^= 1 << bit;
            assert!(matches!(take(&bytes).0, Err(Error::Signature)));
        }
    }
}

#[test]
fn section_2_2_a_header_longer_than_536_bytes_is_an_error_before_it_is_read() {
    let room = MAX_HEADER - 16 - 12 - 3;
    assert_eq!(take(&header(of_ipv4(), &[(0x04, &vec![0; room])])).0.unwrap(), Some(of_ipv4()));
    for len in [room + 1, 65_535 - 12 - 3] {
        let bytes = header(of_ipv4(), &[(0x04, &vec![0; len])]);
        let (result, left) = take(&bytes);
        assert!(matches!(result, Err(Error::TooLong)));
        assert_eq!(left, bytes.len() - 16);
    }
}

#[test]
fn section_2_2_a_header_cut_at_every_length_is_an_error_and_no_header() {
    let good = header(of_ipv6(), &[(0x03, &[0; 4]), (0xe0, b"pump-7")]);
    for len in 0..good.len() {
        match take(&good[..len]).0 {
            Err(Error::Io(error)) => assert_eq!(error.kind(), ErrorKind::UnexpectedEof),
            other => panic!("{len}: {other:?}"),
        }
    }
}

#[test]
fn section_2_2_a_length_that_cuts_an_address_or_a_tlv_is_an_error() {
    for expected in [of_ipv4(), of_ipv6()] {
        let good = header(expected, &[(0x04, b"ab"), (0xe0, b"pump-7")]);
        let whole = [good.len() - 9 - 5, good.len() - 9, good.len()].map(|len| len - 16);
        for len in 0..=good.len() - 16 {
            let mut bytes = good.clone();
            bytes[14..16].copy_from_slice(&(len as u16).to_be_bytes());
            let (result, left) = take(&bytes);
            match result {
                Ok(found) => assert!(whole.contains(&len) && found == Some(expected)),
                Err(Error::Malformed) => assert!(!whole.contains(&len)),
                Err(error) => panic!("{len}: {error}"),
            }
            assert_eq!(left, good.len() - 16 - len);
        }
    }
}

/// With its checksum filled in by a table-driven CRC32C, as §2.2.3 says.
fn with_checksum() -> Vec<u8> {
    let mut bytes =
        header(of_ipv4(), &[(0x02, b"pump.example"), (Type::CRC32C.into(), &[0; 4]), (0xe0, b"x")]);
    let table: Vec<u32> = (0..256u32)
        .map(|byte| {
            (0..8).fold(byte, |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 })
        })
        .collect();
    let step = |crc: u32, byte: &u8| (crc >> 8) ^ table[((crc ^ u32::from(*byte)) & 0xff) as usize];
    let crc = !bytes.iter().fold(!0, step);
    let at = bytes.len() - 4 - 4;
    bytes[at..at + 4].copy_from_slice(&crc.to_be_bytes());
    bytes
}

#[test]
fn section_2_2_3_a_checksum_that_is_there_is_verified() {
    let good = with_checksum();
    assert_eq!(take(&good).0.unwrap(), Some(of_ipv4()));
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut bytes = good.clone();
            bytes[at] ^= 1 << bit;
            match take(&bytes).0 {
                // LOCAL, or a TLV that was the checksum and is not any more.
                Ok(None) => assert_eq!((at, bit), (12, 0)),
                Ok(Some(found)) => assert_eq!((at, found), (16 + 12 + 15, of_ipv4())),
                Err(_) => (),
            }
        }
    }
    assert!(matches!(take(&header(of_ipv4(), &[(3, &[0; 4])])).0, Err(Error::Checksum)));
    for wrong in [&[][..], &[0; 3], &[0; 5]] {
        assert!(matches!(take(&header(of_ipv4(), &[(3, wrong)])).0, Err(Error::Malformed)));
    }
}

/// Whatever `accept` takes, `ppp` takes as well, and both find the same.
#[test]
fn section_2_2_damage_at_every_byte_is_never_read_otherwise_than_an_independent_reader_does() {
    for good in [header(of_ipv4(), &[(0x04, b"ab"), (0xe0, b"pump-7")]), header(of_ipv6(), &[(0x02, b"a")])] {
        for at in 0..good.len() {
            for value in 0..=0xff {
                let mut bytes = good.clone();
                bytes[at] = value;
                let Ok(found) = take(&bytes).0 else { continue };
                let theirs = v2::Header::try_from(&bytes[..]).unwrap();
                let expected = match theirs.addresses {
                    _ if theirs.command == Command::Local => None,
                    v2::Addresses::IPv4(pair) => Some(Addresses {
                        source: SocketAddr::from((pair.source_address, pair.source_port)),
                        destination: SocketAddr::from((pair.destination_address, pair.destination_port)),
                    }),
                    v2::Addresses::IPv6(pair) => Some(Addresses {
                        source: SocketAddr::from((pair.source_address, pair.source_port)),
                        destination: SocketAddr::from((pair.destination_address, pair.destination_port)),
                    }),
                    _ => None,
                };
                assert_eq!(found, expected);
            }
        }
    }
}

#[test]
fn section_2_2_random_bodies_are_headers_or_errors_and_never_a_panic() {
    for seed in 0..20_000 {
        let bytes = pattern(seed, 600);
        let mut bytes =
            raw(0x20 | bytes[0] & 1, [0x00, 0x11, 0x21, 0x31][usize::from(bytes[1] & 3)], &bytes[2..]);
        let len = (u16::from_be_bytes([bytes[20], bytes[21]]) % 560).to_be_bytes();
        bytes[14..16].copy_from_slice(&len);
        let (_, left) = take(&bytes);
        assert!(left >= bytes.len() - MAX_HEADER);
    }
}

#[test]
fn section_2_2_what_we_write_is_what_an_independent_reader_finds() {
    for (ours, family) in [(of_ipv4(), 12), (of_ipv6(), 36)] {
        let header = Header::new(Some(ours), Some("Pumpe 7 im Keller, süd")).unwrap();
        let theirs = v2::Header::try_from(header.as_bytes()).unwrap();
        assert_eq!((theirs.command, theirs.protocol), (Command::Proxy, Protocol::Stream));
        assert_eq!(theirs.addresses, (ours.source, ours.destination).into());
        assert_eq!(theirs.address_bytes().len(), family);
        let tlvs: Vec<_> = theirs.tlvs().map(Result::unwrap).collect();
        assert_eq!(tlvs.len(), 1);
        assert_eq!((tlvs[0].kind, &*tlvs[0].value), (TYPE_DEVICE, "Pumpe 7 im Keller, süd".as_bytes()));
        assert_eq!(take(header.as_bytes()).0.unwrap(), Some(ours));
    }
}

#[test]
fn section_2_2_addresses_of_two_families_go_out_in_one() {
    let mapped = Header::new(Some(addresses("[::ffff:192.0.2.1]:1", "[::ffff:192.0.2.2]:2")), None).unwrap();
    assert_eq!(take(mapped.as_bytes()).0.unwrap(), Some(addresses("192.0.2.1:1", "192.0.2.2:2")));
    let mixed = Header::new(Some(addresses("192.0.2.1:1", "[2001:db8::2]:2")), None).unwrap();
    let expected = addresses("[::ffff:192.0.2.1]:1", "[2001:db8::2]:2");
    assert_eq!(take(mixed.as_bytes()).0.unwrap(), Some(expected));
}

#[test]
fn section_2_2_without_addresses_the_family_is_unspecified_and_the_name_is_there() {
    let header = Header::new(None, Some("pump-7")).unwrap();
    let theirs = v2::Header::try_from(header.as_bytes()).unwrap();
    assert_eq!((theirs.command, theirs.addresses), (Command::Proxy, v2::Addresses::Unspecified));
    assert_eq!(header.as_bytes()[16..], *b"\xe0\x00\x06pump-7");
    assert_eq!(Header::new(None, None).unwrap().as_bytes()[12..], [0x21, 0, 0, 0]);
}

#[test]
fn a_name_that_steers_terminals_or_cannot_be_seen_enters_no_header() {
    for c in ['\u{1b}', '\u{9b}', '\u{ad}', '\u{200b}', '\u{202e}', '\u{feff}', '\u{e0041}'] {
        assert!(matches!(Header::new(None, Some(&format!("a{c}b"))), Err(Error::Name)), "{c:?}");
    }
}

#[test]
fn a_name_that_is_too_long_is_an_error_and_not_cut() {
    let longest = Header::new(Some(of_ipv6()), Some(&"x".repeat(MAX_NAME))).unwrap();
    assert!(longest.as_bytes().len() <= MAX_HEADER);
    assert_eq!(take(longest.as_bytes()).0.unwrap(), Some(of_ipv6()));
    assert!(matches!(Header::new(None, Some(&"x".repeat(MAX_NAME + 1))), Err(Error::TooLong)));
}
