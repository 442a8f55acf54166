//! Junos's `$9$` form of a secret: readable by anyone, only hidden from eyes.
//!
//! ```text
//! $9$ s rr… cccc…      s: salt character
//!       │   └ each byte as 2, 3 or 4 characters: the distance of each from the one before,
//!       │     in ALPHA, less one, times a weight that depends on the byte's position
//!       └ 0 to 3 random characters, by the family of s
//! ```
//!
//! Source: shared notes on `$9$`, confirmed by strings made on devices (`testdata/`).

use zeroize::Zeroizing;

use crate::fault::Fault;
use crate::host_key::Secret;

/// What every such string begins with.
pub const PREFIX: &str = "$9$";

const FAMILIES: [&[u8]; 4] =
    [b"QzF3n6/9CAtpu0O", b"B1IREhcSyrleKvMW8LXx", b"7N-dVbwsY2g4oaJZGUDj", b"iHkq.mPf5T"];

const ALPHA: &[u8; 65] = b"QzF3n6/9CAtpu0OB1IREhcSyrleKvMW8LXx7N-dVbwsY2g4oaJZGUDjiHkq.mPf5T";

const WEIGHTS: [&[u32]; 7] =
    [&[1, 4, 32], &[1, 16, 32], &[1, 8, 32], &[1, 64], &[1, 32], &[1, 4, 16, 128], &[1, 32, 64]];

/// Why a string is not in the `$9$` form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Type9Error {
    /// It begins otherwise.
    #[error("a secret of this form begins with `$9$`")]
    NotType9,
    /// A character that the form does not use.
    #[error("character {0} of the `$9$` secret is none that the form uses")]
    ForeignCharacter(usize),
    /// The text ends too early.
    #[error("the `$9$` secret is cut short")]
    CutShort,
}

impl Type9Error {
    /// Stable, kebab-case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotType9 => "type9-prefix",
            Self::ForeignCharacter(_) => "type9-character",
            Self::CutShort => "type9-cut-short",
        }
    }

    /// Who must act: the person who pasted it.
    pub fn fault(&self) -> Fault {
        Fault::Operator
    }
}

/// The plain secret behind a `$9$` string.
///
/// # Errors
/// If it is not one, or damaged.
pub fn decode(text: &str) -> Result<Secret, Type9Error> {
    let body = text.strip_prefix(PREFIX).ok_or(Type9Error::NotType9)?;
    let indices = body.bytes().enumerate().map(|(at, byte)| {
        position(byte).ok_or(Type9Error::ForeignCharacter(PREFIX.len() + at + 1))
    });
    let indices: Zeroizing<Vec<usize>> = Zeroizing::new(indices.collect::<Result<_, _>>()?);
    let (&salt, rest) = indices.split_first().ok_or(Type9Error::CutShort)?;
    let mut rest = rest.get(extra(salt)..).ok_or(Type9Error::CutShort)?;
    let mut plain = Zeroizing::new(Vec::with_capacity(rest.len() / 2));
    let mut before = salt;
    for weights in WEIGHTS.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (group, after) = rest.split_at_checked(weights.len()).ok_or(Type9Error::CutShort)?;
        let mut sum = 0_u32;
        for (&index, weight) in group.iter().zip(*weights) {
            let distance = (index + ALPHA.len() - before) % ALPHA.len();
            let gap = u32::try_from(distance).unwrap_or(0).wrapping_sub(1);
            sum = sum.wrapping_add(gap.wrapping_mul(*weight));
            before = index;
        }
        plain.push((sum % 256) as u8);
        rest = after;
    }
    Ok(Secret::new(plain.to_vec()))
}

/// `plain` in the `$9$` form. `seed` chooses the salt; any will do, a different one each time
/// is usual.
pub fn encode(plain: &[u8], seed: u64) -> String {
    let mut state = seed;
    let mut random = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        ((mixed >> 32) % ALPHA.len() as u64) as usize
    };
    let salt = random();
    let mut out = String::from(PREFIX);
    out.push(letter(salt));
    (0..extra(salt)).for_each(|_| out.push(letter(random())));
    let mut before = salt;
    for (&byte, weights) in plain.iter().zip(WEIGHTS.iter().cycle()) {
        for gap in gaps(byte, weights) {
            before = (before + gap + 1) % ALPHA.len();
            out.push(letter(before));
        }
    }
    out
}

/// How often each weight goes into the byte, in the order of the weights.
fn gaps(byte: u8, weights: &[u32]) -> Vec<usize> {
    let mut left = u32::from(byte);
    let mut gaps: Vec<usize> = weights
        .iter()
        .rev()
        .map(|weight| {
            let gap = left / weight;
            left %= weight;
            gap as usize
        })
        .collect();
    gaps.reverse();
    gaps
}

fn position(byte: u8) -> Option<usize> {
    memchr::memchr(byte, ALPHA)
}

fn letter(index: usize) -> char {
    char::from(ALPHA.get(index).copied().unwrap_or(b'Q'))
}

/// How many random characters follow a salt.
fn extra(salt: usize) -> usize {
    let byte = ALPHA.get(salt).copied().unwrap_or(b'Q');
    let family = FAMILIES.iter().position(|family| family.contains(&byte)).unwrap_or(0);
    3 - family
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn vectors() -> Vec<(String, String)> {
        let text = include_str!("../../../../testdata/junos-vectors.json");
        let all: serde_json::Value = serde_json::from_str(text).unwrap();
        serde_json::from_value(all["type9"].clone()).unwrap()
    }

    #[test]
    fn strings_made_on_devices_decode() {
        for (plain, hidden) in vectors() {
            assert_eq!(decode(&hidden).unwrap(), Secret::new(plain.as_bytes()), "{hidden}");
        }
    }

    #[test]
    fn the_alphabet_is_the_families_in_order() {
        assert_eq!(FAMILIES.concat(), ALPHA);
    }

    #[test]
    fn a_foreign_character_is_named_by_its_place() {
        assert_eq!(decode("$9$Qgb!").unwrap_err(), Type9Error::ForeignCharacter(7));
        assert_eq!(decode("$9$ä").unwrap_err(), Type9Error::ForeignCharacter(4));
    }

    #[test]
    fn a_string_cut_short_is_refused() {
        assert_eq!(decode("$9$").unwrap_err(), Type9Error::CutShort);
        assert_eq!(decode("$9$Qg").unwrap_err(), Type9Error::CutShort);
        let whole = "$9$7YdwgGDkTz6oJz69A1INdb";
        assert_eq!(decode(&whole[..whole.len() - 1]).unwrap_err(), Type9Error::CutShort);
    }

    #[test]
    fn a_plain_secret_is_not_of_this_form() {
        assert_eq!(decode("juniper").unwrap_err(), Type9Error::NotType9);
    }

    proptest! {
        #[test]
        fn encode_then_decode_is_the_same_secret(
            plain in proptest::collection::vec(any::<u8>(), 0..200),
            seed: u64,
        ) {
            let hidden = encode(&plain, seed);
            prop_assert_eq!(decode(&hidden).unwrap(), Secret::new(plain));
        }

        #[test]
        fn no_text_makes_decode_panic(text in "(\\$9\\$)?[ -~é]{0,60}") {
            let _ = decode(&text);
        }
    }
}
