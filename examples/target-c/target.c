/* A target of kenning-lego in C, written from docs/wire-protocol.md: one thread, one engine.

   It has no keys, so it binds loopback only. */
#include "session.h"
#include "sha256.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

enum { VERSION = 2, MAX_HEADER = 4 << 20, CHUNK_BYTES = 1 << 18, CREDITS = 16, MAX_HELD = 64 << 20, SILENCE_S = 30 };

static volatile sig_atomic_t stopping;

static void stop(int number) {
    (void)number;
    stopping = 1;
}

int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

double now_s(void) { return (double)now_ns() / 1e9; }

/* Sending */

static bool same_peer(const peer *one, const peer *other) {
    return one->size == other->size && memcmp(one->id, other->id, one->size) == 0;
}

static bool has_lease(const session *s, const peer *host) {
    return s->holder.size && same_peer(&s->holder, host);
}

static void release(session *s);

static bool send_piece(session *s, const void *data, size_t size, bool more) {
    return zmq_send(s->router, data, size, ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0)) >= 0;
}

void answer(session *s, const peer *to, int64_t id, enum kind kind, buffer *body,
            const piece *payload, size_t frames) {
    buffer header = {0};
    put_array(&header, 4);
    put_integer(&header, VERSION);
    put_integer(&header, kind);
    put_integer(&header, id);
    buffer whole = {malloc(header.size + body->size), header.size + body->size, 0, false};
    bool fine = whole.data && !header.failed && !body->failed;
    if (fine) {
        memcpy(whole.data, header.data, header.size);
        memcpy(whole.data + header.size, body->data, body->size);
        fine = send_piece(s, to->id, to->size, true) &&
               send_piece(s, whole.data, whole.size, frames > 0);
        for (size_t i = 0; fine && i < frames; i++)
            fine = send_piece(s, payload[i].size ? payload[i].data : "", payload[i].size,
                              i + 1 < frames);
    }
    free(header.data);
    free(body->data);
    free(whole.data);
    if (!fine && has_lease(s, to)) release(s); /* it is gone, or reads no answers */
}

buffer result_of(uint32_t fields) {
    buffer body = {0};
    put_map(&body, 1);
    put_text(&body, "result");
    put_map(&body, fields);
    return body;
}

void answer_empty(session *s, const peer *to, int64_t id) {
    buffer body = result_of(0);
    answer(s, to, id, OK, &body, NULL, 0);
}

void refuse(session *s, const peer *to, int64_t id, const char *code, const char *problem) {
    buffer body = {0};
    put_map(&body, 3);
    text_field(&body, "code", code);
    text_field(&body, "problem", problem);
    text_field(&body, "remedy", "");
    answer(s, to, id, ERROR, &body, NULL, 0);
}

static void refuse_it(session *s, message *m, const char *code, const char *problem) {
    refuse(s, &m->from, m->id, code, problem);
}

/* The lease, and what was done under it */

void keep(measurement *in, int64_t value) {
    if (in->count == in->room) {
        size_t room = 2 * in->room + 64;
        int64_t *samples = realloc(in->samples, room * sizeof *samples);
        if (!samples) return;
        in->samples = samples;
        in->room = room;
    }
    in->samples[in->count++] = value;
}

void free_measurement(measurement *of) {
    free(of->name);
    free(of->samples);
    *of = (measurement){0};
}

static void free_message(message *m) {
    zmq_msg_close(&m->header);
    for (size_t i = 0; i < m->frames; i++) zmq_msg_close(&m->payload[i]);
    free(m);
}

static void forget_pipeline(session *s) {
    chain_free(&s->pipeline);
    tensors_free(&s->tensors);
    free(s->outputs);
    s->outputs = NULL;
    s->output_count = 0;
    s->composed = s->has_inputs = s->has_outputs = false;
    s->requests.count = 0;
}

static void drop_artifact(session *s, artifact *gone) {
    artifact **each = &s->artifacts;
    while (*each != gone) each = &(*each)->next;
    *each = gone->next;
    s->held_bytes -= gone->size;
    network_free(gone->net);
    free(gone->content);
    free(gone);
}

static void end_upload(session *s) {
    if (s->upload.into) {
        free(s->upload.into->content);
        free(s->upload.into);
    }
    memset(&s->upload, 0, sizeof s->upload);
}

