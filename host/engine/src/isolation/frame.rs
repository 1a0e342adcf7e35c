//! Frames on the socket between the host and the child: `length u32, id u64` (little
//! endian), then a message and, behind it, bytes as they are.

use std::io::{self, Read, Write};

use serde::Serialize;

/// Bytes in front of each frame.
pub(super) const HEAD: usize = 12;

/// Bytes of the body, and the question that it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) bytes: u32,
    pub(super) id: u64,
}

impl Head {
    pub(super) fn read(bytes: [u8; HEAD]) -> Head {
        let [a, b, c, d, id @ ..] = bytes;
        Head { bytes: u32::from_le_bytes([a, b, c, d]), id: u64::from_le_bytes(id) }
    }
}

/// A frame, but for the `behind` bytes that are sent after it as they are.
///
/// # Errors
/// If the message cannot be written, or is longer than 4 GiB.
pub(super) fn frame(id: u64, message: &impl Serialize, behind: usize) -> io::Result<Vec<u8>> {
    let mut frame = postcard::to_extend(message, vec![0; HEAD]).map_err(io::Error::other)?;
    let bytes = u32::try_from(frame.len() - HEAD + behind).map_err(io::Error::other)?;
    let head = bytes.to_le_bytes().into_iter().chain(id.to_le_bytes());
    frame.iter_mut().zip(head).for_each(|(to, from)| *to = from);
    Ok(frame)
}

/// The next frame of a peer that is trusted, into a buffer that is used again; none where
/// the peer has closed.
///
/// # Errors
/// If it breaks off amidst a frame.
pub(super) fn next(from: &mut impl Read, body: &mut Vec<u8>) -> io::Result<Option<u64>> {
    let mut head = [0; HEAD];
    match from.read_exact(&mut head) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let head = Head::read(head);
    body.clear();
    body.resize(usize::try_from(head.bytes).map_err(io::Error::other)?, 0);
    from.read_exact(body)?;
    Ok(Some(head.id))
}

/// Standard input and output as they are, without the buffers of the standard library.
pub(super) struct Bare<F>(pub(super) F);

impl<F: std::os::fd::AsFd> Read for Bare<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::io::retry_on_intr(|| rustix::io::read(&self.0, &mut *buffer))?)
    }
}

impl<F: std::os::fd::AsFd> Write for Bare<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::retry_on_intr(|| rustix::io::write(&self.0, bytes))?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_back_as_they_went() {
        let mut wire = frame(7, &("a", 3_u8), 4).unwrap_or_default();
        wire.extend(b"code");
        wire.extend(frame(u64::MAX, &(), 0).unwrap_or_default());
        let mut wire = wire.as_slice();
        let mut body = Vec::new();
        assert_eq!(next(&mut wire, &mut body).ok().flatten(), Some(7));
        let (message, behind) = postcard::take_from_bytes::<(String, u8)>(&body).unwrap_or_default();
        assert_eq!((message.0.as_str(), message.1, behind), ("a", 3, &b"code"[..]));
        assert_eq!(next(&mut wire, &mut body).ok().flatten(), Some(u64::MAX));
        assert_eq!(next(&mut wire, &mut body).ok(), Some(None));
        assert!(next(&mut &frame(1, &"cut", 0).unwrap_or_default()[..14], &mut body).is_err());
    }
}
