//! What the kernel knows of a socket and no safe interface tells: when the last packet arrived, and
//! which ICMP errors came back. The one module with unsafe code; each block is a single system call
//! on a descriptor that the caller keeps open.
#![expect(
    unsafe_code,
    reason = "SIOCGSTAMPNS and MSG_ERRQUEUE have no safe wrapper in any crate"
)]

use std::{
    io, mem,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    os::fd::{AsRawFd as _, BorrowedFd, RawFd},
    time::Duration,
};

use rustix::ioctl::{Getter, opcode};

/// `struct __kernel_timespec` of Linux: 64 bits each on every architecture.
#[repr(C)]
#[derive(Clone, Copy)]
struct KernelTimespec {
    seconds: i64,
    nanoseconds: i64,
}

/// `SIOCGSTAMPNS_NEW` (linux/sockios.h): `_IOR(0x89, 7, struct __kernel_timespec)`.
const SIOCGSTAMPNS_NEW: rustix::ioctl::Opcode = opcode::read::<KernelTimespec>(0x89, 7);

/// Receive buffer of a measuring socket: a burst of late answers must not push out the one waited for.
const RECEIVE_BUFFER_BYTES: libc::c_int = 256 * 1024;

/// An ICMP error from the error queue (ip(7), `IP_RECVERR`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct QueuedError {
    pub(super) icmp_type: u8,
    pub(super) icmp_code: u8,
    /// The error as the system numbers it.
    pub(super) errno: i32,
    /// Who said so; `None` when the machine itself did.
    pub(super) offender: Option<IpAddr>,
}

/// When the packet that was read last from this socket reached the kernel, Unix time. The first call
/// switches stamping on and knows nothing yet.
pub(super) fn last_receive_stamp(socket: RawFd) -> Option<Duration> {
    // SAFETY: the caller holds the socket open during this call.
    let borrowed = unsafe { BorrowedFd::borrow_raw(socket) };
    // SAFETY: the opcode reads one `KernelTimespec`, which is what the kernel writes for it.
    let stamp: KernelTimespec = unsafe {
        let getter = Getter::<SIOCGSTAMPNS_NEW, KernelTimespec>::new();
        rustix::ioctl::ioctl(borrowed, getter)
    }
    .ok()?;
    Some(Duration::new(
        u64::try_from(stamp.seconds).ok()?,
        u32::try_from(stamp.nanoseconds).ok()?,
    ))
}

/// Asks for ICMP errors on the error queue, and for a larger receive buffer.
pub(super) fn prepare(socket: RawFd, ipv6: bool) -> io::Result<()> {
    let (level, name) = if ipv6 {
        (libc::IPPROTO_IPV6, libc::IPV6_RECVERR)
    } else {
        (libc::IPPROTO_IP, libc::IP_RECVERR)
    };
    set_option(socket, (level, name), 1)?;
    set_option(
        socket,
        (libc::SOL_SOCKET, libc::SO_RCVBUF),
        RECEIVE_BUFFER_BYTES,
    )
}

/// Lets a raw socket hear one address only; errors of others on the way reach its error queue.
pub(super) fn hear_only(socket: RawFd, address: IpAddr) -> io::Result<()> {
    // SAFETY: the caller holds the socket open during this call.
    let borrowed = unsafe { BorrowedFd::borrow_raw(socket) };
    Ok(rustix::net::connect(
        borrowed,
        &SocketAddr::new(address, 0),
    )?)
}