static void release(session *s) {
    s->holder.size = 0;
    s->ended = true;
    end_upload(s);
    forget_pipeline(s);
    free_measurement(&s->requests);
    while (s->queue) {
        message *next = s->queue->next;
        free_message(s->queue);
        s->queue = next;
    }
    s->last = NULL;
    s->queued = 0;
    while (s->measured) {
        measurement *next = s->measured->next;
        free_measurement(s->measured);
        free(s->measured);
        s->measured = next;
    }
    while (s->plans) {
        plan_log *next = s->plans->next;
        free_measurement(&s->plans->reference);
        free_measurement(&s->plans->ends);
        free(s->plans);
        s->plans = next;
    }
    s->plan_count = 0;
    for (artifact *each = s->artifacts; each; each = each->next) each->named = false;
}

static bool is_busy(const session *s) { return *s->doing || s->upload.open || s->queue; }

static void do_lease(session *s, message *m) {
    bool wait;
    double expected_s;
    field fields[] = {{"wait", FLAG, 0, 0, &wait, false, false},
                      {"expected_s", NUMBER, 0, 1e9, &expected_s, false, false}};
    if (!read_map(&m->body, fields, 2)) {
        refuse_it(s, m, "bad_message", "a malformed LEASE");
        return;
    }
    bool silent = s->holder.size && !is_busy(s) && now_s() - s->seen > SILENCE_S;
    if (silent && !has_lease(s, &m->from)) release(s);
    if (s->holder.size && !has_lease(s, &m->from)) {
        refuse_it(s, m, "busy", "another host holds the target, which has no queue");
        return;
    }
    if (!s->holder.size) {
        s->holder = m->from;
        s->since = s->seen = now_s();
        bool told = same_peer(&s->named, &m->from);
        snprintf(s->holder_name, sizeof s->holder_name, "%s", told ? s->name : "a host");
    }
    s->expected_s = expected_s;
    answer_empty(s, &m->from, m->id);
}

/* Who we are */

void put_used(buffer *to) {
    put_map(to, 4);
    text_field(to, "engine", "affine");
    text_field(to, "version", "target-c 1");
    integer_field(to, "threads", 1);
    text_field(to, "device", "CPU");
}

void put_description(buffer *to) {
    struct utsname machine;
    uname(&machine);
    put_map(to, 4);
    put_text(to, "facts");
    put_map(to, 3);
    text_field(to, "machine", machine.machine);
    text_field(to, "kernel", machine.release);
    integer_field(to, "cores", sysconf(_SC_NPROCESSORS_ONLN));
    put_text(to, "engines");
    put_map(to, 1);
    text_field(to, "affine", "target-c 1");
    put_text(to, "state");
    put_map(to, 0);
    put_text(to, "delegates");
    put_array(to, 0);
}

static void do_hello(session *s, message *m) {
    text name, software;
    nested versions;
    field fields[] = {{"name", TEXT, 0, 256, &name, false, false},
                      {"software", TEXT, 0, 64, &software, false, false},
                      {"protocols", ARRAY, 0, 16, &versions, false, false}};
    bool fine = read_map(&m->body, fields, 3) && versions.count, spoken = false;
    for (uint32_t i = 0; fine && i < versions.count; i++) {
        int64_t version;
        fine = read_value(&versions.in, INTEGER, 1, 255, &version);
        spoken |= version == VERSION;
    }
    if (!fine || !spoken) {
        refuse_it(s, m, fine ? "unsupported_version" : "bad_message",
                  fine ? "this target speaks version 2" : "a malformed HELLO");
        return;
    }
    s->named = m->from;
    memcpy(s->name, name.at, name.size);
    s->name[name.size] = 0;
    buffer body = result_of(4);
    integer_field(&body, "protocol", VERSION);
    text_field(&body, "software", "target-c 1");
    put_text(&body, "capabilities");
    put_array(&body, 3);
    put_text(&body, "acknowledge");
    put_text(&body, "observe");
    put_text(&body, "plan");
    put_text(&body, "description");
    put_description(&body);
    answer(s, &m->from, m->id, OK, &body, NULL, 0);
}

