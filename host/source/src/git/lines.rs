//! The lines of git's answers, as they come. I/O.

use codeflare_net::Pieces;
use gix_packetline::PacketLineRef;
use gix_packetline::decode::{Stream, streaming};

use super::protocol::Odd;
use crate::error::FetchError;

/// A line, or what stands between lines.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// Bytes, perhaps with an end of line.
    Data(&'a [u8]),
    /// The end of a section.
    Delimiter,
    /// The end of a message.
    Flush,
}

/// The lines of one answer.
pub(crate) struct Lines<'a> {
    host: &'a str,
    pieces: Pieces<'a>,
    /// What came and was not read yet, from `start` on.
    buffer: Vec<u8>,
    start: usize,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(host: &'a str, pieces: Pieces<'a>) -> Lines<'a> {
        Lines { host, pieces, buffer: Vec::new(), start: 0 }
    }

    /// The next one; none at the end of the answer.
    pub(crate) async fn next(&mut self) -> Result<Option<Line<'_>>, FetchError> {
        // Known first, lent out then: the buffer changes only before.
        let (data, end) = loop {
            let rest = self.buffer.get(self.start..).unwrap_or_default();
            match streaming(rest) {
                Ok(Stream::Complete { line, bytes_consumed }) => {
                    break (line.as_slice().map(<[u8]>::len), Kind::of(&line, bytes_consumed));
                }
                Ok(Stream::Incomplete { .. }) => {}
                Err(_) => return Err(self.odd("a line begins with no length")),
            }
            self.buffer.drain(..self.start);
            self.start = 0;
            match self.pieces.next().await? {
                Some(piece) => self.buffer.extend_from_slice(&piece),
                None if self.buffer.is_empty() => return Ok(None),
                None => return Err(self.odd("its answer ends in the middle of a line")),
            }
        };
        let until = self.start + end.length;
        let from = until - data.unwrap_or_default();
        self.start = until;
        Ok(Some(match (end.kind, data) {
            (Mark::Delimiter, _) => Line::Delimiter,
            (Mark::Flush, _) => Line::Flush,
            (Mark::Data, _) => Line::Data(self.buffer.get(from..until).unwrap_or_default()),
        }))
    }

    /// All lines up to the end of the message.
    pub(crate) async fn message(&mut self) -> Result<Vec<Vec<u8>>, FetchError> {
        let mut all = Vec::new();
        loop {
            match self.next().await? {
                Some(Line::Data(line)) => {
                    all.push(line.to_vec());
                }
                Some(Line::Delimiter) => {}
                Some(Line::Flush) => return Ok(all),
                None => return Err(self.odd("its answer ends before the end of a message")),
            }
        }
    }

    pub(crate) fn odd(&self, why: &str) -> FetchError {
        odd(self.host, Odd(why.to_owned()))
    }
}

/// An answer that is none of git's, as an error.
pub(crate) fn odd(host: &str, Odd(why): Odd) -> FetchError {
    FetchError::Protocol { host: host.to_owned(), why }
}

#[derive(Clone, Copy)]
enum Mark {
    Data,
    Delimiter,
    Flush,
}

struct Kind {
    kind: Mark,
    length: usize,
}

impl Kind {
    fn of(line: &PacketLineRef<'_>, length: usize) -> Kind {
        let kind = match line {
            PacketLineRef::Data(_) => Mark::Data,
            PacketLineRef::Delimiter => Mark::Delimiter,
            // The end of an answer, where that is said: nothing follows either.
            PacketLineRef::Flush | PacketLineRef::ResponseEnd => Mark::Flush,
        };
        Kind { kind, length }
    }
}
