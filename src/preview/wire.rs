//! What the fenced process tells its parent on its standard output: a line of JSON, and behind it the picture.

use std::io::Write;

use serde::{Deserialize, Serialize};

use super::{Drawn, Facts, LONGEST_SIDE, unusable};
use crate::error::{Error, Result};

/// The mark of a PNG, and behind it the chunk that says the size.
const PNG_MARK: &[u8; 8] = b"\x89PNG\r\n\x1a\n";
const WIDTH_AT: usize = 16;
const HEIGHT_AT: usize = 20;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Drawn(Facts),
    /// Why the content cannot be drawn.
    Refused(String),
}

/// Fails when nobody reads it any more.
pub fn write(outcome: Result<Drawn>, to: &mut impl Write) -> Result<()> {
    let (answer, png) = match outcome {
        Ok(drawn) => (Answer::Drawn(drawn.facts), drawn.png),
        Err(error) => (Answer::Refused(error.message().to_owned()), Vec::new()),
    };
    let mut line =
        serde_json::to_vec(&answer).map_err(|error| Error::internal("An answer cannot be written").caused_by(error))?;
    line.push(b'\n');
    let written = to.write_all(&line).and_then(|()| to.write_all(&png)).and_then(|()| to.flush());
    written.map_err(|error| Error::internal("An answer cannot be written").caused_by(error))
}

/// None for what is no answer, which a process that died has left.
pub fn read(bytes: &[u8]) -> Option<Result<Drawn>> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (line, png) = (&bytes[..end], &bytes[end + 1..]);
    match serde_json::from_slice(line).ok()? {
        Answer::Refused(reason) => Some(Err(unusable(reason))),
        Answer::Drawn(facts) if is_picture(png) => Some(Ok(Drawn { png: png.to_vec(), facts })),
        Answer::Drawn(_) => None,
    }
}

/// The content had a hand in the process that made this, so it is looked at before it is believed.
fn is_picture(png: &[u8]) -> bool {
    let side = |at: usize| png.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes);
    let fits = |at: usize| side(at).is_some_and(|side| (1..=LONGEST_SIDE).contains(&side));
    png.starts_with(PNG_MARK) && fits(WIDTH_AT) && fits(HEIGHT_AT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preview::canvas;

    fn written(outcome: Result<Drawn>) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(outcome, &mut bytes).unwrap();
        bytes
    }

    fn drawn(side: u32) -> Drawn {
        let pixels = vec![7; side as usize * 2 * 3];
        Drawn { png: canvas::png(side, 2, pixels).unwrap(), facts: Facts::Image { width: side, height: 2 } }
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(read(&written(Ok(drawn(3)))).unwrap().unwrap(), drawn(3));
        let refused = read(&written(Err(unusable("It is\ndamaged")))).unwrap().unwrap_err();
        assert_eq!(refused.message(), "It is\ndamaged");
    }

    #[test]
    fn what_was_cut_off_or_is_no_picture_is_no_answer() {
        let whole = written(Ok(drawn(3)));
        assert!(read(&whole[..10]).is_none() && read(b"").is_none() && read(b"<html>\n<script>").is_none());
        let line = whole.iter().position(|byte| *byte == b'\n').unwrap();
        assert!(read(&whole[..=line]).is_none());
        assert!(read(&[&whole[..=line], b"<html>".as_slice()].concat()).is_none());
        assert!(read(&written(Ok(drawn(LONGEST_SIDE + 1)))).is_none());
    }
}
