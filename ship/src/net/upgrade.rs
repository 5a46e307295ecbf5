//! The stream while the library upgrades it: nothing that comes behind the HTTP head is lost to the
//! library's buffers. Some servers say their first message together with their answer.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::vec::Vec;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream that ends behind an HTTP head.
#[derive(Debug)]
pub(super) struct Upgrade<S> {
    stream: S,
    end: End,
    /// What has come behind the head.
    rest: Vec<u8>,
}

impl<S> Upgrade<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, end: End::default(), rest: Vec::new() }
    }

    /// The stream, and what has come behind the head.
    pub(super) fn into_parts(self) -> (S, Vec<u8>) {
        (self.stream, self.rest)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Upgrade<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.end.is_reached() {
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        if let Some(n) = self.end.find(&buf.filled()[before..]) {
            self.rest = buf.filled()[before + n..].to_vec();
            buf.set_filled(before + n);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Upgrade<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Finds the empty line behind a head, in however many pieces it comes.
#[derive(Debug, Default)]
enum End {
    /// Nothing but line ends so far: they do not count.
    #[default]
    Before,
    /// In a line that is not empty.
    Within,
    /// At the start of a line.
    Line,
    Reached,
}

impl End {
    fn is_reached(&self) -> bool {
        matches!(self, Self::Reached)
    }

    /// How many octets of these belong to the head, if it ends here.
    fn find(&mut self, octets: &[u8]) -> Option<usize> {
        for (n, octet) in (1..).zip(octets) {
            *self = match (&*self, octet) {
                (Self::Line, b'\n') => Self::Reached,
                (Self::Within, b'\n') => Self::Line,
                (Self::Before, b'\n') => Self::Before,
                (Self::Before, b'\r') => Self::Before,
                (Self::Line, b'\r') => Self::Line,
                _ => Self::Within,
            };
            if self.is_reached() {
                return Some(n);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test]
    async fn what_comes_behind_the_head_is_kept() {
        for head in
            ["HTTP/1.1 101 x\r\na: b\r\n\r\n", "HTTP/1.1 101 x\na: b\n\n", "\r\nGET\r\n\r\n"]
        {
            for rest in ["", "\u{2}\n\r\n\r\n"] {
                for piece in [1, 7, 100] {
                    let octets = std::format!("{head}{rest}");
                    let (stream, mut far) = tokio::io::duplex(piece);
                    let said = tokio::spawn(async move {
                        tokio::io::AsyncWriteExt::write_all(&mut far, octets.as_bytes()).await
                    });
                    let mut upgrade = Upgrade::new(stream);
                    let mut read = Vec::new();
                    upgrade.read_to_end(&mut read).await.expect("readable");
                    assert_eq!(read, head.as_bytes());
                    let (mut stream, mut kept) = upgrade.into_parts();
                    stream.read_to_end(&mut kept).await.expect("readable");
                    assert_eq!(kept, rest.as_bytes());
                    said.await.expect("no panic").expect("sent");
                }
            }
        }
    }
}
