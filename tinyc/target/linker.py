"""What `templates/linker.ld.j2` needs to lay out a board's memory."""

from __future__ import annotations

from tinyc.target.board import Board

DEFAULT_STACK_BYTES = 8192


def linker_context(board: Board, stack_bytes: int = DEFAULT_STACK_BYTES) -> dict[str, object]:
    """The template's variables: plain values, and `board.memories` as they are.

    `stack_bytes` is rounded up to a multiple of 8, which the procedure call standard asks of the stack.
    """
    return {
        "board": board.name,
        "memories": board.memories,
        "vectors": board.memory(board.vectors).region,
        "flash": board.flash.region,
        "ram": board.ram.region,
        "stack_bytes": -(-stack_bytes // 8) * 8,
    }
