"""Finds the files of a set, in a folder or in a .zip of one. Knows nothing about manifests."""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

ZIP_SUFFIX = ".zip"


@dataclass(frozen=True, slots=True)
class ZipMember:
    """A file or folder in a .zip, with as much of `Path` as a set needs."""

    archive: Path
    inside: str
    """Path in the archive, with slashes; empty for the archive's top."""

    def __truediv__(self, name: str) -> ZipMember:
        return ZipMember(self.archive, posixpath.normpath(posixpath.join(self.inside, name)))

    def __str__(self) -> str:
        return f"{self.archive}/{self.inside}".rstrip("/")

    @property
    def name(self) -> str:
        return posixpath.basename(self.inside) or self.archive.stem

    @property
    def stem(self) -> str:
        return posixpath.splitext(self.name)[0]

    @property
    def parent(self) -> ZipMember:
        return ZipMember(self.archive, posixpath.dirname(self.inside))

    def is_file(self) -> bool:
        return self.inside in _opened(self.archive).NameToInfo

    def read_bytes(self) -> bytes:
        """
        Raises:
            OSError: it is not there, damaged, or packed in a way that Python cannot read.
        """
        try:
            return _opened(self.archive).read(self.inside)
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise OSError(f"it is damaged in {self.archive.name!r}: {error}") from error
        except (KeyError, NotImplementedError, RuntimeError) as error:  # a password is the last
            raise OSError(f"cannot take it out of {self.archive.name!r}: {error}") from error

    def read_text(self, encoding: str) -> str:
        return self.read_bytes().decode(encoding)


SetFile: TypeAlias = Path | ZipMember


def file_in_set(path: Path, name: str) -> SetFile:
    """The file of a name in a set, which is a folder, a .zip of one, or such a file itself.

    In a .zip it may lie at the top or in folders; the one nearest to the top counts. The file need
    not be there.

    Raises:
        OSError: the .zip cannot be read.
    """
    if path.is_dir():
        return path / name
    if path.suffix.lower() != ZIP_SUFFIX:
        return path
    found = [each for each in _opened(path).namelist() if posixpath.basename(each) == name]
    return ZipMember(path, min(found, key=lambda each: each.count("/"), default=name))


def _opened(archive: Path) -> zipfile.ZipFile:
    """
    Raises:
        OSError: it cannot be read, or is not a .zip.
    """
    state = archive.stat()
    try:
        return _opened_once(archive, state.st_mtime_ns, state.st_size)
    except zipfile.BadZipFile as error:
        raise OSError(f"it is not a .zip, or it is damaged: {error}") from error


# Reading the list of 1,200 files takes 7 ms, longer than decoding a picture.
@lru_cache(maxsize=2)
def _opened_once(archive: Path, _modified: int, _size: int) -> zipfile.ZipFile:
    return zipfile.ZipFile(archive)
