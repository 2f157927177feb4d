/* PLAN: items timed in rounds, as docs/wire-protocol.md says. */
#include "session.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ITEMS = 16384, WARM_UP = 5 };

typedef struct {
    text name;
    int64_t position;
    nested stages;
    chain run;
    measurement timed;
} item;

typedef struct {
    text reference;
    nested load, items, inputs, cpus;
    int64_t memory_bytes, warmup_rounds, min_rounds, max_rounds, seed;
    double half_width, max_seconds, cool_below, cool_max, preheat_s;
    bool beside, limits_memory;
    item *each;
    size_t count, *columns, *lengths, column_count; /* items in the order of their positions */
    tensors tensors;
    item *compared; /* the reference */
    measurement compared_ns, ends;
    int64_t passes, warmed, rounds;
    const char *stopped;
    double began, told;
    uint64_t random;
} plan;

static uint64_t draw(plan *p) { /* xorshift64* (Vigna, 2016) */
    p->random ^= p->random >> 12;
    p->random ^= p->random << 25;
    p->random ^= p->random >> 27;
    return p->random * UINT64_C(2685821657736338717);
}

static double uniform(plan *p) { return (double)((draw(p) >> 11) + 1) / 9007199254740993.0; }

static float normal(plan *p) { /* Box and Muller (1958) */
    double radius = sqrt(-2 * log(uniform(p)));
    return (float)(radius * cos(6.283185307179586 * uniform(p)));
}

static bool read_items(plan *p) {
    p->count = p->items.count;
    p->each = calloc(p->count + 1, sizeof *p->each);
    slice in = p->items.in;
    for (size_t i = 0; p->each && i < p->count; i++) {
        item *each = &p->each[i];
        bool foreign = false;
        field fields[] = {{"name", TEXT, 0, 256, &each->name, false, false},
                          {"stages", ARRAY, 0, MAX_STAGES, &each->stages, false, false},
                          {"position", INTEGER, 0, MAX_ITEMS, &each->position, false, false}};
        if (!read_map(&in, fields, 3) || !check_stages(each->stages, &foreign)) return false;
    }
    return p->each != NULL;
}

static bool read_plan(plan *p, slice body) {
    field fields[] = {{"load", MAP, 0, 5, &p->load, false, false},
                      {"items", ARRAY, 0, MAX_ITEMS, &p->items, false, false},
                      {"reference", TEXT, 0, 256, &p->reference, false, false},
                      {"inputs", MAP, 0, 64, &p->inputs, false, false},
                      {"memory_bytes", INTEGER, 0, 0x1p53, &p->memory_bytes, true, false},
                      {"warmup_rounds", INTEGER, 0, 1e5, &p->warmup_rounds, false, false},
                      {"min_rounds", INTEGER, 1, 1e6, &p->min_rounds, false, false},
                      {"max_rounds", INTEGER, 1, 1e6, &p->max_rounds, false, false},
                      {"relative_half_width", NUMBER, 0, 1, &p->half_width, false, false},
                      {"max_seconds", NUMBER, 0, 604800, &p->max_seconds, false, false},
                      {"seed", INTEGER, 0, 0x1p62, &p->seed, false, false},
                      {"cpus", ARRAY, 0, 4096, &p->cpus, false, false},
                      {"cool_below_c", NUMBER, -100, 300, &p->cool_below, true, false},
                      {"cool_max_s", NUMBER, 0, 604800, &p->cool_max, false, false},
                      {"preheat_s", NUMBER, 0, 604800, &p->preheat_s, false, false},
                      {"beside_deployments", FLAG, 0, 0, &p->beside, false, false}};
    /* There is no thermometer to wait for, nor are there deployments. */
    if (!read_map(&body, fields, sizeof fields / sizeof *fields)) return false;
    p->limits_memory = fields[4].there;
    p->random = (uint64_t)p->seed * 2 + 1;
    return read_items(p);
}

static bool same(text one, text other) {
    return one.size == other.size && memcmp(one.at, other.at, one.size) == 0;
}

