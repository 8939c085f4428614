//! Frames on a stream: four bytes of length, big-endian, then that many bytes.
//!
//! Bounded in size and in time from a frame's first byte on; between frames a stream may be quiet for ever, its connection
//! watches over that. What may not live here: what a frame means.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    time::timeout,
};

/// The most that a frame of the sync session holds.
pub const MAX_FRAME: usize = 2 << 20;
/// How long one frame may take from its first byte to its last.
pub const FRAME_TIME: Duration = Duration::from_secs(60);

/// Memory set aside on the word of a length alone.
const FIRST_ROOM: usize = 64 << 10;

#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    #[error("a frame of {0} bytes is longer than allowed")]
    TooLong(usize),
    #[error("a frame took too long")]
    Stalled,
    #[error("the stream ended within a frame")]
    Cut,
    #[error("the stream was lost")]
    Lost(#[source] io::Error),
}

/// The next frame, at most `limit` bytes; `None` when the stream ended between two.
pub async fn read_frame<R: AsyncRead + Unpin>(
    stream: &mut R,
    limit: usize,
    patience: Duration,
) -> Result<Option<Vec<u8>>, FrameError> {
    let mut head = [0; 4];
    let first = stream.read(&mut head[..1]).await.map_err(FrameError::Lost)?;
    if first == 0 {
        return Ok(None);
    }
    let rest = async {
        stream.read_exact(&mut head[1..]).await?;
        let length = usize::try_from(u32::from_be_bytes(head)).unwrap_or(usize::MAX);
        if length > limit {
            return Err(FrameError::TooLong(length));
        }
        let mut frame = Vec::with_capacity(length.min(FIRST_ROOM));
        let wanted = u64::from(u32::from_be_bytes(head));
        let taken = stream.take(wanted).read_to_end(&mut frame).await?;
        if taken < length { Err(FrameError::Cut) } else { Ok(Some(frame)) }
    };
    timeout(patience, rest).await.map_err(|_| FrameError::Stalled)?
}

/// Writes one frame. Cancelled halfway it leaves the stream unusable.
pub async fn write_frame<W: AsyncWrite + Unpin>(
    stream: &mut W,
    frame: &[u8],
    patience: Duration,
) -> Result<(), FrameError> {
    let length = u32::try_from(frame.len()).map_err(|_| FrameError::TooLong(frame.len()))?;
    // One write, so that head and frame leave in the same datagram.
    let mut bytes = Vec::with_capacity(4 + frame.len());
    bytes.extend(length.to_be_bytes());
    bytes.extend_from_slice(frame);
    let write = async {
        stream.write_all(&bytes).await?;
        stream.flush().await
    };
    timeout(patience, write).await.map_err(|_| FrameError::Stalled)?.map_err(FrameError::from)
}

impl From<io::Error> for FrameError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof { Self::Cut } else { Self::Lost(error) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(5);

    async fn read(bytes: &[u8]) -> Result<Option<Vec<u8>>, FrameError> {
        read_frame(&mut &*bytes, 10, PATIENCE).await
    }

    #[tokio::test]
    async fn frames_come_out_as_they_went_in() {
        let (mut near, mut far) = tokio::io::duplex(16);
        let frames: Vec<Vec<u8>> = (0..50).map(|n: u8| vec![n; usize::from(n)]).collect();
        let write = async {
            for frame in &frames {
                write_frame(&mut near, frame, PATIENCE).await.expect("it writes");
            }
            drop(near);
        };
        let read = async {
            let mut seen = Vec::new();
            while let Some(frame) = read_frame(&mut far, 64, PATIENCE).await.expect("it reads") {
                seen.push(frame);
            }
            seen
        };
        assert_eq!(tokio::join!(write, read).1, frames);
    }

    #[tokio::test]
    async fn a_frame_is_refused_by_its_head_or_its_end() {
        assert!(matches!(read(&[]).await, Ok(None)));
        assert!(matches!(read(&[0, 0, 0, 1, 7]).await, Ok(Some(frame)) if frame == [7]));
        assert!(matches!(read(&[0, 0, 0, 11]).await, Err(FrameError::TooLong(11))));
        assert!(matches!(read(&[255; 4]).await, Err(FrameError::TooLong(_))));
        assert!(matches!(read(&[0, 0]).await, Err(FrameError::Cut)));
        assert!(matches!(read(&[0, 0, 0, 3, 1, 2]).await, Err(FrameError::Cut)));
    }

    #[tokio::test]
    async fn a_frame_that_never_ends_is_given_up_and_quiet_between_frames_is_not() {
        let short = Duration::from_millis(20);
        let (mut near, mut far) = tokio::io::duplex(64);
        assert!(timeout(short * 3, read_frame(&mut far, 10, short)).await.is_err());
        near.write_all(&[0, 0, 0, 9, 1]).await.expect("it writes");
        assert!(matches!(read_frame(&mut far, 10, short).await, Err(FrameError::Stalled)));
    }
}