fn set_option(
    socket: RawFd,
    (level, name): (libc::c_int, libc::c_int),
    value: libc::c_int,
) -> io::Result<()> {
    let length = libc::socklen_t::try_from(mem::size_of_val(&value)).unwrap_or(4);
    // SAFETY: `value` lives through the call and `length` is its size.
    let result =
        unsafe { libc::setsockopt(socket, level, name, (&raw const value).cast(), length) };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Takes the next error from the queue; `None` when it is empty.
pub(super) fn next_error(socket: BorrowedFd<'_>) -> Option<QueuedError> {
    let mut packet = [0_u8; 512];
    let mut control = [0_u64; 64]; // u64 for the alignment of `cmsghdr`
    let mut part = libc::iovec {
        iov_base: packet.as_mut_ptr().cast(),
        iov_len: packet.len(),
    };
    // SAFETY: all zero is a valid `msghdr`: null pointers with lengths of zero.
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    message.msg_control = control.as_mut_ptr().cast();
    message.msg_controllen = mem::size_of_val(&control) as _;
    let flags = libc::MSG_ERRQUEUE | libc::MSG_DONTWAIT;
    // SAFETY: every pointer in `message` is to a buffer above with the length given beside it.
    let read = unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut message, flags) };
    if read < 0 {
        return None;
    }
    let mut found = QueuedError {
        icmp_type: 0,
        icmp_code: 0,
        errno: 0,
        offender: None,
    };
    // SAFETY: the kernel filled the control buffer and its length; the CMSG macros stay inside.
    unsafe {
        let mut header = libc::CMSG_FIRSTHDR(&raw const message);
        while !header.is_null() {
            let is_error = matches!(
                ((*header).cmsg_level, (*header).cmsg_type),
                (libc::IPPROTO_IP, libc::IP_RECVERR) | (libc::IPPROTO_IPV6, libc::IPV6_RECVERR)
            );
            if is_error {
                let data = libc::CMSG_DATA(header);
                let error: libc::sock_extended_err = std::ptr::read_unaligned(data.cast());
                let by_icmp = [libc::SO_EE_ORIGIN_ICMP, libc::SO_EE_ORIGIN_ICMP6];
                let length = (*header).cmsg_len as usize;
                found = QueuedError {
                    icmp_type: error.ee_type,
                    icmp_code: error.ee_code,
                    errno: i32::try_from(error.ee_errno).unwrap_or(0),
                    offender: by_icmp
                        .contains(&error.ee_origin)
                        .then(|| offender(data, length))
                        .flatten(),
                };
            }
            header = libc::CMSG_NXTHDR(&raw const message, header);
        }
    }
    Some(found)
}

/// The address behind an error (`SO_EE_OFFENDER`), in a control message of `length` bytes whose data
/// begins at `data`.
///
/// # Safety
///
/// `data` is `CMSG_DATA` of a message of `length` bytes that the kernel wrote.
unsafe fn offender(data: *const u8, length: usize) -> Option<IpAddr> {
    let behind = mem::size_of::<libc::sock_extended_err>();
    // SAFETY: the arithmetic of the macro only.
    let head = unsafe { libc::CMSG_LEN(0) } as usize;
    let room = length.checked_sub(head)?.checked_sub(behind)?;
    if room < mem::size_of::<libc::sockaddr_in>() {
        return None;
    }
    // SAFETY: the message is long enough for the error and the smallest address behind it.
    let address = unsafe { data.add(behind) };
    // SAFETY: as above.
    let v4: libc::sockaddr_in = unsafe { std::ptr::read_unaligned(address.cast()) };
    match i32::from(v4.sin_family) {
        libc::AF_INET => Some(Ipv4Addr::from(u32::from_be(v4.sin_addr.s_addr)).into()),
        libc::AF_INET6 if room >= mem::size_of::<libc::sockaddr_in6>() => {
            // SAFETY: the message is long enough for this one too.
            let v6: libc::sockaddr_in6 = unsafe { std::ptr::read_unaligned(address.cast()) };
            Some(Ipv6Addr::from(v6.sin6_addr.s6_addr).into())
        }
        _ => None,
    }
}

/// All errors in the queue, at most `max`.
pub(super) fn take_errors(socket: RawFd, max: usize) -> Vec<QueuedError> {
    // SAFETY: the caller holds the socket open during this call.
    let borrowed = unsafe { BorrowedFd::borrow_raw(socket) };
    std::iter::from_fn(|| next_error(borrowed))
        .take(max)
        .collect()
}