static int by_position(const void *one, const void *other) {
    const item *a = *(item *const *)one, *b = *(item *const *)other;
    if (a->position != b->position) return a->position < b->position ? -1 : 1;
    return a < b ? -1 : a > b;
}

/* Columns of alternatives, in ascending order of their positions. */
static bool arrange(plan *p) {
    item **sorted = malloc((p->count + 1) * sizeof *sorted);
    p->columns = malloc((p->count + 1) * sizeof *p->columns);
    p->lengths = calloc(p->count + 1, sizeof *p->lengths);
    for (size_t i = 0; sorted && i < p->count; i++) sorted[i] = &p->each[i];
    if (sorted) qsort(sorted, p->count, sizeof *sorted, by_position);
    for (size_t i = 0; sorted && p->columns && p->lengths && i < p->count; i++) {
        p->columns[i] = (size_t)(sorted[i] - p->each);
        if (!i || sorted[i]->position != sorted[i - 1]->position) p->column_count++;
        p->lengths[p->column_count - 1]++;
        if ((int64_t)p->lengths[p->column_count - 1] > p->passes)
            p->passes = (int64_t)p->lengths[p->column_count - 1];
    }
    bool fine = sorted && p->columns && p->lengths;
    free(sorted);
    return fine;
}

static const char *load_items(session *s, plan *p) {
    const char *problem = NULL;
    for (size_t i = 0; i < p->count && !problem; i++) {
        item *each = &p->each[i];
        for (size_t j = 0; j < i; j++)
            if (same(p->each[j].name, each->name)) return "two items of the plan have one name";
        if (same(each->name, p->reference)) p->compared = each;
        network **stages = find_stages(s, each->stages.in, each->stages.count, &problem);
        if (stages) problem = chain_wire(&each->run, &p->tensors, stages, each->stages.count);
        free(stages);
    }
    bool missing = p->reference.size && !p->compared;
    return !problem && missing ? "the reference is no item of the plan" : problem;
}

/* What held artifacts give to tensors; the rest is about N(0, 1). */
static const char *fill_tensors(session *s, plan *p) {
    for (size_t i = 0; i < p->tensors.count; i++) {
        tensor *each = p->tensors.all[i];
        for (size_t j = 0; j < each->shape.count; j++) each->data[j] = normal(p);
    }
    slice in = p->inputs.in;
    for (uint32_t i = 0; i < p->inputs.count; i++) {
        text name, digest;
        if (!read_value(&in, TEXT, 0, 4096, &name) || !read_value(&in, TEXT, 0, DIGEST, &digest))
            return "the inputs are no map of names to sha256";
        size_t at = tensors_find(&p->tensors, name.at, name.size);
        artifact *held = find_artifact(s, digest);
        if (at == p->tensors.count) return "the plan has inputs that no artifact takes";
        if (!held || held->size != p->tensors.all[at]->shape.count * sizeof(float))
            return "the inputs for a tensor are not held, or of another size";
        memcpy(p->tensors.all[at]->data, held->content, held->size);
    }
    return NULL;
}

/* Of all artifacts of the plan, each once. */
static size_t artifact_bytes(session *s, const plan *p) {
    size_t bytes = 0;
    for (artifact *each = s->artifacts; each; each = each->next) each->counted = false;
    for (size_t i = 0; i < p->count; i++) {
        slice in = p->each[i].stages.in;
        for (uint32_t j = 0; j < p->each[i].stages.count; j++) {
            text stage;
            bool fine = read_value(&in, TEXT, 0, DIGEST, &stage);
            artifact *held = fine ? find_artifact(s, stage) : NULL;
            if (held && !held->counted) bytes += held->size;
            if (held) held->counted = true;
        }
    }
    return bytes;
}

