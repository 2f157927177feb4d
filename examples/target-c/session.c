/* The lease, who we are, and which request is carried out when. */
#include "session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { SILENCE_S = 30 };

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

void free_message(message *m) {
    zmq_msg_close(&m->header);
    for (size_t i = 0; i < m->frames; i++) zmq_msg_close(&m->payload[i]);
    free(m);
}

void release(session *s) {
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

void work_through_queue(session *s) {
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
bool dispatch(session *s, message *m) {
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
