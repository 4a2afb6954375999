/* See tinyc_harness.h. Sample 0 first runs twice in arenas that hold different bytes: one pattern alone would hide the
 * bytes that happen to be written with its value. */
#include "tinyc_harness.h"

#include <string.h>

#include "semihosting.h"
#include "tinyc_firmware.h"
#include "tinyc_stopwatch.h"

#define PATTERNS 2
#define PROGRESS_LINES 100u

typedef struct {
    const tinyc_model *model;
    uint8_t *guarded;
    int32_t input, output, layers, stats; /* file handles; layers is -1 unless results are dumped */
    uint32_t input_bytes;                 /* of one sample */
    uint32_t sample;
    uint64_t instructions; /* of the layers done in this run */
    int32_t step, result;  /* steps done in this run, results of them passed */
    int measuring;         /* a stopwatch is running: layer hooks count */
} harness;

static harness h;

/* Append `text`, then `value` in decimals, then a newline to `line`; returns its new length. */
static size_t put_line(char *line, const char *text, uint64_t value)
{
    char digits[20];
    size_t n = 0;
    do {
        digits[n++] = (char)('0' + (char)(value % 10));
        value /= 10;
    } while (value != 0);
    size_t length = strlen(text);
    memcpy(line, text, length);
    while (n > 0) {
        line[length++] = digits[--n];
    }
    line[length++] = '\n';
    line[length] = '\0';
    return length;
}

static _Noreturn void fail(const char *what, uint64_t value)
{
    char line[128];
    (void)put_line(line, what, value);
    semihost_print(line);
    semihost_exit(1);
}

static void put_stat(const char *key, uint64_t value)
{
    char line[64];
    const size_t length = put_line(line, key, value);
    if (semihost_write(h.stats, line, (uint32_t)length) != 0) {
        fail("error cannot write stats.txt in sample ", h.sample);
    }
}

static int32_t open_or_fail(const char *name, semihost_mode mode, const char *message)
{
    const int32_t handle = semihost_open(name, mode);
    if (handle < 0) {
        fail(message, 0);
    }
    return handle;
}

static void read_inputs(void)
{
    for (int32_t i = 0; i < h.model->n_inputs; ++i) {
        if (semihost_read(h.input, h.model->input(i), h.model->input_bytes[i]) != 0) {
            fail("error input.bin ends within sample ", h.sample);
        }
    }
}

static void start_stopwatch(void)
{
    h.measuring = 1;
    tinyc_stopwatch_start();
}

static void stop_stopwatch(void)
{
    h.instructions += tinyc_stopwatch_stop();
    h.measuring = 0;
}

static void run_once(void)
{
    const int failed = h.model->run();
    if (failed != 0) {
        fail("error the model failed in layer ", (uint64_t)failed - 1);
    }
}

static void check_guards(void)
{
    const int overrun = tinyc_arena_overrun(h.guarded, h.model->arena_bytes);
    if (overrun != 0) {
        fail(overrun < 0 ? "error bytes before the arena were overwritten in sample "
                         : "error bytes behind the arena were overwritten in sample ",
             h.sample);
    }
}

static uint32_t hash_outputs(void)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (int32_t i = 0; i < h.model->n_outputs; ++i) {
        const uint8_t *const bytes = h.model->output(i);
        for (uint32_t k = 0; k < h.model->output_bytes[i]; ++k) {
            hash = (hash ^ bytes[k]) * 16777619u;
        }
    }
    return hash;
}

static void init_model(void)
{
    if (h.model->init(h.guarded + TINYC_GUARD_BYTES, h.model->arena_bytes) != 0) {
        fail("error the model rejects its arena of bytes ", h.model->arena_bytes);
    }
}

static void probe_memory(void)
{
    static const uint8_t patterns[PATTERNS] = {0x5A, 0xA5};
    uint32_t hashes[PATTERNS];
    size_t arena_used = 0;
    uint32_t stack_used = 0;
    for (int k = 0; k < PATTERNS; ++k) {
        tinyc_arena_fill(h.guarded, h.model->arena_bytes, patterns[k]);
        tinyc_stack_paint();
        init_model();
        (void)semihost_seek(h.input, 0);
        read_inputs();
        run_once();
        const uint32_t stack = tinyc_stack_used();
        if (tinyc_stack_overflowed()) {
            fail("error the stack overflowed, after bytes ", stack);
        }
        check_guards();
        const size_t arena = tinyc_arena_high_water(h.guarded, h.model->arena_bytes, patterns[k]);
        hashes[k] = hash_outputs();
        stack_used = stack > stack_used ? stack : stack_used;
        arena_used = arena > arena_used ? arena : arena_used;
    }
    put_stat("arena_bytes ", h.model->arena_bytes);
    put_stat("arena_high_water ", arena_used);
    put_stat("stack_high_water ", stack_used);
    put_stat("reads_uninitialised ", hashes[0] != hashes[1]);
}