static const char *prepare(session *s, plan *p) {
    const char *problem = NULL;
    if (!read_load(p->load, &problem)) return "the plan's load is malformed";
    if (problem) return problem;
    if (!p->count) return "a plan without items";
    if (p->cpus.count) return "this target cannot pin itself to cpus; leave them out";
    if ((problem = load_items(s, p)) || (problem = fill_tensors(s, p))) return problem;
    if (p->limits_memory && artifact_bytes(s, p) > (size_t)p->memory_bytes)
        return "this target loads all artifacts at once, which is beyond the plan's memory_bytes";
    return arrange(p) ? NULL : "there is not enough memory";
}

static void tell(session *s, message *request, plan *p, const char *phase) {
    double now = now_s();
    s->done = p->rounds;
    s->total = p->max_rounds;
    serve_meanwhile(s);
    if (s->ended || now - p->told < 0.25) return;
    p->told = now;
    buffer body = {0};
    put_map(&body, 4);
    text_field(&body, "phase", phase);
    integer_field(&body, "done", p->rounds);
    integer_field(&body, "total", p->max_rounds);
    number_field(&body, "elapsed_s", now - p->began);
    answer(s, &request->from, request->id, EVENT, &body, NULL, 0);
}

static void shuffle(plan *p) {
    size_t *column = p->columns;
    for (size_t c = 0; c < p->column_count; column += p->lengths[c++])
        for (size_t i = p->lengths[c]; i > 1; i--) {
            size_t other = draw(p) % i, kept = column[i - 1];
            column[i - 1] = column[other];
            column[other] = kept;
        }
}

static int64_t timed_ns(const plan *p, const item *each) {
    int64_t begin = now_ns();
    chain_run(&each->run, &p->tensors);
    return now_ns() - begin;
}

static void run_pass(plan *p, int64_t pass, bool recorded) {
    size_t *column = p->columns;
    for (size_t c = 0; c < p->column_count; column += p->lengths[c++]) {
        int64_t length = (int64_t)p->lengths[c];
        item *each = &p->each[column[pass % length]];
        int64_t took = timed_ns(p, each);
        if (recorded && pass < p->passes - p->passes % length) keep(&each->timed, took);
    }
    if (!p->compared) return;
    int64_t took = timed_ns(p, p->compared);
    if (recorded) keep(&p->compared_ns, took);
}

static const char *must_end(session *s, const plan *p) {
    if (s->cancelled || s->ended) return "cancelled";
    return now_s() - p->began >= p->max_seconds ? "max_seconds" : NULL;
}

static void forget_round(plan *p) {
    int64_t done = p->rounds;
    size_t *column = p->columns;
    for (size_t c = 0; c < p->column_count; column += p->lengths[c++])
        for (size_t i = 0; i < p->lengths[c]; i++)
            p->each[column[i]].timed.count = (size_t)(done * (p->passes / (int64_t)p->lengths[c]));
    p->compared_ns.count = p->compared ? (size_t)(done * p->passes) : 0;
}

/* One round, kept whole or not at all; why it was the last, if it was. */
static const char *run_round(session *s, message *request, plan *p, bool recorded) {
    shuffle(p);
    const char *reason = NULL;
    for (int64_t pass = 0; pass < p->passes; pass++) {
        bool must_finish = recorded && !p->rounds && !(s->cancelled || s->ended);
        if (reason && !must_finish) {
            forget_round(p);
            return reason;
        }
        run_pass(p, pass, recorded);
        tell(s, request, p, recorded ? "measure" : "warm-up");
        reason = must_end(s, p);
    }
    if (recorded) {
        keep(&p->ends, now_ns());
        p->rounds++;
    }
    return reason;
}

static int ascending(const void *one, const void *other) {
    int64_t a = *(const int64_t *)one, b = *(const int64_t *)other;
    return a < b ? -1 : a > b;
}

/* Whether the 95 % interval of the median, by order statistics, is as narrow as asked. */
static bool is_precise(const plan *p, const measurement *timed) {
    double half = 0.98 * sqrt((double)timed->count), middle = (double)timed->count / 2;
    if (middle - half < 1) return false;
    int64_t *sorted = malloc(timed->count * sizeof *sorted);
    if (!sorted) return false;
    memcpy(sorted, timed->samples, timed->count * sizeof *sorted);
    qsort(sorted, timed->count, sizeof *sorted, ascending);
    double median = (double)sorted[timed->count / 2];
    double below = median - (double)sorted[(size_t)(middle - half) - 1];
    double above = (double)sorted[(size_t)ceil(middle + half) - 1] - median;
    free(sorted);
    return fmax(below, above) <= p->half_width * median;
}

