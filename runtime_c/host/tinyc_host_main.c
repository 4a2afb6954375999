/* Runs a model on samples from a file, as a program of its own: what the sanitizers need.
 *
 *   program INPUT OUTPUT     raw bytes as in the arena: all inputs of sample 0, then those of sample 1, ...
 *
 * Compile with MODEL_HEADER, MODEL(member), ARENA_BYTES, INPUT_BYTES and OUTPUT_BYTES (lists) defined; where an input
 * arrives by rows, also FED, its index, and ROWS. */
#include <stdio.h>
#include <stdlib.h>

#include MODEL_HEADER

static const size_t input_bytes[] = {INPUT_BYTES};
static const size_t output_bytes[] = {OUTPUT_BYTES};

#ifdef FED
static uint8_t *frame;

static void *input(int32_t index)
{
    return index == FED ? frame : MODEL(input)(index);
}

static int run(void)
{
    const int failed = MODEL(start)();
    return failed != 0 ? failed : MODEL(feed_rows)(frame, ROWS);
}
#else
static void *input(int32_t index)
{
    return MODEL(input)(index);
}

static int run(void)
{
    return MODEL(run)();
}
#endif

int main(int argc, char **argv)
{
    FILE *in = argc == 3 ? fopen(argv[1], "rb") : NULL;
    FILE *out = argc == 3 ? fopen(argv[2], "wb") : NULL;
    void *arena = aligned_alloc(16, ARENA_BYTES); /* on the heap, so that a byte too far is noticed */
#ifdef FED
    frame = malloc(input_bytes[FED]);
#endif
    if (in == NULL || out == NULL || arena == NULL || MODEL(init)(arena, ARENA_BYTES) != 0)
    {
        fputs("cannot start\n", stderr);
        return 2;
    }
    for (;;)
    {
        for (size_t i = 0; i < sizeof input_bytes / sizeof *input_bytes; i++)
        {
            if (fread(input((int32_t)i), 1, input_bytes[i], in) != input_bytes[i])
            {
                fclose(in);
                free(arena);
#ifdef FED
                free(frame);
#endif
                return fclose(out) == 0 ? 0 : 2;
            }
        }
        const int failed = run();
        if (failed != 0)
        {
            fprintf(stderr, "layer %d failed\n", failed);
            return 1;
        }
        for (size_t i = 0; i < sizeof output_bytes / sizeof *output_bytes; i++)
        {
            if (fwrite(MODEL(output)((int32_t)i), 1, output_bytes[i], out) != output_bytes[i])
            {
                return 2;
            }
        }
    }
}
