/* Runs a model on samples from a file, as a program of its own: what the sanitizers need.
 *
 *   program INPUT OUTPUT     raw bytes as in the arena: all inputs of sample 0, then those of sample 1, ...
 *
 * Compile with MODEL_HEADER, MODEL(member), ARENA_BYTES, INPUT_BYTES (0 if there are none) and OUTPUT_BYTES (lists)
 * defined; where an input arrives by rows, also FED, its index, and ROWS. */
#include <stdbool.h>
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

/* Whether there is a sample. Where inputs have no bytes, there is one. */
static bool next_sample(FILE *in)
{
    static bool first = true;
    size_t total = 0;
    for (size_t i = 0; i < sizeof input_bytes / sizeof *input_bytes; i++)
    {
        total += input_bytes[i];
        if (input_bytes[i] > 0 && fread(input((int32_t)i), 1, input_bytes[i], in) != input_bytes[i])
        {
            return false;
        }
    }
    const bool some = total > 0 || first;
    first = false;
    return some;
}

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
    while (next_sample(in))
    {
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
    fclose(in);
    free(arena);
#ifdef FED
    free(frame);
#endif
    return fclose(out) == 0 ? 0 : 2;
}
