"""Translates foreign errors to edgeds' words: a table for the operating system, PyAV, OpenCV,
memory.

`reason_of` never quotes a foreign message, because FFmpeg's messages contain URLs, and URLs contain
passwords. Knows nothing about what was read or written: the caller adds that.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from edgeds.errors import EdgedsError


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something failed, and what to do about it if that is always the same."""

    why: str
    fix: str = ""


_ROOM = "make room on the disk, or write elsewhere"
_PERMISSION = Reason("permission denied", "give a place you may use, or change its permissions")
_CHECK_HOST = "check the address, the network and whether the device is on"
_DISK_FULL = Reason("the disk is full", _ROOM)

# By number first: EMFILE and ENOSPC have no class of their own.
_BY_NUMBER = {
    errno.ENOSPC: _DISK_FULL,
    errno.EDQUOT: Reason("the disk quota is used up", _ROOM),
    errno.EFBIG: Reason("the file is larger than this disk or a limit allows", _ROOM),
    errno.EROFS: Reason("the disk is read-only", "write elsewhere"),
    errno.EMFILE: Reason(
        "too many files are open in this program",
        "raise the limit, for example with `ulimit -n 4096`, or use fewer files at a time",
    ),
    errno.ENFILE: Reason("too many files are open on this machine", "close other programs"),
    errno.ENOMEM: Reason("out of memory", "close other programs, or use smaller pictures"),
    errno.ENAMETOOLONG: Reason("the name is too long", "give a shorter name"),
    errno.ELOOP: Reason("the name is a symbolic link that leads to itself", "mend the link"),
    errno.EACCES: _PERMISSION,
    errno.EPERM: _PERMISSION,
    errno.EIO: Reason("the disk or device reports an input/output error", "try another disk"),
    errno.ENODEV: Reason("there is no such device", "check that it is plugged in"),
    errno.ENXIO: Reason("there is no such device", "check that it is plugged in"),
    errno.EBUSY: Reason("another program uses it", "close the other program"),
    errno.ETXTBSY: Reason("another program uses it", "close the other program"),
    errno.EHOSTUNREACH: Reason("the host cannot be reached", _CHECK_HOST),
    errno.ENETUNREACH: Reason("the network cannot be reached", _CHECK_HOST),
}

# By class: Python's own and PyAV's share these names.
_BY_CLASS = {
    "HTTPBadRequestError": Reason("the server says 400: bad request", "check the URL"),
    "HTTPUnauthorizedError": Reason(
        "the server says 401: user name or password is missing or wrong",
        "write them into the URL (user:password@host); in a password / is %2F and @ is %40",
    ),
    "HTTPForbiddenError": Reason("the server says 403: access is forbidden", "check the account"),
    "HTTPNotFoundError": Reason("the server says 404: there is no such stream", "check the path"),
    "HTTPTooManyRequestsError": Reason("the server says 429: too many requests", "wait a while"),
    "HTTPOtherClientError": Reason("the server refuses the request (4xx)", "check the URL"),
    "HTTPServerError": Reason("the server failed (5xx)", "look at the server, and try again"),
    "FileNotFoundError": Reason("there is no such file", "check the path"),
    "IsADirectoryError": Reason("it is a folder", "give a file"),
    "NotADirectoryError": Reason("a part of its path is a file, not a folder", "check the path"),
    "FileExistsError": Reason("it exists already", "give another name"),
    "ConnectionRefusedError": Reason("the connection was refused", _CHECK_HOST),
    "ConnectionError": Reason("the connection broke", _CHECK_HOST),
    "TimeoutError": Reason("there was no answer in time", _CHECK_HOST),
    "InvalidDataError": Reason("the data is damaged, or of a kind that FFmpeg does not know"),
    "EOFError": Reason("the data ends too early"),
    "DecoderNotFoundError": Reason("FFmpeg has no decoder for it"),
    "DemuxerNotFoundError": Reason("FFmpeg does not know this kind of file"),
    "EncoderNotFoundError": Reason("FFmpeg was built without this encoder"),
    "UnknownCodecError": Reason("FFmpeg was built without this codec"),
    "MuxerNotFoundError": Reason("FFmpeg was built without this kind of file"),
    "ProtocolNotFoundError": Reason("FFmpeg does not know this kind of URL", "check its beginning"),
    "OptionNotFoundError": Reason("FFmpeg does not know an option that edgeds uses"),
    "PatchWelcomeError": Reason("FFmpeg cannot read this variant of the format yet"),
    "ExternalError": Reason("a codec's library reported an error"),
    "ExitError": Reason("the connection was ended"),
    "MemoryError": Reason("out of memory", "close other programs, or use smaller pictures"),
    "UnicodeEncodeError": Reason("its name is not valid UTF-8", "rename it, or give -o a name"),
    "ArgumentError": Reason("FFmpeg refused the data as inconsistent"),
}


def media_errors() -> tuple[type[Exception], ...]:
    """The exceptions that PyAV and the operating system raise around a media file; loads PyAV.

    Not all of PyAV's errors are OSErrors: `av.FFmpegError` is their base. Formats and codecs that
    PyAV itself refuses are plain ValueErrors.
    """
    import av

    return (av.FFmpegError, OSError, ValueError, MemoryError)


def reason_of(error: BaseException) -> Reason:
    """The reason in plain words; an unknown error gets FFmpeg's word for it or its class name."""
    if isinstance(error, EdgedsError):
        return Reason(error.why, error.fix)
    number = getattr(error, "errno", None)
    if number in _BY_NUMBER:
        return _BY_NUMBER[number]
    for kind in type(error).__mro__:
        if kind.__name__ in _BY_CLASS:
            return _BY_CLASS[kind.__name__]
    # strerror is the system's or FFmpeg's word and holds no name and no URL; `err` is OpenCV's.
    words = getattr(error, "strerror", None) or getattr(error, "err", None)
    return Reason(str(words).strip().lower() if words else type(error).__name__)


@contextmanager
def translated(kind: type[EdgedsError], what: str, *, fix: str = "") -> Iterator[None]:
    """Raise the foreign errors of a block as `kind`; `fix` is for reasons without their own."""
    try:
        yield
    except media_errors() as error:
        reason = reason_of(error)
        raise kind(what, why=reason.why, fix=reason.fix or fix) from error
