//! Random bits as text that can be read aloud and typed: five bits a character.
//!
//! Source: Douglas Crockford, *Base 32*: no `i`, `l`, `o` and `u`, in lower case.

use zeroize::Zeroizing;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Whether a character is one of the alphabet.
pub(super) fn is_of_alphabet(byte: u8) -> bool {
    ALPHABET.contains(&byte)
}

/// Eight characters for each five bytes; bytes beyond the last five are left out.
pub(super) fn spell(bytes: &[u8]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(bytes.len() / 5 * 8));
    for five in bytes.chunks_exact(5) {
        let bits = five.iter().fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
        for place in (0..8).rev() {
            let index = usize::try_from(bits >> (5 * place) & 31).unwrap_or(0);
            text.extend(ALPHABET.get(index).map(|byte| char::from(*byte)));
        }
    }
    text
}

/// What a person typed, as it was spelled: case, dashes and blanks aside, `o` for `0`, `i` and `l` for `1`.
pub(super) fn as_spelled(typed: &str) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(typed.len()));
    for character in typed.chars().filter(|c| !matches!(c, '-' | ' ')) {
        text.push(match character.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            other => other,
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_is_spelled() {
        assert_eq!(*spell(&[0; 5]), "00000000");
        assert_eq!(*spell(&[255; 10]), "zzzzzzzzzzzzzzzz");
        assert_eq!(*spell(&[0b0000_1000, 0b1000_0110, 0b0100_0010, 0b1001_1000, 0xe8]), "12345678");
    }

    #[test]
    fn what_is_typed_carelessly_is_read_as_meant() {
        assert_eq!(*as_spelled("OiL-2AbC "), "0112abc");
    }
}
