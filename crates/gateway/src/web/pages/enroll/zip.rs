//! A zip archive of small files, stored as they are.
//!
//! ```text
//!   [ local header, name, bytes ]…  [ central header, name ]…  [ end of the central directory ]
//! ```
//!
//! Source: APPNOTE.TXT, *.ZIP File Format Specification*, 4.3.7, 4.3.12 and 4.3.16.

/// An archive that is being written.
#[derive(Debug, Default)]
pub(super) struct Zip {
    bytes: Vec<u8>,
    directory: Vec<u8>,
    count: u16,
}

/// Version 2.0; UTF-8 names; stored; midnight of 1 January 1980, which is the format's zero.
const COMMON: [u8; 10] = [20, 0, 0, 8, 0, 0, 0, 0, 0x21, 0];

impl Zip {
    /// Adds a file. One that would make the archive larger than its format allows is left out; the callers' limits are far below.
    pub(super) fn add(&mut self, name: &str, content: &[u8]) {
        let (Ok(name_length), Ok(length), Ok(offset)) = (
            u16::try_from(name.len()),
            u32::try_from(content.len()),
            u32::try_from(self.bytes.len()),
        ) else {
            return;
        };
        let Some(count) = self.count.checked_add(1) else { return };
        let mut common = COMMON.to_vec();
        common.extend(crc32(content).to_le_bytes());
        common.extend(length.to_le_bytes());
        common.extend(length.to_le_bytes());
        common.extend(name_length.to_le_bytes());
        common.extend([0, 0]); // no extra field
        self.bytes.extend(b"PK\x03\x04");
        self.bytes.extend(&common);
        self.bytes.extend(name.as_bytes());
        self.bytes.extend(content);
        self.directory.extend(b"PK\x01\x02");
        self.directory.extend([20, 3]); // made on Unix
        self.directory.extend(&common);
        self.directory.extend([0; 6]); // no comment, disk 0, no internal attributes
        self.directory.extend((0o100_600_u32 << 16).to_le_bytes());
        self.directory.extend(offset.to_le_bytes());
        self.directory.extend(name.as_bytes());
        self.count = count;
    }

    /// The archive.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let offset = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        let length = u32::try_from(self.directory.len()).unwrap_or(u32::MAX);
        self.bytes.extend(&self.directory);
        self.bytes.extend(b"PK\x05\x06");
        self.bytes.extend([0; 4]);
        self.bytes.extend(self.count.to_le_bytes());
        self.bytes.extend(self.count.to_le_bytes());
        self.bytes.extend(length.to_le_bytes());
        self.bytes.extend(offset.to_le_bytes());
        self.bytes.extend([0, 0]);
        self.bytes
    }
}

/// CRC-32 as in IEEE 802.3, bit by bit: stanzas are short.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_the_one_that_everybody_knows() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(crc32(b""), 0);
    }

    #[test]
    fn an_archive_holds_each_file_and_says_where() {
        let mut zip = Zip::default();
        zip.add("mx1.set", b"set system\n");
        zip.add("mx2.set", b"");
        let bytes = zip.finish();
        assert!(bytes.starts_with(b"PK\x03\x04"));
        let end = bytes.len() - 22;
        assert_eq!(&bytes[end..end + 4], b"PK\x05\x06");
        assert_eq!(bytes[end + 10], 2);
        let offset = u32::from_le_bytes(bytes[end + 16..end + 20].try_into().unwrap()) as usize;
        assert_eq!(&bytes[offset..offset + 4], b"PK\x01\x02");
        assert_eq!(&bytes[30..37], b"mx1.set");
        assert_eq!(&bytes[37..48], b"set system\n");
    }
}
