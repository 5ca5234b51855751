//! The end of an output.

use tiphys_executor::RESULT_LIMIT;

use super::deliver::Line;

#[derive(Default)]
pub struct Tail {
    bytes: Vec<u8>,
    truncated: bool,
}

impl Tail {
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        // Seldom, so that little is moved for what comes.
        if self.bytes.len() > 2 * RESULT_LIMIT {
            self.cut();
        }
    }

    /// Whether the output ended in the midst of a line.
    pub fn line(&self) -> Line {
        match self.bytes.last() {
            None | Some(b'\n') => Line::Ended,
            Some(_) => Line::Unknown,
        }
    }

    /// The end without one newline, and whether there was more before it. What is no UTF-8 becomes U+FFFD.
    pub fn text(mut self) -> (String, bool) {
        self.cut();
        if self.bytes.last() == Some(&b'\n') {
            self.bytes.pop();
        }
        let mut start = 0;
        if self.truncated {
            // Not with half a character.
            let rest = self.bytes.iter().take(3);
            start = rest.take_while(|byte| **byte & 0xc0 == 0x80).count();
        }
        let text = String::from_utf8_lossy(&self.bytes[start..]).into_owned();
        (text, self.truncated)
    }

    fn cut(&mut self) {
        let excess = self.bytes.len().saturating_sub(RESULT_LIMIT);
        self.truncated |= excess > 0;
        self.bytes.drain(..excess);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(output: &[u8], pieces: usize) -> (String, bool) {
        let mut tail = Tail::default();
        output.chunks(pieces).for_each(|piece| tail.push(piece));
        tail.text()
    }

    #[test]
    fn one_newline_goes() {
        assert_eq!(check(b"", 1), (String::new(), false));
        assert_eq!(check(b"a\n\n", 1), ("a\n".into(), false));
        assert_eq!(check(b"a\xff", 9), ("a\u{fffd}".into(), false));
    }

    #[test]
    fn the_end_stays_in_whole_characters() {
        let whole = "x".repeat(RESULT_LIMIT);
        assert_eq!(check(whole.as_bytes(), 1000), (whole.clone(), false));
        for extra in 1..5 {
            let output = format!("{}{}", "é€".repeat(RESULT_LIMIT / 2), "z".repeat(extra));
            let (text, truncated) = check(output.as_bytes(), 60_000);
            assert!(truncated && output.ends_with(&text));
            assert!((RESULT_LIMIT - 2..=RESULT_LIMIT).contains(&text.len()));
        }
    }
}