static void write_outputs(void)
{
    for (int32_t i = 0; i < h.model->n_outputs; ++i) {
        if (semihost_write(h.output, h.model->output(i), h.model->output_bytes[i]) != 0) {
            fail("error cannot write output.bin in sample ", h.sample);
        }
    }
}

static void print_progress(uint32_t samples)
{
    const uint64_t done = h.sample + 1u;
    if (done * PROGRESS_LINES / samples == h.sample * (uint64_t)PROGRESS_LINES / samples) {
        return;
    }
    char line[64];
    const size_t length = put_line(line, "progress ", done);
    (void)put_line(line + length - 1, " ", samples);
    semihost_print(line);
}

static void run_samples(uint32_t samples)
{
    uint64_t first = 0, least = UINT64_MAX, most = 0;
    tinyc_stopwatch_start();
    init_model();
    put_stat("instructions_init ", tinyc_stopwatch_stop());
    (void)semihost_seek(h.input, 0);
    for (h.sample = 0; h.sample < samples; ++h.sample) {
        read_inputs();
        h.instructions = 0;
        h.step = 0;
        h.result = 0;
        start_stopwatch();
        run_once();
        stop_stopwatch();
        check_guards();
        write_outputs();
        print_progress(samples);
        first = h.sample == 0 ? h.instructions : first;
        least = h.instructions < least ? h.instructions : least;
        most = h.instructions > most ? h.instructions : most;
    }
    put_stat("samples ", samples);
    put_stat("instructions_first ", first);
    put_stat("instructions_min ", least);
    put_stat("instructions_max ", most);
}

static void dump_results(void)
{
    const tinyc_result *const results = h.model->results;
    for (; h.result < h.model->n_results && results[h.result].step <= h.step; ++h.result) {
        const tinyc_result *const result = &results[h.result];
        if (semihost_write(h.layers, h.guarded + TINYC_GUARD_BYTES + result->offset, result->bytes) != 0) {
            fail("error cannot write layers.bin in sample ", h.sample);
        }
    }
}

void tinyc_layer_done(int32_t layer)
{
    if (!h.measuring) {
        return;
    }
    const uint64_t before = h.instructions;
    stop_stopwatch();
    if (h.sample == 0) {
        char key[32];
        const size_t length = put_line(key, "layer ", (uint64_t)layer);
        key[length - 1] = ' ';
        put_stat(key, h.instructions - before);
    }
    if (h.layers >= 0) {
        dump_results();
    }
    ++h.step;
    start_stopwatch();
}

static uint32_t count_samples(void)
{
    const uint32_t bytes = (uint32_t)semihost_length(h.input);
    for (int32_t i = 0; i < h.model->n_inputs; ++i) {
        h.input_bytes += h.model->input_bytes[i];
    }
    if (h.input_bytes == 0 && bytes == 0) {
        return 1; /* a model without inputs */
    }
    if (h.input_bytes == 0 || bytes == 0 || bytes % h.input_bytes != 0) {
        fail("error input.bin does not hold whole samples, in bytes ", bytes);
    }
    return bytes / h.input_bytes;
}

int tinyc_harness(const tinyc_model *model, uint8_t *guarded)
{
    char options[128] = "";
    (void)semihost_command_line(options, sizeof options);
    h.model = model;
    h.guarded = guarded;
    h.input = open_or_fail("input.bin", SEMIHOST_READ, "error cannot open input.bin ");
    h.output = open_or_fail("output.bin", SEMIHOST_WRITE, "error cannot create output.bin ");
    h.stats = open_or_fail("stats.txt", SEMIHOST_WRITE, "error cannot create stats.txt ");
    h.layers = -1;
    if (strstr(options, "dump-layers") != NULL) {
        h.layers = open_or_fail("layers.bin", SEMIHOST_WRITE, "error cannot create layers.bin ");
    }
    const uint32_t samples = count_samples();
    tinyc_stopwatch_init();
    probe_memory();
    run_samples(samples);
    (void)semihost_close(h.output);
    (void)semihost_close(h.stats);
    if (h.layers >= 0) {
        (void)semihost_close(h.layers);
    }
    return 0;
}

_Noreturn void tinyc_exit(int status)
{
    semihost_exit(status);
}

static size_t put_field(char *line, const char *key, uint32_t value)
{
    size_t length = strlen(key);
    memcpy(line, key, length);
    for (int shift = 28; shift >= 0; shift -= 4) {
        line[length++] = "0123456789abcdef"[(value >> shift) & 15u];
    }
    line[length] = '\0';
    return length;
}

_Noreturn void tinyc_fault_report(const tinyc_fault *fault)
{
    char line[128];
    size_t length = put_field(line, "fault exception=", fault->exception);
    length += put_field(line + length, " pc=", fault->pc);
    length += put_field(line + length, " lr=", fault->lr);
    length += put_field(line + length, " cfsr=", fault->cfsr);
    length += put_field(line + length, " address=", fault->address);
    line[length] = '\n';
    line[length + 1] = '\0';
    semihost_print(line);
    semihost_exit(1);
}
