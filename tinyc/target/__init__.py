"""What a program is compiled for: cores, boards, the compiler, and how firmware gets onto a board."""
