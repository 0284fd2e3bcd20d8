//! Keys that are printed in the documentation of Lowkey. Some of their private halves are printed beside them, and of
//! the others nobody can say who has them. So no server uses one, no device is made for one, and none is let in.
//!
//! It is asked at the edge, where keys come from: [`Page::is_published`](crate::page::Page::is_published) for a key
//! page. An image that does not ask holds none of it. (The one code that is printed, [`Code`](crate::Code) refuses by
//! itself.)

use lowkey_crypto::{Blake2s, PublicKey, Secret};

/// Whether a public key is printed there, or follows from a private key that is.
pub fn is_published(key: &PublicKey) -> bool {
    is_among(KEYS, key.canonical().as_bytes())
}

/// Whether a PSK is printed there.
pub fn is_published_psk(psk: &Secret<32>) -> bool {
    let mut hash = [0; 32];
    Blake2s::hash(&[psk.expose()], &mut hash);
    is_among(PSKS, &hash)
}

/// Whether the first eight bytes are among these; nobody meets one of these few by chance.
fn is_among(fronts: &[u64], bytes: &[u8; 32]) -> bool {
    let front = u64::from_be_bytes(bytes.first_chunk().copied().unwrap_or_default());
    fronts.contains(&front)
}

/// Of public keys. `LOWKEY_WRITE_PUBLISHED=1 cargo test -p lowkey-registry --test provisioning` writes both lists, and
/// those of Python.
const KEYS: &[u64] = &[
    0x0faa_684e_d288_67b9,
    0x1111_1111_1111_1111,
    0x11a3_3e85_1978_2e59,
    0x1407_c024_f044_3086,
    0x1b6f_94a5_70e1_0b5c,
    0x2222_2222_2222_2222,
    0x2389_c32e_fb47_7b3d,
    0x2877_96ec_d98d_be75,
    0x2a88_72b0_331f_b4a6,
    0x2c78_7147_e412_189a,
    0x2fe0_fea4_f27d_2dd4,
    0x31fd_6400_04b0_ead7,
    0x3c1a_aef5_90f6_75a4,
    0x3e98_927d_65f1_4c4c,
    0x493e_82fc_7446_4a59,
    0x4942_f9d2_a139_1b20,
    0x4a72_aa64_2a51_20f1,
    0x4c86_1e37_e21e_3f1a,
    0x5b73_110c_ea78_5665,
    0x6868_cb1e_a0b9_17ef,
    0x7707_6d0a_7318_a57d,
    0x7837_dfb9_be86_bef2,
    0x7b4e_909b_be7f_fe44,
    0x8081_8283_8485_8687,
    0x8520_f009_8930_a754,
    0x9242_48f1_a6cf_cab3,
    0x946b_9dab_0772_3c26,
    0xb3c2_d1a3_c535_87c4,
    0xb4d3_0a99_339b_ac9c,
    0xb6df_ccd2_febb_0ec0,
    0xc188_aff1_c6dd_7e3d,
    0xc5a4_6de9_123a_f0ee,
    0xde9e_db7d_7b7d_c1b4,
    0xe347_cc42_9184_4efe,
    0xe71f_b005_86f5_2764,
    0xee90_9971_e5de_895e,
    0xf216_44ef_d576_8d29,
    0xf46c_16af_e0b3_a617,
    0xfd7a_81ec_f4ce_02e3,
    0xfd95_c2f9_7cca_a18f,
];

/// Of BLAKE2s-256 of PSKs.
const PSKS: &[u64] = &[
    0x00da_38e0_6f9d_db31,
    0x32a9_efd5_99e0_717a,
    0x3428_7364_2559_b686,
    0x3f97_b36b_8978_2500,
    0x4a02_e3fc_481b_d212,
    0x72b7_5f57_cb03_4393,
    0x8b05_4142_add4_29be,
    0x94c0_37e4_9434_bdea,
    0xa8bc_72ac_97af_e59b,
    0xb272_b093_e6b0_9b9e,
    0xc204_536a_c409_328f,
    0xce5f_9aff_ff67_e5cb,
    0xd774_7571_b359_3277,
    0xe911_84e4_9a73_df7b,
];