static void do_observe(session *s, message *m) {
    bool held = s->holder.size > 0;
    buffer body = result_of(9);
    text_field(&body, "holder", held ? s->holder_name : "");
    number_field(&body, "held_s", held ? now_s() - s->since : 0);
    number_field(&body, "expected_s", held ? s->expected_s : 0);
    text_field(&body, "doing", s->doing);
    integer_field(&body, "done", *s->doing ? s->done : 0);
    integer_field(&body, "total", *s->doing ? s->total : 0);
    integer_field(&body, "waiting", 0);
    put_text(&body, "latest");
    put_map(&body, 0);
    put_text(&body, "deployments");
    put_array(&body, 0);
    answer(s, &m->from, m->id, OK, &body, NULL, 0);
}

static void do_telemetry(session *s, message *m) {
    buffer body = result_of(4);
    number_field(&body, "began_unix_s", 0);
    integer_field(&body, "count", 0);
    put_text(&body, "columns");
    put_array(&body, 0);
    put_text(&body, "absent");
    put_map(&body, 1);
    text_field(&body, "all", "this target reads no sensors");
    answer(s, &m->from, m->id, OK, &body, &(piece){"", 0}, 1);
}

/* Artifacts */

static bool is_digest(text given) {
    for (uint32_t i = 0; i < given.size; i++)
        if (!strchr("0123456789abcdef", given.at[i]) || !given.at[i]) return false;
    return given.size == DIGEST;
}

artifact *find_artifact(session *s, text digest) {
    artifact *each = s->artifacts;
    while (each && !same_text(digest, each->digest)) each = each->next;
    if (each) each->named = true;
    return each;
}

bool check_stages(nested stages, bool *foreign) {
    for (uint32_t i = 0; i < stages.count; i++) {
        text each;
        if (!read_value(&stages.in, TEXT, 0, DIGEST + 3, &each) || each.size < DIGEST) return false;
        text number = {each.at + DIGEST, each.size - DIGEST};
        each.size = DIGEST;
        if (!is_digest(each)) return false;
        if (!number.size) continue;
        *foreign = true;
        bool one = number.size == 2 && number.at[1] >= '1' && number.at[1] <= '9';
        bool two = number.size == 3 && number.at[1] == '1' && number.at[2] >= '0' &&
                   number.at[2] <= '6';
        if (number.at[0] != ':' || !(one || two)) return false;
    }
    return stages.count > 0;
}

bool read_load(nested load, const char **problem) {
    text runtime;
    int64_t threads, batch;
    nested options = {0}, engines = {0};
    slice in = load.in;
    field fields[] = {{"runtime", TEXT, 0, 64, &runtime, false, false},
                      {"threads", INTEGER, 1, 1024, &threads, false, false},
                      {"batch", INTEGER, 1, 65536, &batch, false, false},
                      {"options", MAP, 0, 32, &options, true, false},
                      {"engines", ARRAY, 0, 16, &engines, true, false}};
    if (!read_fields(&in, load.count, fields, 5)) return false;
    if (!same_text(runtime, "affine")) *problem = "this target has the engine affine alone";
    else if (options.count) *problem = "the engine affine has no options here";
    return true;
}

network **find_stages(session *s, slice stages, size_t count, const char **problem) {
    network **found = malloc(count * sizeof *found);
    *problem = found ? NULL : "there is not enough memory";
    for (size_t i = 0; found && i < count && !*problem; i++) {
        text stage;
        read_value(&stages, TEXT, 0, DIGEST + 3, &stage);
        artifact *held = stage.size == DIGEST ? find_artifact(s, stage) : NULL;
        if (stage.size > DIGEST) *problem = "this target has one engine, and a stage names another";
        else if (!held) *problem = "an artifact is not held: upload it first";
        else if (!held->net) held->net = network_load(held->content, held->size, problem);
        if (!*problem) found[i] = held->net;
    }
    if (!*problem) return found;
    free(found);
    return NULL;
}

/* Make room by dropping what this lease did not name. */
static bool has_room(session *s, int64_t size) {
    for (artifact *each = s->artifacts, *next; each; each = next) {
        next = each->next;
        if (!each->named && (int64_t)s->held_bytes + size > MAX_HELD) drop_artifact(s, each);
    }
    return (int64_t)s->held_bytes + size <= MAX_HELD;
}

