"""What an ELF file says about a firmware: what is loaded where, and how many bytes each symbol takes."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from tinyc.errors import TinycError

_SHF_WRITE, _SHF_ALLOC, _SHF_EXECINSTR = 1, 2, 4
_SHT_SYMTAB, _SHT_NOBITS = 2, 8
_PT_LOAD = 1
_STT_OBJECT, _STT_FUNC, _STT_TLS = 1, 2, 6


@dataclass(frozen=True)
class Section:
    """A section that occupies memory in the target."""

    name: str
    address: int
    bytes: int
    writable: bool
    executable: bool
    loaded: bool
    """Its contents are in the file, so in flash (`.bss` and the like are not)."""


@dataclass(frozen=True)
class Symbol:
    """A function, an object, or a plain label of the linker script (0 bytes)."""

    name: str
    address: int
    bytes: int
    section: str
    is_function: bool


@dataclass(frozen=True)
class Segment:
    """What the loader copies: `file_bytes` to `load_address`."""

    load_address: int
    file_bytes: int


@dataclass(frozen=True)
class Elf:
    """A linked firmware."""

    path: Path
    entry: int
    sections: tuple[Section, ...]
    symbols: tuple[Symbol, ...]
    segments: tuple[Segment, ...]

    @property
    def text_bytes(self) -> int:
        """Code, the vector table included."""
        return sum(s.bytes for s in self.sections if s.loaded and (s.executable or s.name == ".vectors"))

    @property
    def rodata_bytes(self) -> int:
        """Constants: weights, tables, texts."""
        return sum(s.bytes for s in self.sections if s.loaded and not s.writable) - self.text_bytes

    @property
    def data_bytes(self) -> int:
        """Initialised variables: they take flash and RAM."""
        return sum(s.bytes for s in self.sections if s.loaded and s.writable)

    @property
    def stack_bytes(self) -> int:
        """What the linker script reserves for the stack."""
        return sum(s.bytes for s in self.sections if s.name == ".stack")

    @property
    def bss_bytes(self) -> int:
        """Variables without initial value, and arenas; not the stack."""
        return sum(s.bytes for s in self.sections if not s.loaded) - self.stack_bytes

    @property
    def flash_bytes(self) -> int:
        """Everything that is loaded: code, constants, initial values."""
        return sum(segment.file_bytes for segment in self.segments)

    @property
    def ram_bytes(self) -> int:
        """Static RAM: variables and arenas, not the stack."""
        return self.data_bytes + self.bss_bytes

    def symbol(self, name: str) -> Symbol:
        """The symbol of that name; KeyError if there is none."""
        for symbol in self.symbols:
            if symbol.name == name:
                return symbol
        raise KeyError(name)

    def function_at(self, address: int) -> str | None:
        """The name of the function that holds this code address, or None."""
        for symbol in self.symbols:
            if symbol.is_function and symbol.address <= address < symbol.address + max(symbol.bytes, 2):
                return symbol.name
        return None

    def flash_symbols(self) -> list[Symbol]:
        """The symbols whose bytes are in flash, largest first."""
        loaded = {section.name for section in self.sections if section.loaded}
        found = [symbol for symbol in self.symbols if symbol.bytes and symbol.section in loaded]
        return sorted(found, key=lambda symbol: (-symbol.bytes, symbol.name))

    def ram_symbols(self) -> list[Symbol]:
        """The symbols whose bytes are in RAM, largest first."""
        writable = {section.name for section in self.sections if section.writable}
        found = [symbol for symbol in self.symbols if symbol.bytes and symbol.section in writable]
        return sorted(found, key=lambda symbol: (-symbol.bytes, symbol.name))


def read_elf(path: Path) -> Elf:
    """Read a 32-bit little-endian ELF file; a TinycError if it is something else."""
    data = path.read_bytes()
    if data[:6] != b"\x7fELF\x01\x01":
        raise TinycError("wanted a 32-bit little-endian ELF file, came something else", str(path))
    entry, program_headers, section_headers = struct.unpack_from("<3I", data, 24)
    program_size, program_count, section_size, section_count, names_index = struct.unpack_from("<5H", data, 42)
    headers = [struct.unpack_from("<10I", data, section_headers + i * section_size) for i in range(section_count)]
    names = _table(data, headers[names_index])
    segments = []
    for i in range(program_count):
        kind, _, _, physical, file_bytes = struct.unpack_from("<5I", data, program_headers + i * program_size)
        if kind == _PT_LOAD and file_bytes:
            segments.append(Segment(physical, file_bytes))
    sections = tuple(_section(header, names) for header in headers if header[2] & _SHF_ALLOC and header[5])
    return Elf(path, entry, sections, tuple(_symbols(data, headers, names)), tuple(segments))


def _table(data: bytes, header: tuple[int, ...]) -> bytes:
    return data[header[4] : header[4] + header[5]]


def _string(table: bytes, offset: int) -> str:
    return table[offset : table.index(b"\0", offset)].decode()


def _section(header: tuple[int, ...], names: bytes) -> Section:
    name, kind, flags, address, _, size = header[:6]
    return Section(
        name=_string(names, name),
        address=address,
        bytes=size,
        writable=bool(flags & _SHF_WRITE),
        executable=bool(flags & _SHF_EXECINSTR),
        loaded=kind != _SHT_NOBITS,
    )


def _symbols(data: bytes, headers: list[tuple[int, ...]], names: bytes) -> list[Symbol]:
    symbols = []
    for header in headers:
        if header[1] != _SHT_SYMTAB:
            continue
        strings = _table(data, headers[header[6]])
        for name, value, size, info, _, index in struct.iter_unpack("<3I2BH", _table(data, header)):
            text = _string(strings, name)
            if not text or text.startswith("$") or not 0 < index < len(headers) or info & 15 > _STT_FUNC:
                continue
            is_function = info & 15 == _STT_FUNC
            address = value & ~1 if is_function else value
            symbols.append(Symbol(text, address, size, _string(names, headers[index][0]), is_function))
    return symbols
