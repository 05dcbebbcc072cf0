//! One connection that asks again and again: just enough HTTP/1.1 for answers with a `Content-Length`.

use std::cell::RefCell;
use std::io;

use rustix::net::{RecvFlags, recv};
use tokio::io::{AsyncWriteExt as _, Interest};
use tokio::net::TcpStream;

use crate::target::Target;

/// Bytes taken out of the kernel at once.
const ONCE: usize = 1 << 20;

/// Where the requests go on, and the buffers for that.
pub(crate) struct Connection {
    stream: TcpStream,
    target: Target,
    asked: usize,
    random: u64,
}

impl Connection {
    /// The `number`th connection to this target; each asks for other things in another order.
    pub(crate) async fn open(target: &Target, number: usize) -> io::Result<Self> {
        let stream = TcpStream::connect(target.address).await?;
        stream.set_nodelay(true)?;
        let random = (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        Ok(Self { stream, target: target.clone(), asked: number, random })
    }

    /// Asks, and drops the whole body; says how long it was.
    pub(crate) async fn ask(&mut self, scratch: &mut [u8]) -> io::Result<u64> {
        self.send().await?;
        let (mut left, came) = self.head(scratch).await?;
        let length = left;
        left -= came.min(left);
        while left > 0 {
            left -= self.drop_some(left).await?;
        }
        Ok(length)
    }

    /// Sends one request.
    pub(crate) async fn send(&mut self) -> io::Result<()> {
        let target = &self.target;
        let path = &target.paths[self.asked % target.paths.len()];
        self.asked += 1;
        let mut request = format!("{} {path} HTTP/1.1\r\nHost: {}\r\n", target.method, target.address);
        if let Some((length, whole)) = target.part {
            // xorshift64
            self.random ^= self.random << 13;
            self.random ^= self.random >> 7;
            self.random ^= self.random << 17;
            let first = self.random % (whole / length) * length;
            request += &format!("Range: bytes={first}-{}\r\n", first + length - 1);
        }
        request += "\r\n";
        self.stream.write_all(request.as_bytes()).await
    }

    /// Reads the head of an answer: the length of its body, and how much of that came along.
    pub(crate) async fn head(&mut self, scratch: &mut [u8]) -> io::Result<(u64, u64)> {
        let mut filled = 0;
        loop {
            self.stream.readable().await?;
            match self.stream.try_read(&mut scratch[filled..]) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                Err(error) => return Err(error),
            }
            let Some(end) = scratch[..filled].windows(4).position(|window| window == b"\r\n\r\n") else {
                continue;
            };
            let head = String::from_utf8_lossy(&scratch[..end]);
            let status = head.split(' ').nth(1).unwrap_or_default();
            if !matches!(status, "200" | "206") {
                return Err(io::Error::other(format!("expected 200 or 206: {head}")));
            }
            let fields = head.lines().filter_map(|line| line.split_once(':'));
            let length = fields.clone().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
            let length = length.and_then(|(_, value)| value.trim().parse().ok());
            let length: u64 = length.ok_or_else(|| io::Error::other(format!("no length: {head}")))?;
            let length = if self.target.method == "HEAD" { 0 } else { length };
            return Ok((length, (filled - end - 4) as u64));
        }
    }

    /// Has the kernel drop some of what came, `most` bytes at the most; says how much.
    pub(crate) async fn drop_some(&mut self, most: u64) -> io::Result<u64> {
        let most = usize::try_from(most).unwrap_or(ONCE).min(ONCE);
        loop {
            self.stream.readable().await?;
            // tcp(7): with MSG_TRUNC, bytes are dropped instead of copied; the buffer is not touched.
            match self.stream.try_io(Interest::READABLE, || discard(&self.stream, most)) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => return Ok(count as u64),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }
}

fn discard(stream: &TcpStream, most: usize) -> io::Result<usize> {
    thread_local! {
        static NOWHERE: RefCell<Vec<u8>> = RefCell::new(vec![0; ONCE]);
    }
    NOWHERE.with_borrow_mut(|nowhere| Ok(recv(stream, &mut nowhere[..most], RecvFlags::TRUNC)?.1))
}
