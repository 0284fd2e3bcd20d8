//! The compact body's ChaCha20 in Rust: the vectors of RFC 8439.

use std::vec::Vec;

use super::{array, counting, hex};
use crate::{
    Secret,
    body::compact::chacha20::{Key, plain},
};

#[test]
fn rfc8439_2_3_2_block() {
    let nonce = array("000000090000004a00000000");
    assert_eq!(xor(&counting(), 1, &nonce, &[0; 64]), hex(BLOCK));
}

#[test]
fn rfc8439_2_4_2_encryption() {
    let nonce = array("000000000000004a00000000");
    assert_eq!(xor(&counting(), 1, &nonce, SUNSCREEN), hex(SUNSCREEN_ENCRYPTED));
}

#[test]
fn rfc8439_2_6_2_and_a_4_one_time_keys() {
    let first = counting().map(|byte: u8| 0x80 | byte);
    let cases = [
        (
            first,
            array("000000000001020304050607"),
            "8ad5a08b905f81cc815040274ab29471a833b637e3fd0da508dbb8e2fdd1a646",
        ),
        ([0; 32], [0; 12], "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"),
        (ending(1), ending(2), "ecfa254f845f647473d3cb140da9e87606cb33066c447b87bc2666dde3fbb739"),
        (
            array(JABBERWOCKY_KEY),
            ending(2),
            "965e3bc6f9ec7ed9560808f4d229f94b137ff275ca9b3fcbdd59deaad23310ae",
        ),
    ];
    for (key, nonce, expected) in cases {
        assert_eq!(xor(&key, 0, &nonce, &[0; 32]), hex(expected));
    }
}

#[test]
fn rfc8439_a_1_blocks() {
    let mut second_byte = [0; 32];
    second_byte[1] = 0xff;
    let keys = [[0; 32], [0; 32], ending(1), second_byte, [0; 32]];
    let numbers = [0, 1, 1, 2, 0];
    let nonces = [[0; 12], [0; 12], [0; 12], [0; 12], ending(2)];
    for (((key, number), nonce), expected) in keys.iter().zip(numbers).zip(&nonces).zip(A_1) {
        assert_eq!(xor(key, number, nonce, &[0; 64]), hex(expected));
    }
}

#[test]
fn rfc8439_a_2_encryption() {
    assert_eq!(xor(&[0; 32], 0, &[0; 12], &[0; 64]), hex(A_1[0]));
    assert_eq!(xor(&ending(1), 1, &ending(2), SUBMISSION), hex(SUBMISSION_ENCRYPTED));
    let key = array(JABBERWOCKY_KEY);
    assert_eq!(xor(&key, 42, &ending(2), JABBERWOCKY), hex(JABBERWOCKY_ENCRYPTED));
}

#[test]
fn rfc8439_2_4_the_last_block_is_number_2_to_the_32_less_1() {
    let whole = xor(&counting(), u32::MAX - 1, &[7; 12], &[0; 128]);
    assert_eq!(xor(&counting(), u32::MAX, &[7; 12], &[0; 64]), whole[64..]);
}

fn xor(key: &[u8; 32], block: u32, nonce: &[u8; 12], text: &[u8]) -> Vec<u8> {
    let mut text = text.to_vec();
    plain::xor(&Key::new(&Secret::new(*key)), block, nonce, &mut text);
    text
}

/// Zeros, and a last byte.
fn ending<const N: usize>(last: u8) -> [u8; N] {
    let mut bytes = [0; N];
    bytes[N - 1] = last;
    bytes
}

pub(super) const SUBMISSION: &[u8] =
    b"Any submission to the IETF intended by the Contributor for publication as all \
or part of an IETF Internet-Draft or RFC and any statement made within the context of an IETF activity is \
considered an \"IETF Contribution\". Such statements include oral statements in IETF sessions, as well as \
written and electronic communications made at any time or place, which are addressed to";
pub(super) const JABBERWOCKY: &[u8] =
    b"'Twas brillig, and the slithy toves\nDid gyre and gimble in the wabe:\n\
All mimsy were the borogoves,\nAnd the mome raths outgrabe.";
pub(super) const JABBERWOCKY_KEY: &str = "1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0";
const SUNSCREEN: &[u8] =
    b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the \
future, sunscreen would be it.";

const BLOCK: &str = "
    10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e
    d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e";
const SUNSCREEN_ENCRYPTED: &str = "
    6e2e359a2568f98041ba0728dd0d6981e97e7aec1d4360c20a27afccfd9fae0b
    f91b65c5524733ab8f593dabcd62b3571639d624e65152ab8f530c359f0861d8
    07ca0dbf500d6a6156a38e088a22b65e52bc514d16ccf806818ce91ab7793736
    5af90bbf74a35be6b40b8eedf2785e42874d";
const A_1: [&str; 5] = [
    "
    76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7
    da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586",
    "
    9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed
    29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f",
    "
    3aeb5224ecf849929b9d828db1ced4dd832025e8018b8160b82284f3c949aa5a
    8eca00bbb4a73bdad192b5c42f73f2fd4e273644c8b36125a64addeb006c13a0",
    "
    72d54dfbf12ec44b362692df94137f328fea8da73990265ec1bbbea1ae9af0ca
    13b25aa26cb4a648cb9b9d1be65b2c0924a66c54d545ec1b7374f4872e99f096",
    "
    c2c64d378cd536374ae204b9ef933fcd1a8b2288b3dfa49672ab765b54ee27c7
    8a970e0e955c14f3a88e741b97c286f75f8fc299e8148362fa198a39531bed6d",
];
const SUBMISSION_ENCRYPTED: &str = "
    a3fbf07df3fa2fde4f376ca23e82737041605d9f4f4f57bd8cff2c1d4b7955ec
    2a97948bd3722915c8f3d337f7d370050e9e96d647b7c39f56e031ca5eb6250d
    4042e02785ececfa4b4bb5e8ead0440e20b6e8db09d881a7c6132f420e527950
    42bdfa7773d8a9051447b3291ce1411c680465552aa6c405b7764d5e87bea85a
    d00f8449ed8f72d0d662ab052691ca66424bc86d2df80ea41f43abf937d3259d
    c4b2d0dfb48a6c9139ddd7f76966e928e635553ba76c5c879d7b35d49eb2e62b
    0871cdac638939e25e8a1e0ef9d5280fa8ca328b351c3c765989cbcf3daa8b6c
    cc3aaf9f3979c92b3720fc88dc95ed84a1be059c6499b9fda236e7e818b04b0b
    c39c1e876b193bfe5569753f88128cc08aaa9b63d1a16f80ef2554d7189c411f
    5869ca52c5b83fa36ff216b9c1d30062bebcfd2dc5bce0911934fda79a86f6e6
    98ced759c3ff9b6477338f3da4f9cd8514ea9982ccafb341b2384dd902f3d1ab
    7ac61dd29c6f21ba5b862f3730e37cfdc4fd806c22f221";
const JABBERWOCKY_ENCRYPTED: &str = "
    62e6347f95ed87a45ffae7426f27a1df5fb69110044c0d73118effa95b01e5cf
    166d3df2d721caf9b21e5fb14c616871fd84c54f9d65b283196c7fe4f60553eb
    f39c6402c42234e32a356b3e764312a61a5532055716ead6962568f87d3f3f77
    04c6a8d1bcd1bf4d50d6154b6da731b187b58dfd728afa36757a797ac188d1";