static void tell_spec(session *s, message *m);
static const char *compose(session *s, slice stages, size_t count, nested *outputs);

static void finish_model(session *s, message *m, text digest, bool load, bool known) {
    if (load) {
        buffer stage = {0};
        put_name(&stage, digest);
        slice stages = {stage.data, stage.data + stage.size};
        const char *problem = compose(s, stages, 1, NULL);
        free(stage.data);
        if (problem) refuse_it(s, m, "bad_request", problem);
        else tell_spec(s, m);
        return;
    }
    buffer body = result_of(1);
    put_text(&body, "known");
    put_flag(&body, known);
    answer(s, &m->from, m->id, OK, &body, NULL, 0);
}

static void give_credit(session *s, message *m, int64_t chunks) {
    buffer body = {0};
    put_map(&body, 2);
    integer_field(&body, "offset", (int64_t)s->upload.offset);
    integer_field(&body, "chunks", chunks);
    answer(s, &m->from, m->id, CREDIT, &body, NULL, 0);
}

static void do_model(session *s, message *m) {
    text digest;
    int64_t size;
    nested load;
    const char *problem = NULL;
    field fields[] = {{"digest", TEXT, 0, DIGEST, &digest, false, false},
                      {"size", INTEGER, 1, 0x1p33, &size, false, false},
                      {"load", MAP, 0, 5, &load, true, false}};
    if (!read_map(&m->body, fields, 3) || !is_digest(digest) ||
        (fields[2].there && !read_load(load, &problem))) {
        refuse_it(s, m, "bad_message", "a malformed MODEL");
    } else if (problem) {
        refuse_it(s, m, "bad_request", problem);
    } else if (find_artifact(s, digest)) {
        finish_model(s, m, digest, fields[2].there, true);
    } else if (!has_room(s, size)) {
        refuse_it(s, m, "store", "there is no room for that artifact: this target holds 64 MiB");
    } else {
        artifact *into = calloc(1, sizeof *into);
        uint8_t *content = malloc((size_t)size);
        if (!into || !content) {
            free(into);
            free(content);
            refuse_it(s, m, "store", "there is not enough memory");
            return;
        }
        *into = (artifact){.content = content, .size = (size_t)size, .named = true};
        memcpy(into->digest, digest.at, DIGEST);
        memset(&s->upload, 0, sizeof s->upload);
        s->upload.id = m->id;
        s->upload.into = into;
        s->upload.load = fields[2].there;
        s->upload.open = true;
        give_credit(s, m, CREDITS);
    }
}

static void do_chunk(session *s, message *m) {
    int64_t offset;
    field fields[] = {{"offset", INTEGER, 0, 0x1p33, &offset, false, false}};
    if (!read_map(&m->body, fields, 1)) {
        refuse_it(s, m, "bad_message", "a malformed CHUNK");
        return;
    }
    if (!s->upload.open || s->upload.id != m->id) return; /* of one that has failed */
    artifact *into = s->upload.into;
    size_t size = m->frames == 1 ? zmq_msg_size(&m->payload[0]) : 0;
    if (!size || size > CHUNK_BYTES || (size_t)offset != s->upload.offset ||
        size > into->size - s->upload.offset) {
        end_upload(s);
        refuse_it(s, m, "store", "a chunk that does not continue the upload");
        return;
    }
    memcpy(into->content + offset, zmq_msg_data(&m->payload[0]), size);
    s->upload.offset += size;
    if (s->upload.offset < into->size) {
        give_credit(s, m, 1);
        return;
    }
    char found[DIGEST + 1];
    sha256_hex(into->content, into->size, found);
    if (strcmp(found, into->digest) != 0) {
        end_upload(s);
        refuse_it(s, m, "store", "the artifact arrived damaged: its sha256 differs");
        return;
    }
    bool load = s->upload.load;
    into->next = s->artifacts;
    s->artifacts = into;
    s->held_bytes += into->size;
    memset(&s->upload, 0, sizeof s->upload);
    finish_model(s, m, (text){into->digest, DIGEST}, load, false);
}

/* The pipeline */

