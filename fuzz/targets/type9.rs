//! Fuzz target: the `$9$` form of secrets, both ways.

use homing_proto::junos::type9;

/// Any bytes encode and decode to themselves; any text that decodes encodes to one that decodes
/// the same.
pub fn run(data: &[u8]) {
    let (seed, plain) = data.split_at(data.len().min(8));
    let seed = seed.iter().fold(0, |seed, byte| seed << 8 | u64::from(*byte));
    returns(plain, seed);
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(secret) = type9::decode(text.trim())
    {
        returns(secret.expose(), seed);
    }
}

fn returns(plain: &[u8], seed: u64) {
    let hidden = type9::encode(plain, seed);
    assert!(hidden.starts_with(type9::PREFIX));
    assert_eq!(type9::decode(&hidden).map(|secret| secret.expose().to_vec()).as_deref(), Ok(plain));
}
