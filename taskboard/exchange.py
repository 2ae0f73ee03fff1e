"""Two calls that Python does not offer: swapping two names atomically, and copying what clings
to a file besides its bytes (extended attributes, access lists). Linux and macOS, by ``ctypes``.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from contextlib import suppress
from pathlib import Path

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2  # Linux, <linux/fs.h>
_RENAME_SWAP = 2  # macOS, <sys/stdio.h>
_COPYFILE_ACL_AND_XATTR = 1 << 0 | 1 << 2  # macOS, <copyfile.h>
_SYSCALL_RENAMEAT2 = {"x86_64": 316, "aarch64": 276, "riscv64": 276, "i686": 353, "ppc64le": 357}
_CANNOT = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EXDEV}


def exchange_names(a: Path, b: Path) -> bool:
    """Swap what two names mean, atomically. False where the system or file system cannot (or the
    names lie on two file systems); nothing has happened then. Other trouble, a missing name
    included, is an ``OSError``."""
    while True:
        code = _swap(os.fsencode(a), os.fsencode(b))
        if code == 0:
            return True
        if code in _CANNOT:
            return False
        if code != errno.EINTR:
            raise OSError(code, os.strerror(code), str(a), None, str(b))


def _swap(a: bytes, b: bytes) -> int:
    """0 or the error number."""
    libc = ctypes.CDLL(None, use_errno=True)
    if sys.platform == "darwin":
        call = getattr(libc, "renamex_np", None)
        if call is None:
            return errno.ENOSYS
        call.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_uint)
        failed = call(a, b, _RENAME_SWAP)
    else:
        failed = _renameat2(libc, a, b)
    return ctypes.get_errno() or errno.EIO if failed else 0


def _renameat2(libc: ctypes.CDLL, a: bytes, b: bytes) -> int:
    call = getattr(libc, "renameat2", None)
    if call is not None:
        call.argtypes = (
            ctypes.c_int,
            ctypes.c_char_p,
            ctypes.c_int,
            ctypes.c_char_p,
            ctypes.c_uint,
        )
        return int(call(_AT_FDCWD, a, _AT_FDCWD, b, _RENAME_EXCHANGE))
    number = _SYSCALL_RENAMEAT2.get(os.uname().machine)  # a C library older than the call
    if number is None:
        ctypes.set_errno(errno.ENOSYS)
        return -1
    at = ctypes.c_long(_AT_FDCWD)
    libc.syscall.restype = ctypes.c_long
    return int(
        libc.syscall(
            ctypes.c_long(number),
            at,
            ctypes.c_char_p(a),
            at,
            ctypes.c_char_p(b),
            ctypes.c_long(_RENAME_EXCHANGE),
        )
    )


def copy_owner(source: os.stat_result, target: int) -> None:
    """Give the open file ``target`` the owner and mode of ``source``.

    Only root can give files away. Where the group cannot be kept, its rights are cut to those of
    everybody: another group must not gain what this one had.
    """
    mode = source.st_mode & 0o7777
    have = os.fstat(target)
    if have.st_uid != source.st_uid:
        with suppress(PermissionError):
            os.fchown(target, source.st_uid, -1)
    if have.st_gid != source.st_gid:
        try:
            os.fchown(target, -1, source.st_gid)
        except PermissionError:
            mode = mode & ~0o2070 | (mode & 0o007) << 3
    os.fchmod(target, mode)


def copy_attributes(source: int, target: int) -> None:
    """Copy extended attributes and access lists between two open files, as far as this user may.
    What the system keeps to itself (``security.*``) is left."""
    if sys.platform == "darwin":
        call = getattr(ctypes.CDLL(None, use_errno=True), "fcopyfile", None)
        if call is not None:
            call.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_uint32)
            call(source, target, None, _COPYFILE_ACL_AND_XATTR)
        return
    try:
        names = os.listxattr(source)
    except OSError:
        return  # a file system without them
    for name in names:
        with suppress(OSError):
            os.setxattr(target, name, os.getxattr(source, name))