static void put_tensor(buffer *to, const shape *of) {
    put_map(to, 3);
    text_field(to, "name", of->name);
    put_text(to, "shape");
    put_array(to, of->rank);
    for (uint32_t i = 0; i < of->rank; i++) put_integer(to, of->sizes[i]);
    text_field(to, "dtype", "float32");
}

static void tell_spec(session *s, message *m) {
    buffer body = result_of(1);
    put_text(&body, "spec");
    put_map(&body, 2);
    put_text(&body, "inputs");
    put_array(&body, (uint32_t)s->pipeline.input_count);
    for (size_t i = 0; i < s->pipeline.input_count; i++)
        put_tensor(&body, &s->tensors.all[s->pipeline.inputs[i]]->shape);
    put_text(&body, "outputs");
    put_array(&body, (uint32_t)s->output_count);
    for (size_t i = 0; i < s->output_count; i++)
        put_tensor(&body, &s->tensors.all[s->outputs[i]]->shape);
    answer(s, &m->from, m->id, OK, &body, NULL, 0);
}

static const char *choose_outputs(const chain *run, const tensors *all, nested *named,
                                  size_t **outputs, size_t *count) {
    *count = named && named->count ? named->count : 1;
    *outputs = malloc(*count * sizeof **outputs);
    if (!*outputs) return "there is not enough memory";
    **outputs = run->gives[run->count - 1];
    for (size_t i = 0; named && i < named->count; i++) {
        text name;
        read_value(&named->in, TEXT, 0, 256, &name);
        size_t at = tensors_find(all, name.at, name.size), stage = 0;
        while (stage < run->count && run->gives[stage] != at) stage++;
        for (size_t j = 0; j < i; j++)
            if ((*outputs)[j] == at) return "an output is named twice";
        if (stage == run->count) return "no stage gives an output that is named";
        (*outputs)[i] = at;
    }
    return NULL;
}

/* Load a chain in place of the pipeline, which stays if that fails. */
static const char *compose(session *s, slice stages, size_t count, nested *outputs) {
    const char *problem = NULL;
    network **found = find_stages(s, stages, count, &problem);
    if (!found) return problem;
    chain made = {0};
    tensors all = {0};
    size_t *chosen = NULL, chosen_count = 0;
    problem = chain_wire(&made, &all, found, count);
    if (!problem) problem = choose_outputs(&made, &all, outputs, &chosen, &chosen_count);
    if (!problem && (chosen_count > 64 || made.input_count > 64)) problem = "more than 64 tensors";
    free(found);
    if (problem) {
        chain_free(&made);
        tensors_free(&all);
        free(chosen);
        return problem;
    }
    forget_pipeline(s);
    s->pipeline = made;
    s->tensors = all;
    s->outputs = chosen;
    s->output_count = chosen_count;
    s->composed = true;
    return NULL;
}

static bool are_texts(nested names) {
    text each;
    for (uint32_t i = 0; i < names.count; i++)
        if (!read_value(&names.in, TEXT, 0, 256, &each)) return false;
    return true;
}

static void do_compose(session *s, message *m) {
    nested stages, load, outputs = {0};
    bool foreign = false;
    const char *problem = NULL;
    field fields[] = {{"stages", ARRAY, 0, MAX_STAGES, &stages, false, false},
                      {"load", MAP, 0, 5, &load, false, false},
                      {"outputs", ARRAY, 0, 256, &outputs, true, false}};
    if (!read_map(&m->body, fields, 3) || !check_stages(stages, &foreign) ||
        !are_texts(outputs) || !read_load(load, &problem)) {
        refuse_it(s, m, "bad_message", "a malformed COMPOSE");
        return;
    }
    if (!problem) problem = compose(s, stages.in, stages.count, &outputs);
    if (problem) refuse_it(s, m, "bad_request", problem);
    else tell_spec(s, m);
}

static bool take_inputs(session *s, message *m) {
    const chain *run = &s->pipeline;
    bool fine = s->composed && m->frames == run->input_count;
    for (size_t i = 0; fine && i < m->frames; i++)
        fine = zmq_msg_size(&m->payload[i]) ==
               s->tensors.all[run->inputs[i]]->shape.count * sizeof(float);
    if (!fine) {
        refuse_it(s, m, "bad_request",
                  s->composed ? "not the tensors that the pipeline takes" : "no pipeline is loaded");
        return false;
    }
    for (size_t i = 0; i < m->frames; i++)
        memcpy(s->tensors.all[run->inputs[i]]->data, zmq_msg_data(&m->payload[i]),
               zmq_msg_size(&m->payload[i]));
    s->has_inputs = true;
    s->has_outputs = false;
    return true;
}