static bool is_enough(const plan *p) {
    if (p->rounds < p->min_rounds || p->rounds % 10) return false;
    for (size_t i = 0; i < p->count; i++)
        if (!is_precise(p, &p->each[i].timed)) return false;
    return true;
}

static void run_rounds(session *s, message *request, plan *p) {
    p->began = p->told = now_s();
    while (!p->stopped && now_s() - p->began < p->preheat_s)
        p->stopped = run_round(s, request, p, false);
    int64_t warm = p->warmup_rounds < WARM_UP ? p->warmup_rounds : WARM_UP;
    while (!p->stopped && p->warmed < warm) {
        const char *reason = run_round(s, request, p, false);
        p->warmed++;
        if (reason && strcmp(reason, "cancelled") == 0) p->stopped = reason;
        if (reason) break;
    }
    while (!p->stopped) {
        p->stopped = run_round(s, request, p, true);
        if (!p->stopped && is_enough(p)) p->stopped = "precise";
        if (!p->stopped && p->rounds >= p->max_rounds) p->stopped = "max_rounds";
    }
}

/* A later measurement of the same name takes an earlier one's place. */
static void drop_measurement(session *s, text name) {
    for (measurement **each = &s->measured; *each; each = &(*each)->next)
        if (same_text(name, (*each)->name)) {
            measurement *old = *each;
            *each = old->next;
            free_measurement(old);
            free(old);
            return;
        }
}

static void record(session *s, plan *p) {
    for (size_t i = 0; i < p->count; i++) {
        item *each = &p->each[i];
        measurement *made = malloc(sizeof *made);
        char *name = strndup(each->name.at, each->name.size);
        if (!made || !name) {
            free(made);
            free(name);
            continue;
        }
        drop_measurement(s, each->name);
        int64_t alternatives = 0;
        for (size_t j = 0; j < p->count; j++)
            alternatives += p->each[j].position == each->position;
        *made = each->timed;
        each->timed = (measurement){0};
        made->name = name;
        made->stopped = p->stopped;
        made->per_round = p->passes / alternatives;
        made->plan = s->plan_count;
        made->next = NULL;
        measurement **end = &s->measured;
        while (*end) end = &(*end)->next;
        *end = made;
    }
    plan_log *log = calloc(1, sizeof *log);
    if (log) {
        *log = (plan_log){s->plan_count,  p->warmed, p->passes, p->stopped,
                          p->compared_ns, p->ends,   NULL};
        p->compared_ns = p->ends = (measurement){0};
        plan_log **end = &s->plans;
        while (*end) end = &(*end)->next;
        *end = log;
    }
    s->plan_count++;
}

static void free_plan(plan *p) {
    for (size_t i = 0; p->each && i < p->count; i++) {
        chain_free(&p->each[i].run);
        free_measurement(&p->each[i].timed);
    }
    free(p->each);
    free(p->columns);
    free(p->lengths);
    free_measurement(&p->compared_ns);
    free_measurement(&p->ends);
    tensors_free(&p->tensors);
}

void run_plan(session *s, message *request) {
    plan p = {0};
    const char *problem = NULL;
    if (!read_plan(&p, request->body)) {
        refuse(s, &request->from, request->id, "bad_message", "a malformed PLAN");
    } else if ((problem = prepare(s, &p))) {
        refuse(s, &request->from, request->id, "bad_request", problem);
    } else {
        s->doing = "PLAN";
        s->cancelled = s->ended = false;
        run_rounds(s, request, &p);
        s->doing = "";
        if (!s->ended) {
            record(s, &p);
            answer_empty(s, &request->from, request->id);
        }
    }
    free_plan(&p);
}
