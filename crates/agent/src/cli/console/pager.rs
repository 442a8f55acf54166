//! Long output page by page, as `---(more)---`.
//!
//! ```text
//!   Space, f  a page     Enter, j  a line     G  all the rest     q, ^C  no more
//! ```

use std::io::{self, Read as _, Write as _};

use nix::sys::termios::{self, LocalFlags, SetArg, Termios};

const MORE: &str = "---(more)---";

/// Shows `text` on a terminal of so many rows and columns.
pub(super) fn show(text: &str, rows: usize, columns: usize) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let page = rows.saturating_sub(1).max(1);
    let mut room = page;
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        out.write_all(line.as_bytes())?;
        room = room.saturating_sub(rows_of(line, columns));
        if room > 0 || lines.peek().is_none() {
            continue;
        }
        write!(out, "{MORE}")?;
        out.flush()?;
        let key = key()?;
        write!(out, "\r{}\r", " ".repeat(MORE.len()))?;
        room = match key {
            b'\r' | b'\n' | b'j' => 1,
            b'q' | b'Q' | 3 | 4 => return out.flush(),
            b'G' => usize::MAX,
            _ => page,
        };
    }
    out.flush()
}

/// How many rows a line takes.
fn rows_of(line: &str, columns: usize) -> usize {
    line.trim_end_matches('\n').chars().count().div_ceil(columns.max(1)).max(1)
}

/// One key, without Enter.
fn key() -> io::Result<u8> {
    let stdin = io::stdin();
    let before = termios::tcgetattr(&stdin)?;
    let mut raw = before.clone();
    raw.local_flags.remove(LocalFlags::ICANON | LocalFlags::ECHO | LocalFlags::ISIG);
    termios::tcsetattr(&stdin, SetArg::TCSANOW, &raw)?;
    let _restore = Restore(before);
    let mut byte = [0];
    match stdin.lock().read(&mut byte)? {
        0 => Ok(b'q'),
        _ => Ok(byte[0]),
    }
}

struct Restore(Termios);

impl Drop for Restore {
    fn drop(&mut self) {
        let _ = termios::tcsetattr(io::stdin(), SetArg::TCSANOW, &self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_takes_several_rows() {
        assert_eq!(rows_of("\n", 80), 1);
        assert_eq!(rows_of(&"x".repeat(80), 80), 1);
        assert_eq!(rows_of(&"x".repeat(81), 80), 2);
        assert_eq!(rows_of("x", 0), 1);
    }
}