static int64_t run_once(session *s) {
    int64_t begin = now_ns();
    chain_run(&s->pipeline, &s->tensors);
    int64_t took = now_ns() - begin;
    s->has_outputs = true;
    if (s->requests.count == KEPT_SAMPLES) { /* the latest are kept: half of them go at once */
        s->requests.count /= 2;
        memmove(s->requests.samples, s->requests.samples + s->requests.count,
                s->requests.count * sizeof *s->requests.samples);
    }
    keep(&s->requests, took);
    s->requests.name = s->requests.name ? s->requests.name : strdup("process");
    s->requests.stopped = "requests";
    return took;
}

static void answer_run(session *s, message *m, int64_t took, bool outputs) {
    piece payload[64];
    size_t frames = outputs ? s->output_count : 0;
    for (size_t i = 0; i < frames; i++) {
        tensor *each = s->tensors.all[s->outputs[i]];
        payload[i] = (piece){each->data, each->shape.count * sizeof(float)};
    }
    buffer body = result_of(took < 0 ? 0 : 1);
    if (took >= 0) {
        integer_field(&body, "duration_ns", took);
    }
    answer(s, &m->from, m->id, OK, &body, payload, frames);
}

static void do_process(session *s, message *m) {
    bool acknowledge;
    field fields[] = {{"acknowledge", FLAG, 0, 0, &acknowledge, false, false}};
    if (!read_map(&m->body, fields, 1)) {
        refuse_it(s, m, "bad_message", "a malformed PROCESS");
    } else if (!s->has_inputs) {
        refuse_it(s, m, "bad_request", "PROCESS without inputs: send DATA first");
    } else {
        if (acknowledge) {
            buffer body = {0};
            put_map(&body, 4);
            text_field(&body, "phase", "started");
            integer_field(&body, "done", 0);
            integer_field(&body, "total", 1);
            number_field(&body, "elapsed_s", 0);
            answer(s, &m->from, m->id, EVENT, &body, NULL, 0);
        }
        if (has_lease(s, &m->from)) answer_run(s, m, run_once(s), false);
    }
}

/* The holder's work, in its order */

static void work(session *s, message *m) {
    bool bare = m->kind == DATA || m->kind == OUTPUT || m->kind == INFER || m->kind == STATS;
    if (bare && !read_map(&m->body, NULL, 0)) {
        refuse_it(s, m, "bad_message", "fields where there are none");
        return;
    }
    switch (m->kind) {
        case MODEL: do_model(s, m); break;
        case COMPOSE: do_compose(s, m); break;
        case DATA:
            if (take_inputs(s, m)) answer_empty(s, &m->from, m->id);
            break;
        case INFER:
            if (take_inputs(s, m)) answer_run(s, m, run_once(s), true);
            break;
        case PROCESS: do_process(s, m); break;
        case OUTPUT:
            if (s->has_outputs) answer_run(s, m, -1, true);
            else refuse_it(s, m, "bad_request", "OUTPUT without a result");
            break;
        case PLAN: run_plan(s, m); break;
        default: tell_statistics(s, m);
    }
}

static void work_through_queue(session *s) {
    while (s->queue && !s->upload.open) {
        message *m = s->queue;
        s->queue = m->next;
        if (!s->queue) s->last = NULL;
        s->queued--;
        work(s, m);
        free_message(m);
    }
}

/* Whether the message is kept, to be worked on in its turn. */
static bool enqueue(session *s, message *m) {
    if (s->queued >= MAX_QUEUED) {
        refuse_it(s, m, "too_many", "64 requests are waiting: read answers");
        return false;
    }
    m->next = NULL;
    if (s->last) s->last->next = m;
    else s->queue = m;
    s->last = m;
    s->queued++;
    return true;
}

static bool needs_lease(int64_t kind) {
    return kind != HELLO && kind != LEASE && kind != OBSERVE;
}

