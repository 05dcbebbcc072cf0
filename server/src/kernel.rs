//! System calls of Linux for files and sockets that `std` does not have, with safe types.

use std::fs::{File, OpenOptions};
use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::LazyLock;

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, fstatfs, openat2, sendfile};
use rustix::io::{Errno, ReadWriteFlags, preadv2};
use rustix::net::{SendAncillaryBuffer, SendFlags, sendmsg};

/// Distance of the bytes that are probed to find out whether a part of a file is in memory. The kernel reads ahead and evicts in
/// about this unit. If a gap is missed, sending waits for the disk.
const PROBE_EVERY: u64 = 256 << 10;

/// statfs(2): ext, XFS, Btrfs, F2FS, tmpfs, overlay, ZFS.
const LOCAL: [u64; 7] =
    [0xef53, 0x5846_5342, 0x9123_683e, 0xf2f5_2010, 0x0102_1994, 0x794c_7630, 0x2fc1_2fc1];

/// Whether a file is on a file system that is known to be local.
pub(crate) fn is_local(file: &File) -> bool {
    fstatfs(file).is_ok_and(|found| LOCAL.contains(&(found.f_type as u64)))
}

/// Opens a file for reading. If a pipe has taken its place, this does not wait for a writer.
///
/// # Errors
/// Those of the file system.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(OFlags::NONBLOCK.bits() as i32).open(path)
}

/// The same if the kernel has its whole path in memory (openat2(2), `RESOLVE_CACHED`); `None` if not, or
/// if it cannot tell.
pub(crate) fn open_cached(path: &Path) -> Option<io::Result<File>> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    match openat2(CWD, path, flags, Mode::empty(), ResolveFlags::CACHED) {
        Ok(file) => Some(Ok(file.into())),
        // EPERM: some sandboxes refuse what they do not know.
        Err(Errno::AGAIN | Errno::NOSYS | Errno::PERM | Errno::INVAL) => None,
        Err(error) => Some(Err(error.into())),
    }
}

/// Reads at a position if that needs no disk (preadv2(2), `RWF_NOWAIT`): how much, 0 at the end of the file.
///
/// # Errors
/// `WouldBlock` if it does, `Unsupported` if the file system cannot tell.
pub(crate) fn read_now(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    Ok(preadv2(file, &mut [IoSliceMut::new(buffer)], at, ReadWriteFlags::NOWAIT)?)
}

/// Whether a part of a file is in memory, as far as some of its bytes tell. `length` is not 0.
pub(crate) fn is_resident(file: &File, start: u64, length: u64) -> bool {
    let mut places = (start..start + length).step_by(PROBE_EVERY as usize).chain([start + length - 1]);
    places.all(|place| matches!(read_now(file, &mut [0], place), Ok(1)))
}

/// Brings a part of a file into memory, without copying it. Blocks.
///
/// # Errors
/// Those of reading it.
pub(crate) fn make_resident(file: &File, mut start: u64, length: u64) -> io::Result<()> {
    static NOWHERE: LazyLock<io::Result<File>> =
        LazyLock::new(|| OpenOptions::new().write(true).open("/dev/null"));
    // Without `/dev/null`, nothing is prefetched, and sending waits for the disk.
    let Ok(nowhere) = &*NOWHERE else {
        return Ok(());
    };
    let end = start + length;
    while start < end {
        let most = usize::try_from(end - start).unwrap_or(usize::MAX);
        if sendfile(nowhere, file, Some(&mut start), most)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(())
}

/// Sends a part of a file to a socket (sendfile(2)). Returns the bytes sent, 0 at the end of the file.
///
/// # Errors
/// Those of both; `WouldBlock` if the socket takes nothing now.
pub(crate) fn send_file(socket: impl AsFd, file: &File, mut at: u64, most: usize) -> io::Result<usize> {
    Ok(sendfile(socket, file, Some(&mut at), most)?)
}

/// Sends bytes to a socket that wait there for more (send(2), `MSG_MORE`).
///
/// # Errors
/// `WouldBlock` if the socket takes nothing now.
pub(crate) fn send_more(socket: impl AsFd, slices: &[IoSlice<'_>]) -> io::Result<usize> {
    let flags = SendFlags::MORE | SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
    Ok(sendmsg(socket, slices, &mut SendAncillaryBuffer::default(), flags)?)
}