static bool is_known(int64_t kind) {
    return (kind >= DATA && kind <= STATS) || (kind >= HELLO && kind <= TELEMETRY);
}

/* Whether the message is kept. */
static bool dispatch(session *s, message *m) {
    bool holds = has_lease(s, &m->from);
    if (holds) s->seen = now_s();
    if (m->kind == OK || m->kind == ERROR || m->kind == CREDIT || m->kind == EVENT) {
        refuse_it(s, m, "bad_message", "that is not for a target to receive");
        return false;
    }
    if (!is_known(m->kind)) {
        refuse_it(s, m, "unknown_kind", "this target does not have that kind of request");
        return false;
    }
    if (needs_lease(m->kind) && !holds) {
        refuse_it(s, m, "no_lease", "that needs the lease: send LEASE first");
        return false;
    }
    bool bare = m->kind == CANCEL || m->kind == BYE || m->kind == OBSERVE || m->kind == TELEMETRY;
    if (bare && !read_map(&m->body, NULL, 0)) {
        refuse_it(s, m, "bad_message", "fields where there are none");
        return false;
    }
    peer from = m->from;
    switch (m->kind) {
        case HELLO: do_hello(s, m); return false;
        case LEASE: do_lease(s, m); return false;
        case OBSERVE: do_observe(s, m); return false;
        case TELEMETRY: do_telemetry(s, m); return false;
        case CHUNK: do_chunk(s, m); return false;
        case CANCEL:
            s->cancelled = true;
            answer_empty(s, &from, m->id);
            return false;
        case BYE:
            release(s);
            answer_empty(s, &from, m->id);
            return false;
        default: return enqueue(s, m);
    }
}

/* Receiving */

/* A number in the header; -1 if something else stands there. */
static int64_t next_number(slice *parts) {
    slice here = *parts;
    int64_t number;
    bool fine = read_value(&here, INTEGER, 0, 0x1p63, &number);
    skip_value(parts);
    return fine ? number : -1;
}

/* The header of a message; false if it is none. */
static bool read_header(message *m, int64_t *version) {
    size_t size = zmq_msg_size(&m->header);
    slice in = {zmq_msg_data(&m->header), (uint8_t *)zmq_msg_data(&m->header) + size};
    nested header;
    if (size > MAX_HEADER || !read_value(&in, ARRAY, 0, 4, &header) || in.at != in.end ||
        header.count != 4)
        return false;
    *version = next_number(&header.in);
    m->kind = next_number(&header.in);
    int64_t id = next_number(&header.in);
    if (id >= 0) m->id = id;
    m->body = header.in;
    return id >= 0;
}

static void note_lost(session *s) {
    for (;;) {
        zmq_msg_t event, address;
        zmq_msg_init(&event);
        zmq_msg_init(&address);
        bool found = zmq_msg_recv(&event, s->monitor, ZMQ_DONTWAIT) >= 0;
        if (found) zmq_msg_recv(&address, s->monitor, 0);
        uint32_t descriptor = 0;
        if (found) memcpy(&descriptor, (uint8_t *)zmq_msg_data(&event) + 2, 4);
        zmq_msg_close(&event);
        zmq_msg_close(&address);
        if (!found) return;
        if (s->holder.size && (int)descriptor == s->holder.descriptor) release(s);
    }
}

/* The next message; NULL if none lies there. */
static message *receive(session *s) {
    zmq_msg_t identity, *part;
    zmq_msg_init(&identity);
    if (zmq_msg_recv(&identity, s->router, ZMQ_DONTWAIT) < 0) {
        zmq_msg_close(&identity);
        return NULL;
    }
    message *m = calloc(1, sizeof *m);
    if (!m) abort(); /* a message could not even be refused */
    note_lost(s); /* before: this may be another host with a lost one's descriptor */
    m->from.size = zmq_msg_size(&identity);
    memcpy(m->from.id, zmq_msg_data(&identity), m->from.size);
    m->from.descriptor = zmq_msg_get(&identity, ZMQ_SRCFD);
    bool more = zmq_msg_more(&identity);
    zmq_msg_close(&identity);
    zmq_msg_init(&m->header);
    bool first = true;
    zmq_msg_t surplus;
    while (more) {
        bool kept = first || m->frames < MAX_FRAMES;
        part = first ? &m->header : kept ? &m->payload[m->frames++] : &surplus;
        if (!first) zmq_msg_init(part);
        first = false;
        /* The parts of a message come together, so this waits for nothing. */
        while (zmq_msg_recv(part, s->router, 0) < 0 && errno == EINTR) continue;
        more = zmq_msg_more(part);
        if (!kept) zmq_msg_close(part);
    }
    return m;
}

/* Take one message; false if none lies there. */
static bool serve_one(session *s) {
    message *m = receive(s);
    if (!m) return false;
    int64_t version = 0;
    bool kept = false;
    if (!read_header(m, &version)) refuse_it(s, m, "bad_message", "a header that is none");
    else if (version != VERSION) refuse_it(s, m, "unsupported_version", "this target speaks 2");
    else kept = dispatch(s, m);
    if (!kept) free_message(m);
    return true;
}

void serve_meanwhile(session *s) {
    note_lost(s);
    while (serve_one(s)) continue;
}

static void serve(session *s) {
    while (!stopping) {
        zmq_pollitem_t sockets[] = {{s->router, 0, ZMQ_POLLIN, 0}, {s->monitor, 0, ZMQ_POLLIN, 0}};
        zmq_poll(sockets, 2, 1000);
        note_lost(s);
        for (int i = 0; i < 16 && serve_one(s); i++) work_through_queue(s);
    }
}

static bool open_router(session *s, void *context, const char *address, char endpoint[256]) {
    const char *events = "inproc://monitor";
    int mandatory = 1, waiting = 256, handshake = 5000, interval = 2000, patience = 8000, linger = 200;
    int64_t largest = 64 << 20;
    size_t size = 256;
    s->router = zmq_socket(context, ZMQ_ROUTER);
    s->monitor = zmq_socket(context, ZMQ_PAIR);
    zmq_setsockopt(s->router, ZMQ_ROUTER_MANDATORY, &mandatory, sizeof mandatory);
    zmq_setsockopt(s->router, ZMQ_MAXMSGSIZE, &largest, sizeof largest);
    zmq_setsockopt(s->router, ZMQ_RCVHWM, &waiting, sizeof waiting);
    zmq_setsockopt(s->router, ZMQ_SNDHWM, &waiting, sizeof waiting);
    zmq_setsockopt(s->router, ZMQ_HANDSHAKE_IVL, &handshake, sizeof handshake);
    zmq_setsockopt(s->router, ZMQ_HEARTBEAT_IVL, &interval, sizeof interval);
    zmq_setsockopt(s->router, ZMQ_HEARTBEAT_TIMEOUT, &patience, sizeof patience);
    zmq_setsockopt(s->router, ZMQ_LINGER, &linger, sizeof linger);
    return zmq_socket_monitor(s->router, events, ZMQ_EVENT_DISCONNECTED) == 0 &&
           zmq_connect(s->monitor, events) == 0 && zmq_bind(s->router, address) == 0 &&
           zmq_getsockopt(s->router, ZMQ_LAST_ENDPOINT, endpoint, &size) == 0;
}

int main(int count, char **arguments) {
    const char *address = count > 1 ? arguments[1] : "tcp://127.0.0.1:5570";
    if (strncmp(address, "tcp://127.", 10) != 0) {
        fprintf(stderr, "error: %s is not on loopback, and this target has no keys\n", address);
        return 2;
    }
    struct sigaction ending = {.sa_handler = stop};
    sigaction(SIGTERM, &ending, NULL);
    sigaction(SIGINT, &ending, NULL);
    session *s = calloc(1, sizeof *s);
    void *context = zmq_ctx_new();
    char endpoint[256] = "";
    if (!s || !context || !open_router(s, context, address, endpoint)) {
        fprintf(stderr, "error: cannot listen at %s: %s\n", address, zmq_strerror(errno));
        return 2;
    }
    s->doing = "";
    printf("target-c listening on %s\n", endpoint);
    fflush(stdout);
    serve(s);
    release(s);
    while (s->artifacts) drop_artifact(s, s->artifacts);
    zmq_socket_monitor(s->router, NULL, 0);
    zmq_close(s->monitor);
    zmq_close(s->router);
    zmq_ctx_term(context);
    free(s);
    return 0;
}
